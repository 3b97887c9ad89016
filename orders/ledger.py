"""The books: double-entry postings, and the counters that say how much of something is held or gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import connection
from django.db.models import Model
from psycopg2 import sql

from orders.models import Leg, Posting
from orders.states import Account


@dataclass(frozen=True)
class Movement:
    """`amount` minor units go from one account to another; `kind` and `reference` name it for ever."""

    order_id: int
    kind: str
    reference: str
    source: Account
    target: Account
    amount: int
    currency: str


def post(movements: Iterable[Movement]) -> None:
    """Book movements, each as one posting of two legs. A movement of nothing is not booked.

    Raises IntegrityError when one was booked before.
    """
    movements = [movement for movement in movements if movement.amount]
    postings = Posting.objects.bulk_create(
        Posting(order_id=m.order_id, kind=m.kind, reference=m.reference) for m in movements
    )
    Leg.objects.bulk_create(
        Leg(posting=posting, account=account, amount=amount, currency=m.currency)
        for posting, m in zip(postings, movements, strict=True)
        for account, amount in ((m.target, m.amount), (m.source, -m.amount))
    )


def count(model: type[Model], changes: Mapping[int, Mapping[str, int]]) -> None:
    """Add to the counters of rows in one statement: {primary key: {column: what to add}}.

    The caller holds the order's lock. Raises IntegrityError when a CHECK does not allow the sum.
    """
    columns = sorted({column for change in changes.values() for column in change})
    if not columns:
        return
    row = sql.SQL("({})").format(sql.SQL(", ").join([sql.Placeholder()] * (1 + len(columns))))
    query = sql.SQL("UPDATE {t} AS t SET {sets} FROM (VALUES {rows}) AS v (id, {columns}) WHERE t.id = v.id").format(
        t=sql.Identifier(model._meta.db_table),
        sets=sql.SQL(", ").join(sql.SQL("{0} = t.{0} + v.{0}").format(sql.Identifier(c)) for c in columns),
        rows=sql.SQL(", ").join([row] * len(changes)),
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
    )
    figures = [
        figure for key in sorted(changes) for figure in (key, *(changes[key].get(column, 0) for column in columns))
    ]
    # Through Django's cursor, not the driver's: only that one raises Django's errors, which sweeps and stories know.
    with connection.cursor() as cursor:
        cursor.execute(query.as_string(cursor.cursor), figures)


def tally(changes: dict[int, dict[str, int]], key: int, **deltas: int) -> None:
    """Add deltas to what `count` will be given."""
    counters = changes.setdefault(key, {})
    for column, delta in deltas.items():
        counters[column] = counters.get(column, 0) + delta
