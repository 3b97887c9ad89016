"""begin, move and sweep: the only code that writes a state.

A click is a queryset of one row, a sweep one of many; both take the same road, so a rule stands in one place.
Everything here runs inside `story`, one transaction; nothing here sends, calls or enqueues.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import psycopg2.errors
from celery.exceptions import SoftTimeLimitExceeded
from django.db import DataError, IntegrityError, OperationalError, connection, transaction
from django.db.models import Case, DateTimeField, ExpressionWrapper, F, Q, QuerySet, Value, When
from django.db.models.functions import Now
from django.db.models.lookups import GreaterThan

from aftersales.actors import CLOCK, Actor
from aftersales.lifecycle.errors import Conflict, Refused
from aftersales.lifecycle.rows import Event, Row
from aftersales.lifecycle.table import Clock, Lifecycle, Set, State, Transition

log = logging.getLogger(__name__)
R = TypeVar("R", bound=Row)
Verb = Callable[[QuerySet[Any], Actor], Sequence[object]]

# A person does not wait longer than this for a rival's transaction.
CLICK_WAITS = "3s"
BATCH = 500


@contextmanager
def story(by: Actor) -> Iterator[None]:
    """One verb's transaction. Raises Conflict when a person would wait too long for a lock; a sweep does not wait."""
    try:
        with transaction.atomic():
            if not by.clock:
                with connection.cursor() as cursor:
                    cursor.execute(f"SET LOCAL lock_timeout = '{CLICK_WAITS}'")
            yield
    except OperationalError as error:
        if not by.clock and isinstance(
            error.__cause__, psycopg2.errors.LockNotAvailable | psycopg2.errors.DeadlockDetected
        ):
            raise Conflict("locked") from error
        raise


def lock(rows: QuerySet[R], by: Actor) -> list[int]:
    """Lock rows by primary key, in order, and return the keys. A sweep passes by what a rival has locked."""
    locking = rows.order_by("pk").select_for_update(no_key=True, of=("self",), skip_locked=by.clock)
    return list(locking.values_list("pk", flat=True))


def begin(
    life: Lifecycle, rows: Sequence[R], by: Actor, *, state: State | None = None, note: str = "", data: Any = None
) -> list[Event]:
    """Create rows in a state they may be born in, with its clock and their first event.

    Raises ValueError for a state that no row is born in. A fixed number of statements whatever the number of rows.
    """
    state = state or life.born[0]
    if state not in life.born:
        raise ValueError(f"no {life.name} is born {state}")
    for row in rows:
        row.state, row.due_at, row.entered_at = str(state), Now() if state.clock else None, Now()
    life.model._base_manager.bulk_create(rows)
    keys = [row.pk for row in rows]
    if state.clock:
        # The length may depend on the row's own columns, which an INSERT cannot read.
        clock = {"due_at": life.ends(F("entered_at"), life.clocks[state.clock]), "held_left": None}
        life.model._base_manager.filter(pk__in=keys).update(**clock, **_reminder(life, clock))
    events = _record(life, dict.fromkeys(keys, ""), "begin", by, note, data)
    for effect in life.begun:
        effect(events)
    return events


def move(
    life: Lifecycle,
    action: str,
    rows: QuerySet[Any],
    by: Actor,
    *,
    note: str = "",
    data: Any = None,
    sets: Mapping[str, Any] | None = None,
) -> list[Event]:
    """Do one action on those of `rows` that may do it now, and return their events; the rest stay as they are.

    1. Lock the parents, then the rows, by primary key.
    2. Read state and guards again in a new statement: one that waited for a lock still sees other tables as they
       were before it waited, only a fresh one sees what the rival wrote.
    3. Update state and clock together, write one event a row, run the effects.
    A sweep moves only what is due by the database's clock. `sets` are further columns of the same UPDATE.
    Raises PermissionError when the table does not give this action to the actor's role.
    """
    transitions = [t for t in life.named(action) if by.role in t.who]
    if not transitions:
        raise PermissionError(f"{by.role} may not {action} a {life.name}")
    keys = _lock_with_parents(life, rows.filter(state__in={s for t in transitions for s in t.sources}), by)
    events: list[Event] = []
    for transition, sources in _choose(life, transitions, keys):
        _update(life, transition, list(sources), sets or {})
        moved = _record(life, sources, action, by, note, data)
        for effect in transition.effects:
            effect(moved)
        events += moved
    return events


