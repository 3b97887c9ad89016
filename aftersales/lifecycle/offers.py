"""What somebody may do with a row now: the table says from where, the guards are asked of the database."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Case, Exists, Q, Value, When

from aftersales.actors import Role
from aftersales.lifecycle.rows import Row
from aftersales.lifecycle.table import Lifecycle, Transition


def judge(row: Row, guards: Sequence[Q]) -> list[bool]:
    """Whether each guard holds for the row now, in one statement."""
    return _judge([(row, guard) for guard in guards])


def _judge(guarded: Sequence[tuple[Row, Q]]) -> list[bool]:
    """The same for guards of several rows."""
    if not guarded:
        return []
    first = guarded[0][0]
    # An empty guard cannot stand alone in a CASE.
    cases = [
        Case(When(Q(pk=row.pk) & guard, then=Value(True)), default=Value(False))
        if row is first
        else Exists(type(row)._base_manager.filter(guard, pk=row.pk))
        for row, guard in guarded
    ]
    return list(type(first)._base_manager.filter(pk=first.pk).values_list(*cases).get())


def open_to(life: Lifecycle, row: Row, role: Role) -> list[Transition]:
    """What a role may do with the row, one transition per action, in the table's order."""
    return open_to_each([(life, row)], role)[0]


def open_to_each(rows: Sequence[tuple[Lifecycle, Row]], role: Role) -> list[list[Transition]]:
    """The same for each of several rows, in one statement for all."""
    ways = [
        (row, transition)
        for life, row in rows
        for transition in life.transitions
        if role in transition.who and row.state in transition.sources
    ]
    held = _judge([(row, transition.guard) for row, transition in ways])
    found: list[dict[str, Transition]] = [{} for _ in rows]
    places = {id(row): place for place, (_, row) in enumerate(rows)}
    for (row, transition), holds in zip(ways, held, strict=True):
        if holds:
            found[places[id(row)]].setdefault(transition.name, transition)
    return [list(each.values()) for each in found]
