"""A ticket's page in a real browser: it brings itself up to date, its photos open, and the keyboard is enough."""

import pytest
from django.conf import settings as project
from django.test import Client
from playwright.sync_api import expect

from aftersales.tests.browser import EVERY, Look, carry, reading
from refunds import actions
from refunds.rules import Terms
from refunds.tests import situations
from refunds.tests.filling import photo
from refunds.tests.situations import stocked

PHONE, SMALL = Look(390, "en", "light"), Look(320, "en", "light")
LOOKS = [Look(320, "en", "dark"), Look(1280, "zh-hans", "light")][: 2 if EVERY else 1]


@pytest.fixture
def shop(cast, transactional_db, live_server, settings):
    """The pages alone: nobody's worker runs, and the seller acts by verbs."""
    settings.PUBLIC_URL = live_server.url
    settings.ALLOWED_HOSTS = ["*"]
    return stocked(cast)


def enter(reader, user) -> None:
    """Logged in without the page that does it."""
    client = Client()
    client.force_login(user)
    carry(client, reader.page.context, project.PUBLIC_URL)


def address(ticket) -> str:
    return f"/tickets/{ticket.number}/"


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_every_state_can_be_read(chromium, shop, look):
    with reading(chromium, look, "ticket") as reader:
        enter(reader, shop.alice)
        for name in ("asked", "offered", "rejected", "to_return", "to_inspect", "sent_back", "ruled", "freight_owed"):
            case = getattr(situations, name)(shop)
            actions.message(case.tickets, case.seller, "Look at this.", [photo(), photo()]) if name == "asked" else None
            reader.open(address(case.ticket), name)
        reader.open(f"{address(situations.to_return(shop).ticket)}label/", "label")
        reader.open("/tickets/", "list")


def test_a_label_is_printed_once(chromium, shop):
    with reading(chromium, PHONE, "print") as reader:
        enter(reader, shop.alice)
        reader.page.add_init_script("window.printed = 0; window.print = () => { window.printed += 1; }")
        reader.page.goto(f"{address(situations.to_return(shop).ticket)}label/")
        reader.page.get_by_role("button", name="Print").click()
        assert reader.page.evaluate("printed") == 1


def test_it_shows_what_the_seller_does(chromium, shop):
    """Two parties: while alice reads, bob makes an offer; while she writes, he takes nothing from her."""
    case = situations.asked(shop)
    with reading(chromium, PHONE, "live") as reader:
        enter(reader, shop.alice)
        page = reader.page
        page.goto(address(case.ticket))
        page.fill("#id_message_note", "I am writing")
        actions.offer(case.tickets, case.seller, Terms("refund_only", 400), "Keep it for this.")

        page.wait_for_selector("text=Just now: Offer made · Seller")

        assert "Keep it for this." in page.inner_text("#live-act")
        assert "Keep it for this." in page.inner_text("#live-thread")
        assert page.input_value("#id_message_note") == "I am writing"
        assert page.get_attribute("#live-said", "role") == "status"
        assert page.is_hidden("#live-banner")
        reader.look("offer")

        page.click("summary:has-text('Decline the offer')")
        page.fill("#id_decline_offer_note", "Too lit")
        actions.decline_offer(case.tickets, case.buyer)
        page.wait_for_selector("text=Something has changed here while you were writing.")
        assert page.input_value("#id_decline_offer_note") == "Too lit"
        page.click("text=Show it")
        page.wait_for_selector("text=Awaiting the seller")

        page.goto("/tickets/")
        actions.agree(case.tickets, case.seller, version=1)
        page.wait_for_selector("text=Something has happened on your tickets.")
        assert "Refunding" in page.inner_text("#live-cards")
        reader.look("list")


