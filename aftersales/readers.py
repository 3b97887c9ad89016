"""How a reader reads: in which of the two languages, and in which time zone."""

from __future__ import annotations

import zoneinfo
from functools import cache

from django.utils import translation


def reads_chinese() -> bool:
    """Whether the language that is active now is Chinese; every other reader gets English."""
    return (translation.get_language() or "").startswith("zh")


@cache
def time_zones() -> frozenset[str]:
    """The names of all time zones: every page asks for them, and the disk is slow to tell."""
    return frozenset(zoneinfo.available_timezones())


def zone_named(name: str) -> zoneinfo.ZoneInfo | None:
    """The zone of that name; None, which is Django's own one, UTC, for anything else."""
    return zoneinfo.ZoneInfo(name) if name in time_zones() else None
