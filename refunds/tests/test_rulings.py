"""What a ruling moves once it is final, and what cannot be ruled."""

from datetime import timedelta

import pytest

from aftersales import actors
from aftersales.lifecycle.errors import Refused
from aftersales.testing import counters, one, overdue
from refunds import actions, tasks
from refunds.models import Payout, Ruling
from refunds.rules import Decision, Found
from refunds.tests.paying import books_agree, held, order_of, pay_out, stock, time_passes
from refunds.tests.service import (
    asked,
    final,
    found_wanting,
    fresh,
    passes,
    rejected,
    ruled,
    sent_in,
    under_review,
)

SECOND = timedelta(seconds=1)
FULL = {"amount": 1000}


def test_nothing_moves_before_it_is_final(desk):
    ticket = rejected(desk)
    before = counters(ticket.order)
    dispute = ruled(desk, ticket, "refund", **FULL)
    assert (fresh(ticket).state, counters(ticket.order)) == ("arbitration", before)
    assert not Payout.objects.exists()

    assert passes(dispute).moved == 1
    assert (fresh(ticket).state, fresh(dispute).outcome, Payout.objects.get().amount) == ("refunding", "ruled", 1000)


def test_a_refund_in_part_with_freight(desk):
    ticket = final(desk, rejected(desk, units=2), "refund", amount=1300, freight=300)
    paid = pay_out(ticket)

    order = order_of(paid.order)
    assert (paid.state, paid.amount, paid.freight, paid.lines.get().amount) == ("succeeded", 1300, 300, 1000)
    assert (order.settled, order.freight_settled, held(order)) == (1300, 300, 0)
    assert books_agree()


def test_the_goods_go_back_first(desk):
    ticket = final(desk, rejected(desk), "return_first", **FULL)
    assert (ticket.state, ticket.kind, ticket.return_address) == ("awaiting_return", "return_refund", "1 Return Road")
    assert ticket.order.lines.get(sku=desk.mug).returning == 1

    actions.send_waybill(one(ticket), actors.buyer(desk.alice), "SF", "1")
    actions.accept(one(ticket), actors.seller(desk.bob))
    pay_out(ticket)
    assert stock(desk.mug) == 999


def test_an_exchange_may_be_ruled_as_it_was_asked_for(desk):
    ticket = final(desk, rejected(desk, kind="exchange"), "return_first")
    assert (ticket.state, ticket.kind, ticket.lines.get().stock_held) == ("awaiting_return", "exchange", 1)


def test_goods_cannot_go_back_to_a_shop_without_an_address(desk):
    ticket = rejected(desk)
    dispute = ruled(desk, ticket, "return_first", **FULL)
    desk.shop.return_address = ""
    desk.shop.save()

    assert passes(dispute).set_aside == 1
    assert (fresh(dispute).state, fresh(ticket).state) == ("ruled", "arbitration")
    desk.shop.return_address = "9 New Road"
    desk.shop.save()
    for side in (actors.buyer(desk.alice), actors.seller(desk.bob)):
        actions.accept_ruling(one(dispute), side)
    assert (fresh(ticket).state, fresh(ticket).return_address) == ("awaiting_return", "9 New Road")


def test_refused_is_closed_and_free_again(desk):
    ticket = final(desk, rejected(desk), "refuse")
    assert (ticket.state, ticket.closed_reason, held(ticket.order)) == ("closed", "ruled_against", 0)


def test_goods_are_sent_back_to_the_buyer(desk):
    ticket = final(desk, found_wanting(desk), "send_back")
    assert (ticket.state, ticket.sending_back) == ("awaiting_dispatch", True)

    actions.dispatch(one(ticket), actors.seller(desk.bob), "SF", "7")
    actions.confirm(one(ticket), actors.buyer(desk.alice))
    assert (fresh(ticket).closed_reason, held(ticket.order), stock(desk.mug)) == ("sent_back", 0, 998)


def test_goods_that_travel_twice_are_counted_anew(desk):
    ticket = sent_in(desk, units=2)
    actions.fail_inspection(one(ticket), actors.seller(desk.bob), {ticket.lines.get().pk: Found(1, 1)}, "Chipped.")
    actions.send_back(one(ticket), actors.seller(desk.bob), "SF", "7")
    ticket = final(desk, fresh(ticket), "return_first", **FULL)
    actions.send_waybill(one(ticket), actors.buyer(desk.alice), "SF", "8")
    before = stock(desk.mug)

    # Nobody looked at them this time.
    assert time_passes(ticket).moved == 1
    pay_out(ticket)

    line = ticket.order.lines.get(sku=desk.mug)
    assert (line.returned, line.restocked, stock(desk.mug)) == (2, 0, before)


