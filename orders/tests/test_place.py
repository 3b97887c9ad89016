"""Placing orders: one a shop, all or nothing."""

from datetime import timedelta

import pytest
from django.utils import timezone

from aftersales import actors
from aftersales.lifecycle.errors import Conflict, Refused
from aftersales.testing import one, overdue, pay, place, state_of
from orders import actions
from orders.actions import Checkout
from orders.lifecycle import ORDER
from orders.models import Coupon, Order, OrderEvent, OrderLine, Product, Shop, Sku

SECOND = timedelta(seconds=1)
HOME = {"recipient": "Alice", "phone": "1", "address": "2 Home Street"}


def _buy(cast, units, **more):
    return actions.place(cast.alice, Checkout({sku.pk: n for sku, n in units.items()}, **HOME | more))


def _stock(sku):
    return Sku.objects.get(pk=sku.pk).stock


def _refused(cast, code, units, **more):
    """The checkout is refused with that code, and nothing has changed."""
    before = (list(Sku.objects.order_by("pk").values()), list(Coupon.objects.order_by("pk").values()))
    with pytest.raises(Refused) as no:
        _buy(cast, units, **more)
    assert no.value.code == code
    assert str(no.value)
    assert (list(Sku.objects.order_by("pk").values()), list(Coupon.objects.order_by("pk").values())) == before
    assert not Order.objects.exists()
    assert not OrderEvent.objects.exists()
    return no.value


def _vase(cast, **more):
    """Something that the other shop sells."""
    product = Product.objects.create(shop=cast.other_shop, code="vase", title="Vase")
    return Sku.objects.create(product=product, code="vase", **{"price": 5000, "stock": 3} | more)


def test_an_order_freezes_prices_and_takes_stock(cast):
    order = place(cast)

    order.refresh_from_db()
    lines = list(order.lines.values_list("title", "quantity", "list_total", "discount", "paid"))
    assert lines == [("Mug", 2, 2000, 0, 2000), ("Lamp", 1, 3001, 0, 3001)]
    assert (order.state, order.freight, order.total, order.currency) == ("awaiting_payment", 600, 5601, "CNY")
    assert abs(order.due_at - order.placed_at - timedelta(days=3)) < SECOND
    assert (_stock(cast.mug), _stock(cast.lamp)) == (998, 999)
    assert [event.action for event in order.events.all()] == ["begin"]


def test_a_later_price_does_not_touch_an_order(cast):
    order = place(cast)

    Sku.objects.update(price=1, discount=1)

    assert list(order.lines.values_list("paid", flat=True)) == [2000, 3001]


def test_unit_discounts_are_taken_off(cast):
    Sku.objects.filter(pk=cast.lamp.pk).update(discount=1001)

    order = place(cast, {cast.lamp: 3})

    line = order.lines.get()
    assert (line.list_total, line.discount, line.paid, order.total) == (9003, 3003, 6000, 6600)


def test_one_order_a_shop(cast):
    vase = _vase(cast)

    orders = _buy(cast, {cast.mug: 1, vase: 2, cast.lamp: 1})

    assert {(o.shop_id, o.total, o.lines.count()) for o in orders} == {
        (cast.shop.pk, 4601, 2),
        (cast.other_shop.pk, 10600, 1),
    }


@pytest.mark.parametrize("profile", ["local_delivery", "virtual"])
def test_the_business_sets_the_payment_clock(cast, profile):
    Shop.objects.update(profile=profile)

    order = place(cast)

    order.refresh_from_db()
    minutes = {"local_delivery": 15, "virtual": 30}[profile]
    assert abs(order.due_at - order.placed_at - timedelta(minutes=minutes)) < SECOND


# --- coupons ----------------------------------------------------------------------------------------------------------


def _coupon(cast, **more):
    return Coupon.objects.create(**{"shop": cast.shop, "code": "OFF", "amount": 1000, "left": 1} | more)


