"""Every page of a buyer, over the demo shop: what it costs, and how it looks in a real browser."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from aftersales.tests import buyer_pages
from aftersales.tests.browser import CHOSEN, reading

MOST_QUERIES = 12


@pytest.mark.parametrize("email", ["mei@example.com", "tom@example.com"])
def test_page_costs_at_most_twelve_queries(db, client, email):
    user = buyer_pages.furnish(email)
    buyer_pages.enter(client, user)
    costs = {}
    for name, address in buyer_pages.of_buyer(user):
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(address)
        assert answer.status_code == 200, address
        costs[name] = len(queries)
    assert {name: cost for name, cost in costs.items() if cost > MOST_QUERIES} == {}
    if email == "mei@example.com":
        seen = {name.partition("?")[0].partition("-")[0] for name in costs}
        assert buyer_pages.names() - seen - buyer_pages.NO_PAGES == set(), "a page is forgotten"


@pytest.mark.parametrize("look", CHOSEN, ids=str)
def test_page_looks_right(transactional_db, live_server, settings, chromium, client, look):
    """See Reader.look, and nothing is lost on a phone of 320 px nor on a desk at 200 %."""
    settings.PUBLIC_URL, settings.ALLOWED_HOSTS = live_server.url, ["*"]
    user = buyer_pages.furnish("mei@example.com")
    buyer_pages.enter(client, user)
    with reading(chromium, look, "pages") as reader:
        bring(reader.page, client, look.language)
        for name, address in buyer_pages.of_buyer(user):
            reader.open(address, name.replace(":", "-").replace("?", "-"))
            fits_narrow(reader)
        reader.page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
        for address in buyer_pages.FOR_STRANGERS:
            reader.open(address, "stranger" + address.replace("/", "-"))
            fits_narrow(reader)


def bring(page, client, language):
    """The client's session, and its language, for the browser."""
    from django.conf import settings

    cookies = {name: client.cookies[name].value for name in (settings.SESSION_COOKIE_NAME,)}
    cookies[settings.LANGUAGE_COOKIE_NAME] = language
    page.context.add_cookies([{"name": name, "value": value, "url": settings.PUBLIC_URL}
                              for name, value in cookies.items()])  # fmt: skip


def fits_narrow(reader):
    before = reader.page.viewport_size
    for width in (320, 640):
        reader.page.set_viewport_size({"width": width, "height": 600})
        assert reader.overflow() <= 0, (reader.page.url, width)
    reader.page.set_viewport_size(before)