def test_goods_are_sent_again(desk):
    ticket = asked(desk, "reissue")
    actions.agree(one(ticket), actors.seller(desk.bob))
    actions.dispatch(one(ticket), actors.seller(desk.bob), "SF", "7")
    ticket = final(desk, fresh(ticket), "send_goods")
    assert (ticket.state, ticket.lines.get().stock_held, ticket.lines.get().stock_sent) == ("awaiting_dispatch", 1, 1)

    actions.dispatch(one(ticket), actors.seller(desk.bob), "SF", "8")
    actions.confirm(one(ticket), actors.buyer(desk.alice))
    assert (fresh(ticket).state, stock(desk.mug)) == ("succeeded", 996)


def test_a_complaint_about_what_came_that_is_refused_ends_well(desk):
    ticket = sent_in(desk, "exchange")
    actions.accept(one(ticket), actors.seller(desk.bob))
    actions.dispatch(one(ticket), actors.seller(desk.bob), "SF", "7")
    ticket = final(desk, fresh(ticket), "refuse")

    line = ticket.order.lines.get(sku=desk.mug)
    assert (ticket.state, line.returned, line.replaced, line.restocked, line.to_return) == ("succeeded", 1, 1, 1, 2)


@pytest.mark.parametrize(
    ("bring", "back"),
    [(rejected, "awaiting_seller"), (sent_in, "awaiting_inspection"), (found_wanting, "inspection_failed")],
)
def test_negotiating_again_goes_back_with_a_new_clock(desk, bring, back):
    ticket = final(desk, bring(desk), "negotiate")
    assert (ticket.state, ticket.resume_state, ticket.due_at is not None) == (back, "", True)
    # And customer service may be called once more.
    assert under_review(desk, ticket, actors.seller(desk.bob)).state == "review"
    assert ticket.disputes.count() == 2


def test_the_ruling_says_who_pays_the_return_freight(desk):
    for payer, owed in (("seller", [1500]), ("buyer", [])):
        ticket = asked(desk, "return_refund", reason="changed_mind")
        actions.agree(one(ticket), actors.seller(desk.bob))
        actions.send_waybill(one(ticket), actors.buyer(desk.alice), "SF", "1", 1500)
        final(desk, fresh(ticket), "refund", freight_by=payer, **FULL)
        assert list(ticket.payouts.filter(cause="return_freight").values_list("amount", flat=True)) == owed


def test_return_freight_waits_for_what_becomes_of_the_goods(desk):
    for verdict in ("negotiate", "return_first"):
        ticket = asked(desk, "return_refund", reason="changed_mind")
        actions.agree(one(ticket), actors.seller(desk.bob))
        actions.send_waybill(one(ticket), actors.buyer(desk.alice), "SF", "1", 1500)
        if verdict == "return_first":
            broken = {item.pk: Found(0, item.quantity) for item in ticket.lines.all()}
            actions.fail_inspection(one(ticket), actors.seller(desk.bob), broken, "Chipped.")
            actions.send_back(one(ticket), actors.seller(desk.bob), "SF", "2")
        money = FULL if verdict == "return_first" else {}
        ticket = final(desk, fresh(ticket), verdict, freight_by="seller", **money)
        assert not ticket.payouts.exists()

    # What the second journey cost is owed as well.
    actions.send_waybill(one(ticket), actors.buyer(desk.alice), "SF", "3", 400)
    actions.accept(one(ticket), actors.seller(desk.bob))
    assert ticket.payouts.get(cause="return_freight").amount == 1900


@pytest.mark.parametrize(
    ("bring", "given", "code"),
    [
        (rejected, Decision("refund", 1001, note="x"), "amount_most"),
        (rejected, Decision("refund", 0, note="x"), "nothing_to_refund"),
        (rejected, Decision("refund", 1000, 601, note="x"), "freight"),
        (rejected, Decision("refund", 600, 600, note="x"), "freight_alone"),
        (rejected, Decision("refund", 1000, note=" "), "note"),
        (rejected, Decision("refund", 1000, note="x", freight_by="moon"), "payer"),
        (rejected, Decision("refuse", 1, note="x"), "no_money_ruled"),
        (rejected, Decision("send_back", note="x"), "verdict"),
        (rejected, Decision("crucify", note="x"), "verdict"),
        (found_wanting, Decision("refuse", note="x"), "verdict"),
        (found_wanting, Decision("return_first", 1000, note="x"), "verdict"),
    ],
)
def test_rulings_that_cannot_be(desk, bring, given, code):
    dispute = under_review(desk, bring(desk))
    with pytest.raises(Refused) as no:
        actions.rule(one(dispute), actors.agent(desk.sam), given)
    assert no.value.code == code
    assert not Ruling.objects.exists()
    assert fresh(dispute).state == "review"


def test_rulings_of_many_disputes_are_final_in_one_sweep(desk):
    tickets = [rejected(desk) for _ in range(3)]
    for ticket, verdict in zip(tickets, ("refund", "refuse", "negotiate"), strict=True):
        overdue(ruled(desk, ticket, verdict, **(FULL if verdict == "refund" else {})))
    tasks.sweep_disputes()
    assert [fresh(ticket).state for ticket in tickets] == ["refunding", "closed", "awaiting_seller"]
