"""The figures of one shop over a period: a fixed number of queries, each over an index; amounts in minor units of the
shop's currency.

Each figure has its date: orders count on the day they were paid, tickets on the day they were filed, money on the day
it was back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, DateField, DurationField, Exists, ExpressionWrapper, F, Min, OuterRef, Q, Sum
from django.db.models.functions import Trunc

from aftersales.actors import Role
from orders.models import Order, OrderLine, Shop
from refunds.figures.measures import Percentile, share
from refunds.figures.period import Period
from refunds.models import AutoDecision, Dispute, Payout, Reason, Ticket, TicketEvent, TicketLine
from refunds.states import Cause, PayoutState, TicketState

MOST_PRODUCTS = 10
ENDED = (TicketState.SUCCEEDED, TicketState.CLOSED)


@dataclass(frozen=True)
class Spread:
    """Half of the rows took at most `median`, nine of ten at most `p90`; None of no rows."""

    median: timedelta | None
    p90: timedelta | None


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
    def refund_rate(self) -> float | None:
        return share(self.refunded, self.orders)

    @property
    def dispute_rate(self) -> float | None:
        return share(self.disputed, self.tickets)

    @property
    def automatic_share(self) -> float | None:
        return share(self.automatic, self.tickets)


@dataclass(frozen=True)
class StepRow:
    """One step of the period; see Summary."""

    begins: date
    orders: int
    refunded: int
    tickets: int
    disputed: int
    automatic: int
    back: int

    @property
    def refund_rate(self) -> float | None:
        return share(self.refunded, self.orders)

    @property
    def dispute_rate(self) -> float | None:
        return share(self.disputed, self.tickets)


@dataclass(frozen=True)
class ReasonRow:
    reason: Reason
    tickets: int
    asked: int
    whole: int

    @property
    def share(self) -> float | None:
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
    def rate(self) -> float | None:
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
    steps = by_step(shop, period)
    earlier = by_step(shop, period.before)
    return Figures(
        period,
        _summary(shop, period, steps),
        _summary(shop, period.before, earlier),
        steps,
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


def _per_step(rows: Any, column: str, period: Period, **figures: Any) -> dict[date, dict[str, int]]:
    """{first day of a step: figures}, of the steps that have rows."""
    begins = Trunc(column, period.step.value, output_field=DateField(), tzinfo=period.zone)
    found = rows.order_by().annotate(begins=begins).values("begins").annotate(**figures)
    return {row.pop("begins"): row for row in found}


def by_step(shop: Shop, period: Period) -> list[StepRow]:
    """Every step of the period, those in which nothing happened too."""
    orders = _per_step(_orders(shop, period), "paid_at", period, orders=Count("pk"),
                       refunded=Count("pk", filter=Q(settled__gt=0)))  # fmt: skip
    tickets = _tickets(shop, period).annotate(
        has_dispute=Exists(Dispute.objects.filter(ticket=OuterRef("pk"))),
        by_rule=Exists(AutoDecision.objects.filter(ticket=OuterRef("pk"))),
    )
    filed = _per_step(
        tickets,
        "opened_at",
        period,
        tickets=Count("pk"),
        disputed=Count("pk", filter=Q(has_dispute=True)),
        automatic=Count("pk", filter=Q(by_rule=True)),
    )
    paid = _per_step(_payouts(shop, period), "settled_at", period, back=Sum("amount"))
    nothing = {"orders": 0, "refunded": 0, "tickets": 0, "disputed": 0, "automatic": 0, "back": 0}
    return [
        StepRow(day, **(nothing | orders.get(day, {}) | filed.get(day, {}) | paid.get(day, {})))
        for day in period.steps()
    ]


def _summary(shop: Shop, period: Period, steps: Iterable[StepRow]) -> Summary:
    names = ("orders", "refunded", "tickets", "disputed", "automatic", "back")
    sums = {name: sum(getattr(step, name) for step in steps) for name in names}
    return Summary(answered=_answered(shop, period), ended=_ended(shop, period), **sums)


def _answered(shop: Shop, period: Period) -> Spread:
    """To the seller's first event; tickets that the seller filed unasked need no answer."""
    events = TicketEvent.objects.filter(ticket__in=_tickets(shop, period).filter(by_seller=False), role=Role.SELLER)
    waits = events.order_by().values("ticket").annotate(wait=Min("at") - F("ticket__opened_at"))
    return _spread(waits.aggregate(median=Percentile("wait", 0.5), p90=Percentile("wait", 0.9)))


def _ended(shop: Shop, period: Period) -> Spread:
    took = ExpressionWrapper(F("entered_at") - F("opened_at"), output_field=DurationField())
    ended = _tickets(shop, period).filter(state__in=[str(state) for state in ENDED])
    return _spread(ended.aggregate(median=Percentile(took, 0.5), p90=Percentile(took, 0.9)))


def _spread(row: dict[str, Any]) -> Spread:
    return Spread(row["median"], row["p90"])


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
