"""The desk in a real browser: an agent takes a dispute to its ruling, and the money arrives."""

import pytest
from django.test import Client
from django.urls import reverse

from aftersales import actors
from aftersales.processes import until
from aftersales.testing import books_sum_to_zero, file, one, pay, place, ship
from aftersales.tests.browser import EVERY, LOOKS, SOME, carry, reading, speak
from refunds import actions
from refunds.models import Dispute, Payout, Ticket
from refunds.tests.at_admin import agent, change, claimed, lead, reviewed, to_confirm
from refunds.tests.filling import photo


@pytest.fixture
def enter(chromium, settings):
    """Opens a browser for somebody who is logged in."""
    opened = []

    def open_for(user, look, story):
        entered = reading(chromium, look, story, serious=True)
        reader = entered.__enter__()
        opened.append(entered)
        client = Client()
        client.force_login(user)
        carry(client, reader.page.context, settings.PUBLIC_URL)
        speak(reader.page, look)
        return reader

    yield open_for
    for entered in opened:
        entered.__exit__(None, None, None)


def brought(cast):
    """A dispute with words and photos of both sides, on goods that came."""
    order = ship(pay(place(cast)), cast)
    ticket = file(order, {order.lines.get(sku=cast.mug).pk: 2}, reason="late")
    actions.message(one(ticket), actors.buyer(cast.alice), "It came broken.", [photo(), photo()])
    actions.call_cs(one(ticket), actors.seller(cast.bob), "It left us whole.", [photo()], version=1)
    return Dispute.objects.get(ticket=ticket)


@pytest.mark.parametrize("look", LOOKS if EVERY else SOME[1:], ids=str)
def test_an_agent_rules_and_the_money_arrives(site, cast, enter, look):
    dispute = brought(cast)
    reader = enter(agent(), look, "desk")
    page = reader.page
    reader.open(reverse("admin:refunds_dispute_changelist"), "queue")
    page.click("nav.tabs a[href*='queue=new']")
    page.click(f"a[href*='{change(dispute)}']")
    page.click("a.do-claim")
    page.click("#ask button.default")
    page.wait_for_selector("a.do-hand_over")
    for side in (actors.buyer(cast.alice), actors.seller(cast.bob)):
        actions.rest(one(dispute), side)
    page.reload()

    page.check("[name=verdict][value=refund]")
    page.fill("[name=amount]", "99")
    page.wait_for_selector(".panel.ask .errorlist")
    page.fill("[name=amount]", "15")
    page.wait_for_selector(".panel.ask .effects li:has-text('15.00')")
    page.fill("[name=note]", "The photos show it.")
    reader.look("case")
    page.click("#action-form button.default")
    reader.look("preview")
    page.click("button[name=confirmed][value='1']")
    page.wait_for_url(f"**{change(dispute)}")
    reader.look("ruled")
    assert not Payout.objects.exists()

    for side in (actors.buyer(cast.alice), actors.seller(cast.bob)):
        actions.accept_ruling(one(dispute), side)
    until(lambda: Ticket.objects.filter(state="succeeded").exists())
    payout = Payout.objects.get()
    assert (payout.amount, payout.state) == (1500, "settled")
    assert site.sandbox.moved(payout.number) == [-1500]
    assert books_sum_to_zero()


@pytest.mark.parametrize("look", LOOKS if EVERY else SOME[:1], ids=str)
def test_the_desk_looks_right(transactional_db, live_server, settings, cast, enter, look):
    """The second agent's page, a free case, and the page of who leads."""
    settings.PUBLIC_URL, settings.ALLOWED_HOSTS = live_server.url, ["*"]
    second, _mine = to_confirm(cast), claimed(cast)
    reviewed(cast)
    reader = enter(agent("kim"), look, "desk-others")
    reader.open(change(second), "second")
    reader.page.wait_for_selector(".panel.ask .effects li")
    reader.look("second-effects")
    reader.open(change(brought(cast)), "free")
    leads = enter(lead(), look, "desk-lead")
    leads.open(reverse("admin:refunds_dispute_supervise"), "supervise")
    leads.open(reverse("admin:refunds_dispute_changelist"), "queue")
