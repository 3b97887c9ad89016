"""Customer service: who may call it, who may decide, and what a ruling moves once it is final."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from aftersales import actors
from aftersales.actors import SYSTEM
from aftersales.lifecycle.errors import Conflict, Refused
from aftersales.lifecycle.move import sweep
from aftersales.testing import counters, one, overdue
from orders.models import ShopStaff
from refunds import actions, tasks
from refunds.actions import DISPUTE_ON_DUE
from refunds.lifecycle import DISPUTE
from refunds.models import Dispute, Payout, Ruling
from refunds.rules import Decision, Found
from refunds.tests.paying import books_agree, held, order_of, pay_out, stock, time_passes
from refunds.tests.service import (
    asked,
    called,
    final,
    found_wanting,
    fresh,
    rejected,
    ruled,
    sent_in,
    staffed,
    under_review,
)

SECOND = timedelta(seconds=1)
FULL = {"amount": 1000}


def _passes(dispute):
    overdue(dispute)
    state = DISPUTE.state(fresh(dispute).state)
    return sweep(DISPUTE, state, DISPUTE_ON_DUE[state])


# --- calling ----------------------------------------------------------------------------------------------------------


def test_calling_stops_the_tickets_clock_and_hears_both_sides(desk):
    ticket = rejected(desk)
    dispute = called(desk, ticket)

    now = fresh(ticket)
    assert (now.state, now.due_at, now.resume_state) == ("arbitration", None, "awaiting_seller")
    assert (dispute.state, dispute.called_by, dispute.agent) == ("evidence", "buyer", None)
    assert abs(dispute.due_at - dispute.entered_at - timedelta(hours=48)) < SECOND
    # What the application holds is held until it is decided.
    assert order_of(ticket.order).reserved == 1000


def test_a_person_says_why(desk):
    ticket = rejected(desk)
    with pytest.raises(Refused) as no:
        actions.call_cs(one(ticket), actors.buyer(desk.alice), "  ")
    assert no.value.code == "note"
    assert not Dispute.objects.exists()


def test_silence_of_a_seller_who_owes_a_decision_calls(desk):
    failed, owed = found_wanting(desk), asked(desk, "reissue")
    actions.agree(one(owed), actors.seller(desk.bob))
    for ticket in (failed, owed):
        assert time_passes(ticket).moved == 1
        assert (fresh(ticket).state, ticket.disputes.get().called_by) == ("arbitration", "system")


def test_many_silent_sellers_are_called_in_one_go(desk):
    tickets = [found_wanting(desk) for _ in range(3)]
    for ticket in tickets:
        overdue(ticket)
    tasks.sweep_tickets()
    assert Dispute.objects.count() == 3


# --- the sides settle it themselves -----------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["evidence", "review"])
def test_until_it_has_ruled_the_sides_may_end_it(desk, stage):
    for verb, who, state, outcome in (
        (actions.agree, actors.seller(desk.bob), "refunding", "agreed"),
        (actions.withdraw, actors.buyer(desk.alice), "closed", "withdrawn"),
    ):
        ticket = rejected(desk)
        dispute = called(desk, ticket) if stage == "evidence" else under_review(desk, ticket)
        verb(one(ticket), who)
        assert (fresh(ticket).state, fresh(dispute).state, fresh(dispute).outcome) == (state, "final", outcome)


def test_nobody_moves_past_a_ruling(desk):
    ticket = rejected(desk)
    ruled(desk, ticket, "refuse")
    for verb, who in ((actions.agree, actors.seller(desk.bob)), (actions.withdraw, actors.buyer(desk.alice))):
        with pytest.raises(Conflict):
            verb(one(ticket), who)
    assert fresh(ticket).state == "arbitration"


def test_an_agreement_after_the_goods_came_accepts_them(desk):
    for kind, state in (("return_refund", "refunding"), ("exchange", "awaiting_dispatch")):
        ticket = found_wanting(desk, kind)
        called(desk, ticket)
        actions.agree(one(ticket), actors.seller(desk.bob))
        assert (fresh(ticket).state, fresh(ticket).resume_state) == (state, "")


# --- who decides ------------------------------------------------------------------------------------------------------


def test_an_agent_of_the_shop_neither_sees_nor_decides(desk):
    ShopStaff.objects.create(shop=desk.shop, user=desk.sam)
    dispute = called(desk, rejected(desk))

    assert not Dispute.objects.for_cs(desk.sam).exists()
    with pytest.raises(Refused) as no:
        actions.claim(one(dispute), actors.agent(desk.sam))
    assert no.value.code == "not_an_agent"
    # And whatever the code does, the database refuses the row.
    with pytest.raises(IntegrityError, match="nobody rules on their own shop"), transaction.atomic():
        Ruling.objects.create(dispute=dispute, verdict="refuse", freight_by="buyer", note="x", agent=desk.sam)


def test_a_buyer_who_is_an_agent_does_not_decide_the_own_case(desk):
    desk.alice.is_customer_service = True
    desk.alice.save()
    with pytest.raises(Refused):
        actions.claim(one(called(desk, rejected(desk))), actors.agent(desk.alice))


def test_only_the_agent_who_has_it_rules(desk):
    dispute = under_review(desk, rejected(desk))
    with pytest.raises(Refused) as no:
        actions.rule(one(dispute), actors.agent(desk.sue), Decision("refuse", note="x"))
    assert no.value.code == "not_yours"
    with pytest.raises(Conflict):
        actions.claim(one(dispute), actors.agent(desk.sue))

    actions.hand_over(one(dispute), actors.agent(desk.sam), desk.sue, "You know mugs.")
    actions.rule(one(dispute), actors.agent(desk.sue), Decision("refuse", note="x"))
    assert fresh(dispute).state == "ruled"


def test_a_late_review_is_free_again(desk):
    dispute = under_review(desk, rejected(desk))
    assert _passes(dispute).moved == 1

    now = fresh(dispute)
    assert (now.state, now.agent, now.late_at is not None) == ("review", None, True)
    assert abs(now.due_at - now.late_at - timedelta(hours=48)) < SECOND
    assert _passes(dispute).moved == 1
    assert fresh(dispute).late_at == now.late_at


def test_above_the_amount_a_second_agent_confirms(cast):
    staffed(cast, confirm_above=999)
    ticket = rejected(cast)
    dispute = ruled(cast, ticket, "refund", **FULL)
    assert dispute.state == "confirmation"
    with pytest.raises(Refused) as no:
        actions.confirm_ruling(one(dispute), actors.agent(cast.sam))
    assert no.value.code == "second_agent"

    actions.object_to(one(dispute), actors.agent(cast.sue), "Half is enough.")
    actions.rule(one(dispute), actors.agent(cast.sam), Decision("refund", 1000, note="No, all of it."))
    actions.confirm_ruling(one(dispute), actors.agent(cast.sue))

    assert (fresh(dispute).state, dispute.rulings.last().confirmed_by) == ("ruled", cast.sue)
    assert not Payout.objects.exists()


def test_an_appeal_goes_to_another_agent_once(desk):
    ticket = rejected(desk)
    dispute = ruled(desk, ticket, "refuse")
    actions.appeal(one(dispute), actors.buyer(desk.alice), "Look at the photo!")
    assert (fresh(dispute).state, fresh(dispute).agent) == ("review", None)
    with pytest.raises(Refused) as no:
        actions.claim(one(dispute), actors.agent(desk.sam))
    assert no.value.code == "ruled_before"

    actions.claim(one(dispute), actors.agent(desk.sue))
    actions.rule(one(dispute), actors.agent(desk.sue), Decision("refund", 700, note="It is chipped."))
    for who in (actors.buyer(desk.alice), actors.seller(desk.bob)):
        with pytest.raises(Conflict):
            actions.appeal(one(dispute), who, "Again!")
    assert _passes(dispute).moved == 1
    assert (fresh(ticket).state, ticket.payouts.get().amount) == ("refunding", 700)


def test_one_side_accepting_leaves_the_other_its_appeal(desk):
    ticket = rejected(desk)
    dispute = ruled(desk, ticket, "refund", **FULL)
    actions.accept_ruling(one(dispute), actors.buyer(desk.alice))
    assert (fresh(dispute).state, fresh(ticket).state) == ("ruled", "arbitration")
    with pytest.raises(Conflict):
        actions.appeal(one(dispute), actors.buyer(desk.alice), "No, wait.")
    actions.appeal(one(dispute), actors.seller(desk.bob), "That is too much.")
    assert (fresh(dispute).state, fresh(dispute).buyer_accepts) == ("review", True)


# --- what a final ruling moves ----------------------------------------------------------------------------------------


def test_nothing_moves_before_it_is_final(desk):
    ticket = rejected(desk)
    before = counters(ticket.order)
    dispute = ruled(desk, ticket, "refund", **FULL)
    assert (fresh(ticket).state, counters(ticket.order)) == ("arbitration", before)
    assert not Payout.objects.exists()

    assert _passes(dispute).moved == 1
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

    assert _passes(dispute).set_aside == 1
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


def test_evidence_ends_early_when_both_have_nothing_to_add(desk):
    dispute = called(desk, rejected(desk))
    actions.rest(one(dispute), actors.seller(desk.bob))
    assert fresh(dispute).state == "evidence"
    with pytest.raises(Conflict):
        actions.rest(one(dispute), actors.seller(desk.bob))
    actions.rest(one(dispute), actors.buyer(desk.alice))
    assert fresh(dispute).state == "review"


def test_an_agent_asks_for_more(desk):
    dispute = under_review(desk, rejected(desk))
    actions.ask(one(dispute), actors.agent(desk.sam), "A photo of the handle, please.")
    now = fresh(dispute)
    assert (now.state, now.agent, now.buyer_rests) == ("evidence", desk.sam, False)
    actions.close_evidence(one(dispute), SYSTEM)
    assert fresh(dispute).agent == desk.sam


def test_rulings_of_many_disputes_are_final_in_one_sweep(desk):
    tickets = [rejected(desk) for _ in range(3)]
    for ticket, verdict in zip(tickets, ("refund", "refuse", "negotiate"), strict=True):
        overdue(ruled(desk, ticket, verdict, **(FULL if verdict == "refund" else {})))
    tasks.sweep_disputes()
    assert [fresh(ticket).state for ticket in tickets] == ["refunding", "closed", "awaiting_seller"]
