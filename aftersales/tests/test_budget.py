"""What the first page weighs, served as `make run` serves it."""

import os
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from django.conf import settings

from aftersales.dev.service import free_port
from aftersales.processes import database_url, until

MOST = 150 * 1024


@pytest.fixture
def served(cast, transactional_db, tmp_path):
    """gunicorn on the test's database."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "aftersales.wsgi", "--bind", f"127.0.0.1:{port}"]
    environment = {**os.environ, "DEBUG": "1", "DATABASE_URL": database_url()}
    with (tmp_path / "web.log").open("wb") as log:
        web = subprocess.Popen(
            [*command, "--no-control-socket"], cwd=settings.BASE_DIR, env=environment, stdout=log, stderr=log
        )
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: answers(url), 30)
        yield url
    finally:
        web.terminate()
        web.wait()


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=1):  # noqa: S310  our own process
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def test_first_page_weighs_little(served, chromium):
    page = chromium.new_page()
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    sizes, hosts = [], set()
    wire.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]) if "://" in request.url else None)

    page.goto(f"{served}/", wait_until="networkidle")

    assert len(sizes) > 3
    assert sum(sizes) <= MOST, sizes
    assert hosts == {served.split("/")[2]}
    page.close()
