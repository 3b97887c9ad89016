"""How many there are, as pages say it."""

import pytest

from aftersales.counts import capped


@pytest.mark.parametrize(("number", "words"), [(0, "0"), (98, "98"), (99, "99"), (100, "99+"), (10**9, "99+")])
def test_a_flood_is_said_as_one(number, words):
    assert capped(number, 99) == words
