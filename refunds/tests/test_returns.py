"""Goods on their way back: the address, the waybill, what the seller found, and what goes to stock."""

from datetime import timedelta

import pytest

from aftersales import actors
from aftersales.lifecycle.errors import Conflict, Refused
from aftersales.testing import counters, file, one, pay, place, ship, state_of
from orders.models import Product, Shop, Warehouse
from refunds import actions
from refunds.admin import follows
from refunds.models import Inspection, Payout, ReturnParcel
from refunds.rules import Found
from refunds.tests.paying import agreed, books_agree, held, line_of, order_of, pay_out, stock, time_passes

SECOND = timedelta(seconds=1)


@pytest.fixture
def order(cast):
    return ship(pay(place(cast, {cast.mug: 3, cast.lamp: 2})), cast)


@pytest.fixture
def ticket(cast, order):
    """Both lines wholly on their way back."""
    units = {line.pk: line.quantity for line in order.lines.all()}
    ticket = agreed(file(order, units, kind="return_refund"), cast)
    actions.send_waybill(one(ticket), actors.buyer(cast.alice), " SF ", "SF9")
    ticket.refresh_from_db()
    return ticket


def _item(ticket, sku):
    return ticket.lines.get(line__sku=sku)


def _accept(ticket, cast, found=None):
    actions.accept(one(ticket), actors.seller(cast.bob), found)
    ticket.refresh_from_db()


def _fail(ticket, cast, found, note="Chipped."):
    actions.fail_inspection(one(ticket), actors.seller(cast.bob), found, note)
    ticket.refresh_from_db()


def _broken(ticket, cast):
    """Two of three mugs are good, one is damaged; one of two lamps is missing."""
    _fail(ticket, cast, {_item(ticket, cast.mug).pk: Found(2, 1, "chipped"), _item(ticket, cast.lamp).pk: Found(1)})


def _units(order):
    return list(order.lines.values_list("returning", "returned", "restocked"))


def test_the_address_is_kept_as_it_was(cast, order):
    ticket = agreed(file(order, {line_of(order, cast.mug).pk: 1}, kind="return_refund"), cast)
    Shop.objects.update(return_address="9 New Road")

    ticket.refresh_from_db()
    assert (ticket.state, ticket.return_address) == ("awaiting_return", "1 Return Road")
    assert abs(ticket.due_at - ticket.entered_at - timedelta(days=7)) < SECOND
    assert not Payout.objects.exists()


def test_goods_come_back_to_their_warehouse(cast, order):
    """To the one that all of the ticket's goods name; to the shop where they differ, or it is out of use."""
    north, south = (
        Warehouse.objects.create(shop=cast.shop, name=name, return_address=f"{name} Road")
        for name in ("North", "South")
    )
    mug, lamp = line_of(order, cast.mug).pk, line_of(order, cast.lamp).pk
    cases = (
        (north, None, {mug: 1}, "North Road"),
        (north, south, {mug: 1, lamp: 1}, "1 Return Road"),
        (north, north, {mug: 1, lamp: 1}, "North Road"),
        (None, north, {mug: 1}, "1 Return Road"),
    )
    for of_mug, of_lamp, units, address in cases:
        for sku, place_of in ((cast.mug, of_mug), (cast.lamp, of_lamp)):
            Product.objects.filter(skus=sku).update(warehouse=place_of)
        ticket = file(order, units, kind="return_refund")
        assert address in follows.agreed(ticket)
        assert agreed(ticket, cast).return_address == address, (of_mug, of_lamp, units)
        actions.withdraw(one(ticket), actors.buyer(cast.alice))
    Product.objects.update(warehouse=north)
    Warehouse.objects.update(in_use=False)
    assert agreed(file(order, {mug: 1}, kind="return_refund"), cast).return_address == "1 Return Road"


def test_the_waybill_starts_the_inspections_clock(cast, ticket):
    parcel = ReturnParcel.objects.get()

    assert (parcel.carrier, parcel.number, parcel.to_buyer) == ("SF", "SF9", False)
    assert ticket.state == "awaiting_inspection"
    assert abs(ticket.due_at - parcel.sent_at - timedelta(days=10)) < SECOND


