"""What a buyer may ask for, and what it comes to. The page's preview and the filing use the same functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.formats import date_format

from aftersales.lifecycle.errors import Refused
from aftersales.models import User
from aftersales.money import shown
from orders.models import Order, OrderLine, Sku
from orders.rules import kinds_offered, refundable, unit_shares, window_of
from orders.states import OrderState
from refunds.errors import RefundError
from refunds.models import Reason, Ticket, TicketEvent, TicketLine
from refunds.states import REFUNDS, RETURNS, TAKES_STOCK, Kind, Side

FILING_STATES = (OrderState.AWAITING_SHIPMENT, OrderState.AWAITING_RECEIPT, OrderState.COMPLETED)


@dataclass(frozen=True)
class Application:
    """What the buyer asks for.

    units    {order line: units}
    amounts  {order line: minor units}; a chosen line without one asks for all it can get
    freight  minor units of freight
    arrived  the buyer has the goods
    wanted   {order line: SKU} that an exchange gives instead; a line without one gets the same again
    parts    {order line: which part} is sent again; a line without one is sent again whole
    photos   how many photos come with it
    """

    kind: str
    reason: Reason | None
    units: Mapping[int, int]
    amounts: Mapping[int, int] = field(default_factory=dict)
    freight: int = 0
    shipped: bool = True
    arrived: bool = True
    wanted: Mapping[int, int] = field(default_factory=dict)
    parts: Mapping[int, str] = field(default_factory=dict)
    description: str = ""
    photos: int = 0


@dataclass(frozen=True)
class Asked:
    """One line of a checked application: units and minor units; the article that the buyer has, where it is not the one
    that was bought; the one that is wanted instead; the part that is to be sent again."""

    line: OrderLine
    quantity: int
    amount: int
    goods: Sku | None = None
    wanted: Sku | None = None
    part: str = ""

    @property
    def gives(self) -> Sku:
        """The article that an exchange gives, or that is sent again."""
        return self.wanted or self.goods or self.line.sku

    @property
    def difference(self) -> int:
        """By how much the wanted article costs more now (less below zero) than was paid for what it replaces, in minor
        units. It is shown, never charged."""
        if self.wanted is None:
            return 0
        return self.wanted.unit_price * self.quantity - sum(
            unit_shares(self.line.paid, self.line.quantity)[: self.quantity]
        )


def lines_of(order: Order) -> list[OrderLine]:
    """The order's lines with what rules ask of them, in one query."""
    return list(order.lines.select_related("sku__product__goods_rule", "order"))


def check_order(order: Order, *, filed: bool = False) -> None:
    """Raises Refused for an order on which no ticket may be filed (any more). One that was `filed` in time may be
    amended as long as its own clocks run."""
    if order.state not in FILING_STATES:
        raise Refused(RefundError.ORDER_STATE)
    if not filed:
        _check_window(order, order.policy.window)


def _check_window(order: Order, window: timedelta) -> None:
    """By the database's clock, counted from completion."""
    if order.completed_at and not Order.objects.filter(pk=order.pk, completed_at__gt=Now() - window).exists():
        ends = timezone.localtime(order.completed_at + window)
        raise Refused(RefundError.WINDOW, date=date_format(ends, "SHORT_DATE_FORMAT"))


def check_day(buyer: User) -> None:
    """Raises Refused for a buyer who has filed too many tickets within 24 hours."""
    mine = Ticket.objects.of_buyer(buyer).filter(by_seller=False, opened_at__gt=Now() - timedelta(days=1))
    if mine.count() >= settings.TICKETS_PER_DAY:
        raise Refused(RefundError.TOO_MANY_TICKETS, most=settings.TICKETS_PER_DAY)


def check_versions(order: Order, chosen: Sequence[Asked]) -> None:
    """Raises Refused for a line that has been applied for too often, over all its tickets."""
    told = TicketEvent.objects.filter(ticket__order=order, ticket__by_seller=False, action__in=("begin", "amend"))
    so_far = Counter(line["line"] for data in told.values_list("data", flat=True) for line in data.get("lines", ()))
    for item in chosen:
        if so_far[item.line.pk] >= settings.APPLICATIONS_PER_LINE:
            most = settings.APPLICATIONS_PER_LINE
            raise Refused(RefundError.TOO_MANY_APPLICATIONS, f"units_{item.line.pk}", title=item.line.title, most=most)


def kinds(order: Order, lines: Sequence[OrderLine], *, shipped: bool, arrived: bool = True) -> list[Kind]:
    """What is on offer for these lines: as far as the goods have come, as the policy has clocks for it, and as the
    operators' rules for such goods allow."""
    found = kinds_offered(order.policy, order.shop) if shipped else {str(Kind.REFUND_ONLY)}
    if not arrived:
        found -= set(RETURNS)
    if shipped:
        for line in lines:
            rule = line.sku.product.goods_rule
            found &= set(rule.kinds) if rule else found
    return [kind for kind in Kind if kind in found]