def test_a_coupon_is_split_over_the_lines_and_used(cast):
    coupon = _coupon(cast)

    order = _buy(cast, {cast.mug: 2, cast.lamp: 1}, coupon="OFF")[0]

    # 1000 over 2000 and 3001 is 399.92 and 600.08.
    assert list(order.lines.values_list("discount", "paid")) == [(400, 1600), (600, 2401)]
    assert (order.total, order.coupon_id) == (4601, coupon.pk)
    coupon.refresh_from_db()
    assert coupon.left == 0


def test_a_coupon_never_pays_the_freight(cast):
    _coupon(cast, amount=10**9)

    order = _buy(cast, {cast.mug: 1}, coupon="OFF")[0]

    assert (order.total, order.freight, order.lines.get().paid) == (600, 600, 0)


def test_a_coupon_is_for_its_shop_only(cast):
    _coupon(cast)

    orders = _buy(cast, {cast.mug: 1, _vase(cast): 1}, coupon="OFF")

    assert {(o.shop_id, bool(o.coupon_id)) for o in orders} == {(cast.shop.pk, True), (cast.other_shop.pk, False)}


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"left": 0}, "coupon"),
        ({"least": 1001}, "coupon_least"),
        ({"code": "OTHER"}, "coupon"),
        ({"shop": "other"}, "coupon"),
    ],
)
def test_a_coupon_that_cannot_be_used(cast, wrong, code):
    _coupon(cast, **{key: cast.other_shop if key == "shop" else value for key, value in wrong.items()})

    assert _refused(cast, code, {cast.mug: 1}, coupon="OFF").field == "coupon"


def test_a_coupon_for_goods_worth_exactly_enough(cast):
    _coupon(cast, least=1000)

    assert _buy(cast, {cast.mug: 1}, coupon="OFF")[0].coupon_id


# --- what cannot be bought --------------------------------------------------------------------------------------------


def _days(number):
    return timezone.now() + timedelta(days=number)


@pytest.mark.parametrize(("begins", "ends"), [(1, None), (None, -1), (1, 2), (-2, -1)])
def test_outside_its_dates(cast, begins, ends):
    Product.objects.filter(code="lamp").update(
        on_sale_from=begins and _days(begins), on_sale_until=ends and _days(ends)
    )

    _refused(cast, "not_on_sale", {cast.mug: 1, cast.lamp: 1})


def test_within_its_dates(cast):
    Product.objects.update(on_sale_from=_days(-1), on_sale_until=_days(1))

    assert place(cast).pk


def test_a_closed_shop(cast):
    Shop.objects.filter(pk=cast.shop.pk).update(is_open=False)

    _refused(cast, "not_on_sale", {cast.mug: 1})


def test_out_of_stock_names_what_is_left(cast):
    Sku.objects.filter(pk=cast.lamp.pk).update(stock=2)

    no = _refused(cast, "out_of_stock", {cast.mug: 1, cast.lamp: 3})

    assert no.params == {"title": "Lamp", "left": 2}


@pytest.mark.parametrize("number", [0, -1, 1000, -(10**12), 10**12])
def test_a_senseless_quantity(cast, number):
    _refused(cast, "quantity", {cast.mug: number, cast.lamp: 1})


@pytest.mark.parametrize("key", [0, -1, 10**6, 10**18, 10**30])
def test_an_unknown_sku(cast, key):
    with pytest.raises(Refused) as no:
        actions.place(cast.alice, Checkout({cast.mug.pk: 1, key: 1}, **HOME))
    assert no.value.code == "not_on_sale"
    assert not Order.objects.exists()
    assert _stock(cast.mug) == 1000


def test_an_empty_cart(cast):
    _refused(cast, "cart_empty", {})


@pytest.mark.parametrize("missing", [{"recipient": " "}, {"address": ""}])
def test_without_an_address(cast, missing):
    assert _refused(cast, "address_missing", {cast.mug: 1}, **missing).field == "address"


def test_a_shop_that_offers_returns_needs_an_address(cast):
    Shop.objects.filter(pk=cast.shop.pk).update(return_address=" ")

    _refused(cast, "shop_cannot_sell", {cast.mug: 1})


def test_a_shop_without_returns_needs_no_address(cast):
    Shop.objects.filter(pk=cast.shop.pk).update(return_address="", profile="local_delivery")

    assert place(cast).pk


