"""A lifecycle as a table: states, transitions, and the checks that a table must pass. Pure: no query is made here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Case, DurationField, Expression, ExpressionWrapper, F, Q, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Greatest, Least, Now

from aftersales.actors import Role

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from aftersales.lifecycle.rows import Event, Row

Effect = Callable[[list["Event"]], None]


class Owner(Enum):
    """Whose queue a waiting row stands in; PARTIES are buyer and seller, each for themselves."""

    BUYER = Role.BUYER.value
    SELLER = Role.SELLER.value
    CS = Role.CS.value
    OPERATOR = Role.OPERATOR.value
    PARTIES = "parties"
    CHANNEL = "channel"


class State(str):
    """One state. It is its value, so a query takes it as it is.

    owner   whose queue it stands in, None where nobody has to act
    clock   the name of the clock that runs here, None in an untimed state
    on_due  the system action that silence leads to
    final   nothing leaves it
    resting neither final nor waiting: nobody has to act, yet something may still happen
    """

    __slots__ = ("clock", "colour", "final", "label", "on_due", "owner", "resting")

    def __new__(
        cls,
        value: str,
        label: str | _StrPromise,
        colour: str,
        *,
        owner: Owner | None = None,
        clock: str | None = None,
        on_due: str | None = None,
        final: bool = False,
        resting: bool = False,
    ) -> State:
        self = super().__new__(cls, value)
        self.label, self.colour, self.owner = label, colour, owner
        self.clock, self.on_due, self.final, self.resting = clock, on_due, final, resting
        return self

    label: str | _StrPromise
    colour: str
    owner: Owner | None
    clock: str | None
    on_due: str | None
    final: bool
    resting: bool


class States:
    """Base of an app's list of states: class attributes that are `State`s, in reading order."""

    @classmethod
    def all(cls) -> list[State]:
        return [state for state in vars(cls).values() if isinstance(state, State)]

    @classmethod
    def choices(cls) -> list[tuple[str, str | _StrPromise]]:
        return [(str(state), state.label) for state in cls.all()]

    @classmethod
    def timed(cls) -> list[str]:
        return [str(state) for state in cls.all() if state.clock]


@dataclass(frozen=True)
class Clock:
    """What a transition does to the clock: expressions for the two columns, of which exactly one is set."""

    due_at: Combinable | None
    held_left: Combinable | None = None


class Set(Enum):
    """The clock rules that need no expression."""

    ANEW = "the target state's clock starts"
    HELD = "the target state's clock stands, with its whole length left"
    KEPT = "due_at and held_left stay as they are"


_LEFT: Final = ExpressionWrapper(F("due_at") - Now(), output_field=DurationField())
_NONE: Final = Value(timedelta(0))


def hold() -> Clock:
    """The running clock stops; what is left of it is kept, never below zero."""
    return Clock(due_at=None, held_left=Case(When(due_at__lt=Now(), then=_NONE), default=_LEFT))


def release(least: Combinable) -> Clock:
    """A held clock goes on with what was left, at least `least`."""
    left = Case(When(held_left__lt=least, then=least), default=F("held_left"), output_field=DurationField())
    return Clock(due_at=Now() + left)


def lengthen(by: Combinable) -> Clock:
    """Running or held, the clock gets longer."""
    return Clock(
        due_at=Case(When(due_at__isnull=False, then=F("due_at") + by)),
        held_left=Case(When(held_left__isnull=False, then=F("held_left") + by)),
    )


def resume(left: Combinable, least: Combinable) -> Clock:
    """The clock goes on with what was `left` of it when something else came between, at least `least`."""
    return Clock(due_at=Now() + Greatest(left, least, output_field=DurationField()))


def shorten(to: Combinable) -> Clock:
    """Running or held, the clock becomes the shorter of what it was and `to` from now."""
    return Clock(
        due_at=Case(When(due_at__isnull=False, then=Least(F("due_at"), Now() + to))),
        held_left=Case(When(held_left__isnull=False, then=Least(F("held_left"), to))),
    )


@dataclass(frozen=True)
class Transition:
    """One arrow of a lifecycle.

    Several may share a name when their guards exclude each other. `sets` are further columns of the same UPDATE,
    as values or expressions; `effects` get the list of events and write what belongs to the move.
    `target` None: the row stays where it is, whichever of the sources that is, and its clock as it was.
    """

    name: str
    label: str | _StrPromise
    source: State | tuple[State, ...]
    target: State | None
    who: tuple[Role, ...]
    guard: Q = field(default_factory=Q)
    effects: tuple[Effect, ...] = ()
    clock: Clock | Set = Set.ANEW
    sets: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sources(self) -> tuple[State, ...]:
        return self.source if isinstance(self.source, tuple) else (self.source,)

    def leads(self, source: str) -> State:
        """Where it leads from one of its sources."""
        return self.target or next(state for state in self.sources if state == source)


