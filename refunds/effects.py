"""What the moves of tickets and payouts write besides their state.

Each keeps the counters of orders, lines and payments in a fixed number of statements, under the order's lock.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Now

from aftersales.actors import Role
from aftersales.lifecycle.rows import Event
from orders.effects import change_stock, lock_stock
from orders.ledger import Movement, count, post, tally
from orders.models import Order, OrderLine, Payment
from orders.states import Account
from refunds.models import Inspection, Offer, Payout, PayoutLine, Ticket, TicketEvent, TicketLine
from refunds.states import TAKES_STOCK, Cause, Kind, OfferAnswer

Changes = dict[int, dict[str, int]]
# A person, or a warehouse, saw the goods; when silence accepts them nobody did.
LOOKED_AT = Q(action__in=("accept", "fail", "report")) & (~Q(role=Role.SYSTEM) | Q(data__has_key="document"))


def _keys(events: Iterable[Event]) -> list[int]:
    return [event.row_id for event in events]


def reserve(tickets: Collection[int], *, sign: int = 1) -> None:
    """Hold what open tickets ask for: money of line, freight, order and payment, units of the line. `sign` -1 lets go
    of it again."""
    orders: Changes = {}
    payments: Changes = {}
    payers = _payers(tickets)
    for ticket in Ticket.objects.filter(pk__in=tickets):
        held = {"reserved": sign * ticket.amount}
        tally(orders, ticket.order_id, **held, freight_reserved=sign * ticket.freight, open_tickets=sign)
        # Where nothing was paid, no money is asked for either.
        if ticket.order_id in payers:
            tally(payments, payers[ticket.order_id], **held)
    count(Order, orders)
    count(OrderLine, _held_by_lines(tickets, sign))
    count(Payment, payments)


def _held_by_lines(tickets: Collection[int], sign: int) -> Changes:
    lines: Changes = {}
    for item in TicketLine.objects.filter(ticket__in=tickets).select_related("ticket"):
        tally(lines, item.line_id, reserved=sign * item.amount, open_tickets=sign)
        if units := item.ticket.units_wait:
            tally(lines, item.line_id, **{units: sign * item.quantity})
    return lines


def _payers(tickets: Collection[int]) -> dict[int, int]:
    """The payment that paid each ticket's order: {order: payment}."""
    payments = Payment.objects.filter(pays_order=True, order__tickets__in=tickets)
    return dict(payments.values_list("order_id", "pk"))


def release(events: list[Event]) -> None:
    """A ticket that closes lets go of all it held, and its lines may have another."""
    tickets = _keys(events)
    answer_offers(tickets, OfferAnswer.LAPSED)
    return_stock(tickets)
    reserve(tickets, sign=-1)
    TicketLine.objects.filter(ticket__in=tickets).update(is_open=False)


# --- offers -----------------------------------------------------------------------------------------------------------


def answer_offers(tickets: Collection[int], answer: OfferAnswer) -> None:
    """The open offers of these tickets are answered."""
    Offer.objects.filter(ticket__in=tickets, answer="").update(answer=answer, answered_at=Now())


def accept_offers(events: list[Event]) -> None:
    answer_offers(_keys(events), OfferAnswer.ACCEPTED)


def decline_offers(events: list[Event]) -> None:
    answer_offers(_keys(events), OfferAnswer.DECLINED)


def lapse_offers(events: list[Event]) -> None:
    answer_offers(_keys(events), OfferAnswer.LAPSED)


# --- goods that are sent ----------------------------------------------------------------------------------------------


def hold_stock(events: list[Event]) -> None:
    take_stock(_keys(events))


def take_stock(tickets: Collection[int]) -> None:
    """What an exchange or a reissue will send is taken from stock, as far as there is enough; the rest is taken when it
    is sent. Parts are no stock, and a repaired unit is the buyer's own."""
    lines = to_send(tickets)
    stock = {key: sku.stock for key, sku in lock_stock({item.goes_out for item in lines}).items()}
    taken: dict[int, int] = {}
    held: Changes = {}
    for item in lines:
        if stock[item.goes_out] >= item.quantity:
            stock[item.goes_out] -= item.quantity
            taken[item.goes_out] = taken.get(item.goes_out, 0) - item.quantity
            tally(held, item.pk, stock_held=item.quantity)
    change_stock(taken)
    count(TicketLine, held)


def to_send(tickets: Collection[int]) -> list[TicketLine]:
    """The lines whose units have to be taken from stock and have not been."""
    mine = TicketLine.objects.filter(ticket__in=tickets, ticket__kind__in=TAKES_STOCK, ticket__sending_back=False)
    return list(mine.filter(part="", stock_held=0).select_related("line").order_by("pk"))


def short_of_stock(ticket: int) -> TicketLine | None:
    """A line of the ticket whose units could not be taken from stock."""
    lines = to_send([ticket])
    return lines[0] if lines else None


