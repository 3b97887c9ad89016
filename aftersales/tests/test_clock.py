"""What a move does to the clock of its row: held, released, longer, shorter, anew, or nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.functions import Now

from aftersales import actors
from aftersales.actors import CLOCK, SYSTEM, Actor, Role
from aftersales.lifecycle.move import move, move_one, set_aside
from aftersales.lifecycle.table import Set
from aftersales.testing import one, overdue, place
from aftersales.tests.many import many_orders, many_tickets
from orders.lifecycle import ORDER
from orders.models import Policy
from orders.states import OrderState
from refunds.lifecycle import TICKET

HOUR = timedelta(hours=1)


def _clock(order) -> timedelta:
    """What is left, by the database's clock, to the second: a statement's own microseconds do not count."""
    left = ExpressionWrapper(F("due_at") - Now(), output_field=DurationField())
    row = one(order).annotate(left=left).get()
    assert (row.due_at is None) != (row.held_left is None)
    return timedelta(seconds=round((row.held_left if row.due_at is None else row.left).total_seconds()))


@pytest.fixture
def waiting(cast):
    """An order awaiting receipt, under a policy with round figures: receipt 100 h, delivered 10 h, floor 5 h."""
    latest = Policy.objects.in_force(cast.shop)
    latest.pk, latest.version, latest.shop = None, 1, cast.shop
    latest.receipt, latest.after_delivery, latest.receipt_floor = 100 * HOUR, 10 * HOUR, 5 * HOUR
    latest._state.adding = True
    latest.save(force_insert=True)
    return many_orders(cast, 1, state=OrderState.AWAITING_RECEIPT, shipped=2).get()


_BUYER, _SELLER, _SYSTEM = "alice", "bob", None
# (what is left, whether the clock is held, whether a ticket is open) → action → (what is left, whether it is held)
CLOCK_CASES = {
    "hold keeps what was left": (40, False, 1, "hold", _SYSTEM, (40, True)),
    "hold of an overdue clock keeps nothing, not less": (-3, False, 1, "hold", _SYSTEM, (0, True)),
    "hold without a ticket does nothing": (40, False, 0, "hold", _SYSTEM, None),
    "hold of a held clock does nothing": (40, True, 1, "hold", _SYSTEM, None),
    "release goes on with what was left": (40, True, 0, "release", _SYSTEM, (40, False)),
    "release gives at least the floor": (2, True, 0, "release", _SYSTEM, (5, False)),
    "release of nothing left gives the floor": (0, True, 0, "release", _SYSTEM, (5, False)),
    "release at the floor gives the floor": (5, True, 0, "release", _SYSTEM, (5, False)),
    "release with a ticket does nothing": (40, True, 1, "release", _SYSTEM, None),
    "release of a running clock does nothing": (40, False, 0, "release", _SYSTEM, None),
    "extend lengthens a running clock": (40, False, 0, "extend", _BUYER, (140, False)),
    "extend lengthens a held clock": (40, True, 1, "extend", _BUYER, (140, True)),
    "extend lengthens an overdue clock": (-3, False, 0, "extend", _SELLER, (97, False)),
    "deliver shortens a running clock": (40, False, 0, "deliver", _SELLER, (10, False)),
    "deliver shortens a held clock": (40, True, 1, "deliver", _SELLER, (10, True)),
    "deliver never lengthens": (7, False, 0, "deliver", _SYSTEM, (7, False)),
    "deliver never lengthens a held clock": (7, True, 1, "deliver", _SYSTEM, (7, True)),
    "deliver leaves an overdue clock": (-3, False, 0, "deliver", _SYSTEM, (-3, False)),
}


@pytest.mark.parametrize("case", CLOCK_CASES.values(), ids=CLOCK_CASES.keys())
def test_clock_of_a_state_that_is_kept(cast, waiting, case):
    left, held, tickets, action, who, expected = case
    columns = {"due_at": None, "held_left": left * HOUR} if held else {"due_at": Now() + left * HOUR, "held_left": None}
    one(waiting).update(open_tickets=tickets, remind_at=None, **columns)
    by = Actor(Role.BUYER if who == "alice" else Role.SELLER, getattr(cast, who)) if who else SYSTEM
    moved = move(ORDER, action, one(waiting), by)
    assert len(moved) == (expected is not None)
    left, held = expected or (left, held)
    row = one(waiting).get()
    assert (_clock(waiting), row.held_left is not None) == (left * HOUR, held)
    assert (row.state, row.entered_at) == (waiting.state, waiting.entered_at)


def test_no_after_delivery_time_leaves_the_clock(cast):
    order = many_orders(cast, 1, state=OrderState.AWAITING_RECEIPT, shipped=2).get()
    assert order.policy.after_delivery is None
    move_one(ORDER, "deliver", one(order), SYSTEM)
    assert one(order).get().due_at == order.due_at


def test_buyer_extends_once_and_seller_freely(cast, waiting):
    buyer, seller = actors.buyer(cast.alice), actors.seller(cast.bob)
    assert move(ORDER, "extend", one(waiting), buyer)
    assert move(ORDER, "extend", one(waiting), buyer) == []
    assert move(ORDER, "extend", one(waiting), seller)
    assert move(ORDER, "extend", one(waiting), seller)
    assert _clock(waiting) == 400 * HOUR


@pytest.mark.parametrize(("tickets", "held"), [(0, False), (1, True)])
def test_last_parcel_starts_the_receipt_clock(cast, waiting, tickets, held):
    order = many_orders(cast, 1, shipped=2).get()
    move_one(ORDER, "pay", one(order), SYSTEM)
    one(order).update(open_tickets=tickets)
    move_one(ORDER, "ship", one(order), actors.seller(cast.bob))
    row = one(order).get()
    assert (row.state, _clock(order), row.held_left is not None) == ("awaiting_receipt", 100 * HOUR, held)


def test_kept_clock_stays_as_it_is(cast, waiting):
    keeps = replace(next(t for t in ORDER.transitions if t.name == "deliver"), clock=Set.KEPT)
    move_one(replace(ORDER, transitions=(keeps,)), "deliver", one(waiting), SYSTEM)
    assert one(waiting).get().due_at == waiting.due_at


def test_untimed_state_has_no_clock(cast, waiting):
    one(waiting).update(due_at=None, remind_at=None, held_left=HOUR)
    move_one(ORDER, "receive", one(waiting), actors.buyer(cast.alice))
    row = one(waiting).get()
    assert (row.state, row.due_at, row.held_left) == ("completed", None, None)


def test_amending_starts_the_sellers_clock_anew(cast):
    ticket = many_tickets(cast, 1).get()
    one(ticket).update(due_at=Now() + HOUR)
    move_one(TICKET, "amend", one(ticket), actors.buyer(cast.alice))
    row = one(ticket).get()
    assert (row.version, _clock(ticket)) == (2, ticket.order.policy.answer_shipped)


def test_later_move_takes_a_set_aside_row_in_again(cast):
    order = place(cast)
    assert set_aside(ORDER, one(order), "bad luck" * 1000) == 1
    assert set_aside(ORDER, one(order), "again") == 0
    row = one(order).get()
    assert row.set_aside_at
    assert row.set_aside_error == ("bad luck" * 1000)[:2000]
    overdue(order)
    assert move(ORDER, "expire", one(order), CLOCK) == []
    move_one(ORDER, "pay", one(order), SYSTEM)
    row = one(order).get()
    assert (row.set_aside_at, row.set_aside_error) == (None, "")


def test_clock_moves_only_what_is_due(cast):
    order = place(cast)
    assert move(ORDER, "expire", one(order), CLOCK) == []
    overdue(order)
    assert len(move(ORDER, "expire", one(order), CLOCK)) == 1
