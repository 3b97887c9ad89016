"""What a buyer may ask for, and what it comes to. The page's preview and the filing use the same functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.formats import date_format

from aftersales.lifecycle.errors import Refused
from aftersales.money import shown
from orders.models import Order, OrderLine
from orders.rules import refundable
from orders.states import OrderState
from refunds.errors import RefundError
from refunds.models import Reason, TicketLine
from refunds.states import Kind, Side

FILING_STATES = (OrderState.AWAITING_SHIPMENT, OrderState.AWAITING_RECEIPT, OrderState.COMPLETED)


@dataclass(frozen=True)
class Application:
    """What the buyer asks for.

    units    {order line: units}
    amounts  {order line: minor units}; a chosen line without one asks for all it can get
    freight  minor units of freight
    photos   how many photos come with it
    """

    kind: str
    reason: Reason | None
    units: Mapping[int, int]
    amounts: Mapping[int, int] = field(default_factory=dict)
    freight: int = 0
    shipped: bool = True
    description: str = ""
    photos: int = 0


@dataclass(frozen=True)
class Asked:
    """One line of a checked application: units and minor units."""

    line: OrderLine
    quantity: int
    amount: int


def check_order(order: Order, *, filed: bool = False) -> None:
    """Raises Refused for an order on which no ticket may be filed (any more). One that was `filed` in time may be
    amended as long as its own clocks run."""
    if order.state not in FILING_STATES:
        raise Refused(RefundError.ORDER_STATE)
    ends, inside = order.window_ends, Order.objects.filter(completed_at__gt=Now() - F("policy__window"))
    if ends and not filed and not inside.filter(pk=order.pk).exists():
        raise Refused(RefundError.WINDOW, date=date_format(timezone.localtime(ends), "SHORT_DATE_FORMAT"))


def kinds(order: Order, *, shipped: bool) -> list[Kind]:
    """What is on offer: goods are sent back only when they were shipped and the policy and the shop take them."""
    returns = shipped and order.policy.offers_returns and bool(order.shop.return_address.strip())
    return [Kind.REFUND_ONLY, *([Kind.RETURN_REFUND] if returns else [])]


def units_on_offer(line: OrderLine, *, shipped: bool) -> int:
    """How many units of a line a ticket may name: those that wait to be shipped, or those the buyer has."""
    return line.to_return if shipped else line.to_ship


def has_left(line: OrderLine) -> bool:
    """Whether anything of a line can still be asked for. A gift may go back with what was paid for."""
    return line.left > 0 or not line.paid


def freight_left(order: Order) -> int:
    """What can still be refunded of the freight, in minor units."""
    return order.freight - order.freight_settled - order.freight_reserved


def check(order: Order, lines: Sequence[OrderLine], asked: Application) -> list[Asked]:
    """The lines of an application with their amounts. Raises Refused, naming the field, for what cannot be granted.

    `lines` are the order's lines, read under its lock, without what an application to be replaced still holds.
    """
    _check_kind(order, asked)
    by_key = {line.pk: line for line in lines}
    if (set(asked.units) | set(asked.amounts)) - set(by_key):
        raise Refused(RefundError.UNKNOWN_LINE)
    chosen = [_check_line(by_key[key], asked) for key in by_key if asked.units.get(key) or asked.amounts.get(key)]
    # Freight is a thing of its own: it may come back alone, though not as a return.
    if not chosen and (asked.kind == Kind.RETURN_REFUND or not asked.freight):
        raise Refused(RefundError.NOTHING_CHOSEN)
    if not 0 <= asked.freight <= freight_left(order):
        raise Refused(RefundError.FREIGHT, "freight", most=shown(freight_left(order), order.currency))
    if sum(item.amount for item in chosen) + asked.freight <= 0:
        nothing_left = all(item.line.left <= 0 for item in chosen)
        raise Refused(RefundError.NOTHING_LEFT if nothing_left else RefundError.NOTHING_TO_REFUND)
    return chosen


def _check_kind(order: Order, asked: Application) -> None:
    if not asked.kind:
        raise Refused(RefundError.KIND_MISSING, "kind")
    if asked.kind not in Kind.values:
        raise Refused(RefundError.KIND, "kind")
    if asked.kind == Kind.RETURN_REFUND and not asked.shipped:
        raise Refused(RefundError.NOT_SHIPPED, "kind")
    if asked.kind not in kinds(order, shipped=asked.shipped):
        raise Refused(RefundError.NO_RETURNS, "kind")
    check_reason(asked.reason, Side.BUYER, asked.photos)


def check_reason(reason: Reason | None, side: Side, photos: int) -> None:
    """Raises Refused for a reason of the other side, one out of use, or one that needs a photo and has none."""
    if reason is None or reason.side != side or not reason.in_use:
        raise Refused(RefundError.REASON, "reason")
    if reason.needs_proof and not photos:
        raise Refused(RefundError.PROOF, "photos")


def _check_line(line: OrderLine, asked: Application) -> Asked:
    units, most = asked.units.get(line.pk, 0), units_on_offer(line, shipped=asked.shipped)
    if line.open_tickets:
        raise Refused(RefundError.LINE_BUSY, f"units_{line.pk}", title=line.title)
    if not 0 <= units <= most:
        raise Refused(RefundError.UNITS, f"units_{line.pk}", title=line.title, most=most)
    if not units:
        raise Refused(RefundError.LINE_SUM, f"amount_{line.pk}", title=line.title)
    cap = refundable(line, units)
    amount = asked.amounts.get(line.pk, cap)
    if not 0 <= amount <= cap:
        raise Refused(
            RefundError.LINE_AMOUNT, f"amount_{line.pk}", title=line.title, most=shown(cap, line.order.currency)
        )
    return Asked(line, units, amount)


@dataclass(frozen=True)
class Found:
    """What the seller found of one ticket line, in units."""

    good: int
    damaged: int = 0
    note: str = ""


def check_inspection(lines: Sequence[TicketLine], found: Mapping[int, Found]) -> bool:
    """Whether everything came back good. Raises Refused for figures that cannot be; a line not named came back whole
    and good."""
    if set(found) - {line.pk for line in lines}:
        raise Refused(RefundError.UNKNOWN_LINE)
    for line in lines:
        item = found.get(line.pk)
        if item and (min(item.good, item.damaged) < 0 or item.good + item.damaged > line.quantity):
            raise Refused(RefundError.INSPECTION, f"good_{line.pk}", title=line.line.title, most=line.quantity)
    return all(line.pk not in found or found[line.pk].good == line.quantity for line in lines)
