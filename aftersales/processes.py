"""Real workers, beats and a real channel for tests: processes of their own on the test's database and broker."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import redis
from celery import current_app
from django.conf import settings
from django.db import connection
from playwright.sync_api import Browser, sync_playwright

from payments.testing import SandboxProcess

# Run in the worker instead of the channel's client: it dies where a power cut would hit hardest.
DIES_BEFORE_CALL = """
import os, signal
import payments.sandbox
payments.sandbox.Sandbox.refund = lambda *args, **more: os.kill(os.getpid(), signal.SIGKILL)
"""


def database_url() -> str:
    """The test's database, for another process."""
    db = connection.settings_dict
    user = f"{quote(db['USER'])}:{quote(db['PASSWORD'])}@" if db["USER"] else ""
    return f"postgres://{user}{db['HOST']}:{db['PORT']}/{quote(db['NAME'])}"


def _broker_url() -> str:
    """A database of the broker that neither a running shop nor another test process uses."""
    number = 1 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    return f"{settings.REDIS_URL.rsplit('/', 1)[0]}/{number + 8}"


class Workplace:
    """Starts and kills processes; everything it started is gone afterwards."""

    def __init__(self, sandbox: SandboxProcess, secret: str, folder: Path) -> None:
        self.sandbox, self.secret, self.folder = sandbox, secret, folder
        self.broker = redis.Redis.from_url(_broker_url())
        # Nobody listens there, unless a test starts a mail server.
        self.mail_url = "smtp://127.0.0.1:9"
        self.running: list[subprocess.Popen[bytes]] = []

    def worker(self, *, before: str = "", concurrency: int = 1) -> subprocess.Popen[bytes]:
        """A Celery worker; `before` is code that it runs first."""
        pool = ["--pool", "solo"] if concurrency == 1 else ["--concurrency", str(concurrency)]
        return self._start(before, "worker", "--without-gossip", "--without-mingle", *pool)

    def beat(self) -> subprocess.Popen[bytes]:
        return self._start("", "beat", "--schedule", str(self.folder / f"beat-{len(self.running)}"))

    def _start(self, before: str, *arguments: str) -> subprocess.Popen[bytes]:
        code = f"import sys\n{before}\nfrom celery.__main__ import main\nsys.argv = {['celery', '-A', 'aftersales']!r}"
        code += f" + {list(arguments)!r}\nmain()"
        log = (self.folder / f"{arguments[0]}-{len(self.running)}.log").open("wb")
        environment = {
            **os.environ,
            "DATABASE_URL": database_url(),
            "REDIS_URL": _broker_url(),
            "SANDBOX_URL": self.sandbox.url,
            "SANDBOX_SECRET": self.secret,
            "PUBLIC_URL": settings.PUBLIC_URL,
            "EMAIL_URL": self.mail_url,
            "TICK_SECONDS": "1",
        }
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=settings.BASE_DIR,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.running.append(process)
        return process

    def stop(self) -> None:
        for process in self.running:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.broker.flushdb()
        self.broker.close()


def until(true: Callable[[], Any], seconds: float = 60) -> None:
    """Wait for something that other processes do. Fails when it does not come."""
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "did not happen in time"
        time.sleep(0.1)


def _send(task: str) -> None:
    """A wake-up to the test's broker, from whichever thread committed."""
    with current_app.connection_for_write(_broker_url()) as broker:
        current_app.send_task(task, connection=broker)


@pytest.fixture
def workplace(
    transactional_db: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Workplace]:
    """A real channel, an empty broker, and the means to start workers and beats. Wake-ups go to that broker."""
    secret = "between-us-only"
    with SandboxProcess(tmp_path / "books.sqlite", secret, lax=True) as sandbox:
        channel = {**settings.CHANNELS["sandbox"], "url": sandbox.url, "secret": secret}
        settings.CHANNELS = {"sandbox": channel}
        monkeypatch.setattr("aftersales.wake._send", _send)
        place = Workplace(sandbox, secret, tmp_path)
        place.broker.flushdb()
        yield place
        place.stop()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's Chromium where there is one, by choice without its windows: it needs no download. Gone after the
    module: its event loop runs in this thread, in which the ORM must not be forbidden longer than needed."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = next(filter(None, map(shutil.which, names)), None)
    switches = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # The ORM's calls are made beside the event loop, not from inside it.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(executable_path=found, args=switches)
        yield browser
        browser.close()


@pytest.fixture
def site(workplace: Workplace, live_server: Any, settings: Any) -> Workplace:
    """The whole shop: pages at `settings.PUBLIC_URL`, a worker, a beat and the channel."""
    settings.PUBLIC_URL = live_server.url
    settings.ALLOWED_HOSTS = ["*"]
    workplace.worker(concurrency=2)
    workplace.beat()
    return workplace
