"""Before a clock of an order runs out its owner is reminded, as its policy says: recorded once each, nothing moves."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from aftersales import actors
from aftersales.actors import Role
from aftersales.lifecycle.move import move_one, remind, set_aside
from aftersales.testing import one, pay, place, ship
from orders.lifecycle import ORDER
from orders.models import Policy

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


@pytest.fixture
def order(cast):
    return one(place(cast)).get()


def _under(cast, **changes):
    """The shop gets a policy of its own."""
    policy = Policy.objects.in_force(cast.shop)
    policy.pk, policy.version, policy.shop, policy._state.adding = None, 1, cast.shop, True
    for name, value in changes.items():
        setattr(policy, name, value)
    policy.save(force_insert=True)


def _left(order, left):
    """So much is left of the order's clock, and its reminders are as they were set at the start."""
    one(order).update(due_at=Now() + left, remind_at=Now() + left - order.policy.remind_first)


def _reminders(order):
    return list(order.events.filter(action="remind"))


def test_a_placed_order_is_reminded_of_a_day_before(order):
    policy = order.policy
    assert (policy.payment, policy.remind_first, policy.remind_last) == (72 * HOUR, 24 * HOUR, 2 * HOUR)
    assert order.remind_at == order.due_at - 24 * HOUR


@pytest.mark.parametrize(
    ("payment", "reminders", "before"),
    [
        (10 * HOUR, (24 * HOUR, 2 * HOUR), 2 * HOUR),
        (24 * HOUR, (24 * HOUR, 2 * HOUR), 2 * HOUR),
        (HOUR, (24 * HOUR, 2 * HOUR), None),
        (10 * HOUR, (3 * HOUR, None), 3 * HOUR),
        (HOUR, (3 * HOUR, None), None),
        (10 * HOUR, (None, None), None),
    ],
)
def test_a_reminder_before_the_start_is_left_out(cast, payment, reminders, before):
    _under(cast, payment=payment, remind_first=reminders[0], remind_last=reminders[1])

    order = one(place(cast)).get()

    assert order.remind_at == (before and order.due_at - before)


def test_each_reminder_comes_once_and_moves_nothing(order):
    _left(order, 24 * HOUR)
    before = one(order).get()

    assert (remind(ORDER), remind(ORDER)) == (1, 0)
    row = one(order).get()
    assert (row.state, row.due_at, row.entered_at) == (before.state, before.due_at, before.entered_at)
    assert row.remind_at == row.due_at - 2 * HOUR
    [event] = _reminders(order)
    assert (event.from_state, event.to_state, event.role) == ("awaiting_payment", "awaiting_payment", Role.SYSTEM)
    assert (event.due_at, event.actor, event.announced_at) == (before.due_at, None, None)

    one(order).update(due_at=Now() + 2 * HOUR, remind_at=Now())
    assert (remind(ORDER), remind(ORDER)) == (1, 0)
    assert one(order).get().remind_at is None
    assert len(_reminders(order)) == 2


def test_nothing_comes_before_its_time(order):
    _left(order, 24 * HOUR + 10 * SECOND)

    assert remind(ORDER) == 0
    assert not _reminders(order)


def test_of_two_missed_reminders_one_comes(order):
    """Everything was down for a day: one word is enough."""
    _left(order, HOUR)

    assert remind(ORDER) == 1
    assert one(order).get().remind_at is None
    assert len(_reminders(order)) == 1


def test_an_overdue_order_is_not_reminded_of(order):
    _left(order, -SECOND)
    due_at = one(order).get().due_at

    assert remind(ORDER) == 0
    assert not _reminders(order)
    row = one(order).get()
    assert (row.state, row.due_at, row.remind_at) == ("awaiting_payment", due_at, None)


def test_an_order_set_aside_is_not_reminded_of(order):
    _left(order, 24 * HOUR)
    set_aside(ORDER, one(order), "bad luck")
    before = one(order).get()

    assert remind(ORDER) == 0
    assert not _reminders(order)
    assert one(order).get().remind_at == before.remind_at


def test_a_clock_that_changes_takes_its_reminder_along(cast, order):
    order = ship(pay(order), cast)
    assert order.remind_at == order.due_at - 24 * HOUR

    move_one(ORDER, "extend", one(order), actors.buyer(cast.alice))
    row = one(order).get()
    assert (row.due_at, row.remind_at) == (order.due_at + 240 * HOUR, row.due_at - 24 * HOUR)

    move_one(ORDER, "receive", one(order), actors.buyer(cast.alice))
    assert one(order).get().remind_at is None


def test_a_reminder_is_told_in_the_histories(cast, order, client):
    _left(order, 24 * HOUR)
    remind(ORDER)

    client.force_login(cast.alice)
    assert "Reminded" in client.get(f"/orders/{order.number}/").text
    client.force_login(cast.bob)
    assert "Reminded" in client.get(f"/admin/orders/order/{order.pk}/change/").text
