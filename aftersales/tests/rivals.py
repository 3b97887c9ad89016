"""Real second connections: a rival in a thread of its own, and a wait until somebody waits for a lock."""

import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import connection, connections


class Rival:
    """Runs one call on its own connection; `result()` hands back what it returned, or raises what it raised."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._call = call
        self._result: Any = None
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._result = self._call()
        except Exception as error:  # noqa: BLE001  the test judges it
            self._error = error
        finally:
            connections.close_all()

    def result(self) -> Any:
        self._thread.join(20)
        assert not self._thread.is_alive(), "the rival still waits"
        if self._error:
            raise self._error
        return self._result


def until_somebody_waits(number: int = 1) -> None:
    """Return once that many connections of this database wait for a row lock."""
    query = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()"
    )
    ends = time.monotonic() + 10
    while time.monotonic() < ends:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(query)
            if cursor.fetchone()[0] >= number:
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits for a lock")