def move_one(life: Lifecycle, action: str, rows: QuerySet[Any], by: Actor, **rest: Any) -> Event:
    """Move a queryset of one. Raises Conflict with the row as it stands now when nothing moved."""
    events = move(life, action, rows, by, **rest)
    if not events:
        raise Conflict(action, rows.first())
    return events[0]


def _lock_with_parents(life: Lifecycle, rows: QuerySet[Any], by: Actor) -> list[int]:
    if by.clock:
        rows = rows.filter(due_at__lte=Now(), set_aside_at__isnull=True)
    for parent in life.parents:
        model = cast("type[Row]", life.model._meta.get_field(parent).related_model)
        parents = lock(model._base_manager.filter(pk__in=rows.order_by().values(f"{parent}_id")), by)
        # A nullable parent that is not there holds nothing back.
        rows = rows.filter(Q(**{f"{parent}_id__in": parents}) | Q(**{f"{parent}_id__isnull": True}))
    return lock(rows, by)


def _choose(
    life: Lifecycle, transitions: list[Transition], keys: list[int]
) -> Iterator[tuple[Transition, dict[int, str]]]:
    """Which transition each locked row takes: (transition, {key: the state it leaves})."""
    if not keys:
        return
    choice = Case(
        *(When(Q(state__in=t.sources) & t.guard, then=Value(i)) for i, t in enumerate(transitions)), default=Value(-1)
    )
    found = life.model._base_manager.filter(pk__in=keys).order_by("pk").values_list("pk", "state", choice)
    chosen = list(found)
    for index, transition in enumerate(transitions):
        sources = {key: state for key, state, picked in chosen if picked == index}
        if sources:
            yield transition, sources


def _update(life: Lifecycle, transition: Transition, keys: list[int], sets: Mapping[str, Any]) -> None:
    columns = _clock_columns(life, transition)
    columns |= {"set_aside_at": None, "set_aside_error": "", **_reminder(life, columns)}
    if transition.target is not None:
        # The right-hand side reads the state as it was: a step from the state to itself enters nothing.
        columns["entered_at"] = Case(When(state=str(transition.target), then=F("entered_at")), default=Now())
        columns["state"] = str(transition.target)
    life.model._base_manager.filter(pk__in=keys).update(**columns | dict(transition.sets) | dict(sets))


def _clock_columns(life: Lifecycle, transition: Transition) -> dict[str, Any]:
    clock, target = transition.clock, transition.target
    if clock is Set.KEPT or target is None:
        return {}
    if isinstance(clock, Clock):
        return {"due_at": clock.due_at, "held_left": clock.held_left}
    if target.clock is None:
        return {"due_at": None, "held_left": None}
    length = life.clocks[target.clock]
    if clock is Set.HELD:
        return {"due_at": None, "held_left": length}
    return {"due_at": life.ends(Now(), length), "held_left": None}


def _reminder(life: Lifecycle, columns: Mapping[str, Any]) -> dict[str, Any]:
    """When the owner is reminded the next time, for columns that set the clock: a reminder whose time has come before
    the clock was set is left out."""
    if "due_at" not in columns:
        return {}
    due = columns["due_at"]
    if due is None or not life.reminders:
        return {"remind_at": None}
    times = (ExpressionWrapper(due - before, output_field=DateTimeField()) for before in life.reminders)
    return {"remind_at": Case(*(When(GreaterThan(at, Now()), then=at) for at in times), default=None)}


