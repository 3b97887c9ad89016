"""The client of the sandbox channel. It does not retry: the payout's clock decides when to ask or send again."""

import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import quote, urlsplit

from payments.base import (
    NOTICE_WINDOW,
    Absent,
    Answer,
    BadNotice,
    Channel,
    Notice,
    Pending,
    Refused,
    Settled,
    Started,
    StatementLine,
    Unknown,
)

TIMEOUT = 5.0
# The socket's timeout starts anew with every byte; this ends a call that is answered drop by drop.
WHOLE_CALL = 12.0
LARGEST_ANSWER = 1 << 20
MONEY_CAME = {"paid", "settled"}
MONEY_STAYED = {"declined", "expired", "refused", "reversed", "failed"}
NOT_DECIDED = {"open", "pending"}


class _Unusable(Exception):
    """The channel gave no answer that may be believed; the text says why."""


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    data: dict[str, Any]


class Sandbox(Channel):
    """Speaks signed JSON with `python -m payments.sandbox_channel`."""

    name = "sandbox"

    def __init__(self, *, url: str, secret: str, notify_url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"The sandbox channel's url {url!r} should look like http://127.0.0.1:8090.")
        self._secure = parts.scheme == "https"
        self._host, self._port, self._base = parts.hostname, parts.port, parts.path.rstrip("/")
        self._secret, self._notify_url = secret.encode(), notify_url

    def start_payment(
        self, *, number: str, amount: int, currency: str, expires_at: datetime, subject: str, return_url: str
    ) -> Started | Refused | Unknown:
        order = {"number": number, "amount": amount, "currency": currency, "subject": subject}
        rest = {"expires_at": _utc(expires_at), "return_url": return_url, "notify_url": self._notify_url}
        try:
            reply = self._ask("POST", "/payments", order | rest)
            if refusal := _refusal(reply, number):
                return refusal
            return Started(pay_url=_text(reply, "pay_url"), reference=_text(reply, "reference"))
        except _Unusable as error:
            return Unknown(str(error))

    def payment(self, number: str) -> Answer:
        return self._answer("GET", f"/payments/{quote(number, safe='')}", number)

    def refund(self, *, number: str, payment: str, amount: int, currency: str) -> Answer:
        wish = {"number": number, "payment": payment, "amount": amount, "currency": currency}
        return self._answer("POST", "/refunds", number, wish | {"notify_url": self._notify_url})

    def refund_status(self, number: str) -> Answer:
        return self._answer("GET", f"/refunds/{quote(number, safe='')}", number)

    def register_payment(self, *, number: str, amount: int, currency: str, paid_at: datetime) -> Answer:
        fact = {"number": number, "amount": amount, "currency": currency, "paid_at": _utc(paid_at)}
        return self._answer("POST", "/payments/registered", number, fact | {"notify_url": self._notify_url})

    def statement(self, after: int) -> tuple[StatementLine, ...] | Unknown:
        try:
            reply = self._ask("GET", f"/statement?after={after}", None)
            lines = reply.data.get("lines")
            if reply.status != 200 or not isinstance(lines, list):
                return Unknown(f"The channel answered the question for its books with {reply.status}.")
            return tuple(map(_line, lines))
        except _Unusable as error:
            return Unknown(str(error))

    def read_notice(self, headers: Mapping[str, str], body: bytes) -> Notice:
        sent = {name.lower(): value for name, value in headers.items()}
        stamp = sent.get("x-sandbox-timestamp", "")
        expected = self._sign(_bytes(stamp) + b"." + body)
        if not hmac.compare_digest(expected.encode(), _bytes(sent.get("x-sandbox-signature", ""))):
            raise BadNotice("The signature is wrong.")
        if not _is_fresh(stamp):
            raise BadNotice("The notice is stale, or from the future.")
        try:
            return _notice(_object(body))
        except _Unusable as error:
            raise BadNotice(str(error)) from error

    def _answer(self, method: str, path: str, number: str, data: dict[str, object] | None = None) -> Answer:
        try:
            reply = self._ask(method, path, data)
            # Only a question can be answered so: a sent refund whose number is absent was not understood.
            if method == "GET" and reply.status == 404 and reply.data.get("error") == "absent":
                return Absent()
            # A question that the channel will not take (bad number, too many) says nothing about the money.
            if method == "GET" and reply.status != 200:
                return Unknown(f"The channel answered the question with {reply.status}.")
            return _refusal(reply, number) or _progress(reply)
        except _Unusable as error:
            return Unknown(str(error))

    def _ask(self, method: str, path: str, data: dict[str, object] | None) -> _Reply:
        """The signed answer with a status below 500; raises _Unusable for anything else."""
        body = b"" if data is None else json.dumps(data).encode()
        path = self._base + path
        stamp = str(int(time.time()))
        signature = self._sign(f"{stamp}\n{method}\n{path}\n".encode() + body)
        headers = {"X-Sandbox-Timestamp": stamp, "X-Sandbox-Signature": signature, "Content-Type": "application/json"}
        try:
            status, answer, raw = self._exchange(method, path, headers, body)
        except (OSError, HTTPException, ValueError) as error:
            raise _Unusable(f"{type(error).__name__}: {error}") from error
        if status >= 500:
            raise _Unusable(f"The channel answered {status}.")
        self._verify(status, answer, raw, signature)
        return _Reply(status, _object(raw))

    def _exchange(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        kind = HTTPSConnection if self._secure else HTTPConnection
        connection = kind(self._host, self._port, timeout=TIMEOUT)
        connection.connect()
        watchdog = threading.Timer(WHOLE_CALL - TIMEOUT, _cut, [connection.sock])
        watchdog.daemon = True
        watchdog.start()
        try:
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            raw = response.read(LARGEST_ANSWER)
            return response.status, {name.lower(): value for name, value in response.getheaders()}, raw
        finally:
            watchdog.cancel()
            connection.close()

    def _verify(self, status: int, headers: Mapping[str, str], body: bytes, asked: str) -> None:
        """Raises _Unusable unless the channel signed this answer, now, to this very request."""
        stamp = headers.get("x-sandbox-timestamp", "")
        # The request's own signature is part of the text: an old answer cannot be played back to a new question.
        expected = self._sign(_bytes(f"{stamp}\n{status}\n{asked}\n") + body)
        if not hmac.compare_digest(expected.encode(), _bytes(headers.get("x-sandbox-signature", ""))):
            raise _Unusable(f"The answer ({status}) has a bad or missing signature.")
        if not _is_fresh(stamp):
            raise _Unusable("The answer is stale.")

    def _sign(self, text: bytes) -> str:
        return hmac.new(self._secret, text, hashlib.sha256).hexdigest()


def _cut(connected: socket.socket) -> None:
    # Not close(): that would wait for the reader which this is meant to wake.
    with suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)


