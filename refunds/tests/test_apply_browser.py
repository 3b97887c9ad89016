"""Applying in a real browser on a phone: few taps, no script, two tabs, no connection, photos that fail once."""

import io
import re

import pytest
from django.test import Client
from PIL import Image
from playwright.sync_api import expect

from aftersales import actors
from aftersales.processes import until
from aftersales.testing import one, pay, place, ship
from aftersales.tests.browser import CHOSEN, accessible, carry, reading, speak
from aftersales.tests.test_every_page import fits_narrow
from orders.actions import receive
from refunds.models import Draft, Evidence, Ticket, Upload

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def order(cast, transactional_db):
    """One mug that has been received."""
    order = ship(pay(place(cast, {cast.mug: 1})), cast)
    receive(one(order), actors.buyer(cast.alice))
    return order


@pytest.fixture
def enter(cast, chromium, live_server, settings, transactional_db):
    """Opens a browser of one's own, logged in as alice."""
    settings.ALLOWED_HOSTS = ["*"]
    contexts, troubles = [], []

    def enter(**more):
        context = chromium.new_context(viewport=PHONE, locale="en-US", base_url=live_server.url, **more)
        contexts.append(context)
        client = Client()
        client.force_login(cast.alice)
        carry(client, context, live_server.url)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        return page

    yield enter
    for context in contexts:
        context.close()
    assert troubles == []


