"""Who is looking at a row right now. It is a hint: kept in the cache, and gone by itself."""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.core.cache import cache

from aftersales.models import User

# The page says every PING seconds that it is still open; who has not for STALE seconds has left.
PING, STALE = 15, 40


@dataclass(frozen=True)
class Visitor:
    """Somebody else on the page; `minutes` for how long, `writes` while a form is open."""

    name: str
    minutes: int
    writes: bool


def _key(row: str) -> str:
    return f"presence:{row}"


def ping(row: str, user: User, *, writes: bool = False) -> list[Visitor]:
    """The person is there. Who else is, longest first. Two pings at once may lose one of them until the next."""
    now = time.time()
    kept: dict[int, tuple[str, float, float, bool]] = cache.get(_key(row)) or {}
    there = {key: visit for key, visit in kept.items() if now - visit[2] < STALE}
    since = there[user.pk][1] if user.pk in there else now
    cache.set(_key(row), {**there, user.pk: (str(user), since, now, writes)}, STALE)
    others = sorted((visit for key, visit in there.items() if key != user.pk), key=lambda visit: visit[1])
    return [Visitor(name, int(now - begun) // 60, writing) for name, begun, _seen, writing in others]