def _bytes(header: str) -> bytes:
    # A forger may send what UTF-8 cannot hold; it must fail the comparison, not the encoding.
    return header.encode(errors="backslashreplace")


def _utc(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise ValueError("A time for the channel must be aware.")
    return moment.astimezone(UTC).isoformat()


def _is_fresh(stamp: str) -> bool:
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 16):
        return False
    return abs(time.time() - int(stamp)) <= NOTICE_WINDOW.total_seconds()


def _object(raw: bytes) -> dict[str, Any]:
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise _Unusable("It is not JSON.") from error
    if not isinstance(data, dict):
        raise _Unusable("It is not a JSON object.")
    return data


def _refusal(reply: _Reply, number: str) -> Refused | None:
    """The final no in a reply, None for a usable yes; raises _Unusable for an answer that decides nothing."""
    if reply.status in {400, 409, 422}:
        return Refused(code=_text(reply, "error"), message=str(reply.data.get("message") or ""))
    if reply.status not in {200, 201}:
        raise _Unusable(f"The channel answered {reply.status} {reply.data.get('error', '')}".rstrip())
    if reply.data.get("number") != number:
        raise _Unusable("The answer is about another number.")
    if (state := _text(reply, "state")) in MONEY_STAYED:
        return Refused(code=str(reply.data.get("code") or state), message=str(reply.data.get("message") or ""))
    return None


def _progress(reply: _Reply) -> Settled | Pending:
    state = reply.data["state"]
    if state in NOT_DECIDED:
        return Pending()
    if state in MONEY_CAME:
        return _settled(reply.data)
    raise _Unusable(f"The state {state!r} is not one we know.")


def _settled(data: dict[str, Any]) -> Settled:
    amount, currency, reference = data.get("amount"), data.get("currency"), data.get("reference")
    # bool is an int in Python, and `true` is no amount.
    if not isinstance(amount, int) or isinstance(amount, bool) or amount <= 0:
        raise _Unusable("The amount is not a positive whole number.")
    if not isinstance(currency, str) or not isinstance(reference, str):
        raise _Unusable("Currency or reference is missing.")
    return Settled(
        amount=amount, currency=currency, at=_moment(data.get("paid_at") or data.get("at")), reference=reference
    )


def _line(data: object) -> StatementLine:
    if not isinstance(data, dict):
        raise _Unusable("A line of the books is not an object.")
    line, number, amount, currency = (data.get(name) for name in ("line", "number", "amount", "currency"))
    # bool is an int in Python.
    if not (isinstance(line, int) and isinstance(amount, int)) or isinstance(line, bool) or isinstance(amount, bool):
        raise _Unusable("A line of the books has no whole numbers.")
    if not (isinstance(number, str) and len(number) <= 40 and isinstance(currency, str) and len(currency) == 3):
        raise _Unusable("A line of the books has no number or currency.")
    return StatementLine(line, number, amount, currency)


def _moment(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise _Unusable(f"{str(value)[:40]!r} is not a time.") from error
    if moment.tzinfo is None:
        raise _Unusable("A time has no zone.")
    return moment.astimezone(UTC)


def _text(reply: _Reply, key: str) -> str:
    value = reply.data.get(key)
    if not isinstance(value, str) or not value:
        raise _Unusable(f"The answer has no {key}.")
    return value


def _notice(data: dict[str, Any]) -> Notice:
    kind, state = data.get("kind"), data.get("state")
    if kind not in ("payment", "refund"):  # a tuple: what was sent need not be hashable
        raise _Unusable("The notice is about neither a payment nor a refund.")
    if not all(isinstance(data.get(key), str) and data[key] for key in ("id", "number", "state")):
        raise _Unusable("The notice lacks its id, number or state.")
    answer = _told(data, str(state))
    return Notice(id=data["id"], kind=kind, number=data["number"], answer=answer, sent_at=_moment(data.get("sent_at")))


def _told(data: dict[str, Any], state: str) -> Settled | Refused:
    if state in MONEY_CAME:
        return _settled(data)
    if state not in MONEY_STAYED:
        raise _Unusable(f"The state {state!r} is not one we know.")
    # A notice says "failed" where the question says "reversed"; one code for both.
    code = "reversed" if state == "failed" else str(data.get("code") or state)
    return Refused(code=code, message=str(data.get("message") or ""))
