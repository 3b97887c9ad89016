"""The cache may be away: people still log in, and their attempts are still counted."""

from typing import Any

import pytest
from django.conf import settings as configured
from django.core.cache import cache

from aftersales.cache import Cache
from aftersales.testing import PASSWORD

AWAY = "redis://127.0.0.1:1/0"


def memory(used: Any) -> Any:
    """What counts in Redis' place."""
    return used._memory


@pytest.fixture
def away(settings):
    settings.CACHES = {"default": {"BACKEND": "aftersales.cache.Cache", "LOCATION": AWAY}}
    memory(cache).clear()


def test_it_counts_in_redis(settings):
    one, other = Cache(configured.REDIS_URL, {}), Cache(configured.REDIS_URL, {})
    one.delete("test")
    assert [one.add("test", 1), other.add("test", 2), other.get("test")] == [True, False, 1]
    one.set("test", [1.5], 60)
    assert [other.incr("test-number", 1) if other.add("test-number", 1, 5) else 0, other.get("test")] == [2, [1.5]]
    assert [other.touch("test", 60), other.delete("test"), other.get("test", "gone")] == [True, True, "gone"]
    assert not memory(one)._cache


def test_logins_go_on_and_are_counted_without_it(cast, client, away):
    sent = {"login": "alice@example.com", "password": "no"}
    answers = [client.post("/login/", sent).status_code for _ in range(10)]
    assert answers == [422] * 10
    assert "Too many attempts." in client.post("/login/", sent | {"password": PASSWORD}).text
    assert client.post("/login/", {"login": "bob@example.com", "password": PASSWORD}).status_code == 422  # same address
    memory(cache).clear()
    assert client.post("/login/", sent | {"password": PASSWORD}).status_code == 303


def test_it_is_left_alone_for_a_while(away, monkeypatch):
    """then: one attempt to connect, however often it is asked"""
    monkeypatch.setattr(Cache, "_away_until", {})
    tries = []

    def refused(self):
        tries.append(self)
        raise OSError("refused")

    monkeypatch.setattr("redis.connection.Connection._connect", refused)
    for number in range(5):
        assert cache.add("key", number) is (number == 0)
    assert len(tries) <= 2  # redis-py may try a second time itself
