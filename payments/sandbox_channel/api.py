"""Who may ask what, and what the faults do to the answer. No sockets here: a Request goes in, a Reply comes out."""

import json
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, unquote

from payments.sandbox_channel import pages, reading
from payments.sandbox_channel.books import Books
from payments.sandbox_channel.faults import BadFault, Fault, Faults
from payments.sandbox_channel.notices import Outbox, Sender
from payments.sandbox_channel.reading import Refusal
from payments.sandbox_channel.refunds import Refunds
from payments.sandbox_channel.signing import Signer, is_fresh, now_stamp, same, spoilt
from payments.sandbox_channel.store import Row, Store

log = logging.getLogger(__name__)
HOST = re.compile(r"[A-Za-z0-9.:\[\]-]{1,255}")
PAYMENT_FIELDS = ("number", "state", "amount", "currency", "expires_at", "paid_at", "reference", "code")
REFUND_FIELDS = ("number", "state", "payment", "amount", "currency", "at", "reference", "code", "message")


@dataclass(frozen=True)
class Request:
    """`headers` has lower-case names. `target` is what stood in the request line: it is what was signed."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    def asked(self, name: str) -> str | None:
        return parse_qs(self.target.partition("?")[2]).get(name, [None])[0]


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Route:
    """`on` is the kind of call that faults know; a route with one is the merchant's and must be signed."""

    method: str
    path: re.Pattern[str]
    on: str
    work: Callable[[Request, str], Reply]


def as_json(data: Mapping[str, Any], status: int = 200) -> Reply:
    return Reply(status, json.dumps(data).encode(), {"Content-Type": "application/json"})


def problem(refusal: Refusal) -> Reply:
    return as_json({"error": refusal.code, "message": refusal.message}, refusal.status)


def _as_html(page: str, status: int = 200, **headers: str) -> Reply:
    policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
    kind = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy}
    return Reply(status, page.encode(), kind | {name.replace("_", "-"): value for name, value in headers.items()})


