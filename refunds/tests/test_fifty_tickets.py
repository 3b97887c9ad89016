"""A seller works through fifty tickets in a real browser: one by one, with the keyboard alone, and the rest at once."""

import pytest

from aftersales.processes import until
from aftersales.tests.browser import EVERY, LOOKS, SOME, log_in, reading, speak
from aftersales.tests.many import many_tickets
from refunds.models import Ticket, TicketEvent

QUEUE = "/admin/refunds/ticket/"
SEND = "#action-form .default"


def agreed():
    return TicketEvent.objects.filter(action="agree", role="seller").count()


@pytest.mark.long
# One look is enough to see that it works; `make stories` walks all of them.
@pytest.mark.parametrize("wanted", LOOKS if EVERY else SOME[:1], ids=str)
def test_a_seller_works_through_fifty_tickets(site, cast, chromium, wanted):
    many_tickets(cast, 50)
    with reading(chromium, wanted, "fifty", serious=True) as seller:
        page = seller.page
        page.set_default_timeout(60_000)
        log_in(page, "bob@example.com")
        speak(page, wanted)
        page.goto(QUEUE)
        assert page.locator("#result_list tbody").count() == 50
        seller.look("queue")

        # One, by its buttons.
        page.click("#result_list tbody >> nth=0 >> a >> nth=0")
        seller.look("ticket")
        page.click("a.do-agree")
        page.click(SEND)
        until(lambda: agreed() == 1, 30)

        # One, with the keyboard alone.
        page.goto(QUEUE)
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_selector("a.do-agree")
        page.keyboard.press("a")
        page.wait_for_selector(SEND)
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.matches('#action-form .default')"):
                break
        page.keyboard.press("Enter")
        until(lambda: agreed() == 2, 30)

        # All the others at once: what would happen is said before it does.
        page.goto(QUEUE)
        page.check("#action-toggle")
        page.select_option("select[name=action]", "agree_many")
        page.click("button[name=index]")
        page.wait_for_url("**/bulk/**")
        seller.look("dry-run")
        page.click("button[name=confirmed]")
        page.wait_for_url("**/job/**")
        until(lambda: agreed() == 50, 90)
        # It asks for its progress by itself, until there is none to come.
        page.wait_for_selector("#progress:not([hx-get])")
        page.reload()
        seller.look("done")
        page.goto(QUEUE)
        assert page.locator("#result_list").count() == 0
        seller.look("empty")
    assert not Ticket.objects.filter(state="awaiting_seller").exists()
