"""Every step of every table can be walked by the verbs that pages use, and by nothing else."""

import os
from typing import Any

import pytest

from aftersales import actors
from aftersales.actors import SYSTEM
from aftersales.testing import file, one, pay, place, ship
from orders.lifecycle import ORDER
from orders.models import Order
from refunds import actions, money
from refunds.lifecycle import DISPUTE, PAYOUT, TICKET
from refunds.models import Payout, Ticket
from refunds.rules import Decision
from refunds.tests.paying import agreed, balance, books_agree
from refunds.tests.service import staffed
from refunds.tests.walking import Walk, dispute_steps, edges_of, order_steps, payout_steps, ticket_steps

# With WALK=all a repair is walked too, which takes no step that others do not, and each answer of each side to a
# dispute is a situation of its own.
EVERY = os.environ.get("WALK") == "all"
APPLICATIONS = [("reissue", True), ("refund_only", False), ("return_refund", True), ("refund_only", True)]
APPLICATIONS += [("repair", True)] * EVERY


@pytest.fixture
def desk(cast):
    """A ruling on a mug needs two agents."""
    return staffed(cast, confirm_above=500)


def _ticket(cast, kind, shipped):
    order = pay(place(cast, {cast.mug: 2, cast.lamp: 1}))
    if shipped:
        ship(order, cast)
    return file(order, {order.lines.get(sku=cast.mug).pk: 1}, kind=kind, reason="other")


def _stands(ticket):
    """Where a ticket, its offer and its last dispute stand."""
    now = Ticket.objects.get(pk=ticket.pk)
    offer = now.offers.filter(answer="").values_list("kind", flat=True).first()
    aside = (now.state, now.kind, now.shipped, now.resume_state, now.sending_back, offer)
    dispute = now.disputes.order_by("-pk").first()
    # Once a dispute is over, the ticket goes on as if there had been none.
    if dispute is None or dispute.state == "final":
        return aside
    sides = (dispute.buyer_rests or dispute.buyer_accepts, dispute.seller_rests or dispute.seller_accepts)
    answers = sides if EVERY else (any(sides),)
    return (*aside, dispute.state, bool(dispute.agent_id), *answers, bool(dispute.appealed_by))


def _walked(life, walk):
    return {edge for edge in walk.edges if edge[0] == life.name}


@pytest.mark.long
def test_every_step_of_a_ticket(desk):
    seen: set[Any] = set()
    edges: set[tuple[str, str, str, str]] = set()
    for kind, shipped in APPLICATIONS:
        ticket = _ticket(desk, kind, shipped)
        _walk_ticket(desk, ticket, seen, edges)
    assert {edge for edge in edges if edge[0] == "ticket"} == edges_of(TICKET)


def _walk_ticket(desk, ticket, seen, edges):
    Walk(lambda: ticket_steps(ticket, desk, by_everybody=False), lambda: _stands(ticket), edges, seen).go()


@pytest.mark.long
def test_every_step_of_a_dispute(desk):
    ticket = agreed(_ticket(desk, "exchange", True), desk)
    actions.call_cs(one(ticket), actors.buyer(desk.alice), "They do not answer.")

    def steps():
        dispute = ticket.disputes.order_by("-pk").first()
        now = Ticket.objects.select_related("order__policy", "order__shop").get(pk=ticket.pk)
        if dispute.state != "final":
            yield from dispute_steps(dispute, now, desk)
            yield "agree", lambda: actions.agree(one(ticket), actors.seller(desk.bob))

    walk = Walk(steps, lambda: _stands(ticket)).go()

    # That the seller cancels the order of a ruled dispute takes unshipped goods.
    assert edges_of(DISPUTE) - _walked(DISPUTE, walk) == {("dispute", "end", "ruled", "final")}
    assert _walked(DISPUTE, walk) <= edges_of(DISPUTE)


def test_a_cancelled_order_ends_a_ruled_dispute(desk):
    ticket = _ticket(desk, "refund_only", False)
    actions.call_cs(one(ticket), actors.seller(desk.bob), "It has been packed already.")
    dispute = ticket.disputes.get()
    sam = actors.agent(desk.sam)
    actions.claim(one(dispute), sam)
    actions.close_evidence(one(dispute), SYSTEM)
    actions.rule(one(dispute), sam, Decision("refuse", note="It was packed."))

    actions.seller_cancel(one(ticket.order), actors.seller(desk.bob), "It fell off the shelf.")

    dispute.refresh_from_db()
    assert (dispute.state, dispute.outcome) == ("final", "seller_cancelled")
    assert dispute.events.last().action == "end"


def test_every_step_of_an_order(desk):
    order = place(desk, {desk.mug: 2})

    def stands():
        now = Order.objects.get(pk=order.pk)
        units = tuple(now.lines.values_list("shipped", "cancelled", "cancelling"))
        return now.state, units, now.held_left is None, now.extended_at is None, now.open_tickets, bool(now.settled)

    walk = Walk(lambda: order_steps(order, desk), stands).go()

    assert _walked(ORDER, walk) == edges_of(ORDER)


def test_every_step_of_a_payout(desk):
    ticket = agreed(_ticket(desk, "refund_only", True), desk)
    payout = Payout.objects.get(ticket=ticket)

    def stands():
        now = Payout.objects.get(pk=payout.pk)
        return now.state, now.retrying, now.settlements > 0

    walk = Walk(lambda: payout_steps(Payout.objects.get(pk=payout.pk), desk), stands).go()

    # What a shop owes is paid by itself: test_freight_of_returns.
    assert edges_of(PAYOUT) - _walked(PAYOUT, walk) == {("payout", "settle_by_hand", "owed", "settled")}


def test_return_freight_is_paid_by_the_shop(desk):
    ticket = _ticket(desk, "return_refund", True)
    Ticket.objects.filter(pk=ticket.pk).update(freight_by="seller")
    actions.agree(one(ticket), actors.seller(desk.bob))
    actions.send_waybill(one(ticket), actors.buyer(desk.alice), "SF", "1", 1500)
    actions.add_parcel(one(ticket), actors.buyer(desk.alice), "SF", "2", 500)
    actions.accept(one(ticket), actors.seller(desk.bob))
    owed = Payout.objects.get(cause="return_freight")

    assert (owed.state, owed.amount, owed.due_at, owed.payment) == ("owed", 2000, None, None)
    money.settle_by_hand(one(owed), actors.seller(desk.bob), "Alipay 4711")

    owed.refresh_from_db()
    assert (owed.state, balance("return_freight"), balance("by_hand")) == ("settled", 2000, -2000)
    # The refund itself has not gone yet.
    ticket.refresh_from_db()
    assert (ticket.state, ticket.payouts.get(cause="ticket").state) == ("refunding", "created")
    assert books_agree()
