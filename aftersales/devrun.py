"""`make run`: the whole shop on one machine, from an empty folder to a page that answers, under one supervisor.

1. One run per folder: `.dev/run.json` is locked as long as this process lives, and says where the shop is.
2. What a killed run left behind ends; its embedded services become this run's, to be stopped with it.
3. Migrate and fill the demo shop, under the lock of the services.
4. Start sandbox channel, web, worker and beat, on free ports; tell them by environment where each other is.
5. When the web answers, print the logins and where to click. Ctrl-C, SIGTERM, SIGHUP: stop everything, exit 0.
"""

import fcntl
import http.client
import io
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connections

from aftersales import devservices, env
from aftersales.dev.service import free_port, is_free
from aftersales.dev.supervisor import Supervisor, bury, say

WEB_PORT = 8000
SANDBOX_PORT = 8090
READY_SECONDS = 60
DEV = env.ROOT / ".dev"


class AlreadyRunning(Exception):
    pass


def main() -> int:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        with only_run() as record:
            return _run(record)
    except KeyboardInterrupt:
        return 0
    except (AlreadyRunning, ImproperlyConfigured, CommandError, DatabaseError) as error:
        say(str(error))
        return 1


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


@contextmanager
def only_run() -> Iterator[TextIO]:
    DEV.mkdir(mode=0o700, exist_ok=True)
    with open(os.open(DEV / "run.json", os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="utf-8") as record:
        try:
            fcntl.flock(record, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            where = _last(record).get("url") or "it is just starting"
            raise AlreadyRunning(f"The shop of this folder is already running: {where}") from None
        yield record


def _last(record: TextIO) -> dict[str, Any]:
    record.seek(0)
    try:
        found = json.load(record)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _note(record: TextIO, **facts: object) -> None:
    record.seek(0)
    record.truncate()
    json.dump(facts, record)
    record.flush()


def _run(record: TextIO) -> int:
    last = _last(record)
    bury([(int(pid), float(born)) for pid, born in last.get("children", [])])
    # Whatever does not run yet is this run's to stop, however early Ctrl-C comes.
    services = set(last.get("services", [])) | ({"postgres", "valkey"} - devservices.running())
    supervisor = Supervisor(env.ROOT, DEV / "logs")
    try:
        _note(record, services=sorted(services))
        _set_up()
        port = _start_all(supervisor)
        _note(record, services=sorted(services), children=supervisor.marks(), url=f"{os.environ['PUBLIC_URL']}/")
        return _watch(supervisor, port)
    except KeyboardInterrupt:
        return 0
    finally:
        _stop_all(supervisor, services)
        _note(record)
        say("Stopped.")


def _set_up() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aftersales.settings")
    # Settings start the embedded services.
    django.setup()
    from django.conf import settings

    if not settings.DEBUG:
        raise ImproperlyConfigured("`make run` is for development and fills a demo shop: set DEBUG=1.")
    say("Preparing the database …")
    with devservices.lock():
        call_command("migrate", interactive=False, verbosity=0)
        # Its logins are printed when there is something to log in to.
        call_command("demo", stdout=io.StringIO())
    connections.close_all()


def _start_all(supervisor: Supervisor) -> int:
    """Start the programs and return the web's port."""
    from django.conf import settings

    web = _port(WEB_PORT, "web")
    python = [sys.executable, "-m"]
    os.environ["PUBLIC_URL"] = env.raw("PUBLIC_URL") or f"http://127.0.0.1:{web}"
    if not env.raw("SANDBOX_URL"):
        sandbox = _port(SANDBOX_PORT, "sandbox")
        os.environ["SANDBOX_URL"] = f"http://127.0.0.1:{sandbox}"
        where = ["--port", str(sandbox), "--store", str(DEV / "sandbox.sqlite")]
        secret = ["--secret", settings.CHANNELS["sandbox"]["secret"]]
        supervisor.start("sandbox", [*python, "payments.sandbox_channel", *where, *secret], {})
    # The control socket would be one for all projects of this user.
    gunicorn = ["gunicorn", "aftersales.wsgi", "--worker-class", "gthread", "--workers", "2", "--threads", "4"]
    supervisor.start("web", [*python, *gunicorn, "--bind", f"127.0.0.1:{web}", "--no-control-socket"], {})
    # Said to those who run a worker as root in production; here it would only frighten.
    calm = [sys.executable, "-W", "ignore:You're running the worker with superuser", "-m"]
    celery = ["celery", "--quiet", "-A", "aftersales"]
    supervisor.start("worker", [*calm, *celery, "worker", "-c", "2", "--loglevel", "INFO"], {})
    supervisor.start("beat", [*python, *celery, "beat", "--loglevel", "INFO", "-s", str(DEV / "beat-schedule")], {})
    supervisor.relay()
    return web


def _port(wanted: int, name: str) -> int:
    if is_free(wanted):
        return wanted
    free = next((port for port in range(wanted + 1, wanted + 50) if is_free(port)), None) or free_port()
    say(f"Port {wanted} ({name}) is taken by another program: using {free}.")
    return free


def _watch(supervisor: Supervisor, port: int) -> int:
    url = os.environ["PUBLIC_URL"]
    patience = time.monotonic() + READY_SECONDS
    is_ready = False
    while not (fallen := supervisor.fallen()):
        if not is_ready and (is_ready := _answers(port)):
            call_command("demo", "--logins")
            say(f"Open {url}/ in a browser. Ctrl-C stops everything; logs are in .dev/logs.")
        elif not is_ready and time.monotonic() > patience:
            say(f"The web does not answer at {url}/ yet. Its log is .dev/logs/web.log.")
            patience = float("inf")
        time.sleep(0.3)
    say(f"{fallen}. Its log is in .dev/logs.")
    return 1


def _answers(port: int) -> bool:
    return any(_is_open(port, path) for path in ("/", "/health"))


def _is_open(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        # 503: /health misses the first tick of beat. The shop is open all the same.
        return (status := connection.getresponse().status) < 400 or status == 503
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _stop_all(supervisor: Supervisor, services: set[str]) -> None:
    # From here on a second Ctrl-C must not leave half of it behind.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    say("Stopping …")
    supervisor.stop()
    devservices.stop(only=services)


if __name__ == "__main__":
    sys.exit(main())
