"""The shop's pages in a real browser: without reload where a script helps, and accessible."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from aftersales.testing import PASSWORD, pay, place, ship
from orders import addresses
from orders.models import Address


@pytest.fixture
def alice(cast, live_server, chromium, settings, monkeypatch):
    # Playwright's event loop runs in this thread; the ORM's calls beside it are not made from inside it.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    settings.ALLOWED_HOSTS = ["*"]
    context = chromium.new_context(viewport={"width": 390, "height": 844}, locale="en", base_url=live_server.url)
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.goto("/login/")
    page.fill("[name=username]", "alice@example.com")
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/orders/")
    yield page
    context.close()


@pytest.mark.django_db(transaction=True)
def test_quantity_changes_in_place_and_keeps_the_focus(cast, alice):
    alice.goto(f"/products/{cast.mug.product_id}/")
    alice.click("text=Add to cart")
    alice.wait_for_url("**/cart/")
    seen = []
    alice.on("framenavigated", lambda frame: seen.append(frame.url))
    alice.fill("[name=quantity]", "3")
    alice.press("[name=quantity]", "Tab")
    alice.wait_for_selector("#cart >> text=CN¥36.00")
    alice.wait_for_selector(f"#remove-{cast.mug.pk}:focus")
    assert alice.inner_text("#said") == "All orders together: CN¥36.00."
    assert seen == []


@pytest.mark.django_db(transaction=True)
def test_pages_are_accessible(cast, alice):
    addresses.keep(cast.alice, Address(recipient="Alice", phone="1", address="1 Home Road"))
    order = ship(pay(place(cast)), cast)
    alice.goto(f"/products/{cast.mug.product_id}/")
    alice.click("text=Add to cart")
    own = f"/orders/{order.number}/"
    pages = [
        "/?least=5&most=1",
        "/cart/",
        "/checkout/",
        "/orders/?after=x",
        own,
        f"{own}invoice/",
        f"{own}invoice/print/",
    ]
    for address in [*pages, "/account/addresses/", "/account/addresses/new/"]:
        alice.goto(address)
        found = Axe().run(alice).response["violations"]
        assert not found, (address, [(v["id"], [n["html"] for n in v["nodes"]]) for v in found])
        assert alice.evaluate("document.documentElement.scrollWidth") <= 390
