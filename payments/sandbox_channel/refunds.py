"""Refunds: each number pays once, and all of a payment's refunds together never exceed it."""

from datetime import timedelta
from typing import Any

from payments.sandbox_channel.books import Books, insist_same, later, reference
from payments.sandbox_channel.faults import OUTCOME, Fault, Faults
from payments.sandbox_channel.notices import Outbox
from payments.sandbox_channel.reading import Refusal
from payments.sandbox_channel.store import Row, Store, now, text

SAME_REFUND = ("payment", "amount", "currency")
Objection = tuple[str, str]


class Refunds:
    """A refund is pending, settled, refused or reversed. The last two may be sent again and are then judged anew.

    `lax` switches off every comparison with the payment, to show what a merchant's mistake would cost; a number still
    pays once.
    """

    def __init__(self, store: Store, books: Books, outbox: Outbox, faults: Faults, *, lax: bool) -> None:
        self._store, self._books, self._outbox, self._faults, self._lax = store, books, outbox, faults, lax

    def refund(self, wish: dict[str, Any]) -> Row:
        with self._store.writing():
            row = self._refund(wish["number"])
            if row:
                insist_same(row, wish, SAME_REFUND)
            if row and row["state"] in {"settled", "pending"}:
                return row
            return self._judge(wish)

    def asked(self, number: str) -> Row | None:
        """The refund as it is; a pending one that waits for a question is decided by this one, or by its time."""
        with self._store.writing():
            row = self._refund(number)
            if row and row["state"] == "pending" and (row["settle_at"] or "") <= text(now()):
                self._end(row)
            return self._refund(number)

    def reverse(self, number: str) -> Row:
        """Takes a settled refund back, as a channel does when the buyer's card turns out to be closed."""
        with self._store.writing():
            row = self._refund(number)
            if row is None:
                raise Refusal(404, "absent", "The channel does not know this number.")
            if row["state"] != "settled":
                raise Refusal(409, "not_settled", f"The refund is {row['state']}: there is nothing to take back.")
            self._take_back(row)
            return self._refund(number) or row

    def ripen(self) -> None:
        time = text(now())
        for row in self._store.all("select number from refunds where state = 'pending' and settle_at <= ?", time):
            self.asked(row["number"])
        with self._store.writing():
            for row in self._store.all("select * from refunds where reverse_at <= ? and state = 'settled'", time):
                self._take_back(row)

    def _refund(self, number: str) -> Row | None:
        return self._store.one("select * from refunds where number = ?", number)

    def _judge(self, wish: dict[str, Any]) -> Row:
        objection = None if self._lax else self._objection(wish)
        # A refund that is refused anyway leaves the fault for one that is not.
        fault = None if objection else self._faults.outcome("refund", wish["number"], OUTCOME)
        if fault and fault.kind == "refuse":
            objection = (fault.code or "refused_by_channel", "The channel does not pay this back.")
        waits = fault if fault and fault.kind == "pending" else None
        back = fault if fault and fault.kind == "reverse_after" else None
        row = self._write(wish, objection, waits, back)
        if not objection and not waits:
            self._end(row)
        return self._refund(wish["number"]) or row

    def _objection(self, wish: dict[str, Any]) -> Objection | None:
        payment = self._books.payment(wish["payment"])
        if payment is None:
            return "payment_absent", "The channel does not know the payment."
        if payment["state"] != "paid":
            return "payment_not_paid", f"The payment is {payment['state']}."
        if payment["currency"] != wish["currency"]:
            return "other_currency", f"The payment was made in {payment['currency']}."
        if self._given_back(wish["payment"]) + wish["amount"] > payment["amount"]:
            return "above_payment", "The refunds would exceed the payment."
        return None

    def _given_back(self, payment: str) -> int:
        """Settled and promised: a pending refund has its money set aside."""
        total = "select coalesce(sum(amount), 0) as given from refunds where payment = ? and state in (?, ?)"
        row = self._store.one(total, payment, "settled", "pending")
        return int(row["given"]) if row else 0

    def _write(self, wish: dict[str, Any], objection: Objection | None, waits: Fault | None, back: Fault | None) -> Row:
        """The refund's row, refused or pending; one that does not wait is ended right after."""
        code, message = objection or (waits.code if waits else None, None)
        self._store.run(
            "insert or replace into refunds (number, payment, amount, currency, notify_url, state, code, message,"
            " reference, settle_at, reverse_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(wish["number"], wish["payment"], wish["amount"], wish["currency"], wish["notify_url"]),
            *("refused" if objection else "pending", code, message, reference("RFD"), later(waits) if waits else None),
            text(now() + timedelta(seconds=back.delay)) if back else None,
        )
        return self._refund(wish["number"]) or {}

    def _end(self, row: Row) -> None:
        """Decides a pending refund: one with a code is refused with it, any other is paid. The merchant is told."""
        at, state = text(now()), "refused" if row["code"] else "settled"
        statement = "update refunds set state = ?, at = ?, settle_at = null where number = ?"
        self._store.run(statement, state, at, row["number"])
        if state == "settled":
            self._books.move("refund", row["number"], row["payment"], -row["amount"], row["currency"], at)
        self._outbox.add("refund", row | {"state": state, "at": at})

    def _take_back(self, row: Row) -> None:
        at = text(now())
        self._store.run(
            "update refunds set state = 'reversed', code = 'reversed', message = ?, at = ?, reverse_at = null"
            " where number = ?",
            *("The channel took the refund back.", at, row["number"]),
        )
        self._books.move("reversal", row["number"], row["payment"], row["amount"], row["currency"], at)
        self._outbox.add("refund", row | {"state": "failed", "code": "reversed", "at": at})
