"""Several programs under one roof: they start together, end together, and share the terminal.

honcho was considered for this. By its source its signal handler fails on Ctrl-C before all programs have started,
SIGHUP is not handled, its programs outlive it when it is killed, and each has a second process beside it.
"""

import contextlib
import ctypes
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

STOP_SECONDS = 10
PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
# Every tick of every clock is told at INFO: that belongs into the log, or the logins would scroll away.
_CHATTER = re.compile(r"\b(INFO|DEBUG)\b")
_print_lock = threading.Lock()


def say(text: str) -> None:
    # The terminal may be gone (SIGHUP, `| head`); what is left to stop must be stopped all the same.
    with _print_lock, contextlib.suppress(OSError, ValueError):
        print(text, flush=True)  # noqa: T201 - the terminal is this program's interface


class Supervisor:
    def __init__(self, folder: Path, logs: Path) -> None:
        self.folder = folder
        self.logs = logs
        self._children: dict[str, subprocess.Popen[str]] = {}

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._children[name] = subprocess.Popen(
            command,
            cwd=self.folder,
            env={**os.environ, **environment, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # Ctrl-C reaches this process only, which then asks each child once, in order.
            start_new_session=True,
            preexec_fn=_die_with(os.getpid()),
        )

    def relay(self) -> None:
        """Show what the children print. Called when all have started: a fork does not mix with threads."""
        self.logs.mkdir(exist_ok=True)
        for name, child in self._children.items():
            threading.Thread(target=self._relay, args=(name, child), daemon=True).start()

    def fallen(self) -> str:
        """Which child has ended, in words; "" while all live."""
        ended = {name: child.poll() for name, child in self._children.items()}
        return "; ".join(f"{name} ended with code {code}" for name, code in ended.items() if code is not None)

    def marks(self) -> list[tuple[int, float]]:
        """Pid and birth of each child: what `bury` needs to know it again."""
        return [(child.pid, psutil.Process(child.pid).create_time()) for child in self._children.values()]

    def stop(self) -> None:
        """Ask every child to end, wait, then kill what is left of it and of its own children."""
        for child in self._children.values():
            if child.poll() is None:
                child.terminate()
        until = time.monotonic() + STOP_SECONDS
        for child in self._children.values():
            with contextlib.suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
                child.wait(max(0.0, until - time.monotonic()))
        for child in self._children.values():
            _kill_group(child.pid)
            child.wait()

    def _relay(self, name: str, child: subprocess.Popen[str]) -> None:
        with (self.logs / f"{name}.log").open("w", encoding="utf-8") as log:
            for line in child.stdout or ():
                log.write(line)
                log.flush()
                if not _CHATTER.search(line):
                    say(f"{name:8}| {line.rstrip()}")


def bury(marks: Sequence[tuple[int, float]]) -> None:
    """Kill what a supervisor that was itself killed has left behind."""
    for pid, born in marks:
        with contextlib.suppress(psutil.Error):
            if psutil.Process(pid).create_time() == born:
                _kill_group(pid)


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _die_with(parent: int) -> Callable[[], None]:
    def ask() -> None:
        # Linux only: the kernel ends the child when this process dies, by whatever signal.
        if _LIBC:
            _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:
                os._exit(1)

    return ask
