"""What tests and checks start, they stop; what ran before goes on."""

import subprocess
import sys
from contextlib import nullcontext

from aftersales import devservices, env
from aftersales.dev import borrow
from aftersales.devrun import AlreadyRunning


def test_services_that_ran_before_go_on():
    before = devservices.running()
    command = [sys.executable, "-m", "aftersales.dev.borrow", sys.executable, "-c", "raise SystemExit(3)"]

    assert subprocess.run(command, cwd=env.ROOT, check=False).returncode == 3
    assert devservices.running() == before


def test_what_was_started_is_stopped(monkeypatch):
    stopped = []
    monkeypatch.setattr(devservices, "running", lambda: {"valkey"})
    monkeypatch.setattr(devservices, "stop", lambda only: stopped.append(only))
    monkeypatch.setattr(borrow, "only_run", nullcontext)  # a shop may run in this folder right now

    assert borrow.main(["false"]) == 1
    assert stopped == [{"postgres"}]


def test_a_shop_that_was_started_meanwhile_keeps_its_services(monkeypatch):
    stopped = []
    monkeypatch.setattr(devservices, "running", set)
    monkeypatch.setattr(devservices, "stop", lambda only: stopped.append(only))
    monkeypatch.setattr(borrow, "only_run", _taken)

    assert borrow.main(["true"]) == 0
    assert stopped == []


def _taken():
    raise AlreadyRunning("The shop of this folder is already running.")