@dataclass(frozen=True)
class Lifecycle:
    """A whole life.

    born       the states a row may be created in, the usual one first
    clocks     name of a clock -> expression of its length (an interval) over the row
    ends       (start, length) -> when a clock that starts anew runs out; a calendar may stretch it
    reminders  how long before a clock runs out its owner is reminded, the longest first; null for none
    parents    foreign keys whose rows are locked before the row itself, in lock order
    begun      effects of the birth itself
    """

    name: str
    label: str | _StrPromise
    model: type[Row]
    event: type[Event]
    states: type[States]
    born: tuple[State, ...]
    transitions: tuple[Transition, ...]
    clocks: Mapping[str, Expression | Combinable]
    ends: Callable[[Combinable, Combinable], Combinable] = lambda start, length: start + length
    reminders: tuple[Combinable, ...] = ()
    parents: tuple[str, ...] = ()
    begun: tuple[Effect, ...] = ()

    def __str__(self) -> str:
        return self.name

    def named(self, action: str) -> list[Transition]:
        """The transitions of one action. Raises KeyError for an action that is not in the table."""
        found = [transition for transition in self.transitions if transition.name == action]
        if not found:
            raise KeyError(f"{self.name} has no action {action!r}")
        return found

    def state(self, value: str) -> State:
        return next(state for state in self.states.all() if state == value)

    def actions_of(self, role: Role, value: str) -> list[Transition]:
        """What a role may do in a state, one transition per action name (guards are judged by the move itself)."""
        found = {t.name: t for t in reversed(self.transitions) if role in t.who and value in t.sources}
        return sorted(found.values(), key=self.transitions.index)

    def pairs(self) -> list[tuple[str, str]]:
        """Every allowed change (from, to), without the steps from a state to itself."""
        found = {(str(s), str(t.target)) for t in self.transitions for s in t.sources if t.target not in (None, s)}
        return sorted(found)

    def problems(self) -> list[str]:
        """What is wrong with the table, as sentences; empty for a sound one."""
        return list(_problems(self))


def _problems(life: Lifecycle) -> Iterator[str]:
    reached = _reachable(life)
    for state in life.states.all():
        ways_out = [t for t in life.transitions if state in t.sources and t.target not in (None, state)]
        if state not in reached:
            yield f"{state}: no way leads here"
        if state.final and (ways_out or state.clock):
            yield f"{state}: final, yet something leaves it or a clock runs"
        if not state.final and not ways_out:
            yield f"{state}: no way out"
        if not (state.final or state.resting or state.clock or state.owner):
            yield f"{state}: neither a clock nor somebody's queue"
        yield from _clock_problems(life, state)
    yield from _name_problems(life)


def _clock_problems(life: Lifecycle, state: State) -> Iterator[str]:
    if bool(state.clock) != bool(state.on_due):
        yield f"{state}: a clock and its consequence belong together"
    if state.clock and state.clock not in life.clocks:
        yield f"{state}: the clock {state.clock} has no length"
    if state.on_due and not any(
        t.name == state.on_due and state in t.sources and Role.SYSTEM in t.who for t in life.transitions
    ):
        yield f"{state}: its clock leads to {state.on_due}, which the system cannot do here"


def _name_problems(life: Lifecycle) -> Iterator[str]:
    for transition in life.transitions:
        twins = [
            t
            for t in life.named(transition.name)
            if set(t.sources) & set(transition.sources) and set(t.who) & set(transition.who)
        ]
        if len(twins) > 1 and not all(t.guard for t in twins):
            yield f"{transition.name}: several ways from one state, one of them without a guard"
        if not transition.who:
            yield f"{transition.name}: nobody may do it"


def _reachable(life: Lifecycle) -> set[State]:
    seen, todo = set[State](), list(life.born)
    while todo:
        state = todo.pop()
        seen.add(state)
        todo += [t.leads(state) for t in life.transitions if state in t.sources and t.leads(state) not in seen]
    return seen


def path_to(life: Lifecycle, target: State, start: State | None = None) -> Sequence[Transition]:
    """The shortest way from the birth to `target`, by which tests build rows. Raises LookupError when there is none."""
    queue: list[tuple[State, tuple[Transition, ...]]] = [(start or life.born[0], ())]
    seen = set[State]()
    while queue:
        state, way = queue.pop(0)
        if state == target:
            return way
        if state in seen:
            continue
        seen.add(state)
        queue += [(t.leads(state), (*way, t)) for t in life.transitions if state in t.sources]
    raise LookupError(f"{life.name}: no way to {target}")
