"""Filing a ticket: what it may ask for, and what it holds."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db.models.functions import Now

from aftersales import actors
from aftersales.lifecycle.errors import Conflict, Refused
from aftersales.testing import counters, file, one, pay, place, ship
from orders import actions as order_actions
from orders.models import Order, OrderLine, Payment, Shop
from refunds import actions
from refunds.models import Reason, Ticket, TicketEvent, TicketLine
from refunds.rules import Application
from refunds.tests.paying import agreed, held, line_of, order_of, pay_out


def _refused(order, code, units, field=None, **more):
    """Filing is refused with that code, and nothing has changed."""
    before = counters(order), list(Payment.objects.filter(order=order).values())
    tickets = Ticket.objects.count(), TicketEvent.objects.count()
    with pytest.raises(Refused) as no:
        file(order, units, **more)
    assert (no.value.code, no.value.field) == (code, field)
    assert str(no.value)
    assert (counters(order), list(Payment.objects.filter(order=order).values())) == before
    assert (Ticket.objects.count(), TicketEvent.objects.count()) == tickets


@pytest.fixture
def order(cast):
    return ship(pay(place(cast)), cast)


@pytest.fixture
def unshipped(cast):
    return pay(place(cast))


def test_a_ticket_holds_what_it_asks_for(cast, order):
    mug, lamp = line_of(order, cast.mug), line_of(order, cast.lamp)

    ticket = file(order, {mug.pk: 1, lamp.pk: 1}, freight=100, description="Too blue.")

    ticket.refresh_from_db()
    assert (ticket.state, ticket.kind, ticket.amount, ticket.freight, ticket.version) == (
        *("awaiting_seller", "refund_only", 4101, 100, 1),
    )
    assert ticket.shipped
    assert list(ticket.lines.values_list("line", "quantity", "amount", "is_open")) == [
        (mug.pk, 1, 1000, True),
        (lamp.pk, 1, 3001, True),
    ]
    assert list(order.lines.values_list("reserved", "open_tickets", "returning", "cancelling")) == [
        (1000, 1, 0, 0),
        (3001, 1, 0, 0),
    ]
    found = order_of(order)
    assert (found.reserved, found.freight_reserved, found.open_tickets) == (4101, 100, 1)
    assert Payment.objects.get().reserved == 4101
    event = ticket.events.get()
    assert (event.action, event.actor, event.note, event.data["amount"]) == ("begin", cast.alice, "Too blue.", 4101)


def test_a_return_holds_the_units_on_their_way_back(cast, order):
    mug = line_of(order, cast.mug)

    file(order, {mug.pk: 2}, kind="return_refund")

    mug.refresh_from_db()
    assert (mug.returning, mug.cancelling, mug.to_return) == (2, 0, 0)


def test_unshipped_units_are_held_from_shipping(cast, unshipped):
    mug = line_of(unshipped, cast.mug)

    ticket = file(unshipped, {mug.pk: 1})

    mug.refresh_from_db()
    assert (ticket.shipped, mug.cancelling, mug.returning, mug.to_ship) == (False, 1, 0, 1)


@pytest.mark.parametrize(
    ("profile", "shipped", "time"),
    [
        ("marketplace", True, timedelta(days=5)),
        ("marketplace", False, timedelta(hours=48)),
        ("local_delivery", True, timedelta(hours=2)),
        ("local_delivery", False, timedelta(minutes=15)),
    ],
)
def test_the_seller_has_the_policys_time(cast, profile, shipped, time):
    Shop.objects.update(profile=profile)
    order = pay(place(cast))
    if shipped:
        ship(order, cast)

    ticket = file(order, {order.lines.first().pk: 1})

    ticket.refresh_from_db()
    assert abs(ticket.due_at - ticket.opened_at - time) < timedelta(seconds=1)


# --- once -------------------------------------------------------------------------------------------------------------


def test_the_same_form_makes_one_ticket(cast, order):
    token = uuid4()
    asked = Application("refund_only", Reason.objects.get(side="buyer", code="other"), {line_of(order, cast.mug).pk: 1})

    tickets = [actions.file_ticket(one(order), cast.alice, asked, token=token) for _ in range(3)]

    assert len({ticket.pk for ticket in tickets}) == 1
    assert order_of(order).reserved == 1000


def test_a_line_has_one_open_ticket(cast, order):
    mug, lamp = line_of(order, cast.mug), line_of(order, cast.lamp)
    file(order, {mug.pk: 1})

    _refused(order, "line_busy", {mug.pk: 1, lamp.pk: 1}, f"units_{mug.pk}")
    file(order, {lamp.pk: 1})

    assert order_of(order).open_tickets == 2


def test_a_refunding_ticket_still_keeps_its_line(cast, order):
    mug = line_of(order, cast.mug)
    agreed(file(order, {mug.pk: 1}), cast)

    _refused(order, "line_busy", {mug.pk: 1}, f"units_{mug.pk}")


def test_after_a_ticket_ended_the_line_may_have_another(cast, order):
    mug = line_of(order, cast.mug)
    for amount in (1000, 999):
        pay_out(agreed(file(order, {mug.pk: 1}, amounts={mug.pk: amount}), cast))

    # Of 2000 one fen is left, whatever the units.
    _refused(order, "line_amount", {mug.pk: 2}, f"amount_{mug.pk}", amounts={mug.pk: 2})
    assert file(order, {mug.pk: 2}).amount == 1


def test_nothing_left_of_a_line(cast, order):
    mug = line_of(order, cast.mug)
    pay_out(agreed(file(order, {mug.pk: 2}), cast))

    _refused(order, "nothing_left", {mug.pk: 1})


# --- what cannot be asked for -----------------------------------------------------------------------------------------


def test_nothing_chosen(cast, order):
    mug = line_of(order, cast.mug)
    _refused(order, "nothing_chosen", {})
    _refused(order, "nothing_chosen", {mug.pk: 0})


def test_a_line_that_is_not_there(cast, order):
    other = ship(pay(place(cast)), cast)
    for key in (other.lines.first().pk, 0, -1, 10**30):
        _refused(order, "unknown_line", {order.lines.first().pk: 1, key: 1})


@pytest.mark.parametrize("units", [3, -1, 10**12])
def test_more_units_than_there_are(cast, order, units):
    mug = line_of(order, cast.mug)
    for kind in ("refund_only", "return_refund"):
        _refused(order, "units", {mug.pk: units}, f"units_{mug.pk}", kind=kind)


@pytest.mark.parametrize("amount", [-1, 1001, 10**15])
def test_more_money_than_the_units_cost(cast, order, amount):
    mug = line_of(order, cast.mug)

    _refused(order, "line_amount", {mug.pk: 1}, f"amount_{mug.pk}", amounts={mug.pk: amount})


def test_money_without_units(cast, order):
    mug, lamp = line_of(order, cast.mug), line_of(order, cast.lamp)

    _refused(order, "line_sum", {lamp.pk: 1}, f"amount_{mug.pk}", amounts={mug.pk: 5})


def test_a_refund_of_nothing(cast, order):
    mug = line_of(order, cast.mug)

    _refused(order, "nothing_to_refund", {mug.pk: 1}, amounts={mug.pk: 0})


@pytest.mark.parametrize("freight", [-1, 601])
def test_more_freight_than_was_paid(cast, order, freight):
    _refused(order, "freight", {line_of(order, cast.mug).pk: 1}, "freight", freight=freight)


def test_freight_is_given_back_once(cast, order):
    mug, lamp = line_of(order, cast.mug), line_of(order, cast.lamp)
    file(order, {mug.pk: 1}, freight=600)

    _refused(order, "freight", {lamp.pk: 1}, "freight", freight=1)


@pytest.mark.parametrize(("kind", "code"), [("exchanged", "kind"), ("", "kind_missing"), ("REFUND_ONLY", "kind")])
def test_a_kind_that_is_not_offered(cast, order, kind, code):
    _refused(order, code, {line_of(order, cast.mug).pk: 1}, "kind", kind=kind)


def test_what_was_not_shipped_is_not_sent_back(cast, unshipped):
    _refused(unshipped, "not_shipped", {line_of(unshipped, cast.mug).pk: 1}, "kind", kind="return_refund")


def test_a_policy_without_returns(cast):
    Shop.objects.update(profile="local_delivery")
    order = ship(pay(place(cast)), cast)

    _refused(order, "no_returns", {line_of(order, cast.mug).pk: 1}, "kind", kind="return_refund")


def test_a_shop_that_lost_its_address_takes_no_returns(cast, order):
    Shop.objects.update(return_address="")

    _refused(order, "no_returns", {line_of(order, cast.mug).pk: 1}, "kind", kind="return_refund")


def test_reasons(cast, order):
    units = {line_of(order, cast.mug).pk: 1}
    seller_reason = Reason.objects.get(side="seller", code="used")
    for reason, code, field in (
        (None, "reason", "reason"),
        (seller_reason, "reason", "reason"),
        (Reason.objects.get(code="damaged"), "proof", "photos"),
    ):
        with pytest.raises(Refused) as no:
            actions.file_ticket(one(order), cast.alice, Application("refund_only", reason, units))
        assert (no.value.code, no.value.field) == (code, field)
    Reason.objects.filter(code="other").update(in_use=False)
    _refused(order, "reason", units, "reason", reason="other")


def test_photos_are_counted_not_believed(cast, order):
    """A form that claims photos without sending any has none."""
    _refused(order, "proof", {line_of(order, cast.mug).pk: 1}, "photos", reason="damaged", photos=3)


# --- when and who -----------------------------------------------------------------------------------------------------


def test_an_unpaid_order(cast):
    order = place(cast)

    _refused(order, "order_state", {order.lines.first().pk: 1}, shipped=False)


def test_a_closed_order(cast):
    order = place(cast)
    order_actions.cancel(one(order), actors.buyer(cast.alice))

    _refused(order, "order_state", {order.lines.first().pk: 1}, shipped=False)


def test_a_completed_order_within_its_window(cast, order):
    order_actions.receive(one(order), actors.buyer(cast.alice))
    Order.objects.update(completed_at=Now() - timedelta(days=15) + timedelta(minutes=1))

    assert file(order, {order.lines.first().pk: 1}).pk
    assert order_of(order).state == "completed"


def test_a_completed_order_after_its_window(cast, order):
    order_actions.receive(one(order), actors.buyer(cast.alice))
    Order.objects.update(completed_at=Now() - timedelta(days=15))

    _refused(order, "window", {order.lines.first().pk: 1})


def test_a_stranger_sees_no_order(cast, order):
    asked = Application("refund_only", Reason.objects.get(side="buyer", code="other"), {order.lines.first().pk: 1})

    with pytest.raises(Conflict) as clash:
        actions.file_ticket(Order.objects.of_buyer(cast.carol).filter(pk=order.pk), cast.carol, asked)

    assert clash.value.row is None
    assert held(order) == 0


def test_a_free_order_has_nothing_to_refund(cast):
    Shop.objects.update(freight=0)
    cast.mug.price = 0
    cast.mug.save(update_fields=["price"])
    order = place(cast, {cast.mug: 2})
    order.refresh_from_db()

    _refused(order, "nothing_left", {order.lines.get().pk: 1}, shipped=False)


def test_the_database_knows_one_open_ticket_a_line(cast, order):
    from django.db import IntegrityError, transaction

    first = file(order, {line_of(order, cast.mug).pk: 1})
    second = file(order, {line_of(order, cast.lamp).pk: 1})

    with pytest.raises(IntegrityError), transaction.atomic():
        TicketLine.objects.create(ticket=second, line=first.lines.get().line, quantity=1, amount=1)


def test_a_line_partly_shipped_is_asked_for_by_what_was_shipped(cast):
    order = pay(place(cast, {cast.mug: 3}))
    mug = order.lines.get()
    ship(order, cast, {mug.pk: 1})

    _refused(order, "units", {mug.pk: 2}, f"units_{mug.pk}", shipped=True)
    _refused(order, "units", {mug.pk: 3}, f"units_{mug.pk}", shipped=False)
    assert file(order, {mug.pk: 2}, shipped=False).amount == 2000
    assert OrderLine.objects.get(pk=mug.pk).to_ship == 0
