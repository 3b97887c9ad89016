"""The channel's own books: attempts to pay, every movement of money, and what is to happen by itself later."""

import uuid
from datetime import timedelta
from typing import Any

from payments.sandbox_channel.faults import Fault, Faults
from payments.sandbox_channel.notices import Outbox
from payments.sandbox_channel.reading import Refusal
from payments.sandbox_channel.store import Row, Store, now, text

LINES_A_PAGE = 500
SAME_PAYMENT = ("amount", "currency", "expires_at", "subject", "return_url")
SAME_REGISTERED = ("amount", "currency", "paid_at")


def reference(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:16].upper()}"


def insist_same(row: Row, wish: dict[str, Any], names: tuple[str, ...]) -> None:
    """Raises Refusal when a number comes again with something else. notify_url is no part of what was agreed."""
    if changed := [name for name in names if row[name] != wish[name]]:
        raise Refusal(409, "number_reused", f"The number is in use with another {', '.join(changed)}.")


def later(fault: Fault) -> str | None:
    """When a pending thing decides itself; None: at the next question."""
    return None if fault.seconds is None else text(now() + timedelta(seconds=fault.seconds))


class Books:
    """Payments and movements. A payment is open, pending, paid, declined or expired; the last three are for ever."""

    def __init__(self, store: Store, outbox: Outbox, faults: Faults) -> None:
        self._store, self._outbox, self._faults = store, outbox, faults

    def open(self, wish: dict[str, Any]) -> Row:
        with self._store.writing():
            if row := self.payment(wish["number"]):
                insist_same(row, wish | {"registered": 0}, (*SAME_PAYMENT, "registered"))
                return row
            if fault := self._faults.outcome("payment", wish["number"], {"refuse"}):
                raise Refusal(422, fault.code or "refused_by_channel", "The channel does not take this payment.")
            self._insert(wish | {"state": "open", "registered": 0, "paid_at": None})
            return self._known(wish["number"])

    def register(self, wish: dict[str, Any]) -> Row:
        """A payment that was made elsewhere. It moves money into the books, and nobody is told."""
        with self._store.writing():
            if row := self.payment(wish["number"]):
                insist_same(row, wish | {"registered": 1}, (*SAME_REGISTERED, "registered"))
                return row
            if fault := self._faults.outcome("payment", wish["number"], {"refuse"}):
                raise Refusal(422, fault.code or "refused_by_channel", "The channel does not take this payment.")
            nothing = {"expires_at": None, "subject": "", "return_url": ""}
            self._insert(wish | nothing | {"state": "paid", "registered": 1})
            self.move("payment", wish["number"], wish["number"], wish["amount"], wish["currency"], wish["paid_at"])
            return self._known(wish["number"])

    def payment(self, number: str) -> Row | None:
        """The payment as it is now. One whose time is over expires here, if nobody paid it before."""
        with self._store.writing():
            self._store.run(
                "update payments set state = 'expired' where number = ? and state = 'open' and expires_at <= ?",
                number,
                text(now()),
            )
            return self._store.one("select * from payments where number = ?", number)

    def asked(self, number: str) -> Row | None:
        """As payment(); and a pending one that waits for a question is decided by this one, or by its time."""
        with self._store.writing():
            row = self.payment(number)
            if row and row["state"] == "pending" and (row["settle_at"] or "") <= text(now()):
                self._decide(row)
                return self._known(number)
            return row

    def pay(self, number: str) -> Row:
        """The buyer pays on the page. Only an open payment can be paid; a second click finds it paid."""
        with self._store.writing():
            row = self._known(number)
            if row["state"] != "open":
                return row
            if fault := self._faults.outcome("payment", number, {"pending"}):
                self._wait(number, fault)
            else:
                self._decide(row)
            return self._known(number)

    def decline(self, number: str) -> Row:
        with self._store.writing():
            row = self._known(number)
            if row["state"] == "open":
                self._decide(row | {"code": "declined"})
            return self._known(number)

    def ripen(self) -> None:
        due = "select number from payments where state = 'pending' and settle_at <= ?"
        for row in self._store.all(due, text(now())):
            self.asked(row["number"])

    def move(self, kind: str, number: str, payment: str, amount: int, currency: str, at: str) -> None:
        self._store.run(
            "insert into movements (kind, number, payment, amount, currency, at) values (?, ?, ?, ?, ?, ?)",
            *(kind, number, payment, amount, currency, at),
        )

    def statement(self, after: int) -> list[Row]:
        """A page of the movements behind a line, as merchants compare them with their own books."""
        return self._store.all(
            "select seq as line, kind, number, payment, amount, currency, at from movements where seq > ?"
            " order by seq limit ?",
            after,
            LINES_A_PAGE,
        )

    def ledger(self, number: str | None, payment: str | None) -> dict[str, Any]:
        """All movements in order, and their sums per payment; narrowed to a number, a payment, or both."""
        movements = self._store.all(
            "select * from movements where coalesce(number = ?, true) and coalesce(payment = ?, true) order by seq",
            number,
            payment,
        )
        return {"movements": movements, "payments": _sums(movements)}

    def _insert(self, row: dict[str, Any]) -> None:
        self._store.run(
            "insert into payments (number, amount, currency, expires_at, subject, return_url, notify_url, state,"
            " paid_at, registered, reference) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(row["number"], row["amount"], row["currency"], row["expires_at"], row["subject"], row["return_url"]),
            *(row["notify_url"], row["state"], row["paid_at"], row["registered"], reference("PAY")),
        )

    def _known(self, number: str) -> Row:
        row = self.payment(number)
        if row is None:
            raise Refusal(404, "absent", "The channel does not know this number.")
        return row

    def _wait(self, number: str, fault: Fault) -> None:
        statement = "update payments set state = 'pending', settle_at = ?, code = ? where number = ?"
        self._store.run(statement, later(fault), fault.code, number)

    def _decide(self, row: Row) -> None:
        """Ends an attempt: a row with a code is declined with it, any other is paid. The merchant is told."""
        at, state = text(now()), "declined" if row["code"] else "paid"
        self._store.run(
            "update payments set state = ?, code = ?, paid_at = ?, settle_at = null where number = ?",
            *(state, row["code"], None if row["code"] else at, row["number"]),
        )
        if state == "paid":
            self.move("payment", row["number"], row["number"], row["amount"], row["currency"], at)
        self._outbox.add("payment", row | {"state": state, "at": at})


def _sums(movements: list[Row]) -> dict[str, dict[str, Any]]:
    sums: dict[str, dict[str, Any]] = {}
    for one in movements:
        empty = {"currency": one["currency"], "paid": 0, "refunded": 0, "balance": 0}
        entry = sums.setdefault(one["payment"], empty)
        entry["balance"] += one["amount"]
        if one["kind"] == "payment":
            entry["paid"] += one["amount"]
        else:
            entry["refunded"] -= one["amount"]
    return sums
