"""What a ticket may come to when it is not what the buyer asked for: an offer's terms and a ruling's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass

from aftersales.lifecycle.errors import Refused
from aftersales.money import allocate, shown
from orders.models import OrderLine
from orders.rules import refundable
from refunds.errors import RefundError
from refunds.models import Ticket, TicketLine
from refunds.models.ticket import AT_SELLER
from refunds.rules.applying import freight_left, kinds, lines_of
from refunds.states import REFUNDS, Kind
from refunds.states import TicketState as S


@dataclass(frozen=True)
class Terms:
    """A kind and an amount in minor units; `freight` is the part of it for freight."""

    kind: str
    amount: int = 0
    freight: int = 0


@dataclass(frozen=True)
class Cap:
    """The most that a ticket can give back, in minor units: {ticket line: amount}, and of the freight."""

    lines: dict[int, int]
    freight: int

    @property
    def goods(self) -> int:
        return sum(self.lines.values())


def lines_without(ticket: Ticket) -> list[OrderLine]:
    """The order's lines, and its freight, without what the ticket holds; nothing is written."""
    held = {item.line_id: item for item in ticket.lines.all()}
    ticket.order.freight_reserved -= ticket.freight
    lines = lines_of(ticket.order)
    for line in lines:
        line.order = ticket.order
        if item := held.get(line.pk):
            line.reserved -= item.amount
            line.open_tickets -= 1
            if units := ticket.units_wait:
                setattr(line, units, getattr(line, units) - item.quantity)
    return lines


def caps(ticket: Ticket) -> Cap:
    """What can be given back for the ticket's units, its own hold not counted. Reads a fresh order."""
    fresh = Ticket.objects.select_related("order").get(pk=ticket.pk)
    return caps_of(fresh, fresh.lines.select_related("line"))


def caps_of(ticket: Ticket, lines: Iterable[TicketLine]) -> Cap:
    """The same of a ticket, its order and its lines as they were just read; none of them is changed."""
    most = {}
    for item in lines:
        without = copy(item.line)
        without.reserved -= item.amount
        most[item.pk] = refundable(without, item.quantity)
    return Cap(most, freight_left(ticket.order) + ticket.freight)


def split(amount: int, most: Mapping[int, int]) -> dict[int, int]:
    """An amount for goods over a ticket's lines, in proportion to what each can get: none gets more than that."""
    return dict(zip(most, allocate(amount, list(most.values())), strict=True)) if most else {}


def worth(ticket: Ticket) -> int:
    """What the units of a ticket are worth to the buyer, in minor units, whatever its kind."""
    return ticket.amount or caps(ticket).goods


def money_kind(ticket: Ticket) -> Kind:
    """As what a ticket gives money back where it stands: its goods are with the seller, or with the buyer."""
    swapped = ticket.kind == Kind.EXCHANGE and ticket.stands_at == S.AWAITING_BUYER_RECEIPT and not ticket.sending_back
    return Kind.RETURN_REFUND if ticket.goods_are_back or swapped else Kind.REFUND_ONLY


def offered_kinds(ticket: Ticket) -> list[Kind]:
    """What a seller may offer where the ticket stands: once goods came back, or are owed, only money."""
    if ticket.stands_at in AT_SELLER:
        return [money_kind(ticket)]
    lines = [item.line for item in ticket.lines.select_related("line__sku__product__goods_rule")]
    found = kinds(ticket.order, lines, shipped=ticket.shipped, arrived=ticket.arrived)
    return [kind for kind in found if kind == Kind.REFUND_ONLY or lines]


def check_terms(ticket: Ticket, terms: Terms) -> None:
    """Raises Refused for terms that the ticket cannot come to. Judged under the order's lock."""
    if terms.kind not in offered_kinds(ticket):
        raise Refused(RefundError.KIND, "kind")
    check_sum(ticket, terms)
    if (terms.kind, terms.amount, terms.freight) == (ticket.kind, ticket.amount, ticket.freight):
        raise Refused(RefundError.SAME_TERMS, "amount")


def check_sum(ticket: Ticket, terms: Terms) -> None:
    """Raises Refused for an amount above what is left, or for money where there is none."""
    if terms.kind not in REFUNDS:
        if terms.amount or terms.freight:
            raise Refused(RefundError.NO_MONEY, "amount")
        return
    cap, currency = caps(ticket), ticket.order.currency
    if not 0 <= terms.freight <= cap.freight:
        raise Refused(RefundError.FREIGHT, "freight", most=shown(cap.freight, currency))
    if terms.amount <= 0:
        raise Refused(RefundError.NOTHING_TO_REFUND, "amount")
    if not terms.freight <= terms.amount <= cap.goods + terms.freight:
        raise Refused(RefundError.AMOUNT_MOST, "amount", most=shown(cap.goods + terms.freight, currency))