def units_on_offer(line: OrderLine, *, shipped: bool) -> int:
    """How many units of a line a ticket may name: those that wait to be shipped, or those the buyer has."""
    return line.to_return if shipped else line.to_ship


def has_left(line: OrderLine) -> bool:
    """Whether anything of a line can still be asked for. A gift may go back with what was paid for."""
    return line.left > 0 or not line.paid


def freight_left(order: Order) -> int:
    """What can still be refunded of the freight, in minor units."""
    return order.freight - order.freight_settled - order.freight_reserved


def check(order: Order, lines: Sequence[OrderLine], asked: Application, *, filed: bool = False) -> list[Asked]:
    """The lines of an application with their amounts. Raises Refused, naming the field, for what cannot be granted.

    `lines` are lines_of(order), read under its lock, without what an application to be replaced still holds.
    """
    by_key = {line.pk: line for line in lines}
    if (set(asked.units) | set(asked.amounts) | set(asked.wanted) | set(asked.parts)) - set(by_key):
        raise Refused(RefundError.UNKNOWN_LINE)
    keys = [key for key in by_key if asked.units.get(key) or asked.amounts.get(key)]
    _check_kind(order, [by_key[key] for key in keys], asked)
    chosen = [_check_line(by_key[key], asked) for key in keys]
    if order.completed_at and not filed:
        for window in {window_of(order.policy, item.line.sku.product) for item in chosen}:
            _check_window(order, window)
    if asked.kind in REFUNDS:
        _check_money(order, asked, chosen)
    elif not chosen:
        raise Refused(RefundError.NOTHING_CHOSEN)
    else:
        _check_no_money(asked)
    return chosen


def _check_no_money(asked: Application) -> None:
    named = {"freight": asked.freight} | {f"amount_{key}": amount for key, amount in asked.amounts.items()}
    for name, amount in named.items():
        if amount:
            raise Refused(RefundError.NO_MONEY, name)


def _check_money(order: Order, asked: Application, chosen: Sequence[Asked]) -> None:
    # Freight is a thing of its own: it may come back alone, though not as a return.
    if not chosen and (asked.kind == Kind.RETURN_REFUND or not asked.freight):
        raise Refused(RefundError.NOTHING_CHOSEN)
    if not 0 <= asked.freight <= freight_left(order):
        raise Refused(RefundError.FREIGHT, "freight", most=shown(freight_left(order), order.currency))
    if sum(item.amount for item in chosen) + asked.freight <= 0:
        nothing_left = all(item.line.left <= 0 for item in chosen)
        raise Refused(RefundError.NOTHING_LEFT if nothing_left else RefundError.NOTHING_TO_REFUND)


def _check_kind(order: Order, lines: Sequence[OrderLine], asked: Application) -> None:
    if not asked.kind:
        raise Refused(RefundError.KIND_MISSING, "kind")
    if asked.kind not in Kind.values:
        raise Refused(RefundError.KIND, "kind")
    if asked.kind != Kind.REFUND_ONLY and not asked.shipped:
        raise Refused(RefundError.NOT_SHIPPED, "kind")
    if asked.kind in RETURNS and not asked.arrived:
        raise Refused(RefundError.NOT_ARRIVED, "kind")
    if asked.kind not in kinds(order, [], shipped=asked.shipped, arrived=asked.arrived):
        raise Refused(RefundError.NO_RETURNS if asked.kind in RETURNS else RefundError.KIND, "kind")
    if asked.kind not in kinds(order, lines, shipped=asked.shipped, arrived=asked.arrived):
        raise Refused(RefundError.GOODS_RULE, "kind")
    check_reason(asked.reason, Side.BUYER, asked.photos, asked.kind, not_arrived=asked.shipped and not asked.arrived)


def check_reason(
    reason: Reason | None, side: Side, photos: int, kind: str = "", *, not_arrived: bool | None = None
) -> None:
    """Raises Refused for a reason of the other side or of another kind, one out of use, or one that needs a photo and
    has none."""
    if reason is None or reason.side != side or not reason.in_use:
        raise Refused(RefundError.REASON, "reason")
    if kind and not reason.fits(kind):
        raise Refused(RefundError.REASON_KIND, "reason")
    if not_arrived is not None and reason.not_arrived is not None and reason.not_arrived != not_arrived:
        raise Refused(RefundError.REASON_ARRIVED, "reason")
    if reason.needs_proof and not photos:
        raise Refused(RefundError.PROOF, "photos")


