"""A table tells its own mistakes, the real ones have none, and nothing in them is ever stuck."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db.models import Q, Value

from aftersales.actors import Role
from aftersales.lifecycle.table import Lifecycle, Owner, State, States, Transition, path_to
from aftersales.lifecycles import ALL
from orders.models import Order, OrderEvent

BUYER, SYSTEM = (Role.BUYER,), (Role.SYSTEM,)
EVERY_LIFE = pytest.mark.parametrize("life", ALL, ids=lambda life: life.name)


class Toy(States):
    OPEN = State("open", "Open", "amber", clock="answer", on_due="give_up")
    SHUT = State("shut", "Shut", "grey", final=True)


GIVE_UP = Transition("give_up", "Give up", Toy.OPEN, Toy.SHUT, SYSTEM)
SOUND = Lifecycle(
    name="toy",
    label="Toy",
    model=Order,
    event=OrderEvent,
    states=Toy,
    born=(Toy.OPEN,),
    transitions=(GIVE_UP,),
    clocks={"answer": Value(timedelta(hours=1))},
)


def with_states(*states: State, **changes) -> Lifecycle:
    """The sound toy with further states, or others of the same value."""
    values = {str(state): state for state in (*Toy.all(), *states)}
    return replace(SOUND, states=type("Broken", (States,), values), **changes)


# --- the real tables --------------------------------------------------------------------------------------------------


@EVERY_LIFE
def test_real_tables_have_no_problems(life):
    assert life.problems() == []


@EVERY_LIFE
def test_every_state_and_action_has_words_and_a_colour(life):
    parts = [life, *life.states.all(), *life.transitions]
    assert all(str(part.label).strip() for part in parts)
    assert {state.colour for state in life.states.all()} <= {"amber", "blue", "violet", "green", "red", "grey"}


@EVERY_LIFE
def test_transitions_stay_inside_their_own_states(life):
    own = set(life.states.all())
    assert {state for t in life.transitions for s in t.sources for state in (s, t.leads(s))} <= own
    assert set(life.born) <= own


@EVERY_LIFE
def test_values_are_unique_and_fit_their_columns(life):
    values = [str(state) for state in life.states.all()]
    assert len(set(values)) == len(values)
    assert max(map(len, values)) <= 30
    assert max(len(t.name) for t in life.transitions) <= 40


@EVERY_LIFE
def test_nothing_is_ever_stuck(life):
    """From everywhere the system, or the one in whose queue a row stands, gets it to where nobody waits."""
    for start in life.states.all():
        reached, todo = set(), [start]
        while todo:
            state = todo.pop()
            reached.add(state)
            todo += [t.leads(state) for t in _own_steps(life, state) if t.leads(state) not in reached]
        assert any(state.final or state.resting for state in reached), start


def _own_steps(life, state) -> list[Transition]:
    """What happens in a state without anybody having to be kind: the system's steps and its owner's."""
    own = {Role.BUYER, Role.SELLER} if state.owner is Owner.PARTIES else set()
    who = {Role.SYSTEM} | own | {role for role in Role if state.owner and role.value == state.owner.value}
    return [t for t in life.transitions if state in t.sources and who & set(t.who)]


@EVERY_LIFE
def test_silence_alone_gets_every_timed_row_on(life):
    """A clock leads out of its state, or to a question that is asked again."""
    for state in life.states.all():
        if state.clock:
            due = [t for t in life.named(state.on_due) if state in t.sources]
            assert all(t.target != state or t.target.clock for t in due)


@EVERY_LIFE
def test_every_state_can_be_built_by_walking(life):
    for state in life.states.all():
        if state in life.born:
            continue
        assert path_to(life, state)[-1].target == state


def test_walk_takes_the_shortest_way_and_says_when_there_is_none():
    ticket = ALL[1]
    assert [t.name for t in path_to(ticket, ticket.state("succeeded"))] == ["agree", "succeed"]
    with pytest.raises(LookupError, match="ticket: no way to rejected"):
        path_to(ticket, ticket.state("rejected"), start=ticket.state("refunding"))


def test_buttons_of_a_role_are_one_an_action():
    order = ALL[0]
    names = [t.name for t in order.actions_of(Role.SELLER, "awaiting_shipment")]
    assert names == ["ship", "seller_cancel"]
    assert order.actions_of(Role.SELLER, "closed") == []


def test_pairs_leave_out_steps_to_oneself():
    order = ALL[0]
    assert ("awaiting_shipment", "awaiting_receipt") in order.pairs()
    assert all(source != target for source, target in order.pairs())


# --- mistakes ---------------------------------------------------------------------------------------------------------


def test_the_toy_is_sound():
    assert SOUND.problems() == []


LOST = State("lost", "Lost", "red", owner=Owner.BUYER)
LEAVES = Transition("leave", "Leave", LOST, Toy.SHUT, BUYER)
ENTERS = Transition("enter", "Enter", Toy.OPEN, LOST, BUYER)
NOBODYS = State("lost", "Lost", "red")
HASTY = State("lost", "Lost", "red", clock="answer")
AIMLESS = State("lost", "Lost", "red", owner=Owner.BUYER, on_due="leave")
PERSONAL = State("lost", "Lost", "red", clock="answer", on_due="leave")
ENDLESS = State("lost", "Lost", "red", clock="patience", on_due="leave")
DEAD = State("lost", "Lost", "red", owner=Owner.BUYER)
LEFT = State("lost", "Lost", "red", final=True)
TICKING = State("lost", "Lost", "red", final=True, clock="answer", on_due="leave")
BY_SYSTEM = replace(LEAVES, who=SYSTEM)
TWIN = Transition("give_up", "Give up", Toy.OPEN, LOST, SYSTEM)


def _through(state: State, *ways: Transition) -> Lifecycle:
    return with_states(state, transitions=(GIVE_UP, ENTERS, *ways))


MISTAKES = {
    "unreachable": (
        with_states(LOST, transitions=(GIVE_UP, LEAVES)),
        ["lost: no way leads here"],
    ),
    "dead end": (_through(DEAD), ["lost: no way out"]),
    "only to itself": (_through(DEAD, replace(LEAVES, target=DEAD)), ["lost: no way out"]),
    "nobody's": (_through(NOBODYS, LEAVES), ["lost: neither a clock nor somebody's queue"]),
    "clock without consequence": (
        _through(HASTY, LEAVES),
        ["lost: a clock and its consequence belong together"],
    ),
    "consequence without clock": (
        _through(AIMLESS, BY_SYSTEM),
        ["lost: a clock and its consequence belong together"],
    ),
    "clock to a person's action": (
        _through(PERSONAL, LEAVES),
        ["lost: its clock leads to leave, which the system cannot do here"],
    ),
    "clock to an action of another state": (
        with_states(PERSONAL, transitions=(GIVE_UP, ENTERS, LEAVES, replace(BY_SYSTEM, source=Toy.OPEN))),
        ["lost: its clock leads to leave, which the system cannot do here"],
    ),
    "clock without a length": (_through(ENDLESS, BY_SYSTEM), ["lost: the clock patience has no length"]),
    "twins without guards": (
        with_states(LOST, transitions=(GIVE_UP, TWIN, LEAVES)),
        ["give_up: several ways from one state, one of them without a guard"] * 2,
    ),
    "twins, one without a guard": (
        with_states(LOST, transitions=(replace(GIVE_UP, guard=Q(total=0)), TWIN, LEAVES)),
        ["give_up: several ways from one state, one of them without a guard"] * 2,
    ),
    "nobody may": (
        with_states(LOST, transitions=(GIVE_UP, ENTERS, replace(LEAVES, who=()))),
        ["leave: nobody may do it"],
    ),
    "final with a way out": (_through(LEFT, LEAVES), ["lost: final, yet something leaves it or a clock runs"]),
    "final with a clock": (
        _through(TICKING, replace(BY_SYSTEM, target=TICKING)),
        ["lost: final, yet something leaves it or a clock runs"],
    ),
}


@pytest.mark.parametrize(("life", "sentences"), MISTAKES.values(), ids=MISTAKES.keys())
def test_mistake_is_told(life, sentences):
    assert life.problems() == sentences


@pytest.mark.parametrize(
    "other",
    [
        replace(TWIN, guard=Q(total=0)),
        replace(TWIN, who=BUYER),
        replace(TWIN, source=LOST, target=Toy.SHUT),
    ],
    ids=["both with a guard", "for another role", "from another state"],
)
def test_twins_that_exclude_each_other_are_fine(other):
    first = replace(GIVE_UP, guard=Q(total__gt=0)) if other.guard else GIVE_UP
    assert with_states(LOST, transitions=(first, other, ENTERS, LEAVES)).problems() == []


def test_resting_state_needs_neither_clock_nor_owner():
    resting = State("lost", "Lost", "green", resting=True)
    assert _through(resting, LEAVES).problems() == []
