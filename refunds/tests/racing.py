"""Rivals at the same moment, each on a connection of its own, and what each of them got."""

import threading
from collections import Counter

import psycopg2.errors
from django.db import connections

from aftersales.actors import Role
from aftersales.lifecycle.errors import Conflict, Refused
from refunds.models import TicketEvent
from refunds.tests import always
from refunds.tests.always import HISTORIES, World


def at_once(*acts):
    """Run all at the same moment, each on its own connection; what each returned or raised, in order."""
    outcome: list[object] = [None] * len(acts)
    gate = threading.Barrier(len(acts))

    def run(index, act):
        gate.wait()
        try:
            outcome[index] = act()
        except Exception as error:  # noqa: BLE001  the test judges what each rival got
            outcome[index] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return outcome


def has_won(result):
    """Whether it did something. A rival got a Conflict or a refusal, a clock an empty list; anything else is a bug."""
    assert not isinstance(result, Exception) or isinstance(result, Conflict | Refused), repr(result)
    return bool(result) and not isinstance(result, Exception)


def won(outcome):
    """Those that did something."""
    return [result for result in outcome if has_won(result)]


def race(case, acts, full):
    """Let two acts at one case at the same moment, and judge what came of it. `full` is the stock before the case."""
    calls = [act.prepare(case) for act in acts]
    before = World(case.order)
    outcome = at_once(*calls)
    after = World(case.order)
    always.check(before, after, full, coupons=after.coupons)
    winners = [act for act, result in zip(acts, outcome, strict=True) if has_won(result)]
    assert winners, outcome
    _moved_once_each(acts, winners, before, after)
    _answered_what_was_read(before, after)
    for act, result in zip(acts, outcome, strict=True):
        if isinstance(result, Conflict):
            _shows_the_present(result, before, after, could=act.name not in case.cannot)


def _moved_once_each(acts, winners, before, after):
    """Each winner has one event, a loser has none. A warehouse that reports after customer service was called is told
    of by a name of its own."""
    told = Counter(
        (life.name, {"report": "accept"}.get(event.action, event.action), event.role)
        for life, model in HISTORIES
        for event in after.events[model][len(before.events[model]) :]
    )
    for act in acts:
        if act.moves:
            assert told[act.moves] == sum(winner.moves == act.moves for winner in winners), (act, told)


def _answered_what_was_read(before, after):
    """The seller answers the version that the seller has read, before the buyer writes another one, and only once."""
    new = after.events[TicketEvent][len(before.events[TicketEvent]) :]
    told = [event.action for event in new if event.role in (Role.BUYER, Role.SELLER)]
    answers = [action for action in told if action in ("agree", "reject", "offer")]
    assert len(answers) <= 1
    if answers and "amend" in told:
        assert told.index(answers[0]) < told.index("amend")


def _shows_the_present(conflict, before, after, *, could):
    """Who comes second is shown the row as it is now; who could not act anyway may have come first."""
    row, cause = conflict.row, getattr(conflict.__cause__, "__cause__", None)
    assert not isinstance(cause, psycopg2.errors.DeadlockDetected), "locked in the wrong order"
    if row is None:
        assert isinstance(cause, psycopg2.errors.LockNotAvailable), conflict.action
        return
    states = [
        {(type(row), found.pk): found.state for found in world[type(row)]}.get((type(row), row.pk))
        for world in (before, after)
    ]
    assert row.state in (states[1:] if could else states), (conflict.action, row.state, states)
