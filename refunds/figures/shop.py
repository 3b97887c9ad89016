"""The figures of one shop over a period: a fixed number of queries, each over an index; amounts in minor units of the
shop's currency.

Each figure has its date: orders count on the day they were paid, tickets on the day they were filed, money on the day
it was back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import (
    BigIntegerField,
    Count,
    DateField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    Subquery,
    Sum,
)
from django.db.models.functions import Coalesce, Trunc

from aftersales.actors import Role
from orders.models import Order, OrderLine, Shop
from refunds.figures.measures import Percentiles, Spread, share
from refunds.figures.period import Period
from refunds.models import AutoDecision, Dispute, Payout, Reason, Ticket, TicketEvent, TicketLine
from refunds.states import Cause, PayoutState, TicketState

MOST_PRODUCTS = 10
ENDED = (TicketState.SUCCEEDED, TicketState.CLOSED)


@dataclass(frozen=True)
class Summary:
    """
    orders     paid in the period; `refunded` of them got money back so far
    tickets    filed in the period; customer service was called to `disputed`, rules agreed to `automatic`
    answered   from the filing to the seller's first answer; `ended` to the end, of tickets that have one
    back       money that went back in the period, in minor units
    """

    orders: int
    refunded: int
    tickets: int
    disputed: int
    automatic: int
    answered: Spread
    ended: Spread
    back: int

    @property
    def refund_rate(self) -> int | None:
        return share(self.refunded, self.orders)

    @property
    def dispute_rate(self) -> int | None:
        return share(self.disputed, self.tickets)

    @property
    def automatic_share(self) -> int | None:
        return share(self.automatic, self.tickets)


@dataclass(frozen=True)
class StepRow(Summary):
    """One step of the period."""

    begins: date


@dataclass(frozen=True)
class ReasonRow:
    reason: Reason
    tickets: int
    asked: int
    whole: int

    @property
    def share(self) -> int | None:
        return share(self.tickets, self.whole)


@dataclass(frozen=True)
class ProductRow:
    """Units and minor units asked for in tickets of the period, and units of orders paid in it."""

    title: str
    tickets: int
    units: int
    asked: int
    sold: int

    @property
    def rate(self) -> int | None:
        return share(self.units, self.sold)


@dataclass(frozen=True)
class Figures:
    period: Period
    now: Summary
    before: Summary
    steps: list[StepRow]
    reasons: list[ReasonRow]
    products: list[ProductRow]


def of_shop(shop: Shop, period: Period) -> Figures:
    """All of them; of the period before only the summary."""
    return Figures(
        period,
        summary(shop, period),
        summary(shop, period.before),
        by_step(shop, period),
        by_reason(shop, period),
        by_product(shop, period),
    )


def _orders(shop: Shop, period: Period) -> Any:
    return Order.objects.filter(shop=shop, paid_at__gte=period.start, paid_at__lt=period.end)


def _tickets(shop: Shop, period: Period) -> Any:
    return Ticket.objects.filter(shop=shop, opened_at__gte=period.start, opened_at__lt=period.end)


def _payouts(shop: Shop, period: Period) -> Any:
    settled = Payout.objects.filter(settled_at__gte=period.start, settled_at__lt=period.end)
    return settled.filter(ticket__shop=shop, cause=Cause.TICKET, state=str(PayoutState.SETTLED))


def _dated(shop: Shop, period: Period) -> Iterator[tuple[Any, str, dict[str, Any]]]:
    """(rows, the column of their date, what is counted of them)."""
    yield _orders(shop, period), "paid_at", {"orders": Count("pk"), "refunded": Count("pk", filter=Q(settled__gt=0))}
    first_answer = TicketEvent.objects.filter(ticket=OuterRef("pk"), role=Role.SELLER).order_by("at").values("at")[:1]
    lasted = ExpressionWrapper(F("entered_at") - F("opened_at"), output_field=DurationField())
    tickets = _tickets(shop, period).annotate(
        has_dispute=Exists(Dispute.objects.filter(ticket=OuterRef("pk"))),
        by_rule=Exists(AutoDecision.objects.filter(ticket=OuterRef("pk"))),
        waited=ExpressionWrapper(Subquery(first_answer) - F("opened_at"), output_field=DurationField()),
    )
    counted = {
        "tickets": Count("pk"),
        "disputed": Count("pk", filter=Q(has_dispute=True)),
        "automatic": Count("pk", filter=Q(by_rule=True)),
        # Tickets that the seller filed unasked need no answer.
        "answered": Percentiles("waited", filter=Q(by_seller=False)),
        "ended": Percentiles(lasted, filter=Q(state__in=[str(state) for state in ENDED])),
    }
    yield tickets, "opened_at", counted
    yield _payouts(shop, period), "settled_at", {"back": Coalesce(Sum("amount"), 0, output_field=BigIntegerField())}


def summary(shop: Shop, period: Period) -> Summary:
    """Three queries."""
    found: dict[str, Any] = {}
    for rows, _column, counted in _dated(shop, period):
        found |= rows.order_by().aggregate(**counted)
    return Summary(**_spread(found))


def by_step(shop: Shop, period: Period) -> list[StepRow]:
    """Every step of the period, those in which nothing happened too. Three queries."""
    nothing = {"orders": 0, "refunded": 0, "tickets": 0, "disputed": 0, "automatic": 0, "back": 0}
    steps: dict[date, dict[str, Any]] = {day: {**nothing, "answered": None, "ended": None} for day in period.steps()}
    for rows, column, counted in _dated(shop, period):
        begins = Trunc(column, period.step.value, output_field=DateField(), tzinfo=period.zone)
        for found in rows.order_by().annotate(begins=begins).values("begins").annotate(**counted):
            steps[found.pop("begins")] |= found
    return [StepRow(begins=day, **_spread(found)) for day, found in steps.items()]


def _spread(found: dict[str, Any]) -> dict[str, Any]:
    return found | {name: Spread.of(found[name]) for name in ("answered", "ended")}


def by_reason(shop: Shop, period: Period) -> list[ReasonRow]:
    """Why tickets were filed, the most frequent first."""
    rows = _tickets(shop, period).order_by().values("reason").annotate(tickets=Count("pk"), asked=Sum("amount"))
    found = sorted(rows, key=lambda row: (-row["tickets"], row["reason"]))
    reasons = Reason.objects.in_bulk([row["reason"] for row in found])
    whole = sum(row["tickets"] for row in found)
    return [ReasonRow(reasons[row["reason"]], row["tickets"], row["asked"], whole) for row in found]


def by_product(shop: Shop, period: Period) -> list[ProductRow]:
    """The products with the most tickets, at most MOST_PRODUCTS."""
    lines = TicketLine.objects.filter(ticket__in=_tickets(shop, period)).order_by()
    product = "line__sku__product"
    asked = lines.values(product, f"{product}__title").annotate(
        tickets=Count("ticket", distinct=True), units=Sum("quantity"), asked=Sum("amount")
    )
    found = list(asked.order_by("-tickets", product)[:MOST_PRODUCTS])
    bought = OrderLine.objects.filter(order__in=_orders(shop, period), sku__product__in=[row[product] for row in found])
    sold = dict(bought.order_by().values_list("sku__product").annotate(units=Sum("quantity")))
    return [
        ProductRow(row[f"{product}__title"], row["tickets"], row["units"], row["asked"], sold.get(row[product], 0))
        for row in found
    ]
