"""Exchange, repair and reissue: which article, whose stock, what is shown and never charged, and what comes after."""

import pytest

from aftersales import actors
from aftersales.lifecycle.errors import Refused
from aftersales.testing import counters, file, one, pay, place, ship
from orders.models import GoodsRule, Policy, Product, Sku
from refunds import actions, rules
from refunds.models import Reason, RepairRecord, Ticket
from refunds.rules import Application, Decision, Found
from refunds.tests.paying import held, order_of, pay_out, stock, time_passes
from refunds.tests.service import asked, fresh, sent_in, under_review


def _line(ticket):
    return ticket.order.lines.get(sku__code="mug")


def _exchanged(cast, order=None, units=1):
    """One mug for a blue one, through to the end."""
    order = order or ship(pay(place(cast)), cast)
    line = order.lines.get(sku=cast.mug)
    ticket = file(order, {line.pk: units}, kind="exchange", reason="other", wanted={line.pk: cast.blue.pk})
    actions.agree(one(ticket), actors.seller(cast.bob), version=1)
    actions.send_waybill(one(ticket), actors.buyer(cast.alice), "SF", "1")
    actions.accept(one(ticket), actors.seller(cast.bob))
    actions.dispatch(one(ticket), actors.seller(cast.bob), "SF", "2")
    actions.confirm(one(ticket), actors.buyer(cast.alice))
    return fresh(ticket)


def test_an_exchange_from_end_to_end(desk):
    ticket = _exchanged(desk)

    line = _line(ticket)
    assert (ticket.state, ticket.amount, ticket.payouts.count()) == ("succeeded", 0, 0)
    assert (line.returned, line.replaced, line.restocked, line.returning, line.to_return) == (1, 1, 1, 0, 2)
    assert (stock(desk.mug), stock(desk.blue)) == (999, 4)
    assert (order_of(ticket.order).state, held(ticket.order)) == ("awaiting_receipt", 0)


def test_stock_is_reserved_on_agreement_and_free_on_withdrawal(desk):
    order = ship(pay(place(desk)), desk)
    line = order.lines.get(sku=desk.mug)
    ticket = file(order, {line.pk: 2}, kind="exchange", reason="other", wanted={line.pk: desk.blue.pk})
    assert stock(desk.blue) == 5
    actions.agree(one(ticket), actors.seller(desk.bob))
    assert (stock(desk.blue), ticket.lines.get().stock_held) == (3, 2)
    actions.withdraw(one(ticket), actors.buyer(desk.alice))
    assert (stock(desk.blue), ticket.lines.get().stock_held) == (5, 0)


def test_the_price_difference_is_shown_and_never_charged(desk):
    order = ship(pay(place(desk)), desk)
    line = order.lines.get(sku=desk.mug)
    reason = Reason.objects.get(side="buyer", code="other")
    wish = Application("exchange", reason, {line.pk: 2}, wanted={line.pk: desk.blue.pk})

    [item] = rules.check(order, rules.lines_of(order), wish)

    assert item.difference == 2 * 1200 - 2000
    assert _exchanged(desk, order).amount == 0


def test_nobody_promises_what_is_not_there(desk):
    ticket = asked(desk, "exchange", 2)
    Sku.objects.filter(pk=desk.mug.pk).update(stock=1)
    before = counters(ticket.order)
    with pytest.raises(Refused) as no:
        actions.agree(one(ticket), actors.seller(desk.bob), version=1)
    assert (no.value.code, fresh(ticket).state, counters(ticket.order)) == ("short", "awaiting_seller", before)

    # Silence agrees all the same: the seller has to find it, or to offer money.
    assert time_passes(ticket).moved == 1
    assert (fresh(ticket).state, ticket.lines.get().stock_held, stock(desk.mug)) == ("awaiting_return", 0, 1)
    actions.send_waybill(one(ticket), actors.buyer(desk.alice), "SF", "1")
    actions.accept(one(ticket), actors.seller(desk.bob))
    with pytest.raises(Refused) as no:
        actions.dispatch(one(ticket), actors.seller(desk.bob), "SF", "2")
    assert (no.value.code, fresh(ticket).state) == ("short", "awaiting_dispatch")
    Sku.objects.filter(pk=desk.mug.pk).update(stock=2)
    actions.dispatch(one(ticket), actors.seller(desk.bob), "SF", "2")
    assert stock(desk.mug) == 0


def test_agreeing_before_customer_service_takes_what_was_short(desk):
    ticket = asked(desk, "exchange", 2)
    Sku.objects.filter(pk=desk.mug.pk).update(stock=1)
    assert time_passes(ticket).moved == 1
    actions.call_cs(one(ticket), actors.buyer(desk.alice), "Where are they?")
    with pytest.raises(Refused) as no:
        actions.agree(one(ticket), actors.seller(desk.bob))
    assert (no.value.code, fresh(ticket).state) == ("short", "arbitration")

    Sku.objects.filter(pk=desk.mug.pk).update(stock=2)
    actions.agree(one(ticket), actors.seller(desk.bob))
    assert (fresh(ticket).state, ticket.lines.get().stock_held, stock(desk.mug)) == ("awaiting_return", 2, 0)


