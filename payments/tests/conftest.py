"""One real channel per file, emptied for every test, and a merchant's door that notices are sent to."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from payments.base import Notice
from payments.sandbox import Sandbox
from payments.testing import SandboxProcess

KEY = "a-key-that-only-these-tests-know"
BACK = "http://127.0.0.1:9/orders/7/"
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class Door:
    """A merchant's notice address. `say` lists the statuses of the next answers, then 200; `pause` delays them."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.say: list[int] = []
        self.pause = 0.0
        door = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                time.sleep(door.pause)
                door.got.append((dict(self.headers.items()), body))
                self.send_response(door.say.pop(0) if door.say else 200)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/notices/sandbox/"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait(self, count: int, seconds: float = 10.0) -> list[tuple[dict[str, str], bytes]]:
        until(lambda: len(self.got) >= count, seconds)
        return list(self.got)

    def notices(self, count: int, client: Sandbox) -> list[Notice]:
        return [client.read_notice(headers, body) for headers, body in self.wait(count)]


def until(true: Any, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "It did not happen in time."
        time.sleep(0.01)


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path_factory.mktemp("channel") / "books.sqlite", KEY) as running:
        yield running


@pytest.fixture
def channel(process: SandboxProcess) -> SandboxProcess:
    process.reset()
    return process


@pytest.fixture
def client(channel: SandboxProcess) -> Sandbox:
    return channel.client()


@pytest.fixture
def door() -> Iterator[Door]:
    opened = Door()
    yield opened
    opened.close()


def attempt(number: str = "PAY-1", amount: int = 1000, currency: str = "CNY", seconds: float = 600) -> dict[str, Any]:
    """What start_payment takes."""
    expires_at = datetime.now(UTC) + timedelta(seconds=seconds)
    wish = {"number": number, "amount": amount, "currency": currency, "expires_at": expires_at}
    return wish | {"subject": "Green tea", "return_url": BACK}


def paid(client: Sandbox, number: str = "PAY-1", amount: int = 1000, currency: str = "CNY") -> None:
    client.register_payment(number=number, amount=amount, currency=currency, paid_at=NOON)


def wish(number: str = "REF-1", amount: int = 300, payment: str = "PAY-1", currency: str = "CNY") -> dict[str, Any]:
    """What refund takes."""
    return {"number": number, "payment": payment, "amount": amount, "currency": currency}
