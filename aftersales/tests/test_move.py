"""begin and move: the number of statements, who may, what a rival changes, and what becomes of the clock."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.functions import Now

from aftersales import actors
from aftersales.actors import CLOCK, SYSTEM, Actor, Role
from aftersales.lifecycle import move as engine
from aftersales.lifecycle.errors import Conflict
from aftersales.lifecycle.move import begin, move, move_one, set_aside, story
from aftersales.testing import counters, file, one, overdue, pay, place, ship
from aftersales.tests.many import SIZES, all_overdue, many_orders, many_tickets, new_orders, statements
from aftersales.tests.rivals import Rival, until_somebody_waits
from orders import actions as order_actions
from orders.actions import Parcel
from orders.lifecycle import ORDER
from orders.models import Order, OrderEvent, OrderLine, Policy
from orders.states import OrderState
from refunds import actions
from refunds.lifecycle import TICKET
from refunds.models import Payout, Ticket, TicketEvent
from refunds.states import Kind

HOUR = timedelta(hours=1)


# --- the number of statements -----------------------------------------------------------------------------------------


def _counts(build, act, sizes=SIZES) -> set[int]:
    """How many statements `act` needs on `build(size)`, over all sizes; every row has to move."""
    found = set()
    for size in sizes:
        rows = build(size)
        with statements() as told:
            assert len(act(rows)) == size
        found.add(len(told))
    return found


def test_begin_needs_the_same_statements_for_any_number(cast):
    by = actors.buyer(cast.alice)
    # Insert, clock, read back, events.
    assert _counts(lambda n: new_orders(cast, n), lambda rows: begin(ORDER, rows, by)) == {4}


def test_move_needs_the_same_statements_for_any_number(cast):
    # Lock, judge, update, read back, events.
    pays = _counts(lambda n: many_orders(cast, n), lambda rows: move(ORDER, "pay", rows, SYSTEM))
    assert pays == {5}


def test_move_with_effects_needs_the_same_statements(cast):
    def build(size):
        return all_overdue(many_orders(cast, size))

    # Cancelled units, stock and coupons: three reads, two locks, three writes more.
    assert len(_counts(build, lambda rows: order_actions.expire(rows, CLOCK))) == 1


def test_story_over_several_lives_needs_the_same(cast):
    def build(size):
        return all_overdue(many_tickets(cast, size))

    # Tickets to refunding, and a payout with its posting for each.
    assert len(_counts(build, lambda rows: actions.agree(rows, CLOCK), (1, 1000))) == 1


def test_ending_tickets_needs_the_same_statements(cast):
    def build(size):
        rows = many_tickets(cast, size)
        move(TICKET, "reject", rows, actors.seller(cast.bob))
        return all_overdue(rows)

    assert len(_counts(build, lambda rows: actions.withdraw(rows, CLOCK), (1, 1000))) == 1


# --- begin ------------------------------------------------------------------------------------------------------------


def test_begin_writes_state_clock_and_first_event(cast):
    order = place(cast)
    order.refresh_from_db()
    event = order.events.get()
    policy = order.policy
    assert (order.state, order.held_left, order.set_aside_at) == ("awaiting_payment", None, None)
    assert order.due_at - order.entered_at == policy.payment
    assert (event.action, event.from_state, event.to_state) == ("begin", "", "awaiting_payment")
    assert (event.role, event.actor, event.due_at, event.announced_at) == ("buyer", cast.alice, order.due_at, None)


def test_begin_refuses_a_state_nobody_is_born_in(cast):
    with pytest.raises(ValueError, match="no order is born completed"):
        begin(ORDER, new_orders(cast, 1), SYSTEM, state=OrderState.COMPLETED)
    assert not Order.objects.exists()


# --- who may, from where ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.SELLER, Role.CS, Role.OPERATOR, Role.SYSTEM])
def test_wrong_role_is_refused_and_nothing_written(cast, role):
    order = place(cast)
    before, events = counters(order), OrderEvent.objects.count()
    with pytest.raises(PermissionError, match=f"{role.value} may not cancel a order"):
        move(ORDER, "cancel", one(order), Actor(role, cast.bob))
    assert counters(order) == before
    assert OrderEvent.objects.count() == events


def test_unknown_action_is_a_programming_error(cast):
    with pytest.raises(KeyError, match="order has no action 'fly'"):
        move(ORDER, "fly", one(place(cast)), SYSTEM)


def test_wrong_state_moves_nothing(cast):
    order = pay(place(cast))
    before, events = counters(order), OrderEvent.objects.count()
    assert move(ORDER, "cancel", one(order), actors.buyer(cast.alice)) == []
    assert counters(order) == before
    assert OrderEvent.objects.count() == events


def test_guard_that_fails_moves_nothing(cast):
    order = ship(pay(place(cast)), cast)
    before = counters(order)
    assert move(ORDER, "release", one(order), SYSTEM) == []
    assert counters(order) == before


def test_move_takes_those_that_can_and_leaves_the_rest(cast):
    rows = many_orders(cast, 3)
    paid = rows.order_by("pk")[1]
    move(ORDER, "pay", one(paid), SYSTEM)
    events = move(ORDER, "cancel", rows, actors.buyer(cast.alice))
    assert [event.row_id for event in events] == [row.pk for row in rows.order_by("pk") if row != paid]
    assert sorted(rows.values_list("state", flat=True)) == ["awaiting_shipment", "closed", "closed"]


def test_twins_are_picked_row_by_row(cast):
    money, goods = many_tickets(cast, 2), many_tickets(cast, 2, Kind.RETURN_REFUND)
    both = Ticket.objects.filter(pk__in=[*money.values_list("pk", flat=True), *goods.values_list("pk", flat=True)])
    events = move(TICKET, "agree", both, actors.seller(cast.bob))
    assert {(event.row_id, event.to_state) for event in events} == {
        *((ticket.pk, "refunding") for ticket in money),
        *((ticket.pk, "awaiting_return") for ticket in goods),
    }
    assert set(goods.values_list("return_address", "held_left")) == {("1 Return Road", None)}


def test_move_one_hands_back_the_present_row(cast):
    order = pay(place(cast))
    with pytest.raises(Conflict) as caught:
        move_one(ORDER, "cancel", one(order), actors.buyer(cast.alice))
    assert (caught.value.action, caught.value.row.pk, caught.value.row.state) == (
        "cancel",
        order.pk,
        "awaiting_shipment",
    )


def test_move_one_has_no_row_for_a_foreign_one(cast):
    rows = Order.objects.of_buyer(cast.carol).filter(pk=place(cast).pk)
    with pytest.raises(Conflict) as caught:
        move_one(ORDER, "cancel", rows, actors.buyer(cast.carol))
    assert caught.value.row is None


def test_event_tells_who_what_and_why(cast):
    order = place(cast)
    event = move_one(ORDER, "cancel", one(order), actors.buyer(cast.alice), note="changed", data={"x": 1})
    event.refresh_from_db()
    assert (event.action, event.from_state, event.to_state) == ("cancel", "awaiting_payment", "closed")
    assert (event.role, event.actor, event.note, event.data, event.due_at) == (
        "buyer",
        cast.alice,
        "changed",
        {"x": 1},
        None,
    )


def test_effect_that_fails_undoes_the_move(cast, monkeypatch):
    order = place(cast)
    before, events = counters(order), OrderEvent.objects.count()
    monkeypatch.setattr("orders.effects.change_stock", lambda units: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        order_actions.cancel(one(order), actors.buyer(cast.alice))
    assert counters(order) == before
    assert OrderEvent.objects.count() == events


def test_entry_is_dated_when_the_state_changes_only(cast):
    ticket = many_tickets(cast, 1).get()
    long_ago = ticket.entered_at - HOUR
    one(ticket).update(entered_at=long_ago)
    move_one(TICKET, "amend", one(ticket), actors.buyer(cast.alice))
    assert one(ticket).get().entered_at == long_ago
    move_one(TICKET, "reject", one(ticket), actors.seller(cast.bob))
    one(ticket).update(entered_at=long_ago)
    move_one(TICKET, "amend", one(ticket), actors.buyer(cast.alice))
    assert one(ticket).get().entered_at > ticket.entered_at


# --- clocks -----------------------------------------------------------------------------------------------------------


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
    one(waiting).update(open_tickets=tickets, **columns)
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
    keeps = replace(next(t for t in ORDER.transitions if t.name == "deliver"), clock=engine.Set.KEPT)
    move_one(replace(ORDER, transitions=(keeps,)), "deliver", one(waiting), SYSTEM)
    assert one(waiting).get().due_at == waiting.due_at


def test_untimed_state_has_no_clock(cast, waiting):
    one(waiting).update(due_at=None, held_left=HOUR)
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


# --- rivals on real connections ---------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_guard_sees_what_the_rival_wrote_while_we_waited(cast):
    order = pay(place(cast))
    line = order.lines.get(sku=cast.mug)
    by = actors.seller(cast.bob)
    with transaction.atomic():
        order_actions.ship(one(order), by, Parcel({line.pk: 1}, "SF", "SF1"))
        rival = Rival(lambda: actions.seller_cancel(one(order), by, "sold out"))
        until_somebody_waits()
    # A statement that waited sees the order's line as it was: nothing shipped, and would have cancelled.
    with pytest.raises(Conflict) as caught:
        rival.result()
    assert caught.value.row.state == "awaiting_shipment"
    assert list(order.events.values_list("action", flat=True)) == ["begin", "pay", "ship"]
    assert not Payout.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_bare_move_judges_guards_after_the_lock(cast):
    order = pay(place(cast))

    def cancel():
        with story(actors.seller(cast.bob)):
            return move(ORDER, "seller_cancel", one(order), actors.seller(cast.bob))

    with transaction.atomic():
        Order.objects.select_for_update(no_key=True).get(pk=order.pk)
        OrderLine.objects.filter(order=order, sku=cast.mug).update(shipped=1)
        rival = Rival(cancel)
        until_somebody_waits()
    assert rival.result() == []
    assert one(order).get().state == "awaiting_shipment"


@pytest.mark.django_db(transaction=True)
def test_parents_are_locked_before_the_row(cast):
    order = ship(pay(place(cast)), cast)
    ticket = file(order, {order.lines.get(sku=cast.mug).pk: 1})
    by = actors.buyer(cast.alice)
    with transaction.atomic():
        Order.objects.select_for_update(no_key=True).get(pk=order.pk)
        rival = Rival(lambda: actions.withdraw(one(ticket), by))
        until_somebody_waits()
        # The rival waits at the order and holds nothing yet: whoever has the order gets the ticket at once.
        Ticket.objects.select_for_update(nowait=True).get(pk=ticket.pk)
    assert [event.to_state for event in rival.result()] == ["closed"]


@pytest.mark.django_db(transaction=True)
def test_click_does_not_wait_for_ever(cast, monkeypatch):
    monkeypatch.setattr(engine, "CLICK_WAITS", "100ms")
    order = place(cast)
    with transaction.atomic():
        Order.objects.select_for_update().get(pk=order.pk)
        rival = Rival(lambda: order_actions.cancel(one(order), actors.buyer(cast.alice)))
        with pytest.raises(Conflict) as caught:
            rival.result()
    assert (caught.value.action, caught.value.row) == ("locked", None)
    assert one(order).get().state == "awaiting_payment"
    assert OrderEvent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_clock_passes_by_what_is_locked(cast):
    tickets = all_overdue(many_tickets(cast, 3))
    first, second, third = tickets.order_by("pk")
    with transaction.atomic():
        Order.objects.select_for_update(no_key=True).get(pk=first.order_id)
        Ticket.objects.select_for_update(no_key=True).get(pk=second.pk)
        events = Rival(lambda: actions.agree(tickets, CLOCK)).result()
    assert [event.row_id for event in events] == [third.pk]
    assert TicketEvent.objects.filter(action="agree").count() == 1