def test_what_an_exchange_gave_comes_back_as_itself(desk):
    first = _exchanged(desk)
    assert (stock(desk.mug), stock(desk.blue)) == (999, 4)

    back = file(first.order, {_line(first).pk: 1}, kind="return_refund", reason="other")
    assert back.lines.get().goods == desk.blue
    actions.agree(one(back), actors.seller(desk.bob))
    actions.send_waybill(one(back), actors.buyer(desk.alice), "SF", "3")
    actions.accept(one(back), actors.seller(desk.bob))
    pay_out(back)
    line = _line(first)
    assert (stock(desk.mug), stock(desk.blue)) == (999, 5)
    assert (line.returned, line.replaced, line.to_return, line.settled) == (2, 1, 1, 1000)


def test_units_of_two_articles_are_two_tickets(desk):
    first = _exchanged(desk)
    with pytest.raises(Refused) as no:
        file(first.order, {_line(first).pk: 2}, kind="return_refund", reason="other")
    assert no.value.code == "different_goods"


def test_only_a_variant_of_the_same_product_may_be_wanted(desk):
    order = ship(pay(place(desk)), desk)
    line = order.lines.get(sku=desk.mug)
    for key in (desk.lamp.pk, 10**9):
        with pytest.raises(Refused) as no:
            file(order, {line.pk: 1}, kind="exchange", reason="other", wanted={line.pk: key})
        assert (no.value.code, no.value.field) == ("wanted", f"wanted_{line.pk}")
    assert not Ticket.objects.exists()


def test_a_repair_says_what_was_wrong_and_what_was_done(desk):
    ticket = sent_in(desk, "repair")
    actions.accept(one(ticket), actors.seller(desk.bob))
    item = ticket.lines.get()
    for repairs in (None, {item.pk: ("loose", " ")}):
        with pytest.raises(Refused) as no:
            actions.dispatch(one(ticket), actors.seller(desk.bob), "SF", "2", repairs)
        assert (no.value.code, no.value.field) == ("repair", f"fault_{item.pk}")

    actions.dispatch(one(ticket), actors.seller(desk.bob), "SF", "2", {item.pk: ("loose", "glued")})
    assert time_passes(ticket).moved == 1

    line = _line(ticket)
    assert RepairRecord.objects.values_list("fault", "work").get() == ("loose", "glued")
    # The buyer has the same unit again: nothing was returned, nothing went to stock.
    assert (fresh(ticket).state, line.returning, line.returned, line.restocked, stock(desk.mug)) == (
        "succeeded", 0, 0, 0, 998,
    )  # fmt: skip


def test_a_part_is_no_stock_and_a_whole_unit_is(desk):
    order = ship(pay(place(desk)), desk)
    mug, lamp = order.lines.get(sku=desk.mug), order.lines.get(sku=desk.lamp)
    part = file(order, {mug.pk: 1}, kind="reissue", reason="missing", parts={mug.pk: "the lid"})
    whole = file(order, {lamp.pk: 1}, kind="reissue", reason="missing")
    for ticket in (part, whole):
        actions.agree(one(ticket), actors.seller(desk.bob))
        actions.dispatch(one(ticket), actors.seller(desk.bob), "SF", "2")
        actions.confirm(one(ticket), actors.buyer(desk.alice))
    assert (part.lines.get().part, stock(desk.mug), stock(desk.lamp)) == ("the lid", 998, 998)


def test_silence_about_returned_goods_of_an_exchange_moves_on(desk):
    ticket = sent_in(desk, "exchange")
    assert time_passes(ticket).moved == 1
    assert fresh(ticket).state == "awaiting_dispatch"


def test_goods_kinds_ask_for_no_money(desk):
    order = ship(pay(place(desk)), desk)
    line = order.lines.get(sku=desk.mug)
    for more in ({"amounts": {line.pk: 1}}, {"freight": 100}):
        with pytest.raises(Refused) as no:
            file(order, {line.pk: 1}, kind="exchange", reason="other", **more)
        assert no.value.code == "no_money"


# --- what is on offer -------------------------------------------------------------------------------------------------

ALL = ["refund_only", "return_refund", "exchange", "repair", "reissue"]


