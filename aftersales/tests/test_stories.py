"""What a buyer comes for, walked in a real browser with worker, beat and channel: every story in every width, language
and light by `make stories`, in turns by the quick suite. Selectors name fields and addresses, so they hold in every
language."""

import io
import re
from functools import partial

import pytest
from PIL import Image

from aftersales import actors
from aftersales.help import actions as help_actions
from aftersales.help.models import Enquiry
from aftersales.processes import until
from aftersales.testing import PASSWORD, file, one, pay, place, ship
from aftersales.tests.browser import EVERY, LOOKS, SOME, log_in, reading, speak
from orders import actions as orders_actions
from orders.models import Order, Product, Sku
from refunds import actions
from refunds.models import Payout, Ticket
from refunds.rules import Decision, Terms
from refunds.tests.hearing import agent_of, rejected


def looks(turn):
    """All of them, or one in turns."""
    return pytest.mark.parametrize("look", LOOKS if EVERY else [SOME[turn % 2]], ids=str)


@pytest.fixture
def enter(chromium, site, cast):
    """Opens a browser for one of the cast, logged in by the form."""
    opened = []

    def open_for(who, look, story, **options):
        entered = reading(chromium, look, story, **options)
        reader = entered.__enter__()
        opened.append(entered)
        if who:
            speak(reader.page, look)
            log_in(reader.page, who.email)
            speak(reader.page, look)
        return reader

    yield open_for
    for entered in opened:
        entered.__exit__(None, None, None)


def press(page, address):
    """The button of the form that is sent there."""
    page.click(f"main form[action$='/{address}/'] button:not([type=button])")


def at_channel(page, action):
    page.wait_for_url(re.compile(r".*/pay/P\w+.*"), timeout=30_000)
    page.click(f"button[value={action}]")
    if "/pay/P" in page.url:
        page.click("a.button")
    page.wait_for_url("**/orders/*/")


@looks(1)
def test_signing_up_and_a_forgotten_password(enter, look, mailoutbox):
    reader = enter(None, look, "account")
    page = reader.page
    speak(page, look)
    reader.open("/account/sign-up/", "sign-up")
    page.fill("[name=name]", "Zoë 佐伊")
    page.fill("[name=email]", "zoe@example.com")
    page.fill("[name=password1]", "12345")
    page.press("[name=password1]", "Enter")
    reader.look("weak-password")
    page.fill("[name=password1]", PASSWORD)
    page.press("[name=password1]", "Enter")
    page.wait_for_url("**/account/code/")
    reader.look("code")
    page.fill("[name=code]", "1111-1111")
    page.press("[name=code]", "Enter")
    reader.look("wrong-code")
    page.fill("[name=code]", code_of(mailoutbox))
    page.press("[name=code]", "Enter")
    page.wait_for_url("**/orders/")
    reader.look("no-orders-yet")
    for address in ("", "email/", "password/", "two-factor/", "notices/"):
        reader.open(f"/account/{address}", f"account-{address.strip('/')}")
    page.uncheck("main [type=checkbox] >> nth=0")
    page.click("main form button.btn-primary")
    reader.look("fewer-mails")
    page.goto("/account/")
    page.click("main form[action='/logout/'] button")
    reader.open("/account/password/reset/", "forgotten")
    page.fill("[name=email]", "zoe@example.com")
    page.press("[name=email]", "Enter")
    page.wait_for_selector("[name=code]")
    page.fill("[name=code]", code_of(mailoutbox))
    page.press("[name=code]", "Enter")
    page.wait_for_selector("[name=password1]")
    reader.look("new-password")


def code_of(mails):
    """The code in the last mail."""
    until(lambda: mails, 5)
    mail = mails.pop()
    mails.clear()
    [code] = re.findall(r"^\d{4}-\d{4}$", str(mail.body), re.MULTILINE)
    return code


