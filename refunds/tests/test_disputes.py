"""Customer service: who may call it, who may decide, and how both sides are heard."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from aftersales import actors
from aftersales.actors import SYSTEM
from aftersales.lifecycle.errors import Conflict, Refused
from aftersales.testing import one, overdue
from orders.models import ShopStaff
from refunds import actions, tasks
from refunds.models import Dispute, Payout, Ruling
from refunds.rules import Decision
from refunds.tests.paying import order_of, time_passes
from refunds.tests.service import (
    asked,
    called,
    found_wanting,
    fresh,
    passes,
    rejected,
    ruled,
    staffed,
    under_review,
)

SECOND = timedelta(seconds=1)
FULL = {"amount": 1000}


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
    assert passes(dispute).moved == 1

    now = fresh(dispute)
    assert (now.state, now.agent, now.late_at is not None) == ("review", None, True)
    assert abs(now.due_at - now.late_at - timedelta(hours=48)) < SECOND
    assert passes(dispute).moved == 1
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
    assert passes(dispute).moved == 1
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
