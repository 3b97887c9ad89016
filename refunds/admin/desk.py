"""One case as customer service reads it: the sides, the rules, the clock, and who has it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Case as Choice
from django.db.models import IntegerField, Prefetch, Q, QuerySet, Value, When, prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from aftersales.actors import Role
from aftersales.lifecycle.rows import DUE
from aftersales.models import User
from aftersales.money import shown
from aftersales.templatetags.aftersales import duration
from refunds import deadlines, history, rulebook, rules
from refunds.models import Dispute, DisputeEvent, Ruling, TicketLine
from refunds.states import DisputeState as S

# What changes who has a case.
_GIVES = ("claim", "hand_over", "assign", "escalate", "appeal")


@dataclass(frozen=True)
class Sla:
    """How much of a clock's time is used: in per cent, and in words; `tone` is late, soon or calm."""

    used: int
    words: str
    tone: str


def sla(row: Dispute) -> Sla | None:
    """None where no clock runs. Once a case is late its promised time is used up, whatever the new clock says."""
    if row.due_at is None:
        return None
    whole, left = row.due_at - row.entered_at, row.due_at - timezone.now()
    late = row.late_at is not None and row.state in (S.REVIEW, S.CONFIRMATION)
    if late or left <= timedelta(0):
        since = row.late_at or row.due_at
        words = _("The promised time is used up since %(time)s.") % {"time": rulebook.at(since)}
        return Sla(100, words, "late")
    used = min(99, max(0, 100 * (whole - left) // whole)) if whole else 99
    figures = {"used": used, "whole": duration(whole), "left": duration(left)}
    words = _("%(used)s %% of %(whole)s used, %(left)s left.") % figures
    return Sla(used, words, "soon" if used >= 75 else "calm")


@dataclass(frozen=True)
class Holder:
    """Who has a case, and since when; `is_other` where that is somebody else, and theirs to decide."""

    agent: User | None
    words: str
    is_other: bool


def holder(row: Dispute, reader: User, since: Any) -> Holder:
    """`since`: when the case came to whom it belongs now, or None."""
    if row.agent is None:
        return Holder(None, _("Nobody has this case yet."), False)
    ago = duration(timezone.now() - since) if since else ""
    if row.agent_id == reader.pk:
        words = _("You have this case, since %(time)s.") if ago else _("You have this case.")
        return Holder(row.agent, words % {"time": ago}, False)
    words = _("%(agent)s has this case, since %(time)s.") if ago else _("%(agent)s has this case.")
    decides = row.state in (S.EVIDENCE, S.REVIEW)
    return Holder(row.agent, words % {"agent": row.agent, "time": ago}, decides)


def given_at(events: Any) -> Any:
    """When the last of these events of a dispute gave it to somebody; None for never."""
    return next((event.at for event in reversed(events) if event.action in _GIVES), None)


def last_given(row: Dispute) -> Any:
    events = DisputeEvent.objects.filter(dispute=row, action__in=_GIVES)
    return events.order_by("-pk").values_list("at", flat=True).first()


@dataclass(frozen=True)
class Side:
    """What one side said: its words and photos, the latest first, and what it has in this case in figures."""

    key: str
    title: str
    entries: list[history.Entry]
    figures: str


def sides(entries: list[history.Entry]) -> list[Side]:
    found = []
    for role, title in ((Role.BUYER, _("What the buyer says")), (Role.SELLER, _("What the seller says"))):
        said = [entry for entry in entries if entry.role == role and (entry.note or entry.photos)]
        photos = sum(len(entry.photos) for entry in said)
        words = ngettext("%(number)s photo", "%(number)s photos", photos) % {"number": photos}
        found.append(Side(role.value, title, said, words))
    return found


@dataclass(frozen=True)
class Goods:
    """One line of the ticket, as a table shows it."""

    title: str
    units: int
    asked: str
    paid: str
    most: str
    state: str


@dataclass(frozen=True)
class Page:
    """Everything that the page of a case shows beside its state and its buttons."""

    entries: list[history.Entry]
    sides: list[Side]
    sections: list[rulebook.Section]
    goods: list[Goods]
    rulings: list[Any]
    since: Any


def read(row: Dispute, *, internal: bool) -> Page:
    """In a fixed number of queries. `internal`: with what only customer service sees, which is how its own time went as
    well."""
    ticket = row.ticket
    told = history.record(ticket)
    entries = history.entries(ticket, internal=internal, of=told)
    _fetch(row)
    lines = list(ticket.lines.all())
    cap = rules.caps_of(ticket, lines)
    case = rulebook.Case(
        dispute=row,
        lines=lines,
        cap=cap,
        verdicts=rules.verdicts(ticket, cap),
        shipments=list(ticket.order.shipments.order_by("pk")),
        photos=[photo for photos in told.photos.values() for photo in photos],
        periods=deadlines.periods(told.events, told.dispute_events),
    )
    mine = [event for event in told.dispute_events if event.dispute_id == row.pk]
    return Page(
        entries=entries,
        sides=sides(entries),
        sections=rulebook.sections(case) if internal else [],
        goods=[_goods(item, cap, ticket.order.currency) for item in lines],
        rulings=[ruling for ruling in row.rulings.all() if internal or ruling.is_given],
        since=given_at(mine),
    )


def _fetch(row: Dispute) -> None:
    """The rulings, and the lines with what the rules ask of them: fields and forms of the page want them as well."""
    rulings = Ruling.objects.select_related("agent", "confirmed_by").order_by("-pk")
    lines = TicketLine.objects.select_related("line__sku__product__goods_rule", "wanted__product", "goods__product")
    lines = lines.prefetch_related("inspections")
    prefetch_related_objects([row], Prefetch("rulings", rulings), Prefetch("ticket__lines", lines))


def _goods(item: TicketLine, cap: rules.Cap, currency: str) -> Goods:
    line = item.line
    words = _("%(bought)s bought, %(shipped)s shipped, %(returned)s returned")
    figures = {"bought": line.quantity, "shipped": line.shipped, "returned": line.returned}
    title = f"{line.title} → {item.wanted}" if item.wanted else line.title
    return Goods(
        title=title,
        units=item.quantity,
        asked=shown(item.amount, currency),
        paid=shown(line.paid, currency),
        most=shown(cap.lines[item.pk], currency),
        state=words % figures,
    )


# --- whose turn it is -------------------------------------------------------------------------------------------------


def worklist(user: User) -> QuerySet[Dispute]:
    """What waits for this agent, in the order in which it is worked: their own cases to rule on, rulings of others to
    confirm, what is nobody's."""
    mine = Q(agent=user, state=S.REVIEW)
    second = _second(user)
    free = Q(agent=None, state=S.REVIEW)
    rank = Choice(When(mine, then=Value(0)), When(second, then=Value(1)), default=Value(2), output_field=IntegerField())
    rows = Dispute.objects.for_agent(user).filter(mine | second | free)
    return rows.order_by(rank, DUE, "pk")


def mine_first(user: User) -> Choice:
    """To sort by: what an agent has, before everything else."""
    return Choice(When(agent=user, then=Value(0)), default=Value(1), output_field=IntegerField())


def waiting(user: User, most: int) -> int:
    """How many cases nobody has, or wait for a second agent, among those the person may decide; at most `most`."""
    free = Q(agent=None, state__in=(S.EVIDENCE, S.REVIEW))
    return Dispute.objects.for_agent(user).filter(free | _second(user))[:most].count()


def _second(user: User) -> Q:
    return Q(state=S.CONFIRMATION) & ~Q(agent=user)