def test_keyboard_alone_accepts_and_withdraws(chromium, shop):
    def press(page, words):
        """Go there by the Tab key alone."""
        for _ in range(80):
            page.keyboard.press("Tab")
            if words in page.evaluate("document.activeElement.textContent.trim()"):
                page.keyboard.press("Enter")
                return
        raise AssertionError(words)

    with reading(chromium, PHONE, "keys") as reader:
        enter(reader, shop.alice)
        page = reader.page
        offered, declined, asked = situations.offered(shop), situations.offered(shop), situations.asked(shop)
        page.goto(address(offered.ticket))
        press(page, "Accept the offer")
        page.wait_for_selector("text=You have accepted the offer.")
        page.goto(address(declined.ticket))
        press(page, "Decline the offer")
        page.keyboard.press("Tab")
        page.keyboard.type("No")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_selector("text=You have declined the offer.")
        page.goto(address(asked.ticket))
        press(page, "Withdraw the ticket")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_selector("text=The ticket has been withdrawn.")
    assert [case.ticket.state for case in (offered, declined, asked)] == ["refunding", "awaiting_seller", "closed"]


def test_photos_open_and_close(chromium, shop):
    case = situations.asked(shop)
    actions.message(case.tickets, case.seller, "Look.", [photo(), photo()])
    with reading(chromium, PHONE, "gallery") as reader:
        enter(reader, shop.alice)
        page = reader.page
        page.goto(address(case.ticket))
        first = page.locator("[data-gallery] a").first
        first.focus()
        page.keyboard.press("Enter")
        page.wait_for_selector(".pswp--open")
        page.wait_for_timeout(500)
        page.keyboard.press("Escape")
        page.wait_for_selector(".pswp", state="detached")
        assert first.evaluate("element => element === document.activeElement")
        # One that came meanwhile opens as well.
        actions.message(case.tickets, case.seller, "And this.", [photo()])
        page.wait_for_selector("text=Just now: Message · Seller")
        # Whoever stood at a photo still does.
        assert page.evaluate("document.activeElement.closest('#live-thread [data-gallery]') !== null")
        page.locator("[data-gallery] a").first.click()
        page.wait_for_selector(".pswp--open")
        assert page.url.endswith(address(case.ticket))
        assert not reader.troubles


def test_without_scripts_everything_is_there(chromium, shop):
    case = situations.to_return(shop)
    actions.message(case.tickets, case.seller, "Look.", [photo()])
    with reading(chromium, SMALL, "plain", scripts=False) as reader:
        enter(reader, shop.alice)
        page = reader.page
        page.goto(address(case.ticket))
        assert page.input_value("#return-address") == "1 Return Road"
        assert page.is_hidden("text=Scan the waybill")
        page.fill("#id_send_waybill_number", "sf 1234 5678 9012 3")
        page.click("text=I have sent the goods")
        page.wait_for_selector("text=SF Express SF1234567890123")
        page.locator("[data-gallery] a").first.click()
        page.wait_for_url("**/evidence/*/")


# A camera that shows nothing, and a reader of codes that finds one: headless browsers have neither.
CAMERA = """
window.BarcodeDetector = class { async detect() { return [{ rawValue: "sf1234567890123" }]; } };
const picture = document.createElement("canvas");
setInterval(() => picture.getContext("2d").fillRect(0, 0, 9, 9), 50);
navigator.mediaDevices.getUserMedia = async () => picture.captureStream(5);
"""


def test_scan_fills_number_and_carrier(chromium, shop):
    case = situations.to_return(shop)
    with reading(chromium, PHONE, "scan") as reader:
        enter(reader, shop.alice)
        page = reader.page
        page.add_init_script(CAMERA)
        page.goto(address(case.ticket))
        page.click("text=Scan the waybill")
        expect(page.locator("#id_send_waybill_number")).to_have_value("sf1234567890123")
        assert page.input_value("#id_send_waybill_carrier") == "SF Express"
        assert page.locator("video").count() == 0
        page.click("text=I have sent the goods")
        page.wait_for_selector("text=SF Express SF1234567890123")
        assert not reader.troubles


def test_label_fits_on_one_small_sheet(chromium, shop):
    case = situations.to_return(shop)
    with reading(chromium, PHONE, "print") as reader:
        enter(reader, shop.alice)
        reader.page.goto(f"{address(case.ticket)}label/")
        for paper in ("A6", "A4"):
            assert reader.page.pdf(format=paper).count(b"/Type /Page\n") == 1
