"""Telling the merchant: signed notices, kept in the books until they are delivered, sent by threads of their own."""

import json
import logging
import queue
import sqlite3
import threading
import uuid
from collections.abc import Callable
from datetime import timedelta
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from payments.sandbox_channel.faults import Faults
from payments.sandbox_channel.signing import Signer, now_stamp, spoilt
from payments.sandbox_channel.store import Row, Store, now, text

log = logging.getLogger(__name__)
TRIES = 15
TIMEOUT = 5.0
SENDERS = 16
LOOK_EVERY = 0.1
TOLD = ("number", "state", "amount", "currency", "at", "reference", "code")


class Outbox:
    """The notices' rows. A notice is waiting, delivered, lost (by a fault) or given_up after the last try."""

    def __init__(self, store: Store, faults: Faults) -> None:
        self._store, self._faults = store, faults
        self.filled = threading.Event()

    def add(self, kind: str, row: Row) -> None:
        """Called inside the transaction that moves the money, so that neither is kept without the other."""
        if not row["notify_url"]:
            return
        plan = {fault.kind: fault.delay for fault in self._faults.delivery(kind, row["number"])}
        wait = max(plan.get("late", 0.0), plan.get("reorder", 0.0))
        body = {"id": f"ntc_{uuid.uuid4().hex}", "kind": kind} | {name: row[name] for name in TOLD}
        self._store.run(
            "insert into notices (id, kind, number, url, body, state, tries, next_at, held, copies, forged)"
            " values (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?)",
            *(body["id"], kind, row["number"], row["notify_url"], json.dumps(body)),
            *("lost" if "lose" in plan else "waiting", text(now() + timedelta(seconds=wait))),
            *("reorder" in plan, 2 if "duplicate" in plan else 1, "forge" in plan),
        )
        self.filled.set()

    def listed(self, number: str | None) -> list[Row]:
        return self._store.all("select * from notices where coalesce(number = ?, true) order by seq", number)

    def due(self, limit: int) -> list[Row]:
        statement = "select * from notices where state = 'waiting' and next_at <= ? order by next_at, seq limit ?"
        return self._store.all(statement, text(now()), limit)

    def still_due(self, row: Row) -> Row | None:
        """The row as it is now: between being found and being taken, another thread may have sent it."""
        statement = "select * from notices where seq = ? and id = ? and state = 'waiting' and next_at <= ?"
        return self._store.one(statement, row["seq"], row["id"], text(now()))

    def delivered(self, row: Row) -> None:
        with self._store.writing():
            done = "update notices set state = 'delivered', tries = tries + 1 where seq = ? and id = ?"
            self._store.run(done, row["seq"], row["id"])
            # Whatever was held back for this one may follow now.
            free = "update notices set held = 0, next_at = ? where held = 1 and state = 'waiting' and seq < ?"
            self._store.run(free, text(now()), row["seq"])

    def failed(self, row: Row) -> None:
        tries = row["tries"] + 1
        state = "given_up" if tries >= TRIES else "waiting"
        next_at = text(now() + timedelta(seconds=2 ** (tries - 1)))
        statement = "update notices set state = ?, tries = ?, next_at = ? where seq = ? and id = ?"
        self._store.run(statement, state, tries, next_at, row["seq"], row["id"])


class Sender:
    """One thread looks for what is due, several send: a dead receiver does not hold up the others.

    Two notices about the same number are not on their way at the same time, so that only a fault or a failed
    delivery changes their order.
    """

    def __init__(self, outbox: Outbox, signer: Signer, ripen: Callable[[], None]) -> None:
        self._outbox, self._signer, self._ripen = outbox, signer, ripen
        self._waiting: queue.SimpleQueue[Row] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._busy: set[tuple[str, str]] = set()

    def start(self) -> None:
        for work in (self._look, *[self._work] * SENDERS):
            threading.Thread(target=work, daemon=True).start()

    def _look(self) -> None:
        while True:
            try:
                self._ripen()
                for row in self._outbox.due(SENDERS * 2 + len(self._busy)):
                    if self._claim(row):
                        self._waiting.put(row)
            except sqlite3.Error as error:
                # A full disk passes; a thread that ended would not come back.
                log.warning("The books cannot be used: %s", error)
            self._outbox.filled.wait(LOOK_EVERY)
            self._outbox.filled.clear()

    def _claim(self, row: Row) -> bool:
        key = (row["kind"], row["number"])
        with self._lock:
            if key in self._busy or len(self._busy) >= SENDERS * 2:
                return False
            self._busy.add(key)
            return True

    def _work(self) -> None:
        while True:
            row = self._waiting.get()
            try:
                if fresh := self._outbox.still_due(row):
                    self._deliver(fresh)
            except sqlite3.Error as error:
                log.warning("The books cannot be used: %s", error)
            finally:
                with self._lock:
                    self._busy.discard((row["kind"], row["number"]))
                self._outbox.filled.set()

    def _deliver(self, row: Row) -> None:
        body = json.loads(row["body"])
        if row["forged"] and row["tries"] == 0:
            # First, and under the same id: a receiver that believes it, or remembers its id, is found out.
            self._post(row["url"], body | {"amount": body["amount"] + 100}, forged=True)
        answers = [self._post(row["url"], body) for _ in range(row["copies"])]
        if any(answers):
            self._outbox.delivered(row)
        else:
            self._outbox.failed(row)

    def _post(self, url: str, body: dict[str, Any], *, forged: bool = False) -> bool:
        stamp = now_stamp()
        raw = json.dumps(body | {"sent_at": text(now())}).encode()
        signature = self._signer.of_notice(stamp, raw)
        headers = {
            "Content-Type": "application/json",
            "X-Sandbox-Timestamp": stamp,
            "X-Sandbox-Signature": spoilt(signature) if forged else signature,
        }
        try:
            return 200 <= _status(url, raw, headers) < 300
        except (OSError, HTTPException, ValueError):
            return False


def _status(url: str, body: bytes, headers: dict[str, str]) -> int:
    """Posts without following redirects: a notice goes to the address that was given and nowhere else."""
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT)
    try:
        connection.request("POST", f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}", body, headers)
        return connection.getresponse().status
    finally:
        connection.close()
