"""The figures of customer service over a period, by agent: what they have, what they did, and how it lasted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, DurationField, Exists, ExpressionWrapper, F, OuterRef, Q

from aftersales.models import User
from refunds.figures.measures import Percentiles, Spread, share
from refunds.figures.period import Period
from refunds.models import Dispute, Ruling
from refunds.models.dispute import GIVEN
from refunds.states import DisputeState


@dataclass(frozen=True)
class AgentRow:
    """
    open        disputes that the agent has now; `late` of them are beyond the promised time
    ruled       rulings made in the period; `in_time` of disputes that were never late
    overturned  rulings of the period that an appeal decided otherwise, of `appealed`
    took        from the call to the ruling
    """

    agent: User
    open: int
    late: int
    ruled: int
    in_time: int
    appealed: int
    overturned: int
    took: Spread

    @property
    def median(self) -> timedelta | None:
        return self.took.median

    @property
    def p90(self) -> timedelta | None:
        return self.took.p90

    @property
    def kept(self) -> int | None:
        return share(self.in_time, self.ruled)

    @property
    def overturned_share(self) -> int | None:
        return share(self.overturned, self.ruled)


def by_agent(period: Period) -> list[AgentRow]:
    """Every agent with a desk and everybody who ruled in the period, by e-mail; three queries. Figures of the first
    rulings: what an appeal decides is the other agent's answer to them."""
    rows = Dispute.objects.open().exclude(agent=None).order_by().values("agent")
    has = _by_agent(rows.annotate(open=Count("pk"), late=Count("pk", filter=Q(late_at__isnull=False))))
    did = _by_agent(_rulings(period))
    people = User.objects.filter(Q(is_customer_service=True, is_active=True) | Q(pk__in={*has, *did})).order_by("email")
    counts = dict.fromkeys(("open", "late", "ruled", "in_time", "appealed", "overturned"), 0)
    nothing: dict[str, Any] = {**counts, "took": Spread()}
    return [AgentRow(agent, **(nothing | has.get(agent.pk, {}) | did.get(agent.pk, {}))) for agent in people]


def _by_agent(rows: Any) -> dict[int, dict[str, Any]]:
    return {row.pop("agent"): row for row in rows}


def _rulings(period: Period) -> list[dict[str, Any]]:
    """Per agent, of the rulings that were given before any appeal."""
    appeal = Ruling.objects.filter(GIVEN, dispute=OuterRef("dispute"), on_appeal=True)
    otherwise = appeal.filter(~Q(verdict=OuterRef("verdict")) | ~Q(amount=OuterRef("amount")))
    took = ExpressionWrapper(F("made_at") - F("dispute__opened_at"), output_field=DurationField())
    rulings = Ruling.objects.filter(GIVEN, made_at__gte=period.start, made_at__lt=period.end, on_appeal=False)
    rulings = rulings.annotate(has_appeal=Exists(appeal), other=Exists(otherwise), length=took)
    rows: Any = (
        rulings.order_by()
        .values("agent")
        .annotate(
            ruled=Count("pk"),
            in_time=Count("pk", filter=Q(dispute__late_at=None)),
            appealed=Count("pk", filter=Q(has_appeal=True)),
            overturned=Count("pk", filter=Q(other=True)),
            took=Percentiles("length"),
        )
    )
    return [row | {"took": Spread.of(row["took"])} for row in rows]


def open_without_agent() -> int:
    """Disputes that nobody has taken yet."""
    return Dispute.objects.filter(agent=None, state__in=(DisputeState.EVIDENCE, DisputeState.REVIEW)).count()