def check_gift(order: Order, lines: Sequence[OrderLine], amounts: Mapping[int, int], freight: int) -> list[Asked]:
    """The lines of what a seller gives back unasked. Raises Refused for more than is left, or a line in a ticket."""
    by_key = {line.pk: line for line in lines}
    if set(amounts) - set(by_key):
        raise Refused(RefundError.UNKNOWN_LINE)
    chosen = [Asked(by_key[key], by_key[key].quantity, amount) for key, amount in amounts.items() if amount]
    for item in chosen:
        name, title = f"amount_{item.line.pk}", item.line.title
        if item.line.open_tickets:
            raise Refused(RefundError.LINE_BUSY, name, title=title)
        if not 0 <= item.amount <= item.line.left:
            raise Refused(RefundError.LINE_AMOUNT, name, title=title, most=shown(item.line.left, order.currency))
    if not 0 <= freight <= freight_left(order):
        raise Refused(RefundError.FREIGHT, "freight", most=shown(freight_left(order), order.currency))
    if not (chosen or freight):
        raise Refused(RefundError.NOTHING_TO_REFUND)
    return chosen


def _check_line(line: OrderLine, asked: Application) -> Asked:
    units, most = asked.units.get(line.pk, 0), units_on_offer(line, shipped=asked.shipped)
    if line.open_tickets:
        raise Refused(RefundError.LINE_BUSY, f"units_{line.pk}", title=line.title)
    if not 0 <= units <= most:
        raise Refused(RefundError.UNITS, f"units_{line.pk}", title=line.title, most=most)
    if not units:
        raise Refused(RefundError.LINE_SUM, f"amount_{line.pk}", title=line.title)
    goods = goods_in_hand(line, units) if asked.shipped else None
    if asked.kind not in REFUNDS:
        return _check_goods(line, units, goods, asked)
    cap = refundable(line, units)
    amount = asked.amounts.get(line.pk, cap)
    if not 0 <= amount <= cap:
        most_shown = shown(cap, line.order.currency)
        raise Refused(RefundError.LINE_AMOUNT, f"amount_{line.pk}", title=line.title, most=most_shown)
    return Asked(line, units, amount, goods)


def _check_goods(line: OrderLine, units: int, goods: Sku | None, asked: Application) -> Asked:
    """An exchange, a repair or a reissue: no money, maybe another article or a part."""
    if not has_left(line):
        raise Refused(RefundError.NOTHING_LEFT, f"units_{line.pk}")
    part = asked.parts.get(line.pk, "").strip() if asked.kind == Kind.REISSUE else ""
    item = Asked(line, units, 0, goods, _wanted(line, goods, asked) if asked.kind == Kind.EXCHANGE else None, part)
    if asked.kind in TAKES_STOCK and not part and item.gives.stock < units:
        name = f"{'wanted' if asked.kind == Kind.EXCHANGE else 'units'}_{line.pk}"
        raise Refused(RefundError.OUT_OF_STOCK, name, title=str(item.gives), left=item.gives.stock)
    return item


def _wanted(line: OrderLine, goods: Sku | None, asked: Application) -> Sku | None:
    """The other article of the same product; None for the same again."""
    key = asked.wanted.get(line.pk)
    if key in (None, (goods or line.sku).pk):
        return None
    wanted = Sku.objects.select_related("product").filter(pk=key, product=line.sku.product_id).first()
    if wanted is None:
        raise Refused(RefundError.WANTED, f"wanted_{line.pk}", title=line.title)
    return wanted


def goods_in_hand(line: OrderLine, units: int) -> Sku | None:
    """Which article so many units of a line are that the buyer has: what an exchange gave comes first, None for what
    was bought. Raises Refused when no article alone makes up so many."""
    if not line.replaced:
        return None
    hand: Counter[int] = Counter({line.sku_id: line.shipped})
    done = TicketLine.objects.filter(line=line, ticket__state="succeeded", ticket__shipped=True).order_by("pk")
    for item in done.filter(ticket__kind__in=(Kind.RETURN_REFUND, Kind.EXCHANGE)).select_related("ticket"):
        hand[item.goods_id or line.sku_id] -= item.quantity
        if item.ticket.kind == Kind.EXCHANGE:
            given = item.wanted_id or item.goods_id or line.sku_id
            hand[given] += item.quantity
    enough = [key for key, number in hand.items() if number >= units]
    if not enough:
        raise Refused(RefundError.DIFFERENT_GOODS, f"units_{line.pk}", title=line.title, most=max(hand.values()))
    other = [key for key in enough if key != line.sku_id]
    return Sku.objects.select_related("product").get(pk=other[-1]) if other else None
