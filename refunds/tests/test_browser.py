"""The whole life in a real browser: buyer and seller click, worker, beat and channel do the rest."""

import re

import pytest
from django.conf import settings

from aftersales import actors
from aftersales.processes import until
from aftersales.testing import books_sum_to_zero, one, ship
from aftersales.tests.browser import accessible, log_in
from orders.models import Order, Sku
from refunds import actions
from refunds.models import Notice, Payout, Ticket

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def person(chromium):
    """Opens a browser of its own for somebody and logs in."""
    contexts = []

    def enter(email: str, language: str = "en"):
        context = chromium.new_context(viewport=PHONE, locale=language, base_url=settings.PUBLIC_URL)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        log_in(page, email)
        return page

    yield enter
    for context in contexts:
        context.close()


def buy(page) -> Order:
    """Two mugs, paid on the channel's own page."""
    page.goto("/")
    page.fill("[name=q]", "mug")
    page.press("[name=q]", "Enter")
    accessible(page)
    page.click("main a:has-text('Mug')")
    page.fill("[name=quantity]", "2")
    page.click("text=Add to cart")
    page.goto("/checkout/")
    page.fill("[name=recipient]", "Alice")
    page.fill("[name=phone]", "123")
    page.fill("[name=address]", "2 Home Street")
    accessible(page)
    page.click("[name=place]")
    order = Order.objects.get()
    page.wait_for_url(f"**/orders/{order.number}/")
    page.click("button:has-text('Pay')")
    # The channel's page comes once a worker has asked for it.
    page.wait_for_url(re.compile(r".*/pay/P\w+.*"), timeout=30_000)
    page.click("button[value=pay]")
    page.wait_for_url(f"**/orders/{order.number}/")
    until(lambda: Order.objects.filter(state="awaiting_shipment").exists())
    return order


def do(page, kind: str, key: int, action: str) -> None:
    """The seller opens a row in the admin and presses one of its buttons; the form, if any, is on the page then."""
    app = "orders" if kind == "order" else "refunds"
    page.goto(f"/admin/{app}/{kind}/{key}/change/")
    page.click(f"a.do-{action}")


def test_from_buy_to_money_back(site, cast, person):
    buyer, seller = person("alice@example.com"), person("bob@example.com")
    order = buy(buyer)

    do(seller, "order", order.pk, "ship")
    seller.fill("[name=carrier]", "SF")
    seller.fill("[name=number]", "SF123")
    seller.click("#action-form button.default")
    until(lambda: Order.objects.filter(state="awaiting_receipt").exists(), 10)

    line = order.lines.get()
    buyer.goto(f"/orders/{order.number}/refund/")
    assert buyer.input_value(f"[name=units_{line.pk}]") == "1"
    buyer.check("#goods-arrived")
    buyer.check("#reason-changed_mind")
    buyer.check("#kind-return_refund")
    buyer.wait_for_selector("#send")
    accessible(buyer)
    buyer.click("#send")
    buyer.wait_for_url("**/tickets/T*/")
    accessible(buyer)
    ticket = Ticket.objects.get()

    do(seller, "ticket", ticket.pk, "agree")
    seller.click("#action-form button.default")
    buyer.reload()
    buyer.fill("[name=carrier]", "SF")
    buyer.fill("[name=number]", "SF1234567890999")
    buyer.click("text=I have sent the goods")
    do(seller, "ticket", ticket.pk, "accept")
    seller.click("#action-form button.default")

    until(lambda: Ticket.objects.filter(state="succeeded").exists())
    payout = Payout.objects.get()
    assert (payout.amount, payout.state) == (1000, "settled")
    assert site.sandbox.moved(payout.number) == [-1000]
    buyer.reload()
    assert "Succeeded" in buyer.inner_text("main")
    assert payout.number in buyer.inner_text("main")
    accessible(buyer)
    until(lambda: Notice.objects.in_inbox(cast.alice).filter(action="succeed").exists())
    buyer.goto("/inbox/")
    accessible(buyer)
    buyer.click("button:has-text('Mark all as read')")
    buyer.wait_for_selector("h1:focus")
    assert not Notice.objects.in_inbox(cast.alice).unread().exists()
    assert buyer.inner_text("#unread-dock") == ""
    buyer.click(f"text=Ticket {ticket.number}: Money returned")
    buyer.wait_for_url(f"**/tickets/{ticket.number}/")
    cast.mug.refresh_from_db()
    assert cast.mug.stock == 999
    assert books_sum_to_zero()


def test_exchange_on_a_phone(site, cast, person):
    """The form asks only for what an exchange needs; then the goods travel both ways."""
    from aftersales.testing import pay, place

    blue = Sku.objects.create(product=cast.mug.product, code="blue", variant="blue", price=1250, stock=5)
    order = ship(pay(place(cast, {cast.mug: 2})), cast)
    line = order.lines.get()
    buyer = person("alice@example.com")
    buyer.goto(f"/orders/{order.number}/refund/")
    buyer.click("[data-step='1']")
    buyer.check("#goods-on_the_way")
    buyer.check("#reason-changed_mind")
    buyer.wait_for_selector("#kind-refund_only")
    assert not buyer.is_visible("#kind-exchange")
    buyer.check("#goods-arrived")
    buyer.check("#kind-exchange")
    buyer.select_option(f"[name=wanted_{line.pk}]", str(blue.pk))
    buyer.wait_for_selector("#summary >> text=CN¥5.00 more")
    assert not buyer.is_visible(f"[name=amount_{line.pk}]")
    accessible(buyer)
    buyer.click("#send")
    buyer.wait_for_url("**/tickets/T*/")
    ticket = Ticket.objects.get()

    seller = actors.seller(cast.bob)
    actions.agree(one(ticket), seller, version=1)
    buyer.reload()
    accessible(buyer)
    buyer.fill("[name=carrier]", "SF")
    buyer.fill("[name=number]", "SF1234567890001")
    buyer.click("text=I have sent the goods")
    buyer.wait_for_selector("text=I have sent another parcel")
    accessible(buyer)
    actions.accept(one(ticket), seller)
    actions.dispatch(one(ticket), seller, "SF", "SF2")
    buyer.reload()
    accessible(buyer)
    buyer.click("button:has-text('The goods have arrived')")
    buyer.wait_for_selector("text=Thank you for confirming.")
    ticket.refresh_from_db()
    assert ticket.state == "succeeded"