@pytest.mark.parametrize(
    ("carrier", "number", "field"), [("", "1", "carrier"), ("SF", " ", "number"), (" ", "", "carrier")]
)
def test_a_waybill_needs_carrier_and_number(cast, order, carrier, number, field):
    ticket = agreed(file(order, {line_of(order, cast.mug).pk: 1}, kind="return_refund"), cast)

    with pytest.raises(Refused) as no:
        actions.send_waybill(one(ticket), actors.buyer(cast.alice), carrier, number)

    assert (no.value.code, no.value.field) == ("waybill", field)
    assert not ReturnParcel.objects.exists()
    ticket.refresh_from_db()
    assert ticket.state == "awaiting_return"


def test_a_waybill_is_given_once(cast, ticket):
    with pytest.raises(Conflict):
        actions.send_waybill(one(ticket), actors.buyer(cast.alice), "SF", "SF10")

    assert ReturnParcel.objects.count() == 1


# --- everything good --------------------------------------------------------------------------------------------------


def test_accepted_goods_are_in_stock_once_when_the_money_has_gone(cast, order, ticket):
    _accept(ticket, cast)

    assert ticket.state == "refunding"
    assert list(Inspection.objects.values_list("expected", "good", "damaged")) == [(3, 3, 0), (2, 2, 0)]
    assert (stock(cast.mug), stock(cast.lamp)) == (997, 998)
    assert _units(order) == [(3, 0, 0), (2, 0, 0)]

    pay_out(ticket)

    assert ticket.state == "succeeded"
    assert (stock(cast.mug), stock(cast.lamp)) == (1000, 1000)
    assert _units(order) == [(0, 3, 3), (0, 2, 2)]
    assert held(order) == 0
    # The freight was not asked for, so the order goes on.
    assert order_of(order).state == "awaiting_receipt"
    assert books_agree()


def test_what_was_found_may_be_spelled_out(cast, ticket):
    _accept(ticket, cast, {line.pk: Found(line.quantity, note="as new") for line in ticket.lines.all()})

    assert ticket.state == "refunding"
    assert set(Inspection.objects.values_list("note", flat=True)) == {"as new"}


def test_not_everything_good_is_not_accepted(cast, order, ticket):
    before = counters(order)

    with pytest.raises(Refused) as no:
        _accept(ticket, cast, {_item(ticket, cast.mug).pk: Found(2, 1)})

    assert no.value.code == "inspection_whole"
    assert not Inspection.objects.exists()
    assert counters(order) == before


@pytest.mark.parametrize("found", [Found(4), Found(3, 1), Found(-1), Found(2, -1), Found(0, 4)])
def test_figures_that_cannot_be(cast, ticket, found):
    for verb in (_accept, _fail):
        with pytest.raises(Refused) as no:
            verb(ticket, cast, {_item(ticket, cast.mug).pk: found})
        assert no.value.code == "inspection"
    assert not Inspection.objects.exists()


def test_a_line_of_another_ticket(cast, ticket):
    with pytest.raises(Refused) as no:
        _accept(ticket, cast, {ticket.lines.last().pk + 10**6: Found(1)})
    assert no.value.code == "unknown_line"


def test_silence_pays_but_nothing_goes_to_stock(cast, order, ticket):
    assert time_passes(ticket).moved == 1
    assert (ticket.state, Inspection.objects.exists()) == ("refunding", False)

    pay_out(ticket)

    assert (stock(cast.mug), stock(cast.lamp)) == (997, 998)
    assert _units(order) == [(0, 3, 0), (0, 2, 0)]
    assert held(order) == 0


# --- something is wrong -----------------------------------------------------------------------------------------------


def test_a_failed_inspection_waits_for_a_way_out(cast, order, ticket):
    _broken(ticket, cast)

    assert ticket.state == "inspection_failed"
    found = [(i.good, i.damaged, i.missing, i.note) for i in Inspection.objects.all()]
    assert found == [(2, 1, 0, "chipped"), (1, 0, 1, "")]
    assert not Payout.objects.exists()
    assert ticket.events.last().note == "Chipped."
    assert abs(ticket.due_at - ticket.entered_at - timedelta(days=3)) < SECOND


def test_failing_needs_words_and_something_wrong(cast, ticket):
    for found, note, code in (
        ({}, "Why?", "inspection_nothing_wrong"),
        ({_item(ticket, cast.mug).pk: Found(0)}, " ", "note"),
    ):
        with pytest.raises(Refused) as no:
            _fail(ticket, cast, found, note)
        assert no.value.code == code
    assert not Inspection.objects.exists()


