"""What tickets do to their order: units are cancelled, the order moves on, closes, or stays as it is."""

import pytest

from aftersales import actors
from aftersales.lifecycle.errors import Conflict, Refused
from aftersales.testing import counters, file, one, pay, place, ship
from orders import actions as order_actions
from orders.actions import Parcel
from orders.models import OrderLine, Sku
from refunds import actions
from refunds.actions import Rejection
from refunds.models import Reason, Ticket
from refunds.tests.paying import agreed, books_agree, held, line_of, order_of, pay_out, stock, time_passes


@pytest.fixture
def order(cast):
    return pay(place(cast))


def _refund(order, cast, units, **more):
    """Units, by SKU, agreed and paid back."""
    lines = {line_of(order, sku).pk: number for sku, number in units.items()}
    return pay_out(agreed(file(order, lines, **more), cast))


def _all_of(order):
    return {line.pk: line.quantity for line in order.lines.all()}


# --- unshipped --------------------------------------------------------------------------------------------------------


def test_stock_comes_back_only_when_the_money_has_gone(cast, order):
    mug = line_of(order, cast.mug)
    ticket = agreed(file(order, {mug.pk: 1}), cast)
    assert stock(cast.mug) == 998
    mug.refresh_from_db()
    assert (mug.cancelling, mug.cancelled) == (1, 0)

    pay_out(ticket)

    mug.refresh_from_db()
    assert (mug.cancelling, mug.cancelled, mug.to_ship, mug.returned) == (0, 1, 1, 0)
    assert stock(cast.mug) == 999
    assert order_of(order).state == "awaiting_shipment"
    assert books_agree()


def test_the_rest_is_shipped_after_a_partial_refund(cast, order):
    _refund(order, cast, {cast.mug: 1})

    ship(order, cast)

    assert order.state == "awaiting_receipt"
    assert list(order.lines.values_list("shipped", "cancelled")) == [(1, 1), (1, 0)]


def test_the_last_unit_to_ship_cancelled_moves_the_order_on(cast, order):
    mug, lamp = line_of(order, cast.mug), line_of(order, cast.lamp)
    ship(order, cast, {mug.pk: 2})

    ticket = agreed(file(order, {lamp.pk: 1}, shipped=False), cast)
    assert order_of(order).state == "awaiting_shipment"
    pay_out(ticket)

    found = order_of(order)
    assert (found.state, found.held_left) == ("awaiting_receipt", None)
    assert found.due_at
    assert order.events.last().action == "rest_cancelled"
    assert stock(cast.lamp) == 1000


def test_moved_on_with_another_ticket_open_the_clock_is_held(cast, order):
    mug, lamp = line_of(order, cast.mug), line_of(order, cast.lamp)
    ship(order, cast, {mug.pk: 2})
    file(order, {mug.pk: 1}, shipped=True)

    pay_out(agreed(file(order, {lamp.pk: 1}, shipped=False), cast))

    found = order_of(order)
    assert (found.state, found.due_at, found.open_tickets) == ("awaiting_receipt", None, 1)
    assert found.held_left


def test_everything_cancelled_closes_the_order(cast, order):
    ticket = agreed(file(order, _all_of(order), freight=600), cast)

    pay_out(ticket)

    found = order_of(order)
    assert (found.state, found.closed_reason, found.settled) == ("closed", "fully_refunded", 5601)
    assert (stock(cast.mug), stock(cast.lamp)) == (1000, 1000)
    assert held(order) == 0
    assert books_agree()


def test_nothing_left_to_deliver_closes_without_the_freight(cast, order):
    _refund(order, cast, {cast.mug: 2, cast.lamp: 1})

    found = order_of(order)
    assert (found.state, found.closed_reason, found.settled) == ("closed", "fully_refunded", 5001)


def test_unshipped_lines_one_ticket_after_another(cast, order):
    _refund(order, cast, {cast.mug: 1})
    _refund(order, cast, {cast.mug: 1}, freight=600)
    assert order_of(order).state == "awaiting_shipment"
    _refund(order, cast, {cast.lamp: 1})

    assert order_of(order).state == "closed"
    assert (stock(cast.mug), stock(cast.lamp)) == (1000, 1000)


def test_everything_paid_back_stops_what_was_still_to_ship(cast):
    """A unit that cost nothing is not sent after everything paid has gone back."""
    Sku.objects.filter(pk=cast.lamp.pk).update(price=0)
    order = pay(place(cast))

    _refund(order, cast, {cast.mug: 2}, freight=600)

    assert (order_of(order).state, order_of(order).closed_reason) == ("closed", "fully_refunded")
    assert (stock(cast.mug), stock(cast.lamp)) == (1000, 1000)


# --- shipped ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["awaiting_receipt", "completed"])
def test_a_full_refund_closes_the_order(cast, order, step):
    ship(order, cast)
    if step == "completed":
        order_actions.receive(one(order), actors.buyer(cast.alice))

    _refund(order, cast, {cast.mug: 2, cast.lamp: 1}, freight=600)

    found = order_of(order)
    assert (found.state, found.closed_reason, found.due_at, found.held_left) == ("closed", "fully_refunded", None, None)
    assert (stock(cast.mug), stock(cast.lamp)) == (998, 999)


@pytest.mark.parametrize("step", ["awaiting_receipt", "completed"])
def test_a_partial_refund_leaves_the_order(cast, order, step):
    ship(order, cast)
    if step == "completed":
        order_actions.receive(one(order), actors.buyer(cast.alice))

    _refund(order, cast, {cast.mug: 2, cast.lamp: 1})

    assert order_of(order).state == step