class Channel:
    """The whole channel behind one method, `answer`. Its threads start with it."""

    def __init__(self, store: str, *, secret: str, lax: bool, public_url: str) -> None:
        self._store, self._faults, self._signer = Store(store), Faults(), Signer(secret)
        self._outbox = Outbox(self._store, self._faults)
        self._books = Books(self._store, self._outbox, self._faults)
        self._refunds = Refunds(self._store, self._books, self._outbox, self._faults, lax=lax)
        self._public_url, self._routes = public_url, self._table()
        Sender(self._outbox, self._signer, self._ripen).start()

    def _table(self) -> list[Route]:
        lines = (
            ("POST", "/payments", "payment", self._open_payment),
            ("POST", "/payments/registered", "payment", self._register_payment),
            ("GET", "/payments/([^/]+)", "query", self._show_payment),
            ("POST", "/refunds", "refund", self._refund),
            ("GET", "/refunds/([^/]+)", "query", self._show_refund),
            ("POST", "/refunds/([^/]+)/reverse", "", self._reverse),
            ("GET", "/pay/([^/]+)", "", self._show_page),
            ("POST", "/pay/([^/]+)", "", self._click),
            ("GET", "/statement", "query", self._show_statement),
            ("GET", "/ledger", "", self._show_ledger),
            ("GET", "/notices", "", self._show_notices),
            ("GET", "/faults", "", self._show_faults),
            ("POST", "/faults", "", self._set_fault),
            ("DELETE", "/faults", "", self._clear_faults),
            ("POST", "/reset", "", self._reset),
            ("GET", "/health", "", self._health),
        )
        return [Route(method, re.compile(path), on, work) for method, path, on, work in lines]

    def answer(self, request: Request) -> Reply | None:
        """The reply; None when a fault wants the connection to end without one. Never raises."""
        try:
            route, number = self._find(request)
            return self._for_merchant(route, request, number) if route.on else route.work(request, number)
        except (Refusal, BadFault) as error:
            return problem(error if isinstance(error, Refusal) else Refusal(400, "bad_fault", str(error)))
        except Exception as error:
            # Whatever was sent, the sender gets JSON and the channel lives on.
            log.error("%s %s failed: %r", request.method, request.path[:200], error)
            return as_json({"error": "internal", "message": "The channel failed."}, 500)

    def _find(self, request: Request) -> tuple[Route, str]:
        fits = [(route, match) for route in self._routes if (match := route.path.fullmatch(request.path))]
        for route, match in fits:
            if route.method == request.method:
                return route, unquote(match[1]) if match.groups() else ""
        raise Refusal(405, "method", "Not with this method.") if fits else Refusal(404, "no_page", "Nothing is here.")

    def _for_merchant(self, route: Route, request: Request, number: str) -> Reply | None:
        asked = self._checked(request)
        fault = self._faults.transport(route.on, number or _number_in(request.body))
        kind = fault.kind if fault else ""
        _pause(fault)
        if kind == "drop_before":
            return None
        if kind == "error_before":
            return _broken()
        try:
            reply = route.work(request, number)
        except Refusal as refusal:
            reply = problem(refusal)
        if kind == "drop_after":
            return None
        return _broken() if kind == "error_after" else self._signed(reply, asked, wrongly=kind == "bad_signature")

    def _checked(self, request: Request) -> str:
        """The request's signature, when it is the merchant's and of these minutes."""
        stamp = request.headers.get("x-sandbox-timestamp", "")
        given = request.headers.get("x-sandbox-signature", "")
        if not same(self._signer.of_request(stamp, request.method, request.target, request.body), given):
            raise Refusal(401, "bad_signature", "The signature is wrong or missing.")
        if not is_fresh(stamp):
            raise Refusal(401, "stale", "The timestamp is more than 5 minutes away.")
        return given

    def _signed(self, reply: Reply, asked: str, *, wrongly: bool) -> Reply:
        stamp = now_stamp()
        signature = self._signer.of_answer(stamp, reply.status, asked, reply.body)
        seal = {"X-Sandbox-Timestamp": stamp, "X-Sandbox-Signature": spoilt(signature) if wrongly else signature}
        return Reply(reply.status, reply.body, reply.headers | seal)

    def _open_payment(self, request: Request, _: str) -> Reply:
        row = self._books.open(reading.payment_wish(reading.json_object(request.body)))
        return as_json(_shown(row, PAYMENT_FIELDS) | {"pay_url": self._pay_url(request, row["number"])})

    def _register_payment(self, request: Request, _: str) -> Reply:
        row = self._books.register(reading.registered_wish(reading.json_object(request.body)))
        return as_json(_shown(row, PAYMENT_FIELDS))

    def _show_payment(self, _: Request, number: str) -> Reply:
        return _found(self._books.asked(number), PAYMENT_FIELDS)

    def _refund(self, request: Request, _: str) -> Reply:
        row = self._refunds.refund(reading.refund_wish(reading.json_object(request.body)))
        if row["state"] == "refused":
            raise Refusal(422, row["code"], row["message"] or "The channel refused.")
        return as_json(_shown(row, REFUND_FIELDS))

    def _show_refund(self, _: Request, number: str) -> Reply:
        return _found(self._refunds.asked(number), REFUND_FIELDS)

    def _reverse(self, _: Request, number: str) -> Reply:
        return as_json(_shown(self._refunds.reverse(number), REFUND_FIELDS))

    def _show_page(self, request: Request, number: str) -> Reply:
        language = pages.language(request.asked("lang"), request.headers.get("accept-language", ""))
        row = self._books.payment(number)
        return _as_html(pages.payment(row, language)) if row else _as_html(pages.missing(language), 404)

    def _click(self, request: Request, number: str) -> Reply:
        """The buyer pays or declines, and is sent back to the shop: nothing is appended, the shop has to ask us."""
        actions = {"pay": self._books.pay, "decline": self._books.decline}
        action = parse_qs(request.body.decode(errors="replace")).get("action", [""])[0]
        if action not in actions:
            raise Refusal(400, "bad_action", "action should be pay or decline.")
        row = actions[action](number)
        language = pages.language(request.asked("lang"), request.headers.get("accept-language", ""))
        back = row["return_url"] or f"/pay/{quote(number, safe='')}"
        return _as_html(pages.payment(row, language), 303, Location=back, X_Sandbox_State=row["state"])

    def _show_statement(self, request: Request, _: str) -> Reply:
        after = request.asked("after") or "0"
        if not (after.isascii() and after.isdecimal() and len(after) < 16):
            raise Refusal(400, "bad_after", "after should be the number of a line.")
        return as_json({"lines": self._books.statement(int(after))})

    def _show_ledger(self, request: Request, _: str) -> Reply:
        return as_json(self._books.ledger(request.asked("number"), request.asked("payment")))

    def _show_notices(self, request: Request, _: str) -> Reply:
        return as_json({"notices": self._outbox.listed(request.asked("number"))})

    def _show_faults(self, *_: object) -> Reply:
        return as_json({"faults": self._faults.listed()})

    def _set_fault(self, request: Request, _: str) -> Reply:
        self._faults.add(reading.json_object(request.body))
        return as_json({"faults": self._faults.listed()}, 201)

    def _clear_faults(self, *_: object) -> Reply:
        self._faults.clear()
        return self._show_faults()

    def _reset(self, *_: object) -> Reply:
        self._store.wipe()
        return as_json({"state": "empty"})

    def _health(self, *_: object) -> Reply:
        self._store.one("select 1 as one")
        return as_json({"state": "ok"})

    def _pay_url(self, request: Request, number: str) -> str:
        host = request.headers.get("host", "")
        base = self._public_url or (f"http://{host}" if HOST.fullmatch(host) else "")
        return f"{base}/pay/{quote(number, safe='')}"

    def _ripen(self) -> None:
        self._books.ripen()
        self._refunds.ripen()


def _pause(fault: Fault | None) -> None:
    if fault and fault.delay:
        time.sleep(fault.delay)


def _broken() -> Reply:
    return as_json({"error": "internal", "message": "A fault was asked for."}, 500)


def _shown(row: Row, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: row[name] for name in names}


def _found(row: Row | None, names: tuple[str, ...]) -> Reply:
    if row is None:
        raise Refusal(404, "absent", "The channel does not know this number.")
    return as_json(_shown(row, names))


def _number_in(body: bytes) -> str | None:
    try:
        number = reading.json_object(body).get("number")
    except Refusal:
        return None
    return number if isinstance(number, str) else None
