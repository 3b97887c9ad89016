"""One visit in a real browser: searching, an article's button, suggestions while typing, and the question itself."""

import pytest

from aftersales.help.models import Enquiry, Vote
from aftersales.testing import make_cast
from aftersales.tests.browser import accessible
from refunds.tests.test_browser import PHONE


@pytest.fixture
def visitor(transactional_db, live_server, chromium, settings, monkeypatch):
    # Playwright's event loop runs in this thread; the ORM's calls beside it are not made from inside it.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    make_cast()
    context = chromium.new_context(viewport=PHONE, base_url=live_server.url)
    page = context.new_page()
    page.set_default_timeout(10_000)
    page.trouble = []
    page.on("console", lambda message: page.trouble.append(message.text) if message.type == "error" else None)
    yield page
    context.close()


def test_a_visit(visitor):
    visitor.goto("/help/")
    visitor.click("summary:has-text('Where is my money?')")
    accessible(visitor)
    visitor.fill("main [name=q]", "运费")
    visitor.press("main [name=q]", "Enter")
    visitor.wait_for_selector("text=Who pays for sending goods back?")
    accessible(visitor)
    visitor.click("text=Who pays for sending goods back?")
    visitor.click("button:has-text('Yes')")
    visitor.wait_for_selector("text=Glad that it helped.")
    assert Vote.objects.get().helpful
    assert visitor.evaluate("document.activeElement.id") == "helpful-title"
    accessible(visitor)

    visitor.click("main a:has-text('Write to us')")
    visitor.locator("[name=text]").press_sequentially("Where is my refund? I need the money.")
    visitor.wait_for_selector("text=This may help at once")
    assert visitor.get_attribute("a:has-text('Where is my money?')", "target") == "_blank"
    accessible(visitor)
    visitor.click("button:has-text('Send the question')")
    visitor.wait_for_selector(".field-bad >> text=This field is required.")
    accessible(visitor)
    visitor.fill("[name=email]", "guest@example.org")
    visitor.click("button:has-text('Send the question')")
    visitor.wait_for_url("**/help/contact/sent/")
    assert Enquiry.objects.get().number in visitor.inner_text("main")
    accessible(visitor)
    assert [line for line in visitor.trouble if "422" not in line] == []
