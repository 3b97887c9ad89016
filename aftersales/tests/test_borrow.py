"""What tests and checks start, they stop; what ran before goes on."""

import subprocess
import sys

from aftersales import devservices, env
from aftersales.dev import borrow


def test_services_that_ran_before_go_on():
    before = devservices.running()
    command = [sys.executable, "-m", "aftersales.dev.borrow", sys.executable, "-c", "raise SystemExit(3)"]

    assert subprocess.run(command, cwd=env.ROOT, check=False).returncode == 3
    assert devservices.running() == before


def test_what_was_started_is_stopped(monkeypatch):
    stopped = []
    monkeypatch.setattr(devservices, "running", lambda: {"valkey"})
    monkeypatch.setattr(devservices, "stop", lambda only: stopped.append(only))

    assert borrow.main(["false"]) == 1
    assert stopped == [{"postgres"}]
