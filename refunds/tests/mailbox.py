"""The mail server's process as tests use it, and what is read out of the mails that it took."""

import email.policy
import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db.models.functions import Now

from refunds.models import Notice


class MailServer:
    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, 0
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """At the same port when it was running before."""
        command = [sys.executable, "-m", "refunds.tests.smtp_server", str(self.folder), str(self.port)]
        self._process = subprocess.Popen(command, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        self.port = int(self._process.stdout.readline())

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            assert self._process.stdout
            self._process.stdout.close()
            self._process = None

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def fault(self, kind: str, times: int | None = 1) -> None:
        (self.folder / "faults.json").write_text(json.dumps({"kind": kind, "times": times}))

    def mails(self):
        """What was taken, oldest first."""
        paths = sorted(self.folder.glob("*.eml"))
        return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in paths]

    def empty(self) -> None:
        for path in self.folder.iterdir():
            path.unlink()


def parts(message):
    """The text and the HTML of a mail."""
    return [message.get_body((kind,)).get_content() for kind in ("plain", "html")]


def emails():
    return Notice.objects.filter(channel="email").order_by("pk")


def make_due():
    """Time passes until every e-mail that waits is to be tried."""
    Notice.objects.filter(next_at__isnull=False).update(next_at=Now() - timedelta(seconds=1))