def _record(life: Lifecycle, sources: Mapping[int, str], action: str, by: Actor, note: str, data: Any) -> list[Event]:
    now = life.model._base_manager.filter(pk__in=sources).order_by("pk").values_list("pk", "state", "due_at")
    events = [
        life.event(
            **{f"{life.event.fk}_id": key},
            action=action,
            from_state=sources[key],
            to_state=state,
            role=by.role,
            actor=by.user,
            due_at=due_at,
            note=note,
            data=data or {},
        )
        for key, state, due_at in now
    ]
    return life.event._base_manager.bulk_create(events)


@dataclass
class Swept:
    """What a sweep did: rows moved, rows set aside, batches that a rival or the database put off."""

    moved: int = 0
    set_aside: int = 0
    put_off: int = 0

    def __iadd__(self, other: Swept) -> Swept:
        self.moved += other.moved
        self.set_aside += other.set_aside
        self.put_off += other.put_off
        return self


def sweep(life: Lifecycle, state: State, verb: Verb, *, batch: int = BATCH) -> Swept:
    """Let everything overdue in one state have its consequence, oldest first, in batches that commit.

    It pages by (due_at, id) past rows that do not move. A batch that raises by a row's own fault is halved down to
    the culprit, which is set aside with the error; a deadlock or a restart puts the batch off to the next tick, and
    so does a mistake in our code, for the row it shows on.
    """
    done = Swept()
    due = life.model._base_manager.filter(state=state, due_at__lte=Now(), set_aside_at__isnull=True)
    after = Q()
    while page := list(due.filter(after).order_by("due_at", "pk").values_list("due_at", "pk")[:batch]):
        done += _fire(life, state, verb, [key for _, key in page])
        due_at, key = page[-1]
        after = Q(due_at__gt=due_at) | Q(due_at=due_at, pk__gt=key)
    return done


def remind(life: Lifecycle, *, batch: int = BATCH) -> int:
    """Record, for every row whose reminder has come, the event "remind", of which its owner is then told; the row's
    next reminder follows. State, clock and consequence stay as they are. Returns how many rows were reminded of.
    """
    done = 0
    due = life.model._base_manager.filter(remind_at__lte=Now(), set_aside_at__isnull=True)
    while page := list(due.order_by("remind_at", "pk").values_list("pk", flat=True)[:batch]):
        with transaction.atomic():
            keys = lock(due.filter(pk__in=page), CLOCK)
            rows = life.model._base_manager.filter(pk__in=keys)
            # A reminder that comes after its clock, when everything was down, is of no use any more.
            sources = dict(rows.filter(due_at__gt=Now()).values_list("pk", "state"))
            _record(life, sources, "remind", CLOCK, "", {})
            rows.update(**_reminder(life, {"due_at": F("due_at")}))
        done += len(sources)
        if not keys:
            break  # a rival holds them all; the next tick comes soon
    return done


def _fire(life: Lifecycle, state: State, verb: Verb, keys: list[int]) -> Swept:
    rows = life.model._base_manager.filter(pk__in=keys, state=state)
    try:
        return Swept(moved=len(verb(rows, CLOCK)))
    except (IntegrityError, DataError, Refused) as error:
        if len(keys) == 1:
            return Swept(set_aside=set_aside(life, rows, str(error)))
    except OperationalError:
        log.exception("%s sweep of %s put off", life.name, state)
        return Swept(put_off=1)
    except SoftTimeLimitExceeded:
        raise
    except Exception:  # a mistake of ours: the rows are not to blame, yet it must not stop those it does not concern
        if len(keys) == 1:
            log.exception("%s sweep of %s put off %s", life.name, state, keys[0])
            return Swept(put_off=1)
    half = len(keys) // 2
    done = _fire(life, state, verb, keys[:half])
    done += _fire(life, state, verb, keys[half:])
    return done


def set_aside(life: Lifecycle, rows: QuerySet[Any], error: str) -> int:
    """Take rows out of the sweeps until a person has looked; any later move takes them in again."""
    number = rows.filter(set_aside_at__isnull=True).update(set_aside_at=Now(), set_aside_error=error[:2000])
    if number:
        log.error("%s set aside: %s", life.name, error)
    return number
