"""What happens without a buyer's or a seller's answer: cash-back, a shop's rules, and what is too much."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from aftersales import actors
from aftersales.lifecycle.errors import Refused
from aftersales.testing import counters, file, one, pay, place, ship
from refunds import actions
from refunds.models import AutoDecision, AutoRule, Reason, Ticket, TicketEvent
from refunds.tests.paying import books_agree, held, order_of, pay_out
from refunds.tests.service import asked, fresh, sent_in


def _gives(order, cast, amounts, freight=0, reason=None, note="For the delay."):
    reason = reason or Reason.objects.get(side="unasked", code="goodwill")
    return actions.give_back(one(order), actors.seller(cast.bob), amounts, freight, reason, note)


# --- cash-back --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shipped", [True, False])
def test_cash_back_pays_and_cancels_nothing(desk, shipped):
    order = pay(place(desk))
    if shipped:
        ship(order, desk)
    line = order.lines.get(sku=desk.mug)

    ticket = _gives(order, desk, {line.pk: 500}, freight=100)
    assert (ticket.state, ticket.amount, ticket.by_seller) == ("refunding", 600, True)
    pay_out(ticket)

    line.refresh_from_db()
    assert (line.settled, line.cancelled, line.returned, line.to_ship) == (500, 0, 0, 0 if shipped else 2)
    assert order_of(order).state == ("awaiting_receipt" if shipped else "awaiting_shipment")
    assert (order_of(order).settled, held(order)) == (600, 0)
    assert books_agree()


def test_all_of_it_given_back_closes_the_order(desk):
    order = pay(place(desk))
    left = {line.pk: line.paid for line in order.lines.all()}
    pay_out(_gives(order, desk, left, freight=600))
    assert (order_of(order).state, order_of(order).closed_reason) == ("closed", "fully_refunded")


def test_cash_back_that_cannot_be(desk):
    order = ship(pay(place(desk)), desk)
    mug, lamp = order.lines.get(sku=desk.mug), order.lines.get(sku=desk.lamp)
    file(order, {lamp.pk: 1})
    before = counters(order)
    other = Reason.objects.get(side="buyer", code="other")
    for amounts, freight, reason, note, code in (
        ({mug.pk: 2001}, 0, None, "x", "line_amount"),
        ({mug.pk: -1}, 0, None, "x", "line_amount"),
        ({lamp.pk: 1}, 0, None, "x", "line_busy"),
        ({mug.pk: 1}, 601, None, "x", "freight"),
        ({}, 0, None, "x", "nothing_to_refund"),
        ({10**9: 5}, 0, None, "x", "unknown_line"),
        ({mug.pk: 1}, 0, other, "x", "reason"),
        ({mug.pk: 1}, 0, None, " ", "note"),
    ):
        with pytest.raises(Refused) as no:
            _gives(order, desk, amounts, freight, reason, note)
        assert no.value.code == code
    assert counters(order) == before


def test_the_goods_may_still_be_refunded_up_to_what_is_left(desk):
    order = ship(pay(place(desk)), desk)
    line = order.lines.get(sku=desk.mug)
    pay_out(_gives(order, desk, {line.pk: 500}))
    with pytest.raises(Refused):
        file(order, {line.pk: 2}, amounts={line.pk: 1501})
    assert file(order, {line.pk: 2}).amount == 1500


# --- rules of the shop ------------------------------------------------------------------------------------------------


def _rule(cast, **more):
    return AutoRule.objects.create(shop=cast.shop, **{"name": "Small sums", "most": 1000} | more)


def test_a_rule_agrees_at_once_and_says_so(desk):
    rule = _rule(desk)
    ticket = asked(desk)
    event = ticket.events.last()
    assert (ticket.state, event.action, event.role, event.data["rule"]) == (
        "refunding",
        "agree",
        "system",
        "Small sums",
    )
    decision = AutoDecision.objects.get()
    assert (decision.rule, decision.ticket, decision.version, decision.worth) == (rule, ticket, 1, 1000)
    assert ticket.payouts.get().amount == 1000


def test_goods_may_be_kept_below_an_amount(desk):
    _rule(desk, effect="keep_goods")
    ticket = asked(desk, "return_refund")
    assert (ticket.state, ticket.kind) == ("refunding", "refund_only")
    line = ticket.order.lines.get(sku=desk.mug)
    assert (line.returning, line.reserved, AutoDecision.objects.get().effect) == (0, 1000, "keep_goods")
    # A refund without a return is not what this rule is about.
    assert asked(desk).state == "awaiting_seller"


def test_an_amended_application_is_judged_again(desk):
    order = ship(pay(place(desk)), desk)
    ticket = file(order, {order.lines.get(sku=desk.mug).pk: 2}, reason="other")
    _rule(desk)
    assert fresh(ticket).state == "awaiting_seller"
    from refunds.rules import Application

    less = Application("refund_only", ticket.reason, {order.lines.get(sku=desk.mug).pk: 1})
    actions.amend(one(ticket), actors.buyer(desk.alice), less)
    assert (fresh(ticket).state, AutoDecision.objects.get().version) == ("refunding", 2)


@pytest.mark.parametrize(
    "more",
    [
        {"most": 999},
        {"kinds": ["return_refund"]},
        {"least_orders": 1},
        {"most_tickets": 0},
        {"in_use": False},
    ],
)
def test_a_rule_that_does_not_fit_does_nothing(desk, more):
    _rule(desk, **more)
    assert asked(desk).state == "awaiting_seller"
    assert not AutoDecision.objects.exists()


def test_rules_are_of_one_shop_and_may_name_reasons(desk):
    AutoRule.objects.create(shop=desk.other_shop, name="Theirs", most=10**6)
    _rule(desk).reasons.add(Reason.objects.get(side="buyer", code="late"))
    assert asked(desk).state == "awaiting_seller"
    assert asked(desk, reason="late").state == "refunding"


def test_the_first_rule_by_position_answers(desk):
    _rule(desk, name="second", position=2)
    _rule(desk, name="first", position=1)
    asked(desk)
    assert AutoDecision.objects.get().rule.name == "first"


def test_the_buyers_history_counts_in_all_shops(desk):
    from orders import actions as order_actions

    _rule(desk, least_orders=1, most_tickets=1)
    order = ship(pay(place(desk)), desk)
    order_actions.receive(one(order), actors.buyer(desk.alice))
    assert asked(desk).state == "refunding"
    assert asked(desk).state == "awaiting_seller"


# --- what is too much -------------------------------------------------------------------------------------------------


def test_a_line_is_applied_for_five_times_at_most(desk, settings):
    order = ship(pay(place(desk)), desk)
    mug, lamp = order.lines.get(sku=desk.mug), order.lines.get(sku=desk.lamp)
    for _ in range(4):
        actions.withdraw(one(file(order, {mug.pk: 1})), actors.buyer(desk.alice))
    last = file(order, {mug.pk: 1})
    from refunds.rules import Application

    again = Application("refund_only", last.reason, {mug.pk: 1})
    with pytest.raises(Refused) as no:
        actions.amend(one(last), actors.buyer(desk.alice), again)
    assert (no.value.code, fresh(last).version) == ("too_many_applications", 1)
    assert file(order, {lamp.pk: 1}).pk
    # What the seller gives unasked is no application.
    actions.withdraw(one(last), actors.buyer(desk.alice))
    assert _gives(order, desk, {mug.pk: 1}).pk


def test_tickets_of_a_day_are_counted_over_all_orders(desk, settings):
    settings.TICKETS_PER_DAY = 2
    asked(desk)
    asked(desk)
    with pytest.raises(Refused) as no:
        asked(desk)
    assert (no.value.code, no.value.params) == ("too_many_tickets", {"most": 2})
    Ticket.objects.update(opened_at=Now() - timedelta(hours=25))
    assert asked(desk).pk


def test_messages_and_photos_have_an_end(desk, settings):
    from refunds.tests.filling import photo

    settings.MESSAGES_PER_TICKET, settings.PHOTOS_PER_TICKET = 2, 3
    ticket, buyer = asked(desk), actors.buyer(desk.alice)
    actions.message(one(ticket), buyer, "Hello?", [photo(), photo()])
    with pytest.raises(Refused) as no:
        actions.message(one(ticket), buyer, "Look", [photo(), photo()])
    assert no.value.code == "too_many_photos"
    actions.message(one(ticket), actors.seller(desk.bob), "Yes?")
    with pytest.raises(Refused) as no:
        actions.message(one(ticket), buyer, "Hello!")
    assert no.value.code == "too_many_messages"
    assert TicketEvent.objects.filter(action="message").count() == 2


def test_a_message_leaves_everything_else_alone(desk):
    ticket = sent_in(desk)
    actions.message(one(ticket), actors.seller(desk.bob), " It has not arrived. ")
    now = fresh(ticket)
    assert (now.state, now.due_at, now.entered_at, now.remind_at) == (
        ticket.state, ticket.due_at, ticket.entered_at, ticket.remind_at,
    )  # fmt: skip
    event = ticket.events.last()
    assert (event.note, event.due_at, event.from_state, event.to_state) == (
        "It has not arrived.", ticket.due_at, "awaiting_inspection", "awaiting_inspection",
    )  # fmt: skip
    for note in ("", "  "):
        with pytest.raises(Refused) as no:
            actions.message(one(ticket), actors.buyer(desk.alice), note)
        assert no.value.code == "no_words"


# --- waybills ---------------------------------------------------------------------------------------------------------


def test_a_waybill_may_be_mended_until_it_is_signed_for(desk):
    ticket, buyer = sent_in(desk), actors.buyer(desk.alice)
    parcel = ticket.parcels.get()
    actions.change_waybill(one(ticket), buyer, parcel.pk, "ZTO", "77")
    assert str(fresh(parcel)) == "ZTO 77"
    assert ticket.events.last().data["before"] == "SF SF9"
    actions.add_parcel(one(ticket), buyer, "YTO", "78")
    actions.sign_for(one(ticket), actors.seller(desk.bob), "77")

    with pytest.raises(Refused) as no:
        actions.change_waybill(one(ticket), buyer, parcel.pk, "ZTO", "79")
    assert (no.value.code, str(fresh(parcel))) == ("signed_for", "ZTO 77")
    assert ticket.parcels.filter(signed_at=None).get().number == "78"


def test_another_tickets_parcel_cannot_be_mended(desk):
    mine, other = sent_in(desk), sent_in(desk)
    with pytest.raises(Refused) as no:
        actions.change_waybill(one(mine), actors.buyer(desk.alice), other.parcels.get().pk, "ZTO", "1")
    assert no.value.code == "no_parcel"


def test_postage_has_an_end(desk, settings):
    settings.POSTAGE_MOST = {"CNY": 2000}
    ticket = asked(desk, "return_refund")
    actions.agree(one(ticket), actors.seller(desk.bob))
    for postage in (-1, 2001):
        with pytest.raises(Refused) as no:
            actions.send_waybill(one(ticket), actors.buyer(desk.alice), "SF", "1", postage)
        assert (no.value.code, no.value.field) == ("postage", "postage")
    actions.send_waybill(one(ticket), actors.buyer(desk.alice), "SF", "1", 1500)
    with pytest.raises(Refused):
        actions.add_parcel(one(ticket), actors.buyer(desk.alice), "SF", "2", 501)
