"""The sandbox channel as a process for tests: started, broken, killed and asked for its books from outside."""

import json
import socket
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from payments.sandbox import Sandbox

ROOT = Path(__file__).resolve().parent.parent


class SandboxProcess:
    """`with SandboxProcess(tmp_path / "books.sqlite", secret) as channel:`. After a restart `url` is the same."""

    def __init__(self, store: Path | str, secret: str, lax: bool = False) -> None:
        self._store, self._secret, self._lax = str(store), secret, lax
        self._port = 0
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> "SandboxProcess":
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def client(self, notify_url: str = "") -> Sandbox:
        return Sandbox(url=self.url, secret=self._secret, notify_url=notify_url)

    def start(self) -> None:
        """Raises RuntimeError when the channel does not come up; its own words are on stderr."""
        command = [sys.executable, "-m", "payments.sandbox_channel", "--port", str(self._port)]
        command += ["--store", self._store, "--secret", self._secret, *(["--lax"] if self._lax else [])]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line.startswith("sandbox channel on http://"):
            self.kill()
            raise RuntimeError("The sandbox channel did not start.")
        self._port = int(line.rsplit(":", 1)[1])

    def kill(self) -> None:
        """Ends the process as a power cut would."""
        if self._process:
            self._process.kill()
            self.wait()

    def terminate(self) -> int:
        """Asks the process to end; its exit code."""
        if self._process is None:
            raise RuntimeError("The sandbox channel is not running.")
        self._process.terminate()
        return self.wait()

    def wait(self) -> int:
        if self._process is None:
            raise RuntimeError("The sandbox channel is not running.")
        code = self._process.wait(timeout=10)
        if self._process.stdout:
            self._process.stdout.close()
        self._process = None
        return code

    def restart(self) -> None:
        """Kills the process and starts it with the same books at the same address."""
        self.kill()
        self.start()

    def fault(self, kind: str, on: str = "any", times: int | None = 1, **more: object) -> None:
        """Sets a fault; `more` is seconds, number or code. `times=None` is for ever."""
        self.json("POST", "/faults", {"kind": kind, "on": on, "times": times, **more})

    def clear(self) -> None:
        """No more faults."""
        self.json("DELETE", "/faults")

    def reset(self) -> None:
        """Empty books, no faults."""
        self.clear()
        self.json("POST", "/reset")

    def ledger(self, **only: str) -> dict[str, Any]:
        """The books: {"movements": [...], "payments": {number: sums}}; `only` is number= or payment=."""
        return self.json("GET", f"/ledger?{urlencode(only)}")

    def moved(self, number: str) -> list[int]:
        """The amounts that moved under a number, in order: a payment +, a refund -, a reversal +."""
        return [movement["amount"] for movement in self.ledger(number=number)["movements"]]

    def notices(self, **only: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.json("GET", f"/notices?{urlencode(only)}")["notices"]
        return found

    def pay(self, number: str) -> str:
        """Presses Pay on the hosted page, as a buyer; the payment's state afterwards."""
        return self._click(number, "pay")

    def decline(self, number: str) -> str:
        return self._click(number, "decline")

    def reverse(self, number: str) -> None:
        """Lets the channel take a settled refund back."""
        self.json("POST", f"/refunds/{quote(number, safe='')}/reverse")

    def json(self, method: str, path: str, data: object = None) -> dict[str, Any]:
        """An unsigned call. Raises RuntimeError when it is refused."""
        status, _, raw = self.call(method, path, b"" if data is None else json.dumps(data).encode())
        answer: dict[str, Any] = json.loads(raw)
        if status >= 400:
            raise RuntimeError(f"The channel answered {status}: {answer}")
        return answer

    def call(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers (lower case) and body; no redirect is followed. Underscores in names become dashes."""
        connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            response = connection.getresponse()
            return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
        finally:
            connection.close()

    def raw(self, data: bytes) -> bytes:
        """Sends bytes that need not be HTTP, and reads what comes back until the channel closes."""
        with socket.create_connection((urlsplit(self.url).hostname or "", self._port), timeout=15) as connected:
            connected.sendall(data)
            return b"".join(iter(lambda: _received(connected), b""))

    def _click(self, number: str, action: str) -> str:
        body = urlencode({"action": action}).encode()
        status, headers, raw = self.call("POST", f"/pay/{quote(number, safe='')}", body)
        if status != 303:
            raise RuntimeError(f"The page answered {status}: {raw.decode(errors='replace')[:200]}")
        return headers["x-sandbox-state"]


def _received(connected: socket.socket) -> bytes:
    try:
        return connected.recv(65536)
    except ConnectionResetError:
        # The channel answered and closed before it had read everything.
        return b""
