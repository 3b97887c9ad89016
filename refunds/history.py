"""The negotiation history of a ticket, for people to read: every word, photo and move of both sides and of customer
service, newest first, with the clock that ran then, each version of the application in full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from aftersales.money import shown
from refunds import words
from refunds.models import DisputeEvent, Evidence, Reason, Ticket, TicketEvent
from refunds.states import Kind, Payer, Side, Verdict

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Reasons = Mapping[tuple[str, str], str]


@dataclass(frozen=True)
class Entry:
    """One event. `facts` are its figures in words; `clock` says whose time ran afterwards, until `due_at`; `role` is
    who did it, `photos` what came with it."""

    title: str
    who: str | _StrPromise
    role: str
    at: datetime
    note: str
    facts: list[str]
    clock: str
    due_at: datetime | None
    photos: list[Evidence]


def entries(ticket: Ticket, *, internal: bool = False) -> list[Entry]:
    """The ticket's history and its disputes' in four queries. `internal`: with what only customer service sees."""
    reasons = {(reason.side, reason.code): str(reason) for reason in Reason.objects.all()}
    events: list[TicketEvent | DisputeEvent] = list(ticket.events.prefetch_related("evidence"))
    told = DisputeEvent.objects.filter(dispute__ticket=ticket).exclude(action="begin")
    events += [e for e in told if internal or not _is_internal(e)]
    events.sort(key=lambda event: (event.at, isinstance(event, DisputeEvent), event.pk), reverse=True)
    return [_entry(event, ticket.order.currency, reasons) for event in events]


def _is_internal(event: DisputeEvent) -> bool:
    """A ruling that a second agent has yet to confirm has not been given."""
    return event.action in words.INTERNAL or (event.action == "rule" and event.to_state == "confirmation")


def _entry(event: TicketEvent | DisputeEvent, currency: str, reasons: Reasons) -> Entry:
    return Entry(
        title=words.event_title(event),
        who=words.event_actor(event),
        role=event.role,
        at=event.at,
        note=event.note,
        facts=list(_facts(event.data, currency, reasons)),
        clock=words.clock_of(event),
        due_at=event.due_at,
        photos=list(event.evidence.all()) if isinstance(event, TicketEvent) else [],
    )


def _facts(data: Mapping[str, Any], currency: str, reasons: Reasons) -> Iterator[str]:
    if data.get("kind") in Kind.values:
        yield str(Kind(data["kind"]).label)
    if data.get("verdict") in Verdict.values:
        yield str(Verdict(data["verdict"]).label)
    if data.get("reason"):
        sides = (Side.BUYER, Side.UNASKED) if "kind" in data else (Side.SELLER,)
        yield next(
            (reasons[side, data["reason"]] for side in sides if (side, data["reason"]) in reasons), data["reason"]
        )
    for line in data.get("lines", ()):
        yield from _line(line, currency)
    if data.get("freight"):
        yield _("Freight: %(amount)s") % {"amount": shown(data["freight"], currency)}
    if data.get("amount"):
        yield _("Together: %(amount)s") % {"amount": shown(data["amount"], currency)}
    yield from _about_goods(data, currency)


def _line(line: Mapping[str, Any], currency: str) -> Iterator[str]:
    if line["amount"]:
        yield _("%(title)s × %(units)s: %(amount)s") % {**line, "amount": shown(line["amount"], currency)}
    else:
        yield f"{line['title']} × {line['units']}"
    if line.get("wanted"):
        yield _("Instead: %(wanted)s") % line
    if line.get("part"):
        yield _("Part: %(part)s") % line


def _about_goods(data: Mapping[str, Any], currency: str) -> Iterator[str]:
    if data.get("before"):
        yield _("Instead of: %(before)s") % data
    if data.get("carrier"):
        yield f"{data['carrier']} {data.get('number', '')}"
    if data.get("postage"):
        yield _("Postage: %(amount)s") % {"amount": shown(data["postage"], currency)}
    yield from data.get("parcels", ())
    for title, fault, work in data.get("repairs", ()):
        yield _("%(title)s: %(fault)s. Done: %(work)s") % {"title": title, "fault": fault, "work": work}
    if data.get("document"):
        yield _("Warehouse document %(document)s") % data
    if data.get("freight_by") in Payer.values:
        yield _("Return freight paid by: %(payer)s") % {"payer": Payer(data["freight_by"]).label}
    if data.get("rule"):
        yield _("By the shop’s rule “%(rule)s”") % data
    if data.get("keeps"):
        yield _("The goods may be kept.")
    if data.get("to"):
        yield _("To: %(to)s") % data
