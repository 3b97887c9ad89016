"""No row waits for nobody: wherever one stands, a clock runs or somebody has it in their queue."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from aftersales.lifecycles import ALL
from aftersales.testing import one, overdue
from orders import actions as order_actions
from orders.lifecycle import ORDER
from orders.states import OrderState
from payments import base
from refunds import actions, workers
from refunds.lifecycle import DISPUTE, PAYOUT, TICKET
from refunds.models import Dispute, Ticket
from refunds.states import DisputeState, PayoutState, TicketState
from refunds.tests import situations as at

# How a row comes to stand in each state, by the verbs that people and workers use.
WAYS = {
    ORDER.name: {
        OrderState.AWAITING_PAYMENT: at.unpaid,
        OrderState.AWAITING_SHIPMENT: at.to_ship,
        OrderState.AWAITING_RECEIPT: at.to_receive,
        OrderState.COMPLETED: at.completed,
        OrderState.CLOSED: at.cancelled,
    },
    TICKET.name: {
        TicketState.AWAITING_SELLER: at.asked,
        TicketState.AWAITING_BUYER: at.offered,
        TicketState.REJECTED: at.rejected,
        TicketState.AWAITING_RETURN: at.to_return,
        TicketState.AWAITING_INSPECTION: at.to_inspect,
        TicketState.INSPECTION_FAILED: at.failed,
        TicketState.AWAITING_DISPATCH: at.to_dispatch,
        TicketState.AWAITING_BUYER_RECEIPT: at.sent,
        TicketState.ARBITRATION: at.disputed,
        TicketState.REFUNDING: at.refunding,
        TicketState.SUCCEEDED: at.refunded,
        TicketState.CLOSED: at.withdrawn,
    },
    DISPUTE.name: {
        DisputeState.EVIDENCE: at.disputed,
        DisputeState.REVIEW: at.under_review,
        DisputeState.CONFIRMATION: at.to_confirm,
        DisputeState.RULED: at.ruled,
        DisputeState.FINAL: at.ruled_for_good,
    },
    PAYOUT.name: {
        PayoutState.CREATED: at.refunding,
        PayoutState.SENT: at.paying,
        PayoutState.UNKNOWN: at.doubted,
        PayoutState.SETTLED: at.refunded,
        PayoutState.FAILED: at.channel_refused,
        PayoutState.OWED: at.freight_owed,
    },
}
EVERY_STATE = pytest.mark.parametrize(
    ("life", "state"),
    [pytest.param(life, state, id=f"{life.name}-{state}") for life in ALL for state in life.states.all()],
)
# What the sweeps call; payouts are moved by the workers that call the channel.
VERBS = [(ORDER, order_actions.ON_DUE), (TICKET, actions.ON_DUE), (DISPUTE, actions.DISPUTE_ON_DUE)]


def row_in(life, state, cast):
    """The row that stands there, and nothing else of that life."""
    WAYS[life.name][state](at.stocked(cast))
    row = life.model._base_manager.get(state=state)
    assert row.state == state
    return row


@EVERY_STATE
def test_a_waiting_state_has_a_clock_or_an_owner(life, state):
    assert state.final or state.resting or state.clock or state.owner
    assert bool(state.clock) == bool(state.on_due)
    assert not (state.final and (state.clock or state.owner))


@pytest.mark.parametrize(("life", "verbs"), VERBS, ids=[life.name for life, _ in VERBS])
def test_every_clock_has_its_verb(life, verbs):
    assert {str(state) for state in verbs} == set(life.states.timed())
    assert {state: verb.__name__ for state, verb in verbs.items()} == {state: state.on_due for state in verbs}


@pytest.mark.parametrize("state", PayoutState.timed())
def test_every_clock_of_a_payout_has_its_worker(cast, monkeypatch, state):
    class Silent:
        def refund(self, **_given):
            return base.Unknown("no answer")

        def refund_status(self, _number):
            return base.Unknown("no answer")

    monkeypatch.setattr(base, "channel", lambda _code: Silent())
    payout = row_in(PAYOUT, PAYOUT.state(state), cast)
    told = payout.events.count()
    overdue(payout)

    workers.pursue_payouts()

    after = payout.events.order_by("pk")[told]
    assert (after.from_state, after.action) == (state, PAYOUT.state(state).on_due)


@EVERY_STATE
def test_every_row_waits_for_somebody(cast, life, state):
    """Whatever was built on the way to this state, too."""
    row_in(life, state, cast)

    for other in ALL:
        for row in other.model._base_manager.all():
            stands = other.state(row.state)
            clocks = (row.due_at is not None) + (row.held_left is not None)
            assert clocks == bool(stands.clock), row.state
            assert clocks or stands.owner or stands.final or stands.resting
    disputed = Ticket.objects.filter(state=TicketState.ARBITRATION)
    running = Dispute.objects.open().filter(due_at__isnull=False, held_left=None)
    assert set(disputed.values_list("pk", flat=True)) == set(running.values_list("ticket_id", flat=True))
    assert running.count() == disputed.count()


@EVERY_STATE
def test_the_database_refuses_another_clock(cast, life, state):
    """No clock where one runs, a clock where none does, two of them at once."""
    row = row_in(life, state, cast)
    due, left = {"due_at": Now()}, {"held_left": Now() - F("entered_at")}
    nothing = {"due_at": None, "held_left": None, "remind_at": None}
    wrong: list[dict[str, Any]] = [nothing, {**due, **left}] if state.clock else [due, left, {**due, **left}]

    for columns in wrong:
        with pytest.raises(IntegrityError, match=f"{life.name}_clock_when_timed"), transaction.atomic():
            one(row).update(**columns)

    row.refresh_from_db()
    assert row.state == state
