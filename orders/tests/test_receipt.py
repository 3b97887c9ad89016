"""The receipt clock: shortened by delivery, lengthened once, held by tickets, never below the floor afterwards."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from aftersales import actors
from aftersales.actors import SYSTEM
from aftersales.lifecycle.errors import Conflict
from aftersales.lifecycle.move import sweep
from aftersales.testing import file, one, overdue, pay, place, ship
from orders import actions
from orders.lifecycle import ORDER
from orders.models import Order, Shop
from orders.states import OrderState
from refunds.actions import withdraw

SLACK = timedelta(seconds=20)


def _now():
    return Order.objects.annotate(now=Now()).values_list("now", flat=True)[0]


def _about(order, expected):
    order.refresh_from_db()
    assert order.due_at is not None
    assert abs(order.due_at - _now() - expected) < SLACK


def _shipped(cast, profile="marketplace"):
    Shop.objects.update(profile=profile)
    return ship(pay(place(cast)), cast)


def _sweep():
    sweep(ORDER, OrderState.AWAITING_RECEIPT, actions.auto_receive)


def _age(order, left):
    Order.objects.filter(pk=order.pk).update(due_at=Now() + left)


@pytest.mark.parametrize(
    ("profile", "receipt"),
    [("marketplace", timedelta(days=10)), ("local_delivery", timedelta(hours=24)), ("virtual", timedelta(days=3))],
)
def test_the_clock_starts_with_the_last_parcel(cast, profile, receipt):
    _about(_shipped(cast, profile), receipt)


def test_silence_receives(cast):
    order = _shipped(cast)
    overdue(order)

    _sweep()

    order.refresh_from_db()
    assert (order.state, order.due_at) == ("completed", None)
    assert order.completed_at
    assert order.events.last().role == "system"


def test_the_buyer_receives_once(cast):
    order = _shipped(cast)

    actions.receive(one(order), actors.buyer(cast.alice))

    with pytest.raises(Conflict):
        actions.receive(one(order), actors.buyer(cast.alice))
    assert order.events.filter(action="receive").count() == 1


def test_delivery_shortens_local_delivery(cast):
    order = _shipped(cast, "local_delivery")

    actions.deliver(one(order), actors.seller(cast.bob))

    _about(order, timedelta(minutes=30))
    assert order.shipments.get().delivered_at


def test_delivery_never_lengthens(cast):
    order = _shipped(cast, "local_delivery")
    _age(order, timedelta(minutes=5))

    actions.deliver(one(order), SYSTEM)

    _about(order, timedelta(minutes=5))


def test_delivery_where_the_policy_has_no_shorter_time(cast):
    order = _shipped(cast)

    actions.deliver(one(order), actors.seller(cast.bob))

    _about(order, timedelta(days=10))


def test_delivery_shortens_a_held_clock(cast):
    order = _shipped(cast, "local_delivery")
    file(order, {order.lines.first().pk: 1})

    actions.deliver(one(order), SYSTEM)

    order.refresh_from_db()
    assert (order.due_at, order.held_left) == (None, timedelta(minutes=30))


def test_the_buyer_extends_once(cast):
    order = _shipped(cast)

    actions.extend(one(order), actors.buyer(cast.alice))

    _about(order, timedelta(days=20))
    with pytest.raises(Conflict):
        actions.extend(one(order), actors.buyer(cast.alice))
    _about(order, timedelta(days=20))


def test_the_seller_extends_freely(cast):
    order = _shipped(cast)

    for _ in range(3):
        actions.extend(one(order), actors.seller(cast.bob))
    actions.extend(one(order), actors.buyer(cast.alice))

    _about(order, timedelta(days=50))


def test_extending_a_held_clock(cast):
    order = _shipped(cast)
    file(order, {order.lines.first().pk: 1})

    actions.extend(one(order), actors.buyer(cast.alice))

    order.refresh_from_db()
    assert order.due_at is None
    assert abs(order.held_left - timedelta(days=20)) < SLACK


# --- held by tickets --------------------------------------------------------------------------------------------------


def test_a_ticket_holds_the_clock_with_what_is_left(cast):
    order = _shipped(cast)
    _age(order, timedelta(days=4))

    file(order, {order.lines.first().pk: 1})

    order.refresh_from_db()
    assert order.due_at is None
    assert abs(order.held_left - timedelta(days=4)) < SLACK
    _sweep()
    order.refresh_from_db()
    assert order.state == "awaiting_receipt"


@pytest.mark.parametrize(
    ("left", "goes_on"),
    [(timedelta(days=4), timedelta(days=4)), (timedelta(hours=1), timedelta(hours=24)), (-timedelta(hours=1), None)],
)
def test_the_clock_goes_on_with_at_least_the_floor(cast, left, goes_on):
    order = _shipped(cast)
    _age(order, left)
    ticket = file(order, {order.lines.first().pk: 1})

    withdraw(one(ticket), actors.buyer(cast.alice))

    _about(order, goes_on or timedelta(hours=24))
    assert order.held_left is None


def test_the_clock_stays_held_until_the_last_ticket_ends(cast):
    order = _shipped(cast)
    first, second = (file(order, {line.pk: 1}) for line in order.lines.all())

    withdraw(one(first), actors.buyer(cast.alice))
    order.refresh_from_db()
    assert (order.open_tickets, order.due_at) == (1, None)

    withdraw(one(second), actors.buyer(cast.alice))
    _about(order, timedelta(days=10))
    assert [event.action for event in order.events.all()][-2:] == ["hold", "release"]


def test_an_order_with_a_ticket_may_be_received(cast):
    order = _shipped(cast)
    ticket = file(order, {order.lines.first().pk: 1})

    actions.receive(one(order), actors.buyer(cast.alice))

    order.refresh_from_db()
    ticket.refresh_from_db()
    assert (order.state, order.held_left, ticket.state) == ("completed", None, "awaiting_seller")
