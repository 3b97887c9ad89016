"""Everything that a seller needs to decide on a ticket, in a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q, Sum

from aftersales.money import shown
from orders.models import Order
from refunds import rules
from refunds.models import Evidence, ReturnParcel, Ticket, TicketLine
from refunds.states import TicketState, Verdict

# Rulings that give the buyer nothing of what was asked for.
LOST = (Verdict.REFUSE, Verdict.SEND_BACK)


@dataclass(frozen=True)
class Record:
    """What the buyer has done in this shop before and beside this ticket. Amounts in words.

    granted  tickets that ended with what was asked for or offered; lost: disputes that were ruled against the buyer
    """

    orders: int
    paid: str
    back: str
    tickets: int
    granted: int
    lost: int

    @property
    def granted_share(self) -> str:
        return f"{100 * self.granted // self.tickets} %" if self.tickets else "–"


@dataclass(frozen=True)
class Goods:
    """One line of the ticket. Amounts in words; `left` is what of the line could still go back."""

    item: TicketLine
    title: str
    variant: str
    asked: str
    paid: str
    left: str


@dataclass(frozen=True)
class Case:
    goods: list[Goods]
    photos: list[Evidence]
    parcels: list[ReturnParcel]
    record: Record
    asked: str
    freight: str
    paid: str
    settled: str
    most: str


def of(ticket: Ticket) -> Case:
    """What the page of a ticket shows above its history."""
    order, currency = ticket.order, ticket.order.currency
    items = list(ticket.lines.select_related("line__sku__product", "wanted").order_by("pk"))
    cap = rules.caps_of(ticket, items)
    return Case(
        goods=[_goods(item, currency) for item in items],
        photos=list(ticket.evidence.all()),
        parcels=list(ticket.parcels.order_by("pk")),
        record=record(ticket),
        asked=shown(ticket.amount, currency),
        freight=shown(ticket.freight, currency),
        paid=shown(order.total, currency),
        settled=shown(order.settled, currency),
        most=shown(cap.goods + cap.freight, currency),
    )


def _goods(item: TicketLine, currency: str) -> Goods:
    return Goods(
        item,
        item.line.title,
        "" if item.line.title.endswith(item.line.sku.variant) else item.line.sku.variant,
        shown(item.amount, currency),
        shown(item.line.paid, currency),
        shown(item.line.left, currency),
    )


def record(ticket: Ticket) -> Record:
    """The buyer in the ticket's shop, and nowhere else: what other shops know is not this one's business."""
    currency = ticket.order.currency
    orders = Order.objects.filter(buyer=ticket.order.buyer_id, shop=ticket.shop_id, currency=currency)
    bought = orders.aggregate(orders=Count("pk"), paid=Sum("total"), back=Sum("settled"))
    ended = Q(state=str(TicketState.SUCCEEDED))
    tickets = Ticket.objects.filter(order__buyer=ticket.order.buyer_id, shop=ticket.shop_id)
    filed = tickets.aggregate(
        tickets=Count("pk"), granted=Count("pk", filter=ended), lost=Count("pk", filter=Q(verdict__in=LOST))
    )
    paid, back = (shown(bought[name] or 0, currency) for name in ("paid", "back"))
    return Record(bought["orders"], paid, back, filed["tickets"], filed["granted"], filed["lost"])
