"""What somebody may do with a row now: the table says from where, the guards are asked of the database."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Case, Q, Value, When

from aftersales.actors import Role
from aftersales.lifecycle.rows import Row
from aftersales.lifecycle.table import Lifecycle, Transition


def judge(row: Row, guards: Sequence[Q]) -> list[bool]:
    """Whether each guard holds for the row now, in one statement."""
    if not guards:
        return []
    # An empty guard cannot stand alone in a CASE.
    cases = [Case(When(Q(pk=row.pk) & guard, then=Value(True)), default=Value(False)) for guard in guards]
    return list(type(row)._base_manager.filter(pk=row.pk).values_list(*cases).get())


def open_to(life: Lifecycle, row: Row, role: Role) -> list[Transition]:
    """What a role may do with the row, one transition per action, in the table's order."""
    ways = [t for t in life.transitions if role in t.who and row.state in t.sources]
    held = zip(ways, judge(row, [t.guard for t in ways]), strict=True)
    found: dict[str, Transition] = {}
    for transition, holds in held:
        if holds:
            found.setdefault(transition.name, transition)
    return list(found.values())
