"""What happened to a ticket, for people to read: newest first, each version of the application in full."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from aftersales.money import shown
from refunds import words
from refunds.models import Reason, Ticket, TicketEvent
from refunds.states import Kind

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


@dataclass(frozen=True)
class Entry:
    """One event. `facts` are its figures in words; `clock` says whose time ran afterwards, until `due_at`."""

    title: str
    who: str | _StrPromise
    at: datetime
    note: str
    facts: list[str]
    clock: str
    due_at: datetime | None


def entries(ticket: Ticket) -> list[Entry]:
    """The ticket's history in two queries."""
    reasons = {(reason.side, reason.code): str(reason) for reason in Reason.objects.all()}
    return [_entry(event, ticket.order.currency, reasons) for event in ticket.events.order_by("-pk")]


def _entry(event: TicketEvent, currency: str, reasons: Mapping[tuple[str, str], str]) -> Entry:
    return Entry(
        title=words.event_title(event),
        who=words.event_actor(event),
        at=event.at,
        note=event.note,
        facts=_facts(event.data, currency, reasons),
        clock=words.clock_of(event),
        due_at=event.due_at,
    )


def _facts(data: Mapping[str, Any], currency: str, reasons: Mapping[tuple[str, str], str]) -> list[str]:
    facts = []
    if data.get("kind") in Kind.values:
        facts.append(str(Kind(data["kind"]).label))
    if data.get("reason"):
        side = "buyer" if "kind" in data else "seller"
        facts.append(reasons.get((side, data["reason"]), data["reason"]))
    for line in data.get("lines", ()):
        amount = shown(line["amount"], currency)
        facts.append(_("%(title)s × %(units)s: %(amount)s") % {**line, "amount": amount})
    if data.get("freight"):
        facts.append(_("Freight: %(amount)s") % {"amount": shown(data["freight"], currency)})
    if data.get("amount"):
        facts.append(_("Together: %(amount)s") % {"amount": shown(data["amount"], currency)})
    if data.get("carrier"):
        facts.append(f"{data['carrier']} {data.get('number', '')}")
    return facts
