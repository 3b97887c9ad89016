"""What both services have in common: find the one that runs on our data, or start it."""

import signal
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

import psutil
from django.core.exceptions import ImproperlyConfigured

from aftersales.dev import process
from aftersales.dev.place import Place

START_SECONDS = 60


class Silent(Exception):
    """The service does not answer, or somebody else answers at its address."""


# What can be wrong while a service starts or stops: its files are half written, or it does not talk yet.
NOT_READY = (Silent, OSError, ValueError, LookupError)


class Service(ABC):
    name: str
    title: str
    variable: str
    example: str
    program: str
    position: int  # of the data's path on the command line
    signals: tuple[signal.Signals, ...]

    def __init__(self, place: Place) -> None:
        self.place = place
        self.data = place.folder / self.name

    @property
    @abstractmethod
    def anchor(self) -> Path:
        """The path on the command line by which the process is recognised."""

    @staticmethod
    @abstractmethod
    def pid_file(anchor: Path) -> Path: ...

    @staticmethod
    @abstractmethod
    def data_behind(url: str) -> str:
        """The data folder of whoever answers at the URL, told by itself. Raises Silent."""

    @abstractmethod
    def exists(self) -> bool: ...

    @abstractmethod
    def create(self) -> None:
        """Make empty data, wholly or not at all."""

    @abstractmethod
    def launch(self, port: int) -> int:
        """Start it on the port and return its pid."""

    @abstractmethod
    def url(self) -> str:
        """Where the running one listens, read from its own files."""

    @abstractmethod
    def complete(self, url: str) -> None:
        """What is left to do once it answers."""

    def running(self) -> tuple[psutil.Process | None, list[psutil.Process]]:
        """The process on our data, and those whose data were deleted or moved away from under them.

        The pid file alone proves nothing: its pid may be dead, a zombie, somebody else's by now, or, in a copied
        project, the original's.
        """
        named = process.pid_in(self.pid_file(self.anchor))
        ours, lost = None, []
        for candidate in psutil.process_iter():
            path = process.argument(candidate, self.program, self.position)
            if path is None or process.alive(candidate.pid) is None:
                continue
            is_named = candidate.pid == named
            if is_named and _same(path, self.anchor):
                ours = candidate
            elif path == self.anchor or (is_named and process.pid_in(self.pid_file(path)) != named):
                lost.append(candidate)
        return ours, lost

    def ensure(self, ports: Iterator[int]) -> str:
        """The URL of the one that runs, started if need be. Only under the project's lock."""
        ours, lost = self.running()
        for each in lost:
            process.end(each, *self.signals)
        if ours:
            return self._proven(ours.pid)
        if not self.exists():
            self.create()
        self.place.take_over(self.data)
        # A live pid that is not our service's would make postgres refuse; a dead one it sorts out by itself.
        self.pid_file(self.anchor).unlink(missing_ok=True)
        return self._start(ports)

    def stop(self) -> bool:
        ours, lost = self.running()
        found = [*lost, *([ours] if ours else [])]
        for each in found:
            process.end(each, *self.signals)
        return bool(found)

    def _start(self, ports: Iterator[int]) -> str:
        failure = ""
        # Somebody may take the free port before the service does.
        for _attempt in range(3):
            try:
                return self._proven(self.launch(next(ports)))
            except Silent as error:
                failure = str(error)
        raise ImproperlyConfigured(f"{self.title} did not start. {failure}\n{self._last_words()}")

    def _proven(self, pid: int) -> str:
        until = time.monotonic() + START_SECONDS
        failure = "It said nothing."
        while time.monotonic() < until:
            try:
                if self.data_behind(url := self.url()) == str(self.data):
                    self.complete(url)
                    return url
            except NOT_READY as error:
                failure = str(error)
            if process.alive(pid) is None:
                raise Silent(failure)
            time.sleep(0.03)
        raise ImproperlyConfigured(f"{self.title} (process {pid}) runs but does not answer: {failure}")

    def _last_words(self) -> str:
        path = self.place.folder / f"{self.name}.log"
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
        return "\n".join([f"The end of {path}:", *lines[-8:]])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ports(last: int | None) -> Iterator[int]:
    """The port it had last, so that processes that know it go on, then free ones."""
    if last and is_free(last):
        yield last
    while True:
        yield free_port()


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As the servers do: connections of the last run that linger in TIME_WAIT do not block the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
