"""Which channel a name stands for."""

import subprocess
import sys

import pytest

from payments.testing import ROOT

ASK = """
from django.conf import settings
entry = {"class": "payments.sandbox.Sandbox", "url": "http://127.0.0.1:8090", "secret": "s"}
settings.configure(CHANNELS={"sandbox": entry}, PUBLIC_URL="https://shop.example")
from payments.base import UnknownChannel, channel
made = channel("sandbox")
print(type(made).__name__, made.name, made._notify_url)
try:
    channel("cash")
except UnknownChannel as error:
    print(error)
"""


@pytest.mark.parametrize("code", [ASK])
def test_a_channel_is_built_from_the_settings(code: str) -> None:
    # A process of its own: Django's settings can be configured once, and the project's own may be loaded here.
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - our own text
    assert done.stdout.splitlines() == [
        "Sandbox sandbox https://shop.example/notices/sandbox/",
        "There is no payment channel 'cash' in settings.CHANNELS. Known: sandbox.",
    ]
