"""begin and move: the number of statements, who may from where, and what a rival changes."""

from datetime import timedelta

import pytest
from django.db import transaction

from aftersales import actors
from aftersales.actors import CLOCK, SYSTEM, Actor, Role
from aftersales.lifecycle import move as engine
from aftersales.lifecycle.errors import Conflict
from aftersales.lifecycle.move import begin, move, move_one, story
from aftersales.testing import counters, file, one, pay, place, ship
from aftersales.tests.many import SIZES, all_overdue, many_orders, many_tickets, new_orders, statements
from aftersales.tests.rivals import Rival, until_somebody_waits
from orders import actions as order_actions
from orders.actions import Parcel
from orders.lifecycle import ORDER
from orders.models import Order, OrderEvent, OrderLine
from orders.states import OrderState
from refunds import actions
from refunds.lifecycle import TICKET
from refunds.models import Payout, Ticket, TicketEvent
from refunds.states import Kind

HOUR = timedelta(hours=1)


# --- the number of statements -----------------------------------------------------------------------------------------


def _counts(build, act, sizes) -> set[int]:
    """How many statements `act` needs on `build(size)`, over all sizes; every row has to move."""
    found = set()
    for size in sizes:
        rows = build(size)
        with statements() as told:
            assert len(act(rows)) == size
        found.add(len(told))
    return found


def test_begin_and_move_need_the_same_statements_for_any_number(cast):
    for size in SIZES:
        rows = new_orders(cast, size)
        with statements() as births:
            begin(ORDER, rows, actors.buyer(cast.alice))
        with statements() as moves:
            events = move(ORDER, "pay", Order.objects.filter(pk__in=[row.pk for row in rows]), SYSTEM)
        # Insert, clock, read back, events; lock, judge, update, read back, events.
        assert (len(events), len(births), len(moves)) == (size, 4, 5)


# The effects of an order's end are counted by every batch of test_sweep, up to 5,001 rows.
def test_story_over_several_lives_needs_the_same_statements(cast):
    def build(size):
        return all_overdue(many_tickets(cast, size))

    # Tickets to refunding, and a payout with its posting for each.
    assert len(_counts(build, lambda rows: actions.agree(rows, CLOCK), (1, 1000))) == 1


def test_ending_tickets_needs_the_same_statements(cast):
    def build(size):
        rows = many_tickets(cast, size)
        move(TICKET, "reject", rows, actors.seller(cast.bob))
        return all_overdue(rows)

    assert len(_counts(build, lambda rows: actions.withdraw(rows, CLOCK), (1, 300))) == 1


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
    assert caught.value.action == "cancel"
    assert caught.value.row == order
    assert getattr(caught.value.row, "state", None) == "awaiting_shipment"


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
    assert getattr(caught.value.row, "state", None) == "awaiting_shipment"
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