def dispatch(events: list[Event]) -> None:
    """What was held has been sent."""
    held = TicketLine.objects.filter(ticket__in=_keys(events), stock_held__gt=0)
    held.update(stock_sent=F("stock_sent") + F("stock_held"), stock_held=0)


def let_go_of_stock(events: list[Event]) -> None:
    return_stock(_keys(events))


def return_stock(tickets: Collection[int]) -> None:
    """What was held for these tickets and has not been sent is in stock again."""
    stock: dict[int, int] = {}
    held: Changes = {}
    for item in TicketLine.objects.filter(ticket__in=tickets, stock_held__gt=0).select_related("line"):
        stock[item.goes_out] = stock.get(item.goes_out, 0) + item.stock_held
        tally(held, item.pk, stock_held=-item.stock_held)
    count(TicketLine, held)
    change_stock(stock)


# --- the end ----------------------------------------------------------------------------------------------------------


def succeed(events: list[Event]) -> None:
    """A ticket whose money has gone, or whose goods have come: unshipped units are cancelled, sent ones returned; good
    ones go to stock once.

    The money's counters were moved by the payout's own effect.
    """
    tickets = _keys(events)
    lines, stock = _goods_of(tickets)
    orders: Changes = {}
    for order in Ticket.objects.filter(pk__in=tickets).values_list("order_id", flat=True):
        tally(orders, order, open_tickets=-1)
    return_stock(tickets)
    TicketLine.objects.filter(ticket__in=tickets).update(is_open=False)
    count(Order, orders)
    count(OrderLine, lines)
    change_stock(stock)


def _goods_of(tickets: Collection[int]) -> tuple[Changes, dict[int, int]]:
    """What happens to the units of tickets that succeed: counters by order line, stock by SKU."""
    lines: Changes = {}
    stock: dict[int, int] = {}
    good = good_units(tickets)
    for item in TicketLine.objects.filter(ticket__in=tickets).select_related("ticket", "line"):
        units, ticket = item.quantity, item.ticket
        tally(lines, item.line_id, open_tickets=-1)
        back = 0
        if ticket.units_wait == "cancelling":
            back = units
            tally(lines, item.line_id, cancelling=-units, cancelled=units)
        elif ticket.kind == Kind.REPAIR:
            # The buyer has the same units again.
            tally(lines, item.line_id, returning=-units)
        elif ticket.units_wait == "returning":
            back = good.get(item.pk, 0)
            replaced = units if ticket.kind == Kind.EXCHANGE else 0
            tally(lines, item.line_id, returning=-units, returned=units, restocked=back, replaced=replaced)
        stock[item.comes_back] = stock.get(item.comes_back, 0) + back
    return lines, stock


def good_units(tickets: Collection[int]) -> dict[int, int]:
    """What was found good of these tickets' lines, in units, the last time that they were looked at. Goods that travel
    once more have been seen by nobody."""
    sent_in = TicketEvent.objects.filter(ticket=OuterRef("ticket"), action="send_waybill").order_by("-pk")
    since = TicketEvent.objects.filter(LOOKED_AT, ticket__in=tickets, pk__gt=Subquery(sent_in.values("pk")[:1]))
    seen = Inspection.objects.filter(line__ticket__in=since.values("ticket"))
    return dict(seen.order_by("pk").values_list("line_id", "good"))


# --- money ------------------------------------------------------------------------------------------------------------

OWED_BY = {Cause.SURPLUS: Account.SURPLUS, Cause.RETURN_FREIGHT: Account.RETURN_FREIGHT}


def _owed(payout: Payout) -> Account:
    return OWED_BY.get(Cause(payout.cause), Account.SALES)


def book_payouts(events: list[Event]) -> None:
    """A payout that was created: what was received is now owed back to the buyer."""
    payouts = Payout.objects.filter(pk__in=_keys(events))
    post(
        Movement(p.order_id, "payout_created", p.number, Account.REFUNDS_DUE, _owed(p), p.amount, p.currency)
        for p in payouts
    )


def settle(events: list[Event]) -> None:
    """The channel paid, or a person by hand: reserved money is settled money, once per payout however often the channel
    takes it back."""
    payouts = list(Payout.objects.filter(pk__in=_keys(events)))
    first = [payout for payout in payouts if payout.settlements == 1]
    orders: Changes = {}
    payments: Changes = {}
    lines: Changes = {}
    for payout in first:
        gone = {"reserved": -payout.amount, "settled": payout.amount}
        # Return freight is the shop's own money: nothing was held for it, and no payment is the less for it.
        if payout.payment_id:
            tally(payments, payout.payment_id, **gone)
        if payout.cause in (Cause.TICKET, Cause.SELLER_CANCELLED):
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
    payouts = list(Payout.objects.filter(pk__in=_keys(events)))
    post(_movement(p, "payout_taken_back", Account.REFUNDS_DUE, Account.CHANNEL) for p in payouts)


def _movement(payout: Payout, kind: str, source: Account, target: Account) -> Movement:
    reference = f"{payout.number}/{payout.settlements}"
    return Movement(payout.order_id, kind, reference, source, target, payout.amount, payout.currency)
