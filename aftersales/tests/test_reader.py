"""In which zone a reader's times and days are meant, and who counts as one visitor."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from aftersales.middleware import ZONE_COOKIE
from aftersales.network import line_of
from aftersales.testing import place
from orders.models import Order

pytestmark = pytest.mark.django_db
# 02:00 on the next day in China.
PLACED = datetime(2026, 11, 23, 18, tzinfo=UTC)


@pytest.fixture
def found(client, cast):
    """Whether alice finds an order by the day."""
    order = place(cast)
    Order.objects.filter(pk=order.pk).update(placed_at=PLACED)
    client.force_login(cast.alice)

    def found(day):
        page = client.get(reverse("orders:list"), {"after": day, "before": day})
        assert page.status_code == 200
        return order.number in page.text

    return found


def test_without_any_word_days_are_utc(found):
    assert (found("2026-11-23"), found("2026-11-24")) == (True, False)


@pytest.mark.parametrize("cookie", ["Nowhere/Land", "../../etc/passwd", "\0", "x" * 5000])
def test_a_zone_that_is_none_is_utc(client, found, cookie):
    client.cookies[ZONE_COOKIE] = cookie
    assert found("2026-11-23")


def test_the_browsers_zone_counts(client, found):
    client.cookies[ZONE_COOKIE] = "Asia/Shanghai"
    assert (found("2026-11-23"), found("2026-11-24")) == (False, True)


def test_the_chosen_zone_counts_more(client, cast, found):
    client.cookies[ZONE_COOKIE] = "Asia/Shanghai"
    cast.alice.time_zone = "Europe/Berlin"
    cast.alice.save()
    assert (found("2026-11-23"), found("2026-11-24")) == (True, False)


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("unix:", "unix:"),
    ],
)
def test_an_ipv6_network_is_one_visitor(address, line):
    assert line_of(address) == line
