"""Every page of a buyer, over the demo shop: what it costs, and how it looks in a real browser."""

from itertools import islice

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from aftersales.tests import buyer_pages
from aftersales.tests.browser import CHOSEN, EVERY, carry, reading, speak

MOST_QUERIES = 12


def test_page_costs_at_most_twelve_queries(db, client):
    mei = buyer_pages.furnish("mei@example.com")
    seen = {name.partition("?")[0].partition("-")[0] for name in costs(client, mei)}
    assert buyer_pages.names() - seen - buyer_pages.NO_PAGES == set(), "a page is forgotten"
    costs(client, buyer_pages.furnish_person("tom@example.com"))


def costs(client, user):
    """The names of their pages, each of which was opened and counted."""
    buyer_pages.enter(client, user)
    found = {}
    for name, address in buyer_pages.of_buyer(user):
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(address)
        assert answer.status_code == 200, address
        found[name] = len(queries)
    assert {name: cost for name, cost in found.items() if cost > MOST_QUERIES} == {}
    return found


@pytest.mark.parametrize("look", CHOSEN, ids=str)
def test_page_looks_right(transactional_db, live_server, settings, chromium, client, look):
    """See Reader.look, and nothing is lost on a phone of 320 px nor on a desk at 200 %."""
    settings.PUBLIC_URL, settings.ALLOWED_HOSTS = live_server.url, ["*"]
    user = buyer_pages.furnish("mei@example.com")
    buyer_pages.enter(client, user)
    with reading(chromium, look, "pages") as reader:
        carry(client, reader.page.context, live_server.url)
        speak(reader.page, look)
        for name, address in part(buyer_pages.of_buyer(user), look):
            reader.open(address, name.replace(":", "-").replace("?", "-"))
            fits_narrow(reader)
        reader.page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
        for address in part(buyer_pages.FOR_STRANGERS, look):
            reader.open(address, "stranger" + address.replace("/", "-"))
            fits_narrow(reader)


def part(pages, look):
    """All pages in every look; in the quick suite they take turns."""
    return pages if EVERY else islice(pages, CHOSEN.index(look), None, len(CHOSEN))


def fits_narrow(reader):
    before = reader.page.viewport_size
    for width in (320, 640):
        reader.page.set_viewport_size({"width": width, "height": 600})
        assert reader.overflow() <= 0, (reader.page.url, width)
    reader.page.set_viewport_size(before)
