"""The file the channel's books lie in. One connection, one lock: nothing here is ever done twice at the same time."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

SCHEMA = """
create table if not exists payments (
    number text primary key, amount integer not null, currency text not null, expires_at text, subject text,
    return_url text, notify_url text not null, state text not null, paid_at text, reference text not null,
    registered integer not null, settle_at text, code text
);
create index if not exists payments_settle on payments (settle_at) where state = 'pending';
create table if not exists refunds (
    number text primary key, payment text not null, amount integer not null, currency text not null,
    notify_url text not null, state text not null, code text, message text, at text, reference text not null,
    settle_at text, reverse_at text
);
create index if not exists refunds_payment on refunds (payment);
create index if not exists refunds_settle on refunds (settle_at) where state = 'pending';
create index if not exists refunds_reverse on refunds (reverse_at) where reverse_at is not null;
create table if not exists movements (
    seq integer primary key autoincrement, kind text not null, number text not null, payment text not null,
    amount integer not null, currency text not null, at text not null
);
create index if not exists movements_payment on movements (payment);
create index if not exists movements_number on movements (number);
create table if not exists notices (
    seq integer primary key autoincrement, id text not null, kind text not null, number text not null,
    url text not null, body text not null, state text not null, tries integer not null, next_at text not null,
    held integer not null, copies integer not null, forged integer not null
);
create index if not exists notices_due on notices (next_at) where state = 'waiting';
create index if not exists notices_number on notices (number);
"""
TABLES = ("payments", "refunds", "movements", "notices")
Row = dict[str, Any]


def now() -> datetime:
    return datetime.now(UTC)


def text(moment: datetime) -> str:
    """UTC, always of the same length, so that texts sort as times do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


class Store:
    """Raises sqlite3.Error when the file cannot be used; whatever a finished `writing` block did is on the disk."""

    def __init__(self, path: str) -> None:
        # The lock below makes sharing the connection between threads safe.
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute("pragma synchronous = full")
        self._connection.executescript(SCHEMA)
        self._lock = threading.RLock()
        self._depth = 0

    @contextmanager
    def writing(self) -> Iterator[None]:
        """All or nothing. Blocks inside a block belong to the outer one."""
        with self._lock:
            if self._depth == 0:
                self._connection.execute("begin immediate")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._connection.execute("rollback")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._connection.execute("commit")

    def run(self, statement: str, *values: object) -> None:
        with self._lock:
            self._connection.execute(statement, values)

    def all(self, statement: str, *values: object) -> list[Row]:
        with self._lock:
            return [dict(row) for row in self._connection.execute(statement, values)]

    def one(self, statement: str, *values: object) -> Row | None:
        rows = self.all(statement, *values)
        return rows[0] if rows else None

    def wipe(self) -> None:
        with self.writing():
            for table in TABLES:
                self.run(f"delete from {table}")  # noqa: S608 - the names are the four above
