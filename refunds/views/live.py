"""A ticket's page brings itself up to date: it asks, at little cost, whether anything has happened meanwhile."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject

from refunds.history import INTERNAL, Record, is_internal
from refunds.models import Dispute, DisputeEvent, Payout, Ticket, TicketEvent


def _mark(event: int | None, dispute_event: int | None, *rows: Iterable[tuple[int, str]]) -> str:
    states = (f"{key}-{state}" for each in rows for key, state in sorted(each))
    return ".".join([str(event or 0), str(dispute_event or 0), *states])


def mark_of(told: Record, payouts: Iterable[Payout]) -> str:
    """What names everything that the page shows of a ticket: two pages with one mark show the same."""
    events = [event.pk for event in told.events]
    theirs = [event.pk for event in told.dispute_events if not is_internal(event)]
    states = ([(row.pk, row.state) for row in rows] for rows in (told.disputes, payouts))
    return _mark(max(events, default=0), max(theirs, default=0), *states)


def marks(tickets: QuerySet[Ticket]) -> list[str]:
    """The mark of each ticket, in one query for all."""
    last = TicketEvent.objects.filter(ticket=OuterRef("pk")).order_by().values("ticket").annotate(last=Max("pk"))
    theirs = DisputeEvent.objects.filter(~INTERNAL, dispute__ticket=OuterRef("pk")).order_by()
    rows = tickets.values_list(
        Subquery(last.values("last")),
        Subquery(theirs.values("dispute__ticket").annotate(last=Max("pk")).values("last")),
        *(
            ArraySubquery(model.objects.filter(ticket=OuterRef("pk")).values(json=JSONObject(key="pk", state="state")))
            for model in (Dispute, Payout)
        ),
    )
    return [
        _mark(event, other, *([(row["key"], row["state"]) for row in each] for each in states))
        for event, other, *states in rows
    ]