def picture(width=60):
    out = io.BytesIO()
    Image.new("RGB", (width, 40), "teal").save(out, "JPEG")
    return {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def at_ticket(page):
    page.wait_for_url("**/tickets/T*/")


def chosen_up_to_send(page, order, reason="changed_mind"):
    page.goto(f"/orders/{order.number}/refund/")
    page.check(f"#reason-{reason}")
    page.check("#kind-return_refund")
    page.wait_for_selector("#send")


def test_four_taps_from_the_order(order, enter):
    page = enter()
    page.goto(f"/orders/{order.number}/")
    taps = 0
    for target in ("a[href*='/refund/']", "#reason-changed_mind", "#kind-return_refund", "#send"):
        page.locator(target).first.click()
        taps += 1
        if target == "#kind-return_refund":
            page.wait_for_selector("text=You will get back CN¥10.00")
            accessible(page)
            assert page.evaluate("document.activeElement.id") == "kind-return_refund"
    at_ticket(page)
    assert taps <= 4
    ticket = Ticket.objects.get()
    assert (ticket.kind, ticket.amount, ticket.arrived) == ("return_refund", 1000, True)
    assert not Draft.objects.exists()


@pytest.mark.parametrize("look", CHOSEN, ids=str)
def test_each_part_looks_right(cast, chromium, live_server, settings, transactional_db, look):
    """axe finds nothing, nothing is too wide at 320 px either, and the console is silent (Reader.look)."""
    settings.PUBLIC_URL, settings.ALLOWED_HOSTS = live_server.url, ["*"]
    order = ship(pay(place(cast)), cast)
    line = order.lines.get(sku=cast.mug)
    client = Client()
    client.force_login(cast.alice)
    with reading(chromium, look, "applying") as reader:
        page = reader.page
        carry(client, page.context, live_server.url)
        speak(page, look)
        reader.open(f"/orders/{order.number}/refund/?line={line.pk}", "items")
        page.click(f"#line-{line.pk} [data-step='1']")
        page.check("#reason-damaged")
        page.wait_for_selector("#kind-return_refund")
        reader.look("kinds")
        page.check("#kind-return_refund")
        page.wait_for_selector("#send")
        reader.look("summary")
        fits_narrow(reader)
        page.set_input_files("#id_photos", [picture(), picture()])
        page.fill(f"#id_amount_{line.pk}", "99")
        page.press(f"#id_amount_{line.pk}", "Tab")
        page.wait_for_selector(".errorlist")
        expect(page.locator("[name=photos_uploaded]")).to_have_count(2)
        expect(page.locator("progress:visible")).to_have_count(0)
        reader.look("refused")
        fits_narrow(reader)
        page.fill(f"#id_amount_{line.pk}", "12")
        page.press(f"#id_amount_{line.pk}", "Tab")
        page.wait_for_selector("#send")
        page.click("#send")
        at_ticket(page)
    assert Ticket.objects.get().amount == 1200


def test_without_a_script(order, enter):
    """Each part comes with a button; a photo goes with the step and is kept."""
    page = enter(java_script_enabled=False)
    page.goto(f"/orders/{order.number}/refund/")
    page.check("#reason-damaged")
    page.click("text=Continue >> visible=true")
    page.check("#kind-refund_only")
    page.click("text=Continue >> visible=true")
    page.fill("#id_description", "The handle is off.")
    page.set_input_files("#id_photos", picture())
    page.click("text=Check again")
    assert page.locator("[name=photos_uploaded]").count() == 1
    assert page.input_value("#id_description") == "The handle is off."
    page.click("#send")
    at_ticket(page)
    assert Ticket.objects.get().description == "The handle is off."
    assert (Evidence.objects.count(), Upload.objects.count()) == (1, 0)


def test_by_keyboard_alone(order, enter):
    page = enter()
    page.goto(f"/orders/{order.number}/refund/")
    page.focus("#reason-changed_mind")
    page.keyboard.press("Space")
    page.wait_for_selector("#kind-refund_only")
    while page.evaluate("document.activeElement.name") != "kind":
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.wait_for_selector("#send")
    page.focus("#id_description")
    page.keyboard.type("Sorry.")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "send":
            break
    page.keyboard.press("Enter")
    at_ticket(page)
    assert Ticket.objects.get().description == "Sorry."


def test_a_double_click_and_the_way_back(order, enter):
    page = enter()
    chosen_up_to_send(page, order)
    page.dblclick("#send")
    at_ticket(page)
    page.go_back()
    page.wait_for_selector("text=has an open ticket")
    assert Ticket.objects.count() == 1


def test_the_second_tab_lands_on_the_ticket(order, enter):
    first = enter()
    second = first.context.new_page()
    for page in (first, second):
        chosen_up_to_send(page, order)
    for page in (first, second):
        page.click("#send")
        at_ticket(page)
    assert "There is a ticket for this already." in second.inner_text("main")
    assert Ticket.objects.count() == 1


def test_what_is_entered_without_a_connection_is_kept(order, enter):
    page = enter()
    chosen_up_to_send(page, order)
    page.context.set_offline(True)
    page.fill("#id_description", "The handle is off.")
    page.press("#id_description", "Tab")
    page.wait_for_selector("text=No connection.")
    page.close()

    page = page.context.new_page()
    page.context.set_offline(False)
    page.goto(f"/orders/{order.number}/refund/")
    page.wait_for_selector("#send")
    expect(page.locator("#id_description")).to_have_value("The handle is off.")
    until(lambda: page.evaluate("localStorage.length") == 0, 10)
    # Another device has it now, too.
    other = enter()
    other.goto(f"/orders/{order.number}/refund/")
    assert other.input_value("#id_description") == "The handle is off."
    assert other.is_checked("#kind-return_refund")
    other.click("#send")
    at_ticket(other)


def test_the_connection_comes_back(order, enter):
    page = enter()
    chosen_up_to_send(page, order)
    page.context.set_offline(True)
    page.fill("#id_amount_" + str(order.lines.get().pk), "4.00")
    page.press("#id_description", "Tab")
    page.wait_for_selector("text=No connection.")
    page.context.set_offline(False)
    page.wait_for_selector("text=You will get back CN¥4.00")
    assert not page.is_visible("text=No connection.")


def test_an_answer_does_not_disturb_who_types(order, enter):
    page = enter()
    chosen_up_to_send(page, order)
    page.focus("#id_description")
    with page.expect_response("**/refund/"):
        page.evaluate("htmx.trigger('#apply', 'change')")
        page.keyboard.type("The handle is off.", delay=40)
    assert page.input_value("#id_description") == "The handle is off."
    assert page.evaluate("document.activeElement.id") == "id_description"


def test_a_session_that_ends_loses_nothing(order, enter):
    page = enter()
    chosen_up_to_send(page, order)
    page.context.clear_cookies(name="sessionid")
    page.fill("#id_description", "The handle is off.")
    page.press("#id_description", "Tab")
    page.wait_for_url(re.compile("/login/.next="))
    assert page.evaluate("localStorage.length") == 1


def test_logging_out_leaves_nothing(order, enter):
    page = enter()
    chosen_up_to_send(page, order)
    page.context.set_offline(True)
    page.fill("#id_description", "private")
    assert page.evaluate("localStorage.length") == 1
    page.context.set_offline(False)
    page.click("summary:has-text('Alice')")
    page.click("text=Log out")
    page.wait_for_load_state()
    assert page.evaluate("localStorage.length") == 0


def test_photos_are_sent_at_once_and_again(order, enter):
    page = enter()
    chosen_up_to_send(page, order, "damaged")
    tries = []

    def once(route):
        tries.append(route)
        route.abort() if len(tries) == 1 else route.continue_()

    page.route("**/uploads/", once)
    page.set_input_files("#id_photos", [picture(50), picture(70)])
    page.wait_for_selector("text=Not sent: no connection.")
    expect(page.locator("[name=photos_uploaded]")).to_have_count(1)
    page.click("#send")
    assert page.evaluate("document.activeElement.hasAttribute('data-retry')")
    assert not Ticket.objects.exists()
    accessible(page)
    page.click("[data-retry]:visible")
    expect(page.locator("[name=photos_uploaded]")).to_have_count(2)
    page.wait_for_selector("text=Still missing: a photo.", state="detached")
    page.click("#send")
    at_ticket(page)
    # In the order in which they were chosen, though the first one came later.
    assert [row.width for row in Evidence.objects.all()] == [50, 70]


def test_photos_beyond_the_most_are_said_to_be_left_out(order, enter):
    page = enter()
    chosen_up_to_send(page, order, "damaged")
    page.set_input_files("#id_photos", [picture(40 + number) for number in range(10)])
    expect(page.locator("[name=photos_uploaded]")).to_have_count(9)
    expect(page.locator("[data-said]").first).to_have_text("At most 9 photos can be sent at once.")
