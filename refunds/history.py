"""The negotiation history of a ticket, for people to read: every word, photo and move of both sides and of customer
service, newest first, with the clock that ran then, each version of the application in full."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import JSONObject
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from aftersales.actors import Role
from aftersales.changes.models import Act, Change
from aftersales.money import shown
from refunds import words
from refunds.models import Dispute, DisputeEvent, Evidence, Reason, Ticket, TicketEvent
from refunds.states import DisputeState, Kind, Payer, Side, Verdict

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Reasons = Mapping[tuple[str, str], str]
# Which reason an event names, by its code, with both sides' labels for it.
_NAMED = ArraySubquery(
    Reason.objects.filter(code=KeyTextTransform("reason", OuterRef("data"))).values(
        json=JSONObject(side="side", code="code", label_en="label_en", label_zh="label_zh")
    )
)


@dataclass(frozen=True)
class Entry:
    """One event. `facts` are its figures in words; `clock` says whose time ran afterwards, until `due_at`; `role` is
    who did it, `photos` what came with it."""

    action: str
    title: str
    who: str | _StrPromise
    role: str
    at: datetime
    note: str
    facts: list[str]
    clock: str
    due_at: datetime | None
    photos: list[Evidence]

    @property
    def is_said(self) -> bool:
        """Words or photos of a person; anything else only happened."""
        return bool(self.note or self.photos) and self.role != Role.SYSTEM

    @property
    def is_mine(self) -> bool:
        return self.role == Role.BUYER


@dataclass(frozen=True)
class Record:
    """What happened to a ticket and its disputes, oldest first; its photos by the event that they came with, None for
    those from before photos were kept with their move."""

    events: Sequence[TicketEvent]
    dispute_events: Sequence[DisputeEvent]
    photos: Mapping[int | None, list[Evidence]]

    @property
    def disputes(self) -> list[Dispute]:
        """The last one first."""
        found = {event.dispute_id: event.dispute for event in self.dispute_events}
        return sorted(found.values(), key=lambda dispute: dispute.pk, reverse=True)

    def last_note(self, action: str) -> str:
        """What was said with the ticket's last event of that action."""
        return next((event.note for event in reversed(self.events) if event.action == action), "")

    def question(self, dispute: Dispute) -> str:
        """What customer service asked last; "" when it never did."""
        asked = [e.note for e in self.dispute_events if e.action == "ask" and e.dispute_id == dispute.pk]
        return asked[-1] if asked else ""


def record(ticket: Ticket) -> Record:
    """In three queries, however much has happened."""
    photos: dict[int | None, list[Evidence]] = defaultdict(list)
    for photo in ticket.evidence.all():
        photos[photo.event_id].append(photo)
    told = DisputeEvent.objects.filter(dispute__ticket=ticket).select_related("dispute").order_by("pk")
    return Record(list(ticket.events.annotate(named=_NAMED)), list(told), photos)


def entries(
    ticket: Ticket, *, internal: bool = False, for_buyer: bool = False, of: Record | None = None
) -> list[Entry]:
    """The ticket's history and its disputes', newest first. `internal`: with what only customer service sees;
    `for_buyer`: without how the shop calls its own rules; `of`: what was read of it already."""
    read = of or record(ticket)
    told = [e for e in read.dispute_events if e.action != "begin" and (internal or not is_internal(e))]
    events: list[TicketEvent | DisputeEvent] = [*read.events, *told]
    events.sort(key=lambda event: (event.at, isinstance(event, DisputeEvent), event.pk), reverse=True)
    return [_entry(event, ticket.order.currency, read, for_buyer=for_buyer) for event in events]


def handed_on(ticket: Ticket) -> list[Entry]:
    """Who gave the ticket to whom, newest first: for the people of its shop. No move of its life, so no event of it."""
    given = Change.objects.of_row(ticket).filter(act=Act.CHANGED)
    return [_given(change) for change in given.select_related("person").order_by("-pk")]


def _given(change: Change) -> Entry:
    return Entry(
        action="assign",
        title=pgettext("ticket", "Assigned"),
        who=str(change.person),
        role=Role.SELLER,
        at=change.at,
        note=change.reason,
        facts=[f"{before} → {after}" for _field, before, after in change.differences],
        clock="",
        due_at=None,
        photos=[],
    )


# What only customer service sees: a ruling that a second agent has yet to confirm has not been given. As a condition,
# and of an event that was read.
INTERNAL = Q(action__in=words.INTERNAL) | Q(action="rule", to_state=DisputeState.CONFIRMATION)


def is_internal(event: DisputeEvent) -> bool:
    return event.action in words.INTERNAL or (event.action == "rule" and event.to_state == DisputeState.CONFIRMATION)


def _entry(event: TicketEvent | DisputeEvent, currency: str, read: Record, *, for_buyer: bool) -> Entry:
    data = event.data
    if for_buyer and data.get("rule"):
        data = {**data, "rule": ""}
    return Entry(
        action=event.action,
        title=words.event_title(event, yours=for_buyer),
        who=words.event_actor(event),
        role=event.role,
        at=event.at,
        note=event.note,
        facts=list(_facts(data, currency, _reasons(event))),
        clock=words.clock_of(event),
        due_at=event.due_at,
        photos=read.photos.get(event.pk, []) if isinstance(event, TicketEvent) else [],
    )


def _reasons(event: TicketEvent | DisputeEvent) -> Reasons:
    named = event.named if isinstance(event, TicketEvent) else []  # type: ignore[attr-defined]  # read with it
    return {(each["side"], each["code"]): str(Reason(**each)) for each in named}


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
    elif "rule" in data:
        yield _("Answered at once by a rule of the shop")
    if data.get("keeps"):
        yield _("The goods may be kept.")
    if data.get("to"):
        yield _("To: %(to)s") % data
