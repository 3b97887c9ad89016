"""Requests of the wrong shape: a 4xx in JSON, nothing in the books, and the channel lives on."""

import ast
import json
import sys
from pathlib import Path
from typing import Any

import pytest

import payments.sandbox_channel
from payments.base import Absent, Refused
from payments.sandbox import Sandbox
from payments.sandbox_channel.signing import Signer, now_stamp
from payments.testing import SandboxProcess
from payments.tests.conftest import KEY, paid

REFUND = {"number": "REF-1", "payment": "PAY-1", "amount": 300, "currency": "CNY", "notify_url": ""}


def _post(channel: SandboxProcess, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
    """A properly signed request with an improper body."""
    stamp = now_stamp()
    signature = Signer(KEY).of_request(stamp, "POST", path, body)
    status, _, raw = channel.call("POST", path, body, X_Sandbox_Timestamp=stamp, X_Sandbox_Signature=signature)
    return status, json.loads(raw)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 60_000, b"1" * 10_000, b'{"a":' * 9_000])
@pytest.mark.parametrize("path", ["/payments", "/payments/registered", "/refunds"])
def test_a_body_that_is_no_object_is_refused(channel: SandboxProcess, path: str, body: bytes) -> None:
    status, data = _post(channel, path, body)
    assert (status, data["error"]) == (400, "bad_json")


@pytest.mark.parametrize(
    "changed",
    [
        {"amount": "300"},
        {"amount": 300.0},
        {"amount": True},
        {"amount": None},
        {"amount": 10**30},
        {"amount": [300]},
        {"number": ""},
        {"number": "a b"},
        {"number": "x" * 65},
        {"number": 7},
        {"number": "REF\n"},
        {"number": "\ud800"},
        {"payment": None},
        {"currency": "cny"},
        {"currency": "CNYY"},
        {"notify_url": "file:///etc/passwd"},
        {"notify_url": "http://"},
        {"notify_url": "http://shop:99999/"},
        {"notify_url": {}},
    ],
)
def test_a_senseless_refund_is_refused(channel: SandboxProcess, client: Sandbox, changed: dict[str, object]) -> None:
    paid(client)
    status, data = _post(channel, "/refunds", json.dumps({**REFUND, **changed}).encode())
    assert status == 400
    assert data["error"] == f"bad_{next(iter(changed))}"
    assert [movement["amount"] for movement in channel.ledger()["movements"]] == [1000]


@pytest.mark.parametrize("paid_at", ["", "noon", "2026-11-20T12:00:00", "0001-01-01T00:00:00+14:00", 5])
def test_a_senseless_time_is_refused(channel: SandboxProcess, paid_at: object) -> None:
    fact = {"number": "PAY-1", "amount": 1, "currency": "CNY", "paid_at": paid_at, "notify_url": ""}
    status, data = _post(channel, "/payments/registered", json.dumps(fact).encode())
    assert (status, data["error"]) == (400, "bad_paid_at")


def test_an_unsigned_request_is_refused(channel: SandboxProcess, client: Sandbox) -> None:
    paid(client)
    status, _, raw = channel.call("POST", "/refunds", json.dumps(REFUND).encode())
    assert (status, json.loads(raw)["error"]) == (401, "bad_signature")
    assert channel.call("GET", "/payments/PAY-1")[0] == 401
    assert client.refund_status("REF-1") == Absent()


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"POST /refunds HTTP/1.1\r\nContent-Length: -5\r\n\r\n", 400),
        (b"POST /refunds HTTP/1.1\r\nContent-Length: five\r\n\r\n", 400),
        (b"POST /refunds HTTP/1.1\r\nContent-Length: 5_0\r\n\r\n", 400),
        (b"POST /refunds HTTP/1.1\r\nContent-Length: \xb2\r\n\r\n", 400),
        (b"POST /refunds HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", 400),
        (b"POST /refunds HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        (b"POST /refunds HTTP/1.1\r\nContent-Length: 65537\r\n\r\n" + b"x" * 65537, 413),
        (b"PUT /refunds HTTP/1.1\r\n\r\n", 405),
        (b"BREW /refunds HTTP/1.1\r\n\r\n", 405),
        (b"GET /nothing HTTP/1.1\r\n\r\n", 404),
        (b"GET //[ HTTP/1.1\r\n\r\n", 404),
        (b"GET /pay/%ff%00?lang=%ff HTTP/1.1\r\n\r\n", 404),
        (b"GET /refunds HTTP/9\r\n\r\n", 400),
        (b"nonsense\r\n\r\n", 400),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
    ],
)
def test_an_unreadable_request_gets_a_4xx(channel: SandboxProcess, head: bytes, status: int) -> None:
    answer = channel.raw(head)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    content = answer.partition(b"\r\n\r\n")[2]
    assert json.loads(content)["error"] if b"application/json" in answer else b"<html" in content
    assert channel.json("GET", "/health") == {"state": "ok"}


def test_a_strange_number_is_merely_absent(client: Sandbox) -> None:
    for number in ("a/b", "..", "?", "支付", "x" * 300, "'; drop table refunds; --", "%00", "registered"):
        assert client.payment(number) == Absent()
        assert client.refund_status(number) == Absent()


def test_a_strange_number_is_not_refunded(client: Sandbox) -> None:
    answer = client.refund(number="a/b", payment="PAY-1", amount=1, currency="CNY")
    assert isinstance(answer, Refused)
    assert answer.code == "bad_number"


def test_the_channel_imports_nothing_of_ours() -> None:
    """It judges our client: sharing code with it would share its mistakes."""
    folder = Path(payments.sandbox_channel.__file__).parent
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                own = name.startswith("payments.sandbox_channel")
                assert own or name.split(".")[0] in sys.stdlib_module_names, f"{path.name} imports {name}"