@looks(0)
def test_sending_goods_back(enter, cast, site, look):
    """Four taps and a photo; the seller acts by verb; the money arrives."""
    order = ship(pay(place(cast, {cast.mug: 1})), cast)
    orders_actions.receive(one(order), actors.buyer(cast.alice))
    reader = enter(cast.alice, look, "return")
    page = reader.page
    reader.open(f"/orders/{order.number}/", "order")
    page.locator("main a[href*='/refund/']").first.click()
    reader.look("which")
    page.check("#reason-damaged")
    page.wait_for_selector("#kind-return_refund")
    reader.look("what")
    page.check("#kind-return_refund")
    page.wait_for_selector("#send")
    page.set_input_files("[data-photos] [type=file]", [photo("one.jpg"), photo("two.jpg")])
    page.wait_for_selector("[name=photos_uploaded] >> nth=1", state="attached")
    reader.look("summary")
    page.click("#send")
    page.wait_for_url("**/tickets/T*/")
    reader.look("filed")
    ticket, seller = Ticket.objects.get(), actors.seller(cast.bob)
    assert ticket.evidence.count() == 2
    actions.agree(one(ticket), seller, version=1)
    page.wait_for_selector("main form[action$='/send_waybill/']", timeout=40_000)
    reader.look("agreed")
    reader.open(f"/tickets/{ticket.number}/label/", "label")
    page.go_back()
    page.fill("#id_send_waybill_number", "RR123456789CN")
    page.fill("#id_send_waybill_carrier", "EMS")
    press(page, "send_waybill")
    page.wait_for_selector(".errorlist")
    reader.look("wrong-check-digit")
    page.fill("#id_send_waybill_number", "RR123456785CN")
    press(page, "send_waybill")
    page.wait_for_selector("main form[action$='/add_parcel/']", state="attached")
    reader.look("sent")
    actions.accept(one(ticket), seller)
    until(lambda: Ticket.objects.filter(state="succeeded").exists())
    page.reload()
    reader.look("money-is-back")
    payout = Payout.objects.get()
    assert payout.number in page.inner_text("main")
    assert site.sandbox.moved(payout.number) == [-1000]


def photo(name):
    out = io.BytesIO()
    Image.new("RGB", (600, 400), "teal").save(out, "JPEG")
    return {"name": name, "mimeType": "image/jpeg", "buffer": out.getvalue()}


@looks(0)
def test_buying_from_two_shops_and_paying_again(enter, cast, look):
    vase = Product.objects.create(shop=cast.other_shop, code="vase", title="Vase")
    Sku.objects.create(product=vase, code="vase", price=2500, stock=3)
    reader = enter(cast.alice, look, "buying")
    page = reader.page
    for words, units in (("mug", "2"), ("vase", "1")):
        page.goto("/")
        page.fill("[name=q]", words)
        page.press("[name=q]", "Enter")
        reader.look(f"search-{words}")
        page.click("main a[href^='/products/']")
        page.fill("[name=quantity]", units)
        reader.look("product")
        page.click("main form[method=post] button.btn-primary")
        page.wait_for_url("**/cart/")
    reader.look("cart")
    page.click("main a[href='/checkout/']")
    page.click("[name=place]")
    reader.look("checkout-refused")
    assert Order.objects.count() == 0
    for name, value in (("recipient", "Alice 爱丽丝"), ("phone", "13800001234"), ("address", "2 Home Street")):
        page.fill(f"[name={name}]", value)
    page.check("[name=save]")
    page.click("[name=place]")
    page.wait_for_url("**/checkout/pay/")
    reader.look("to-pay")

    page.locator("main form[action$='/pay/'] button").first.click()
    at_channel(page, "decline")
    page.wait_for_selector("main .alert-warning")
    reader.look("declined")
    for left in (2, 1):
        press(page, "pay")
        at_channel(page, "pay")
        until(partial(only, left - 1))
        page.reload()
        reader.look(f"paid-{left}")
        if left == 2:
            page.click("main a[href='/checkout/pay/']")
    assert set(Order.objects.values_list("state", flat=True)) == {"awaiting_shipment"}
    reader.open("/account/addresses/", "addresses")
    assert "2 Home Street" in page.inner_text("main")


@looks(1)
def test_buying_by_keyboard_alone(enter, cast, look):
    page = enter(cast.alice, look, "keyboard").page
    page.goto("/")
    reach(page, "[name=q]")
    page.keyboard.type("lamp")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=lamp")
    for target, address in (
        ("main a[href^='/products/']", "**/products/*/"),
        ("main form[method=post] button.btn-primary", "**/cart/"),
        ("main a[href='/checkout/']", "**/checkout/"),
    ):
        reach(page, target)
        page.keyboard.press("Enter")
        page.wait_for_url(address)
    for name, value in (("recipient", "Alice"), ("phone", "13800001234"), ("address", "2 Home Street")):
        reach(page, f"[name={name}]")
        page.keyboard.type(value)
    reach(page, "[name=place]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/orders/O*/")
    reach(page, "main form[action$='/pay/'] button")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r".*/pay/P\w+.*"), timeout=30_000)
    reach(page, "button[value=pay]")
    page.keyboard.press("Enter")
    until(lambda: Order.objects.filter(state="awaiting_shipment").exists())


