"""A seller who cannot deliver: open tickets end, the order closes, what is left of the money goes back."""

import pytest

from aftersales import actors
from aftersales.lifecycle.errors import Conflict, Refused
from aftersales.testing import counters, file, one, pay, place, ship
from orders import actions as order_actions
from orders.models import Coupon, Order, Payment, Shop
from refunds import actions
from refunds.actions import Rejection
from refunds.models import Payout, Reason, Ticket
from refunds.tests.paying import agreed, balance, books_agree, held, line_of, order_of, pay_out, settled, stock


@pytest.fixture
def order(cast):
    return pay(place(cast))


def _cancel(order, cast, note="Sold out."):
    return actions.seller_cancel(one(order), actors.seller(cast.bob), note)


def _rest(order):
    return Payout.objects.get(order=order, cause="seller_cancelled")


def _closed(order, settled_money):
    found = order_of(order)
    assert (found.state, found.closed_reason) == ("closed", "seller_cancelled")
    assert (found.settled, found.reserved) == (settled_money, 0)
    assert held(order) == 0
    assert books_agree()
    return True


def test_everything_goes_back(cast, order):
    event = _cancel(order, cast)

    assert event.note == "Sold out."
    payout = _rest(order)
    assert (payout.state, payout.amount, payout.freight, payout.ticket) == ("created", 5601, 600, None)
    assert sorted(payout.lines.values_list("amount", flat=True)) == [2000, 3001]
    assert (stock(cast.mug), stock(cast.lamp)) == (1000, 1000)
    assert order_of(order).reserved == 5601

    settled(payout)

    assert _closed(order, 5601)
    assert (balance("channel"), balance("sales"), balance("refunds_due")) == (0, 0, 0)
    assert Payment.objects.get().settled == 5601


def test_words_are_needed(cast, order):
    with pytest.raises(Refused) as no:
        _cancel(order, cast, "  ")
    assert (no.value.code, no.value.field) == ("note", "note")
    assert order_of(order).state == "awaiting_shipment"


@pytest.mark.parametrize("step", ["awaiting_payment", "a parcel", "awaiting_receipt", "completed", "closed"])
def test_only_before_anything_was_shipped(cast, step):
    order = place(cast)
    if step != "awaiting_payment":
        pay(order)
    if step == "a parcel":
        ship(order, cast, {line_of(order, cast.mug).pk: 1})
    elif step in ("awaiting_receipt", "completed"):
        ship(order, cast)
    elif step == "closed":
        _cancel(order, cast)
    if step == "completed":
        order_actions.receive(one(order), actors.buyer(cast.alice))
    before, payouts = counters(order), Payout.objects.count()

    with pytest.raises(Conflict):
        _cancel(order, cast)

    assert (counters(order), Payout.objects.count()) == (before, payouts)


def test_open_tickets_end_with_it(cast, order):
    first = file(order, {line_of(order, cast.mug).pk: 1}, freight=600)
    second = file(order, {line_of(order, cast.lamp).pk: 1})
    reason = Reason.objects.get(code="final_sale")
    actions.reject(one(second), actors.seller(cast.bob), Rejection(reason))

    _cancel(order, cast)

    assert set(Ticket.objects.values_list("state", "closed_reason")) == {("closed", "seller_cancelled")}
    assert not first.payouts.exists()
    assert _rest(order).amount == 5601
    assert (stock(cast.mug), stock(cast.lamp)) == (1000, 1000)
    settled(_rest(order))
    assert _closed(order, 5601)


@pytest.mark.parametrize("first", ["ticket", "rest"])
def test_with_a_refunding_ticket(cast, order, first):
    ticket = agreed(file(order, {line_of(order, cast.mug).pk: 1}, freight=600), cast)

    _cancel(order, cast)

    ticket.refresh_from_db()
    assert ticket.state == "refunding"
    assert (_rest(order).amount, _rest(order).freight) == (4001, 0)
    # The ticket's unit comes back with the ticket's money.
    assert (stock(cast.mug), stock(cast.lamp)) == (999, 1000)

    ends = [lambda: pay_out(ticket), lambda: settled(_rest(order))]
    for end in ends if first == "ticket" else reversed(ends):
        end()

    ticket.refresh_from_db()
    assert ticket.state == "succeeded"
    assert stock(cast.mug) == 1000
    assert _closed(order, 5601)


def test_with_a_refunding_ticket_for_everything(cast, order):
    ticket = agreed(file(order, {line.pk: line.quantity for line in order.lines.all()}, freight=600), cast)

    _cancel(order, cast)

    assert not Payout.objects.filter(cause="seller_cancelled").exists()
    pay_out(ticket)
    assert _closed(order, 5601)
    assert (stock(cast.mug), stock(cast.lamp)) == (1000, 1000)


def test_after_a_partial_refund(cast, order):
    mug = line_of(order, cast.mug)
    pay_out(agreed(file(order, {mug.pk: 1}, amounts={mug.pk: 250}, freight=100), cast))

    _cancel(order, cast)

    payout = _rest(order)
    assert (payout.amount, payout.freight) == (5601 - 350, 500)
    assert dict(payout.lines.values_list("line", "amount")) == {mug.pk: 1750, line_of(order, cast.lamp).pk: 3001}
    settled(payout)
    assert _closed(order, 5601)
    assert (stock(cast.mug), stock(cast.lamp)) == (1000, 1000)


def test_a_free_order_moves_no_money(cast):
    Shop.objects.update(freight=0)
    cast.mug.price = 0
    cast.mug.save(update_fields=["price"])
    order = place(cast, {cast.mug: 2})

    _cancel(order, cast)

    assert not Payout.objects.exists()
    assert _closed(order, 0)
    assert stock(cast.mug) == 1000


def test_a_used_coupon_stays_used(cast):
    coupon = Coupon.objects.create(shop=cast.shop, code="OFF", amount=100, left=1)
    checkout = order_actions.Checkout({cast.mug.pk: 1}, "A", "1", "B", "OFF")
    order = pay(order_actions.place(cast.alice, checkout)[0])

    _cancel(order, cast)

    coupon.refresh_from_db()
    assert (coupon.left, _rest(order).amount) == (0, 1500)


def test_another_shop_sees_no_order_to_cancel(cast, order):
    with pytest.raises(Conflict) as clash:
        actions.seller_cancel(
            Order.objects.of_shop(cast.dave).filter(pk=order.pk), actors.seller(cast.dave), "Sold out."
        )
    assert clash.value.row is None
    assert order_of(order).state == "awaiting_shipment"


def test_the_buyer_sees_where_the_money_is(cast, order, client):
    client.force_login(cast.alice)
    assert b"Where the money is now" not in client.get(f"/orders/{order.number}/").content

    _cancel(order, cast)

    page = client.get(f"/orders/{order.number}/").content.decode()
    assert "Where the money is now" in page
    assert Payout.objects.get().number in page