def test_the_last_fen_closes_the_order(cast, order):
    ship(order, cast)
    mug = line_of(order, cast.mug)
    _refund(order, cast, {cast.mug: 2, cast.lamp: 1}, freight=600, amounts={mug.pk: 1999})
    assert order_of(order).state == "awaiting_receipt"

    _refund(order, cast, {cast.mug: 1})

    assert order_of(order).state == "closed"


def test_freight_as_the_last_part_closes_the_order(cast, order):
    ship(order, cast)
    _refund(order, cast, {cast.mug: 2, cast.lamp: 1})

    _refund(order, cast, {}, freight=600)

    assert order_of(order).state == "closed"


def test_several_tickets_one_after_another_never_exceed(cast, order):
    ship(order, cast)
    paid = 0
    while (left := OrderLine.objects.get(order=order, sku=cast.mug).left) > 0:
        paid += _refund(order, cast, {cast.mug: 1}, amounts={line_of(order, cast.mug).pk: min(600, left)}).amount

    assert paid == 2000
    assert line_of(order, cast.mug).settled == 2000
    assert books_agree()


def test_a_completed_order_and_a_return(cast, order):
    ship(order, cast)
    order_actions.receive(one(order), actors.buyer(cast.alice))
    ticket = agreed(file(order, {line_of(order, cast.mug).pk: 1}, kind="return_refund"), cast)
    actions.send_waybill(one(ticket), actors.buyer(cast.alice), "SF", "1")
    actions.accept(one(ticket), actors.seller(cast.bob))

    pay_out(ticket)

    assert (order_of(order).state, order_of(order).due_at) == ("completed", None)
    assert stock(cast.mug) == 999


# --- ship anyway ------------------------------------------------------------------------------------------------------


def _ship_anyway(order, cast, units):
    return actions.ship_anyway(one(order), actors.seller(cast.bob), Parcel(units, "SF", "1"))


@pytest.mark.parametrize("step", ["awaiting_seller", "rejected"])
def test_shipping_anyway_closes_the_ticket(cast, order, step):
    ticket = file(order, _all_of(order), freight=600)
    if step == "rejected":
        reason = Reason.objects.get(code="final_sale")
        actions.reject(one(ticket), actors.seller(cast.bob), Rejection(reason))

    _ship_anyway(order, cast, _all_of(order))

    ticket.refresh_from_db()
    assert (ticket.state, ticket.closed_reason) == ("closed", "shipped_anyway")
    assert held(order) == 0
    found = order_of(order)
    assert (found.state, found.held_left) == ("awaiting_receipt", None)
    assert stock(cast.mug) == 998
    # The buyer may ask again, now for what was shipped.
    assert file(order, _all_of(order)).shipped


def test_shipping_anyway_leaves_other_tickets(cast, order):
    mug, lamp = line_of(order, cast.mug), line_of(order, cast.lamp)
    on_mug, on_lamp = file(order, {mug.pk: 2}), file(order, {lamp.pk: 1})

    _ship_anyway(order, cast, {mug.pk: 2, lamp.pk: 0})

    states = {ticket.pk: ticket.state for ticket in Ticket.objects.all()}
    assert states == {on_mug.pk: "closed", on_lamp.pk: "awaiting_seller"}
    assert order_of(order).state == "awaiting_shipment"


def test_money_that_is_on_its_way_is_not_shipped_anyway(cast, order):
    ticket = agreed(file(order, _all_of(order)), cast)
    before = counters(order)

    with pytest.raises(Refused):
        _ship_anyway(order, cast, _all_of(order))

    assert counters(order) == before
    ticket.refresh_from_db()
    assert ticket.state == "refunding"


def test_too_many_units_leave_the_ticket_open(cast, order):
    mug = line_of(order, cast.mug)
    ticket = file(order, {mug.pk: 1})
    before = counters(order)

    with pytest.raises(Refused) as no:
        _ship_anyway(order, cast, {mug.pk: 3})

    assert no.value.code == "too_many_units"
    assert counters(order) == before
    ticket.refresh_from_db()
    assert ticket.state == "awaiting_seller"


def test_shipped_units_in_a_ticket_are_no_reason_to_close_it(cast):
    """The line's other unit is shipped; the ticket is about the first one, which the buyer has."""
    order = pay(place(cast))
    mug = line_of(order, cast.mug)
    ship(order, cast, {mug.pk: 1})
    ticket = file(order, {mug.pk: 1}, shipped=True)

    _ship_anyway(order, cast, {mug.pk: 1})

    ticket.refresh_from_db()
    assert ticket.state == "awaiting_seller"


def test_a_closed_order_ships_nothing_anyway(cast, order):
    _refund(order, cast, {cast.mug: 2, cast.lamp: 1})

    with pytest.raises(Conflict):
        _ship_anyway(order, cast, _all_of(order))


def test_silence_while_half_is_shipped(cast, order):
    """given: a ticket on the lamp; when: mugs go out and nobody answers; then: the lamp is cancelled"""
    mug, lamp = line_of(order, cast.mug), line_of(order, cast.lamp)
    ticket = file(order, {lamp.pk: 1})
    ship(order, cast, {mug.pk: 2})
    assert time_passes(ticket).moved == 1

    pay_out(ticket)

    assert order_of(order).state == "awaiting_receipt"
    assert (stock(cast.mug), stock(cast.lamp)) == (998, 1000)