@pytest.mark.parametrize(
    ("shipped", "arrived", "dispatch", "returns", "found"),
    [
        (True, True, True, True, ALL),
        (True, False, True, True, ["refund_only", "reissue"]),
        (False, True, True, True, ["refund_only"]),
        (True, True, True, False, ["refund_only", "reissue"]),
        (True, True, False, False, ["refund_only"]),
    ],
)
def test_kinds_follow_the_goods_and_the_policys_clocks(desk, shipped, arrived, dispatch, returns, found):
    order = place(desk)
    if not returns:
        for name in ("return_goods", "inspection", "after_failed_inspection"):
            setattr(order.policy, name, None)
    if not dispatch:
        order.policy.dispatch = order.policy.buyer_receipt = None
    assert rules.kinds(order, rules.lines_of(order), shipped=shipped, arrived=arrived) == found


def test_operators_rules_for_goods_are_kept(desk):
    order = ship(pay(place(desk)), desk)
    Product.objects.filter(skus=desk.mug).update(goods_rule=GoodsRule.objects.get(code="final_sale"))
    mug, lamp = order.lines.get(sku=desk.mug), order.lines.get(sku=desk.lamp)

    assert rules.kinds(order, rules.lines_of(order), shipped=True) == ["refund_only", "reissue"]
    with pytest.raises(Refused) as no:
        file(order, {mug.pk: 1}, kind="return_refund", reason="other")
    assert no.value.code == "goods_rule"
    assert file(order, {lamp.pk: 1}, kind="return_refund", reason="other").kind == "return_refund"


def test_fresh_goods_have_a_window_of_their_own(desk):
    from django.db.models.functions import Now

    from orders import actions as order_actions
    from orders.models import Order

    order = ship(pay(place(desk)), desk)
    order_actions.receive(one(order), actors.buyer(desk.alice))
    Product.objects.filter(skus=desk.mug).update(goods_rule=GoodsRule.objects.get(code="fresh"))
    from datetime import timedelta

    Order.objects.filter(pk=order.pk).update(completed_at=Now() - timedelta(hours=49))
    order.refresh_from_db()
    with pytest.raises(Refused) as no:
        file(order, {order.lines.get(sku=desk.mug).pk: 1}, reason="other")
    assert no.value.code == "window"
    assert file(order, {order.lines.get(sku=desk.lamp).pk: 1}, reason="other").pk


@pytest.mark.parametrize(
    ("kind", "reason", "arrived", "code"),
    [
        ("repair", "changed_mind", True, "reason_kind"),
        ("refund_only", "damaged", False, "reason_arrived"),
        ("return_refund", "other", False, "not_arrived"),
    ],
)
def test_reasons_fit_kind_and_arrival(desk, kind, reason, arrived, code):
    order = ship(pay(place(desk)), desk)
    with pytest.raises(Refused) as no:
        file(order, {order.lines.first().pk: 1}, kind=kind, reason=reason, arrived=arrived, photos=1)
    assert no.value.code == code


def test_a_virtual_policy_offers_money_only(desk):
    order = ship(pay(place(desk)), desk)
    order.policy = Policy.objects.get(profile="virtual", shop=None, promotion="")
    assert rules.kinds(order, rules.lines_of(order), shipped=True) == ["refund_only"]


# --- a warehouse ------------------------------------------------------------------------------------------------------


def test_a_warehouse_reports_instead_of_a_person(desk):
    good, bad = sent_in(desk, units=2), sent_in(desk, units=2)
    actions.stock_in("WMS-1", one(good), {})
    actions.stock_in("WMS-2", one(bad), {bad.lines.get().pk: Found(1, 1)}, "one is chipped")
    assert (fresh(good).state, fresh(bad).state) == ("refunding", "inspection_failed")
    assert good.events.last().role == "system"


def test_goods_that_arrive_during_a_dispute_are_counted(desk):
    ticket = sent_in(desk, units=2)
    dispute = under_review(desk, ticket)
    actions.stock_in("WMS-1", one(ticket), {ticket.lines.get().pk: Found(1, 1)})
    assert (fresh(ticket).state, ticket.parcels.get().signed_at is not None) == ("arbitration", True)

    actions.rule(one(dispute), actors.agent(desk.sam), Decision("refund", 2000, note="They are there."))
    for side in (actors.buyer(desk.alice), actors.seller(desk.bob)):
        actions.accept_ruling(one(dispute), side)
    pay_out(ticket)
    assert (fresh(ticket).state, stock(desk.mug)) == ("succeeded", 999)


def test_the_same_document_counts_once(desk):
    ticket = sent_in(desk, units=2)
    first = actions.stock_in("WMS-1", one(ticket), {})
    events = ticket.events.count()

    assert actions.stock_in("WMS-1", one(ticket), {}) == first
    assert (ticket.events.count(), ticket.payouts.count()) == (events, 1)
    for other in (one(sent_in(desk)), one(ticket)):
        found = {} if other.get().pk != ticket.pk else {ticket.lines.get().pk: Found(1)}
        with pytest.raises(Refused) as no:
            actions.stock_in("WMS-1", other, found)
        assert no.value.code == "stock_in"
