"""Which clocks of a ticket and its disputes ran, and how each ended. Pure: of events that were read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

from aftersales.actors import Role
from aftersales.lifecycle.table import Owner, State
from refunds import words
from refunds.lifecycle import DISPUTE, TICKET
from refunds.models import DisputeEvent, TicketEvent

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Told = TicketEvent | DisputeEvent


class End(Enum):
    """RUNS until now; KEPT: whose time it was acted in time; MISSED: they did not; CUT: somebody else ended it before;
    SILENT: a clock of both sides, whose silence is an answer."""

    RUNS = "runs"
    KEPT = "kept"
    MISSED = "missed"
    CUT = "cut"
    SILENT = "silent"


@dataclass(frozen=True)
class Period:
    """One clock: whose time it was, from when until when, and when and how it ended."""

    clock: str | _StrPromise
    began: datetime
    due_at: datetime
    ended: datetime | None = None
    how: End = End.RUNS


def periods(events: Sequence[TicketEvent], dispute_events: Sequence[DisputeEvent]) -> list[Period]:
    """Of a ticket's events and its disputes', each oldest first; the first clock first."""
    by_dispute: dict[int, list[DisputeEvent]] = defaultdict(list)
    for event in dispute_events:
        by_dispute[event.dispute_id].append(event)
    stories: list[Sequence[Told]] = [events, *by_dispute.values()]
    found = [period for story in stories for period in _walk(story)]
    return sorted(found, key=lambda period: (period.began, period.due_at))


def _walk(events: Sequence[Told]) -> Iterator[Period]:
    running: Period | None = None
    for event in events:
        if running and _ends(event):
            yield replace(running, ended=event.at, how=_how(event))
            running = None
        if event.due_at is None:
            continue
        if running is None:
            running = Period(words.clock_of(event), event.at, event.due_at)
        elif running.due_at != event.due_at:
            # An amended application is answered anew: the same clock, with another end.
            running = replace(running, due_at=event.due_at)
    if running:
        yield running


def _left(event: Told) -> State:
    return (TICKET if isinstance(event, TicketEvent) else DISPUTE).state(event.from_state)


def _ends(event: Told) -> bool:
    return event.from_state != event.to_state or _was_silence(event)


def _was_silence(event: Told) -> bool:
    """A rule of the shop that answers at once is none."""
    return event.role == Role.SYSTEM and "rule" not in event.data and event.action == _left(event).on_due


def _how(event: Told) -> End:
    owner = _left(event).owner
    if owner is Owner.PARTIES:
        return End.SILENT if _was_silence(event) else End.KEPT
    if _was_silence(event):
        return End.MISSED
    answered = "rule" in event.data and event.role == Role.SYSTEM and owner is Owner.SELLER
    return End.KEPT if answered or (owner and owner.value == event.role) else End.CUT
