"""The real channel, a process with its own books, for the tests of the workers."""

import pytest

import payments.sandbox
from payments.testing import SandboxProcess

KEY = "a-key-that-only-these-tests-know"


@pytest.fixture(scope="module")
def process(tmp_path_factory):
    with SandboxProcess(tmp_path_factory.mktemp("channel") / "books.sqlite", KEY) as running:
        yield running


@pytest.fixture
def channel(process, settings, monkeypatch):
    """The real channel with empty books; a call that is not answered is given up after half a second."""
    process.reset()
    entry = settings.CHANNELS["sandbox"]
    settings.CHANNELS = {"sandbox": {**entry, "url": process.url, "secret": KEY}}
    settings.PUBLIC_URL = "http://127.0.0.1:9"
    monkeypatch.setattr(payments.sandbox, "TIMEOUT", 0.5)
    return process
