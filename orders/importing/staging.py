"""The file's lines in a temporary table of this connection, so that an order's lines need not stand together.

Memory stays the same however long the file is: lines go in by COPY in chunks and come back through a server-side
cursor, an order at a time.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, groupby, islice
from typing import Any, Final

from django.db import connection

from aftersales.lifecycle.errors import Refused
from orders.importing.problems import OrderProblem
from orders.importing.rows import ROW_FIELDS, Bad, Row

# Far more than a person buys at once, and what is held in memory at a time.
MOST_LINES: Final = 1000
_CHUNK: Final = 1000
_COLUMNS: Final = ", ".join(ROW_FIELDS)
_CREATE: Final = """
    CREATE TEMP TABLE import_line (
        line bigint, order_no text, buyer text, shop text, paid_at timestamptz, currency text, sku text, title text,
        department text, quantity integer, list_total bigint, discount bigint, paid bigint, shown text, problem text
    )
"""
_COPY: Final = f"COPY import_line ({_COLUMNS}, shown, problem) FROM STDIN WITH (FORMAT csv)"
# A line without a usable order number stands for itself.
_READ: Final = f"""
    SELECT {_COLUMNS}, shown, problem, min(line) OVER same AS first, count(*) OVER same AS size
    FROM import_line WINDOW same AS (PARTITION BY coalesce(order_no, line || '/')) ORDER BY first, line
"""  # noqa: S608 - the columns are ours


@dataclass(frozen=True)
class Group:
    """The lines of one order, in the file's order. An order with too many comes line by line; `opens` is true once an
    order, false for lines of no order."""

    items: list[Row | Bad]
    opens: bool


@contextmanager
def table() -> Iterator[None]:
    """The temporary table, empty at first and gone afterwards."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.import_line")
        cursor.execute(_CREATE)
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE pg_temp.import_line")


def stage(items: Iterable[Row | Bad]) -> int:
    """Copy lines into the table; how many there were."""
    items, staged = iter(items), 0
    with connection.cursor() as cursor:
        while chunk := list(islice(items, _CHUNK)):
            buffer = io.StringIO()
            csv.writer(buffer, lineterminator="\n").writerows(map(_columns, chunk))
            buffer.seek(0)
            cursor.copy_expert(_COPY, buffer)
            staged += len(chunk)
        cursor.execute("ANALYZE import_line")
    return staged


def _columns(item: Row | Bad) -> list[Any]:
    """An empty field is a null to COPY."""
    if isinstance(item, Row):
        return [*(getattr(item, name) for name in ROW_FIELDS), "", ""]
    return [item.line, item.order_no, *[""] * (len(ROW_FIELDS) - 2), item.shown, item.problem]


def orders() -> Iterator[Group]:
    """Every order with all its lines, by first line."""
    # Held by the server over the commits of the batches; psycopg2 fetches from it in pages.
    with connection.chunked_cursor() as cursor:
        cursor.execute(_READ)
        pages = iter(lambda: cursor.fetchmany(_CHUNK), [])
        for _, group in groupby(map(_item, chain.from_iterable(pages)), key=lambda found: found[0]):
            found = list(group)
            items = [item for _, item, _ in found]
            yield Group(items, opens=found[0][2])


def _item(record: tuple[Any, ...]) -> tuple[int, Row | Bad, bool]:
    """A line with the key that it is grouped by, and whether it is the first of an order."""
    *values, shown, problem, first, size = record
    line, order_no = values[0], values[1] or ""
    item: Row | Bad = Bad(line, order_no, shown or order_no, problem) if problem else _row(values)
    if size > MOST_LINES:
        item = Bad(line, order_no, order_no, problem or str(Refused(OrderProblem.TOO_MANY, most=MOST_LINES)))
    return line if size > MOST_LINES else first, item, bool(order_no) and line == first


def _row(values: list[Any]) -> Row:
    # COPY read an empty department as a null.
    given: list[Any] = ["" if value is None else value for value in values]
    return Row(*given)
