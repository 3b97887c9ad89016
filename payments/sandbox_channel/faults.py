"""What is to go wrong, and how often. Faults are kept in memory only: a restarted channel behaves."""

import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

# How a call is answered, whatever it asks for. Any of them may also wait `seconds` first.
TRANSPORT = {"slow", "drop_before", "drop_after", "error_before", "error_after", "bad_signature"}
# What the channel decides. A payment is refused when it is opened, and is pending after the buyer's click; a pending
# one without `seconds` is decided by the next question, one with a `code` ends refused with it.
OUTCOME = {"refuse", "pending", "reverse_after"}
# How a notice travels. Set on payment or refund, it happens to notices about those only.
DELIVERY = {"duplicate", "late", "reorder", "forge", "lose"}
FITS = {
    "refund": TRANSPORT | OUTCOME | DELIVERY,
    "payment": TRANSPORT | {"refuse", "pending"} | DELIVERY,
    "query": TRANSPORT,
    "notice": DELIVERY,
    "any": TRANSPORT | OUTCOME | DELIVERY,
}
DEFAULT_SECONDS = {"slow": 6.0, "late": 2.0, "reorder": 30.0, "reverse_after": 1.0}
LONGEST = 24 * 3600


class BadFault(Exception):
    """The fault that was asked for makes no sense; the text says why."""


@dataclass
class Fault:
    """`times` is how often it will still happen, None for ever. `number` narrows it to one payment or refund."""

    kind: str
    on: str
    times: int | None
    seconds: float | None
    number: str | None
    code: str | None
    hits: int = 0

    @property
    def delay(self) -> float:
        return self.seconds if self.seconds is not None else DEFAULT_SECONDS.get(self.kind, 0.0)


class Faults:
    """The switches. They are used in the order in which they were set."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._set: list[Fault] = []

    def add(self, data: dict[str, Any]) -> None:
        fault = _read(data)
        with self._lock:
            self._set.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._set.clear()

    def listed(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(fault) for fault in self._set]

    def transport(self, on: str, number: str | None) -> Fault | None:
        return self._take(TRANSPORT, on, number)

    def outcome(self, on: str, number: str, kinds: set[str]) -> Fault | None:
        return self._take(kinds, on, number)

    def delivery(self, about: str, number: str) -> list[Fault]:
        """Everything that is to happen to one notice: a doubled one may be forged as well."""
        found = (self._take({kind}, "notice", number, also=about) for kind in sorted(DELIVERY))
        return [fault for fault in found if fault]

    def _take(self, kinds: set[str], on: str, number: str | None, also: str | None = None) -> Fault | None:
        wanted = {"any", on, also}
        return self._first(lambda fault: fault.kind in kinds and fault.on in wanted and fault.number in {None, number})

    def _first(self, fits: Callable[[Fault], bool]) -> Fault | None:
        with self._lock:
            for fault in self._set:
                if fault.times != 0 and fits(fault):
                    fault.hits += 1
                    fault.times = None if fault.times is None else fault.times - 1
                    return fault
        return None


def _read(data: dict[str, Any]) -> Fault:
    if extra := set(data) - {"kind", "on", "times", "seconds", "number", "code"}:
        raise BadFault(f"unknown field: {', '.join(sorted(extra))}")
    kind, on = data.get("kind"), data.get("on", "any")
    if not isinstance(on, str) or on not in FITS:
        raise BadFault(f"on should be one of {', '.join(sorted(FITS))}")
    if not isinstance(kind, str) or kind not in FITS[on]:
        raise BadFault(f"kind on {on} should be one of {', '.join(sorted(FITS[on]))}")
    number, code = _word(data.get("number"), "number"), _word(data.get("code"), "code")
    return Fault(kind, on, _times(data), _seconds(data.get("seconds")), number, code)


def _times(data: dict[str, Any]) -> int | None:
    """Once when nothing is said; null is for ever."""
    times = data.get("times", 1)
    if times is None:
        return None
    if not isinstance(times, int) or isinstance(times, bool) or not 1 <= times <= 1_000_000:
        raise BadFault("times should be a whole number from 1, or null")
    return times


def _seconds(value: object) -> float | None:
    if value is None:
        return None
    # Written so that NaN fails as well.
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= LONGEST:
        raise BadFault(f"seconds should be a number from 0 to {LONGEST}")
    return float(value)


def _word(value: object, name: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise BadFault(f"{name} should be a text")
    return value