def test_one_refused_shop_refuses_the_whole_checkout(cast):
    Shop.objects.filter(pk=cast.other_shop.pk).update(return_address="")

    _refused(cast, "shop_cannot_sell", {cast.mug: 1, _vase(cast): 1})


# --- free orders ------------------------------------------------------------------------------------------------------


def _free(cast):
    Shop.objects.update(freight=0)
    Sku.objects.filter(pk=cast.mug.pk).update(price=0)
    return place(cast, {cast.mug: 1})


def test_a_free_order_is_paid_when_placed(cast):
    order = _free(cast)

    order.refresh_from_db()
    assert (order.state, order.total, order.due_at) == ("awaiting_shipment", 0, None)
    assert order.paid_at
    assert order.ship_by - order.paid_at == timedelta(hours=48)
    assert not order.payments.exists()


def test_a_free_order_has_no_payment_to_start(cast):
    order = _free(cast)

    with pytest.raises(Conflict):
        actions.start_payment(one(order), actors.buyer(cast.alice))


def test_only_the_free_one_of_two_orders_is_paid(cast):
    Shop.objects.filter(pk=cast.other_shop.pk).update(freight=0)
    vase = _vase(cast, price=0)

    orders = _buy(cast, {cast.mug: 1, vase: 1})

    states = {order.shop_id: Order.objects.get(pk=order.pk).state for order in orders}
    assert states == {cast.shop.pk: "awaiting_payment", cast.other_shop.pk: "awaiting_shipment"}


# --- back to stock ----------------------------------------------------------------------------------------------------


def _cancelled(order, cast):
    actions.cancel(one(order), actors.buyer(cast.alice))


def _expired(order, cast):
    overdue(order)
    from aftersales.lifecycle.move import sweep

    sweep(ORDER, ORDER.state("awaiting_payment"), actions.expire)


@pytest.mark.parametrize(
    ("end", "reason"), [(_cancelled, "buyer_cancelled"), (_expired, "payment_timeout")], ids=["cancel", "expire"]
)
def test_an_unpaid_order_gives_everything_back_once(cast, end, reason):
    coupon = _coupon(cast, left=5)
    order = _buy(cast, {cast.mug: 2, cast.lamp: 1}, coupon="OFF")[0]

    end(order, cast)

    order.refresh_from_db()
    coupon.refresh_from_db()
    assert (order.state, order.closed_reason, order.due_at) == ("closed", reason, None)
    assert (_stock(cast.mug), _stock(cast.lamp), coupon.left) == (1000, 1000, 5)
    assert list(order.lines.values_list("cancelled", flat=True)) == [2, 1]

    with pytest.raises(Conflict):
        actions.cancel(one(order), actors.buyer(cast.alice))
    _expired(order, cast)
    coupon.refresh_from_db()
    assert (_stock(cast.mug), _stock(cast.lamp), coupon.left) == (1000, 1000, 5)


def test_many_expire_at_once(cast):
    coupon = _coupon(cast, left=50)
    orders = [_buy(cast, {cast.mug: 2}, coupon="OFF")[0] for _ in range(7)]
    for order in orders[:5]:
        overdue(order)

    _expired(orders[0], cast)

    coupon.refresh_from_db()
    assert Order.objects.filter(state="closed").count() == 5
    assert (_stock(cast.mug), coupon.left) == (1000 - 4, 48)


def test_a_paid_order_does_not_expire(cast):
    order = pay(place(cast))

    _expired(order, cast)

    order.refresh_from_db()
    assert order.state == "awaiting_shipment"
    with pytest.raises(Conflict) as clash:
        actions.cancel(one(order), actors.buyer(cast.alice))
    assert state_of(clash.value.row) == "awaiting_shipment"


def test_a_clock_that_still_runs_fires_nothing(cast):
    order = place(cast)

    assert actions.expire(one(order), actors.CLOCK) == []


def test_what_was_ordered_is_frozen(cast):
    from django.db import IntegrityError, transaction

    place(cast)
    for model, change in ((Order, {"total": 1}), (OrderLine, {"paid": 1}), (OrderLine, {"quantity": 1})):
        with pytest.raises(IntegrityError), transaction.atomic():
            model.objects.update(**change)
