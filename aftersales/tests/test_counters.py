"""What the database refuses of figures: plain SQL against every CHECK of counters, amounts and units."""

import pgtrigger
import pytest
from django.utils import timezone

from aftersales.testing import file, one, pay, place
from aftersales.tests.refusals import change, refused
from orders.models import Order, OrderLine, Payment, Sku
from refunds.models import Payout, Ticket, TicketLine

COUNTERS = [
    (Order, "settled = total - reserved + 1", "order_refunds_within_total"),
    (Order, "reserved = total + 1", "order_refunds_within_total"),
    (Order, "reserved = -1", "order_refunds_within_total"),
    (Order, "settled = -1", "never go down"),
    (Order, "freight_settled = 300, freight_reserved = 301", "order_freight_refunds_within_freight"),
    (Order, "freight_reserved = -1", "order_freight_refunds_within_freight"),
    (Order, "freight_settled = -1", "never go down"),
    (Order, "open_tickets = -1", "order_open_tickets_not_negative"),
    (Order, "closed_reason = 'fully_refunded'", "order_closed_with_reason"),
    (OrderLine, "settled = paid - reserved + 1", "line_refunds_within_paid"),
    (OrderLine, "reserved = paid + 1", "line_refunds_within_paid"),
    (OrderLine, "reserved = -1", "line_refunds_within_paid"),
    (OrderLine, "settled = -1", "never go down"),
    (OrderLine, "shipped = 3", "line_units_within_quantity"),
    (OrderLine, "cancelled = 1", "line_units_within_quantity"),
    (OrderLine, "shipped = 1", "never go down"),
    (OrderLine, "cancelled = -1", "never go down"),
    (OrderLine, "returned = -1", "never go down"),
    (OrderLine, "cancelling = -1", "line_units_within_quantity"),
    (OrderLine, '"returning" = 1, returned = 2', "line_returns_within_shipped"),
    (OrderLine, '"returning" = 3', "line_returns_within_shipped"),
    (OrderLine, '"returning" = -1', "line_returns_within_shipped"),
    (OrderLine, "returned = 1, replaced = 2", "line_returns_within_shipped"),
    (OrderLine, 'returned = 2, replaced = 1, "returning" = 2', "line_returns_within_shipped"),
    (OrderLine, "replaced = 1", "line_returns_within_shipped"),
    (OrderLine, "replaced = -1", "never go down"),
    (OrderLine, "returned = 1, restocked = 2", "line_restocked_within_returned"),
    (OrderLine, "restocked = -1", "never go down"),
    (OrderLine, "open_tickets = 2", "line_one_open_ticket"),
    (OrderLine, "open_tickets = -1", "line_one_open_ticket"),
    (Payment, "settled = received - reserved + 1", "payment_refunds_within_received"),
    (Payment, "reserved = received + 1", "payment_refunds_within_received"),
    (Payment, "reserved = -1", "payment_refunds_within_received"),
    (Payment, "settled = -1", "never go down"),
    (Payment, "received_at = NULL", "received_at, received, received_currency of a payment never change"),
    (Payment, "received = received + 1", "received_at, received, received_currency of a payment never change"),
    (Payment, "received_currency = 'USD'", "received_at, received, received_currency of a payment never change"),
    (Payment, "pays_order = FALSE", "pays_order of a payment never change"),
    (Payout, "settlements = -1", "never go down"),
    (Sku, "stock = -1", "sku_stock_not_negative"),
    (Sku, "discount = price + 1", "sku_discount_at_most_price"),
    (Ticket, "amount = 0", "ticket_amounts"),
    (Ticket, "freight = amount + 1", "ticket_amounts"),
    (Ticket, "freight = -1", "ticket_amounts"),
    (Ticket, "kind = 'gift', amount = 0, freight = 0", "ticket_kind_known"),
    (Ticket, "kind = 'exchange'", "ticket_amounts"),
    (Ticket, "resume_state = 'awaiting_seller'", "ticket_aside_came_from"),
    (TicketLine, "stock_held = -1", "ticketline_stock"),
    (TicketLine, "stock_held = quantity + 1", "ticketline_stock"),
    (TicketLine, "stock_held = 1, is_open = FALSE", "ticketline_ended_holds_nothing"),
    (TicketLine, "stock_sent = -1", "never go down"),
    (Ticket, "closed_reason = 'withdrawn'", "ticket_closed_with_reason"),
]


def test_counters_that_cannot_be(world, subtests):
    for model, assignments, words in COUNTERS:
        # The ticket has been answered; here its CHECKs are meant.
        with (
            subtests.test(f"{model.__name__} {assignments}"),
            pgtrigger.ignore("refunds.Ticket:agreed"),
            refused(words),
        ):
            change(world.row(model), assignments)


def test_goods_sent_again_may_come_back(world):
    """Both mugs were exchanged, and one of the new ones is on its way back."""
    change(world.line, 'returned = 2, replaced = 2, "returning" = 1')
    world.line.refresh_from_db()
    assert (world.line.shipped, world.line.to_return) == (2, 1)


def test_line_has_one_open_ticket(world):
    other = file(world.order, {world.order.lines.exclude(pk=world.line.pk).get().pk: 1})
    with refused("ticketline_one_open_a_line"):
        TicketLine.objects.create(ticket=other, line=world.line, quantity=1, amount=1)
    TicketLine.objects.create(ticket=other, line=world.line, quantity=1, amount=1, is_open=False)


def test_goods_that_were_not_shipped_are_not_sent_back(world):
    order = pay(place(world.cast))
    ticket = file(order, {order.lines.first().pk: 1})
    assert not ticket.shipped
    with refused("ticket_returns_what_was_shipped"):
        change(ticket, "kind = 'return_refund'")


def test_return_needs_an_address(world):
    ticket = file(world.order, {world.order.lines.exclude(pk=world.line.pk).get().pk: 1}, kind="return_refund")
    assert ticket.return_address == ""
    with refused("ticket_return_has_address"):
        change(ticket, "state = 'awaiting_return'")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "payout_one_a_ticket"),
        ({"ticket": None}, "payout_of_a_ticket_names_it"),
        ({"cause": "surplus"}, "payout_of_a_ticket_names_it"),
        ({"amount": 0}, "payout_amounts"),
        ({"freight": 1001}, "payout_amounts"),
    ],
)
def test_payout_that_cannot_be(world, fields, words):
    twin = one(world.payout).get()
    twin.pk, twin.number, twin.state, twin.due_at = None, "X1", "created", timezone.now()
    for name, value in fields.items():
        setattr(twin, name, value)
    with refused(words):
        twin.save(force_insert=True)


def test_order_is_paid_once(world):
    twin = one(world.payment).get()
    twin.pk, twin.number = None, "X1"
    with refused("payment_one_pays_the_order"):
        twin.save(force_insert=True)