def reach(page, selector):
    """By the Tab key, to a thing whose focus can be seen."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            break
    else:
        pytest.fail(f"{selector} cannot be reached")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"


def only(number):
    return Order.objects.filter(state="awaiting_payment").count() == number


@looks(1)
def test_orders_found_received_and_bought_again(enter, cast, look):
    order = ship(pay(place(cast)), cast)
    place(cast)
    reader = enter(cast.alice, look, "orders")
    page = reader.page
    reader.open("/orders/?state=awaiting_receipt", "list")
    assert page.locator("main article").count() == 1
    reader.open("/orders/?q=LAMP&placed_after=2020-01-01", "found")
    assert page.locator("main article").count() == 2
    reader.open("/orders/?placed_after=2026-02-30", "bad-date")
    page.goto("/orders/?state=awaiting_receipt")
    page.click("main article a.btn-primary")
    reader.look("asked-once-more")
    assert Order.objects.filter(state="awaiting_receipt").exists()
    press(page, "receive")
    page.wait_for_url(f"**/orders/{order.number}/")
    reader.look("received")
    assert Order.objects.get(pk=order.pk).state == "completed"
    page.click("main a[href$='/invoice/']")
    page.click("main form button.btn-primary")
    reader.look("invoice-refused")
    page.fill("[name=title]", "Alice Ltd")
    page.click("main form button.btn-primary")
    page.wait_for_url(f"**/orders/{order.number}/")
    reader.open(f"/orders/{order.number}/invoice/print/", "invoice")
    page.goto(f"/orders/{order.number}/")
    press(page, "again")
    page.wait_for_url("**/cart/")
    reader.look("bought-again")
    assert "Lamp" in page.inner_text("main")


@looks(0)
def test_haggling_and_customer_service(enter, cast, look):
    """The seller acts by verb, as from the admin; the page follows by itself."""
    seller = actors.seller(cast.bob)
    order = ship(pay(place(cast)), cast)
    ticket = file(order, {line.pk: 1 for line in order.lines.all()})
    reader = enter(cast.alice, look, "haggling")
    page = reader.page
    reader.open(f"/tickets/{ticket.number}/", "filed")
    actions.offer(one(ticket), seller, Terms("refund_only", 500), "Half of it?")
    page.wait_for_selector("main form[action$='/accept_offer/']", timeout=40_000)
    reader.look("offer-came-by-itself")
    page.click("summary:near(form[action$='/decline_offer/'])")
    page.fill("#id_decline_offer_note", "All of it, please.")
    press(page, "decline_offer")
    page.wait_for_selector("main [role=status] .alert-success")
    reader.look("declined")
    rejected(ticket, cast)
    page.reload()
    reader.look("rejected")
    page.locator("details:has(form[action$='/call_cs/']) summary").click()
    press(page, "call_cs")
    page.wait_for_selector("#id_call_cs_note_error, .errorlist")
    reader.look("call-refused")
    page.fill("#id_call_cs_note", "It was not on sale. 🙏")
    press(page, "call_cs")
    page.wait_for_selector("main form[action$='/rest/']")
    reader.look("called")
    press(page, "rest")
    dispute, agent = ticket.disputes.get(), actors.agent(agent_of(cast))
    actions.rest(one(dispute), seller)
    actions.claim(one(dispute), agent)
    actions.rule(one(dispute), agent, Decision("refund", 2000, note="The shop's page did not say so."))
    page.reload()
    reader.look("ruled")
    press(page, "accept_ruling")
    actions.accept_ruling(one(dispute), seller)
    until(lambda: Ticket.objects.filter(state="succeeded").exists())
    page.reload()
    reader.look("money-is-back")
    assert Payout.objects.get().amount == 2000


@looks(1)
def test_asking_for_help(enter, cast, look):
    from aftersales.help.defaults import install_articles
    from aftersales.help.models import Article, Category

    install_articles(Category, Article)
    reader = enter(cast.alice, look, "help")
    page = reader.page
    reader.open("/help/", "home")
    page.fill("main [name=q]", "运费" if look.language == "zh-hans" else "freight")
    page.press("main [name=q]", "Enter")
    reader.look("found")
    page.locator("main a[href^='/help/articles/']").first.click()
    reader.look("article")
    page.click("main a[href^='/help/contact/']")
    page.select_option("[name=topic]", index=1)
    page.click("main form button.btn-primary")
    reader.look("refused")
    page.fill("[name=text]", "Where is my parcel? 我的包裹在哪里？")
    page.click("main form button.btn-primary")
    page.wait_for_url("**/help/contact/sent/")
    reader.look("sent")
    enquiry = Enquiry.objects.get()
    agent = agent_of(cast)
    help_actions.answer(one(enquiry), agent, "It comes tomorrow.", read=enquiry.letters.latest("pk").pk)
    reader.open("/inbox/", "inbox")
    page.locator(f"main a[href*='{enquiry.number}']").first.click()
    reader.look("answered")
    assert "It comes tomorrow." in page.inner_text("main")
