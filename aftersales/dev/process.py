"""Processes: started detached, recognised by their command line, stopped for certain."""

import os
import signal
import subprocess
import time
from pathlib import Path

import psutil

from aftersales.dev.place import RunAs

# The shell puts the program in the background and leaves, so that it belongs to init: it outlives the process that
# needed it first, and nobody has to reap it. Arguments travel as "$@": no quoting, whatever the path contains.
_DETACH = 'log=$1; shift; exec "$@" </dev/null >>"$log" 2>&1'
_BACKGROUND = f"({_DETACH}) & echo $!"


def spawn(command: list[str | Path], log: Path, run_as: RunAs) -> int:
    """Start a program in a session of its own, with nothing of our environment, and return its pid."""
    shell = ["/bin/sh", "-c", _BACKGROUND, "sh", log, *command]
    result = subprocess.run(
        shell, env=environment(), cwd="/", start_new_session=True, stdout=subprocess.PIPE, check=True, **run_as
    )
    return int(result.stdout)


def environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def pid_in(file: Path) -> int | None:
    try:
        return int(file.read_text(encoding="utf-8").split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def alive(pid: int | None) -> psutil.Process | None:
    """The process, unless it is gone or a zombie."""
    try:
        process = psutil.Process(pid) if pid else None
        return process if process and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.Error:
        return None


def argument(process: psutil.Process, program: str, position: int) -> Path | None:
    """The argument at that position if the process runs that program. Postgres' children change their title."""
    try:
        line = process.cmdline()
    except psutil.Error:
        return None
    if len(line) <= position or Path(line[0]).name != program:
        return None
    return Path(line[position])


def end(process: psutil.Process, *signals: signal.Signals, patience: float = 10) -> None:
    """Send the signals one after the other, the last resort being SIGKILL, until the process is gone."""
    for number in (*signals, signal.SIGKILL):
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            return
        if _gone(process, patience):
            return
    raise RuntimeError(f"Process {process.pid} does not end.")


def _gone(process: psutil.Process, patience: float) -> bool:
    until = time.monotonic() + patience
    while time.monotonic() < until:
        # A pid that was given to another process meanwhile is `is_running() == False` to psutil.
        if not process.is_running() or alive(process.pid) is None:
            return True
        time.sleep(0.02)
    return False
