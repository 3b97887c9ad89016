"""How far a long command is, in percent."""

from __future__ import annotations

from typing import IO, Protocol


class Terminal(Protocol):
    def write(self, text: str) -> object: ...
    def flush(self) -> object: ...
    def isatty(self) -> bool: ...


class Progress:
    """A bar that redraws itself on a terminal; elsewhere a line every ten percent. Silent when not `shown`."""

    WIDTH = 30

    def __init__(self, stream: IO[str] | Terminal, label: str, *, shown: bool) -> None:
        self._stream, self._label, self._shown = stream, label, shown
        self._redraws = stream.isatty()
        self._last = -1

    def at(self, done: int, whole: int) -> None:
        """`done` of `whole` is done, in whatever unit."""
        percent = 100 * done // whole if whole else 100
        step = percent if self._redraws else percent // 10 * 10
        if self._shown and step > self._last:
            self._last = step
            self._draw(step)

    def _draw(self, percent: int) -> None:
        bar = "#" * (self.WIDTH * percent // 100)
        end = "\n" if percent >= 100 or not self._redraws else ""
        start = "\r" if self._redraws else ""
        self._stream.write(f"{start}{self._label} [{bar:<{self.WIDTH}}] {percent:3} %{end}")
        self._stream.flush()
