"""Parcels: counted in units, the last one moves the order on."""

import pytest

from aftersales import actors
from aftersales.lifecycle.errors import Conflict, Refused
from aftersales.testing import counters, file, one, pay, place, ship, state_of
from orders import actions
from orders.actions import Parcel
from orders.models import Order, Shipment, ShipmentLine


def _lines(order, cast):
    return order.lines.get(sku=cast.mug), order.lines.get(sku=cast.lamp)


def _nothing_happened(order, before):
    assert counters(order) == before
    assert not Shipment.objects.filter(order=order).exists()
    assert not order.events.filter(action="ship").exists()


def test_one_parcel_with_everything(cast):
    order = ship(pay(place(cast)), cast)

    assert order.state == "awaiting_receipt"
    assert order.due_at
    assert list(order.lines.values_list("shipped", flat=True)) == [2, 1]
    shipment = order.shipments.get()
    assert (shipment.carrier, shipment.number, shipment.shipped_by) == ("SF", "SF1", cast.bob)
    event = order.events.get(action="ship")
    assert (event.role, event.actor, event.data["shipment"]) == ("seller", cast.bob, shipment.pk)


def test_the_last_of_three_parcels_moves_on(cast):
    order = pay(place(cast))
    mug, lamp = _lines(order, cast)

    assert ship(order, cast, {mug.pk: 1}).state == "awaiting_shipment"
    assert ship(order, cast, {lamp.pk: 1}).state == "awaiting_shipment"
    assert order.due_at is None
    assert ship(order, cast, {mug.pk: 1}).state == "awaiting_receipt"

    assert order.shipments.count() == 3
    assert sum(ShipmentLine.objects.values_list("quantity", flat=True)) == 3


@pytest.mark.parametrize(
    ("mugs", "code"),
    [(3, "too_many_units"), (0, "nothing_to_ship"), (-1, "nothing_to_ship"), (10**9, "too_many_units")],
)
def test_what_cannot_go_into_a_parcel(cast, mugs, code):
    order = pay(place(cast))
    mug, _ = _lines(order, cast)
    before = counters(order)

    with pytest.raises(Refused) as no:
        ship(order, cast, {mug.pk: mugs})

    assert no.value.code == code
    _nothing_happened(order, before)


def test_a_line_of_another_order(cast):
    order, other = pay(place(cast)), pay(place(cast))
    before = counters(order)

    with pytest.raises(Refused):
        ship(order, cast, {_lines(other, cast)[0].pk: 1, _lines(order, cast)[0].pk: 1})

    _nothing_happened(order, before)
    _nothing_happened(other, counters(other))


def test_more_than_what_is_left_after_a_parcel(cast):
    order = pay(place(cast))
    mug, _ = _lines(order, cast)
    ship(order, cast, {mug.pk: 1})

    with pytest.raises(Refused) as no:
        ship(order, cast, {mug.pk: 2})

    assert no.value.params == {"title": "Mug", "most": 1}


def test_units_in_an_open_ticket_wait(cast):
    order = pay(place(cast))
    mug, lamp = _lines(order, cast)
    file(order, {mug.pk: 1})

    with pytest.raises(Refused) as no:
        ship(order, cast, {mug.pk: 2})
    assert no.value.params["most"] == 1

    # Everything else goes, and the order still waits for the ticket's end.
    assert ship(order, cast, {mug.pk: 1, lamp.pk: 1}).state == "awaiting_shipment"


def test_the_last_parcel_holds_the_clock_of_an_order_with_a_ticket(cast):
    order = pay(place(cast))
    mug, lamp = _lines(order, cast)
    ship(order, cast, {mug.pk: 2})
    file(order, {mug.pk: 1}, shipped=True)

    ship(order, cast, {lamp.pk: 1})

    assert (order.state, order.due_at) == ("awaiting_receipt", None)
    assert order.held_left == order.policy.receipt


@pytest.mark.parametrize("step", ["awaiting_payment", "awaiting_receipt", "completed", "closed"])
def test_an_order_in_another_state_ships_nothing(cast, step):
    order = place(cast)
    if step == "closed":
        actions.cancel(one(order), actors.buyer(cast.alice))
    elif step != "awaiting_payment":
        ship(pay(order), cast)
    if step == "completed":
        actions.receive(one(order), actors.buyer(cast.alice))
    mug, _ = _lines(order, cast)
    before = counters(order)

    with pytest.raises(Conflict) as clash:
        actions.ship(one(order), actors.seller(cast.bob), Parcel({mug.pk: 1}))

    assert state_of(clash.value.row) == step
    assert counters(order) == before


def test_another_shop_sees_no_order_to_ship(cast):
    order = pay(place(cast))
    before = counters(order)

    with pytest.raises(Conflict) as clash:
        actions.ship(
            Order.objects.of_shop(cast.dave).filter(pk=order.pk),
            actors.seller(cast.dave),
            Parcel({_lines(order, cast)[0].pk: 1}),
        )

    assert clash.value.row is None
    _nothing_happened(order, before)


def test_a_buyer_does_not_ship(cast):
    order = pay(place(cast))

    with pytest.raises(PermissionError):
        actions.ship(one(order), actors.buyer(cast.alice), Parcel({_lines(order, cast)[0].pk: 1}))

    assert not Shipment.objects.exists()
