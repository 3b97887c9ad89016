"""What a ruling would do: it is carried out in full, looked at, and undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from aftersales.actors import Actor
from aftersales.lifecycle.move import story
from aftersales.lifecycle.rows import Event
from refunds import effects
from refunds.actions.disputes import carry_out, confirm_ruling, rule
from refunds.models import Dispute, Payout, Ticket, TicketLine
from refunds.rules import Decision
from refunds.states import DisputeState, TicketState


@dataclass(frozen=True)
class Rehearsal:
    """The ticket as it would be once the ruling is final; amounts in minor units.

    lines     (title, units, amount) of each line
    held      (article, units) that would be taken from stock
    payouts   (cause, amount) that would be made
    back      (title, units) that would go to stock once the money has gone
    second    a second agent has to confirm first
    appeal    a side may still appeal
    final_at  when silence would make it final; null where the second agent's word comes first
    """

    ticket: Ticket
    lines: list[tuple[str, int, int]]
    held: list[tuple[str, int]]
    payouts: list[tuple[str, int]]
    back: list[tuple[str, int]]
    second: bool
    appeal: bool
    final_at: datetime | None


class _Undone(Exception):
    """Ends the transaction of a rehearsal."""


def rehearse(disputes: QuerySet[Dispute], by: Actor, decision: Decision) -> Rehearsal:
    """Rule and carry it out, by the verbs themselves, and undo all of it. Raises what `rule` raises."""
    return _undone(by, lambda: rule(disputes, by, decision))


def rehearse_second(disputes: QuerySet[Dispute], by: Actor, *, ruling: int | None = None) -> Rehearsal:
    """The same of confirming what another agent ruled. Raises what `confirm_ruling` raises."""
    return _undone(by, lambda: confirm_ruling(disputes, by, ruling=ruling))


def _undone(by: Actor, verb: Callable[[], Event]) -> Rehearsal:
    found: list[Rehearsal] = []
    try:
        with story(by):
            event = verb()
            dispute = Dispute.objects.get(pk=event.row_id)
            before = set(Payout.objects.filter(ticket=dispute.ticket_id).values_list("pk", flat=True))
            held = _held(dispute.ticket_id)
            second = event.to_state == DisputeState.CONFIRMATION
            carry_out([dispute.pk])
            final_at = None if second else event.due_at
            found.append(_look(dispute, before, held, final_at, second=second))
            raise _Undone
    except _Undone:
        return found[0]


def _held(ticket: int) -> dict[int, int]:
    return dict(Ticket.objects.get(pk=ticket).lines.values_list("pk", "stock_held"))


def _look(
    dispute: Dispute, before: set[int], held: dict[int, int], final_at: datetime | None, *, second: bool
) -> Rehearsal:
    ticket = Ticket.objects.select_related("order__shop").get(pk=dispute.ticket_id)
    rows = ticket.lines.select_related("line__sku__product", "goods__product", "wanted__product")
    lines, good = list(rows), effects.good_units([ticket.pk])
    return Rehearsal(
        ticket=ticket,
        lines=[(item.line.title, item.quantity, item.amount) for item in lines],
        held=[
            (str(item.wanted or item.goods or item.line.sku), item.stock_held)
            for item in lines
            if item.stock_held > held[item.pk]
        ],
        payouts=list(ticket.payouts.exclude(pk__in=before).order_by("pk").values_list("cause", "amount")),
        back=[(item.line.title, units) for item in lines if (units := _back(ticket, item, good))],
        second=second,
        appeal=not dispute.appealed_by,
        final_at=final_at,
    )


def _back(ticket: Ticket, item: TicketLine, good: Mapping[int, int]) -> int:
    """The units of a line that its success puts into stock."""
    if ticket.state != TicketState.REFUNDING:
        return 0
    if ticket.units_wait == "cancelling":
        return item.quantity
    return good.get(item.pk, 0) if ticket.units_wait else 0
