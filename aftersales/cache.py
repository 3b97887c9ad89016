"""What is counted for a while and may be lost at any moment: attempts to log in, codes that were used."""

from __future__ import annotations

import logging
import time
from typing import Any, Final

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

log = logging.getLogger(__name__)
# How long one that is away is left alone: a login asks many times, and nobody should wait for each of them.
PAUSE: Final = 10.0


class Cache(RedisCache):
    """Redis. While it is away this process's memory takes its place, so that people can still log in and attempts are
    still counted, if only by each process for itself."""

    # By address, for all threads.
    _away_until: dict[str, float] = {}

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._address = server
        self._memory = LocMemCache(server, {**params, "OPTIONS": {}})

    def _asked(self, name: str, *args: Any, **options: Any) -> Any:
        if time.monotonic() >= self._away_until.get(self._address, 0):
            try:
                return getattr(super(), name)(*args, **options)
            except RedisError as error:
                log.warning("the cache is away: %s", error)
                self._away_until[self._address] = time.monotonic() + PAUSE
        return getattr(self._memory, name)(*args, **options)

    def add(self, *args: Any, **options: Any) -> bool:
        return bool(self._asked("add", *args, **options))

    def get(self, *args: Any, **options: Any) -> Any:
        return self._asked("get", *args, **options)

    def set(self, *args: Any, **options: Any) -> None:
        self._asked("set", *args, **options)

    def touch(self, *args: Any, **options: Any) -> bool:
        return bool(self._asked("touch", *args, **options))

    def delete(self, *args: Any, **options: Any) -> bool:
        return bool(self._asked("delete", *args, **options))

    def incr(self, *args: Any, **options: Any) -> int:
        return int(self._asked("incr", *args, **options))
