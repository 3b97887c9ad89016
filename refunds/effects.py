"""What the moves of tickets and payouts write besides their state.

Each keeps the counters of orders, lines and payments in a fixed number of statements, under the order's lock.
"""

from __future__ import annotations

from collections.abc import Collection

from aftersales.lifecycle.rows import Event
from orders.effects import change_stock
from orders.ledger import Movement, count, post, tally
from orders.models import Order, OrderLine, Payment
from orders.states import Account
from refunds.models import Inspection, Payout, PayoutLine, Ticket, TicketLine
from refunds.states import Cause, Kind

Changes = dict[int, dict[str, int]]


def reserve(tickets: Collection[int], *, sign: int = 1) -> None:
    """Hold what open tickets ask for: money of line, freight, order and payment, units of the line. `sign` -1 lets go
    of it again."""
    orders: Changes = {}
    payments: Changes = {}
    payers = _payers(tickets)
    for ticket in Ticket.objects.filter(pk__in=tickets):
        held = {"reserved": sign * ticket.amount}
        tally(orders, ticket.order_id, **held, freight_reserved=sign * ticket.freight, open_tickets=sign)
        tally(payments, payers[ticket.order_id], **held)
    count(Order, orders)
    count(OrderLine, _held_by_lines(tickets, sign))
    count(Payment, payments)


def _held_by_lines(tickets: Collection[int], sign: int) -> Changes:
    lines: Changes = {}
    for item in TicketLine.objects.filter(ticket__in=tickets).select_related("ticket"):
        tally(lines, item.line_id, reserved=sign * item.amount, open_tickets=sign)
        if units := units_held(item.ticket):
            tally(lines, item.line_id, **{units: sign * item.quantity})
    return lines


def units_held(ticket: Ticket) -> str | None:
    """The counter in which a ticket's units wait: None where the goods stay with the buyer."""
    if not ticket.shipped:
        return "cancelling"
    return "returning" if ticket.kind == Kind.RETURN_REFUND else None


def _payers(tickets: Collection[int]) -> dict[int, int]:
    """The payment that paid each ticket's order: {order: payment}."""
    payments = Payment.objects.filter(pays_order=True, order__tickets__in=tickets)
    return dict(payments.values_list("order_id", "pk"))


def release(events: list[Event]) -> None:
    """A ticket that closes lets go of all it held, and its lines may have another."""
    tickets = [event.row_id for event in events]
    reserve(tickets, sign=-1)
    TicketLine.objects.filter(ticket__in=tickets).update(is_open=False)


def succeed(events: list[Event]) -> None:
    """A ticket whose money has gone: unshipped units are cancelled, sent ones returned; good ones go to stock once.

    The money's counters were moved by the payout's own effect.
    """
    tickets = [event.row_id for event in events]
    lines, stock = _goods_of(tickets)
    orders: Changes = {}
    for order in Ticket.objects.filter(pk__in=tickets).values_list("order_id", flat=True):
        tally(orders, order, open_tickets=-1)
    TicketLine.objects.filter(ticket__in=tickets).update(is_open=False)
    count(Order, orders)
    count(OrderLine, lines)
    change_stock(stock)


def _goods_of(tickets: Collection[int]) -> tuple[Changes, dict[int, int]]:
    """What happens to the units of tickets that succeed: counters by order line, stock by SKU."""
    lines: Changes = {}
    stock: dict[int, int] = {}
    good = dict(Inspection.objects.filter(line__ticket__in=tickets).values_list("line_id", "good"))
    for item in TicketLine.objects.filter(ticket__in=tickets).select_related("ticket", "line"):
        units, held = item.quantity, units_held(item.ticket)
        back = units if held == "cancelling" else good.get(item.pk, 0)
        tally(lines, item.line_id, open_tickets=-1)
        if held == "cancelling":
            tally(lines, item.line_id, cancelling=-units, cancelled=units)
        elif held == "returning":
            tally(lines, item.line_id, returning=-units, returned=units, restocked=back)
        stock[item.line.sku_id] = stock.get(item.line.sku_id, 0) + back
    return lines, stock


def _owed(payout: Payout) -> Account:
    return Account.SURPLUS if payout.cause == Cause.SURPLUS else Account.SALES


def book_payouts(events: list[Event]) -> None:
    """A payout that was created: what was received is now owed back to the buyer."""
    payouts = Payout.objects.filter(pk__in=[event.row_id for event in events])
    post(
        Movement(p.order_id, "payout_created", p.number, Account.REFUNDS_DUE, _owed(p), p.amount, p.currency)
        for p in payouts
    )


def settle(events: list[Event]) -> None:
    """The channel paid, or a person by hand: reserved money is settled money, once per payout however often the channel
    takes it back."""
    payouts = list(Payout.objects.filter(pk__in=[event.row_id for event in events]))
    first = [payout for payout in payouts if payout.settlements == 1]
    orders: Changes = {}
    payments: Changes = {}
    lines: Changes = {}
    for payout in first:
        gone = {"reserved": -payout.amount, "settled": payout.amount}
        tally(payments, payout.payment_id, **gone)
        if payout.cause != Cause.SURPLUS:
            freight = {"freight_reserved": -payout.freight, "freight_settled": payout.freight}
            tally(orders, payout.order_id, **gone, **freight)
    for item in PayoutLine.objects.filter(payout__in=first):
        tally(lines, item.line_id, reserved=-item.amount, settled=item.amount)
    count(Order, orders)
    count(OrderLine, lines)
    count(Payment, payments)
    by_hand = {event.row_id for event in events if event.action == "settle_by_hand"}
    post(
        _movement(p, "payout_settled", Account.BY_HAND if p.pk in by_hand else Account.CHANNEL, Account.REFUNDS_DUE)
        for p in payouts
    )


def take_back(events: list[Event]) -> None:
    """The channel took a settled payout back: the money is there again, and owed."""
    payouts = list(Payout.objects.filter(pk__in=[event.row_id for event in events]))
    post(_movement(p, "payout_taken_back", Account.REFUNDS_DUE, Account.CHANNEL) for p in payouts)


def _movement(payout: Payout, kind: str, source: Account, target: Account) -> Movement:
    reference = f"{payout.number}/{payout.settlements}"
    return Movement(payout.order_id, kind, reference, source, target, payout.amount, payout.currency)