def test_silence_after_a_failed_inspection_pays_nobody(cast, order, ticket):
    _broken(ticket, cast)
    assert time_passes(ticket).moved == 1
    assert (ticket.state, Payout.objects.exists()) == ("arbitration", False)


def test_giving_in_restocks_only_what_is_good(cast, order, ticket):
    _broken(ticket, cast)
    # What is typed now does not undo what was found.
    _accept(ticket, cast, {_item(ticket, cast.mug).pk: Found(3)})
    assert ticket.payouts.get().amount == 9002

    pay_out(ticket)

    assert (stock(cast.mug), stock(cast.lamp)) == (997 + 2, 998 + 1)
    assert _units(order) == [(0, 3, 2), (0, 2, 1)]
    assert books_agree()


@pytest.mark.parametrize("who", ["buyer", "clock"])
def test_goods_sent_back_close_without_money(cast, order, ticket, who):
    _broken(ticket, cast)
    actions.send_back(one(ticket), actors.seller(cast.bob), "SF", "SF11")
    ticket.refresh_from_db()
    assert ticket.state == "awaiting_buyer_receipt"
    assert ticket.parcels.filter(to_buyer=True).count() == 1

    if who == "buyer":
        actions.confirm(one(ticket), actors.buyer(cast.alice))
    else:
        assert time_passes(ticket).moved == 1

    ticket.refresh_from_db()
    assert (ticket.state, ticket.closed_reason) == ("closed", "sent_back")
    assert held(order) == 0
    assert _units(order) == [(0, 0, 0), (0, 0, 0)]
    assert (stock(cast.mug), stock(cast.lamp)) == (997, 998)
    assert not Payout.objects.exists()
    assert order_of(order).due_at


def test_goods_that_were_sent_back_may_come_again(cast, order, ticket):
    _broken(ticket, cast)
    actions.send_back(one(ticket), actors.seller(cast.bob), "SF", "SF11")
    actions.confirm(one(ticket), actors.buyer(cast.alice))

    again = agreed(file(order, {line_of(order, cast.mug).pk: 3}, kind="return_refund"), cast)
    actions.send_waybill(one(again), actors.buyer(cast.alice), "SF", "SF12")
    _accept(again, cast)
    pay_out(again)

    assert stock(cast.mug) == 1000
    assert _units(order)[0] == (0, 3, 3)


def test_units_come_back_in_two_tickets(cast, order):
    mug = line_of(order, cast.mug)
    for units in (1, 2):
        ticket = agreed(file(order, {mug.pk: units}, kind="return_refund"), cast)
        actions.send_waybill(one(ticket), actors.buyer(cast.alice), "SF", "1")
        _accept(ticket, cast)
        pay_out(ticket)

    mug.refresh_from_db()
    assert (mug.settled, mug.returned, mug.restocked, mug.to_return) == (3000, 3, 3, 0)
    with pytest.raises(Refused) as no:
        file(order, {mug.pk: 1}, kind="return_refund")
    assert no.value.code == "units"


def test_a_refund_without_return_leaves_stock_alone(cast, order):
    ticket = pay_out(agreed(file(order, {line_of(order, cast.mug).pk: 3}), cast))

    assert ticket.state == "succeeded"
    assert stock(cast.mug) == 997
    assert _units(order)[0] == (0, 0, 0)


@pytest.mark.parametrize("step", ["awaiting_seller", "awaiting_return", "refunding"])
def test_nothing_is_inspected_before_or_after(cast, order, step):
    ticket = file(order, {line_of(order, cast.mug).pk: 1}, kind="return_refund")
    if step != "awaiting_seller":
        agreed(ticket, cast)
    if step == "refunding":
        actions.send_waybill(one(ticket), actors.buyer(cast.alice), "SF", "1")
        _accept(ticket, cast)
    seen = Inspection.objects.count()

    for verb in (_accept, lambda t, c: _fail(t, c, {t.lines.get().pk: Found(0)})):
        with pytest.raises(Conflict) as clash:
            verb(ticket, cast)
        assert state_of(clash.value.row) == step
    assert Inspection.objects.count() == seen
