"""The real PostgreSQL and Valkey, embedded, for development and tests.

Settings ask `database_url()` and `redis_url()` when DATABASE_URL and REDIS_URL are not set. With DEBUG off they
refuse. With DEBUG on they answer with a service that was proven by talking to it: the one that runs on this
project's data, else one started now, detached, so that it survives whoever needed it first.

1. `.dev/services.json` names a URL; who answers there must say that it works on this project's data folder.
2. Otherwise, under a lock on the project folder (never on a file in `.dev`, which may be deleted at any time), look
   for the process, stop those whose data are gone, and start what is missing.

`aftersales.dev.place` says where the data lie and as which user the services run.
`python -m aftersales.devservices start|stop|status|env|reset` needs no settings.
"""

import fcntl
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from aftersales import env
from aftersales.dev import place as places
from aftersales.dev.postgres import Postgres
from aftersales.dev.service import NOT_READY, Service, Silent, ports
from aftersales.dev.valkey import Valkey

SERVICES: tuple[type[Service], ...] = (Postgres, Valkey)
LOCK_SECONDS = 180


def database_url(*, debug: bool, root: Path = env.ROOT) -> str:
    """The embedded PostgreSQL's URL. Raises ImproperlyConfigured when debug is off."""
    if not debug:
        raise ImproperlyConfigured(_refusal(Postgres))
    return _placeholder("postgres") or ensure(Postgres, root)


def redis_url(*, debug: bool, root: Path = env.ROOT) -> str:
    """The embedded Valkey's URL. Raises ImproperlyConfigured when debug is off."""
    if not debug:
        raise ImproperlyConfigured(_refusal(Valkey))
    return _placeholder("redis") or ensure(Valkey, root)


def ensure(kind: type[Service], root: Path) -> str:
    """The URL of a service that answers, started if need be."""
    root = root.resolve()
    try:
        return _proven(kind, root) or _started(kind, root)
    except PermissionError as error:
        # Typically root ran here before, or the other way round.
        raise ImproperlyConfigured(f"{error.filename} belongs to another user than the one who runs this.") from error


def stop(root: Path = env.ROOT, only: Collection[str] = ("postgres", "valkey")) -> list[str]:
    """Stop the services of this project and those whose data were deleted. The names of what ran."""
    root = root.resolve()
    with lock(root):
        return [service.title for service in _services(root) if service.name in only and service.stop()]


def running(root: Path = env.ROOT) -> set[str]:
    """The names of the services that run now."""
    return {service.name for service in _services(root.resolve()) if service.running()[0]}


def status(root: Path = env.ROOT) -> list[str]:
    return [_state(service) for service in _services(root.resolve())]


def reset(root: Path = env.ROOT) -> list[str]:
    """Stop the services and delete everything in `.dev`: databases, evidence, the sandbox's books.

    Refuses while the shop runs, and when the data are not here but behind DATABASE_URL.
    """
    if env.raw("DATABASE_URL"):
        raise ImproperlyConfigured("DATABASE_URL is set: that database is not touched. Empty it yourself, or unset it.")
    if _is_in_use(root):
        raise ImproperlyConfigured("The shop is running. Stop it first (Ctrl-C where `make run` was started).")
    stop(root)
    for folder in (places.find(root).folder, root.resolve() / ".dev"):
        shutil.rmtree(folder, ignore_errors=True)
        if folder.exists():
            raise ImproperlyConfigured(f"{folder} could not be deleted. Who owns it?")
    return ["The demo shop is deleted. `make run` makes a new one."]


def _is_in_use(root: Path) -> bool:
    try:
        with (root / ".dev" / "run.json").open() as record:
            fcntl.flock(record, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


@contextmanager
def lock(root: Path = env.ROOT) -> Iterator[None]:
    """Only one process at a time starts, stops or migrates."""
    folder = os.open(root, os.O_RDONLY)
    try:
        _wait_for(folder, root)
        yield
    finally:
        os.close(folder)


def _wait_for(folder: int, root: Path) -> None:
    until = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            return fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise ImproperlyConfigured(f"Another process has held the lock on {root} for too long.") from None
            time.sleep(0.05)


def _services(root: Path) -> list[Service]:
    place = places.find(root)
    return [kind(place) for kind in SERVICES]


def _proven(kind: type[Service], root: Path) -> str:
    # A record that was copied with its folder names another root, and is not believed.
    mine = _record(root).get(kind.name, {})
    try:
        is_mine = mine.get("root") == str(root) and kind.data_behind(mine["url"]) == mine["data"]
    except (Silent, KeyError):
        return ""
    return mine["url"] if is_mine else ""


def _started(kind: type[Service], root: Path) -> str:
    with lock(root):
        if url := _proven(kind, root):
            return url
        service = kind(places.find(root))
        _forget_lost_data(service)
        service.place.prepare()
        url = service.ensure(ports(_last_port(kind, root)))
        _write(service, url)
        return url


def _forget_lost_data(service: Service) -> None:
    if service.place.is_forgotten:
        for each in _services(service.place.root):
            each.stop()
        shutil.rmtree(service.place.folder)


def _record(root: Path) -> dict[str, dict[str, str]]:
    try:
        found = json.loads((root / ".dev" / "services.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(service: Service, url: str) -> None:
    root = service.place.root
    process, _lost = service.running()
    mine = {"root": str(root), "url": url, "data": str(service.data), "pid": str(process.pid if process else "")}
    record = _record(root) | {service.name: mine}
    new = service.place.private_file(root / ".dev" / "services.json.new", json.dumps(record, indent=1))
    new.replace(root / ".dev" / "services.json")


def _last_port(kind: type[Service], root: Path) -> int | None:
    return urlsplit(_record(root).get(kind.name, {}).get("url", "")).port


def _state(service: Service) -> str:
    process, lost = service.running()
    orphans = "".join(f"\n  Process {each.pid} has lost its data; start or stop ends it." for each in lost)
    if process is None:
        return f"{service.title} is not running.{orphans}"
    try:
        return f"{service.title} runs as process {process.pid}: {_answering(service)}{orphans}"
    except NOT_READY as error:
        return f"{service.title} runs as process {process.pid} but does not answer: {error}{orphans}"


def _answering(service: Service) -> str:
    service.data_behind(url := service.url())
    return url


def _placeholder(scheme: str) -> str:
    # `manage.py devservices stop` loads the settings too: it must not start what it is about to stop.
    return f"{scheme}://127.0.0.1:1/none" if sys.argv[1:2] == ["devservices"] else ""


def _refusal(kind: type[Service]) -> str:
    return f"{kind.variable} is not set. It should look like {kind.example}. {kind.title} starts with DEBUG=1 only."


ACTIONS: dict[str, Callable[[], list[str]]] = {
    "start": lambda: [ensure(kind, env.ROOT) for kind in SERVICES] and status(),
    "stop": lambda: [f"{title} is stopped." for title in stop()] or ["Nothing was running."],
    "status": status,
    "env": lambda: [f"export {kind.variable}={ensure(kind, env.ROOT)}" for kind in SERVICES],
    "reset": reset,
}


def main() -> str:
    """The command line. Returns the error, "" when all went well."""
    if len(sys.argv) != 2 or sys.argv[1] not in ACTIONS:
        return f"usage: python -m aftersales.devservices {'|'.join(ACTIONS)}"
    try:
        sys.stdout.writelines(f"{line}\n" for line in ACTIONS[sys.argv[1]]())
    except ImproperlyConfigured as error:
        return str(error)
    return ""


if __name__ == "__main__":
    sys.exit(main() or None)
