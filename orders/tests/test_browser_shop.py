"""The cart in a real browser: a quantity changes without a reload, and the focus stays where it was."""

import pytest

from aftersales.tests.browser import carry

PHONE = {"width": 390, "height": 844}


@pytest.mark.django_db(transaction=True)
def test_quantity_changes_in_place_and_keeps_the_focus(cast, client, live_server, chromium, settings):
    settings.ALLOWED_HOSTS = ["*"]
    client.post(f"/products/{cast.mug.product_id}/", {"sku": cast.mug.pk, "quantity": 1})
    context = chromium.new_context(viewport=PHONE, locale="en", base_url=live_server.url)
    carry(client, context, live_server.url)
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.goto("/cart/")
    seen = []
    page.on("framenavigated", lambda frame: seen.append(frame.url))
    page.fill("[name=quantity]", "3")
    page.press("[name=quantity]", "Tab")
    page.wait_for_selector("#cart >> text=CN¥36.00")
    page.wait_for_selector(f"#remove-{cast.mug.pk}:focus")
    assert page.inner_text("#said") == "All orders together: CN¥36.00."
    assert seen == []
    context.close()
