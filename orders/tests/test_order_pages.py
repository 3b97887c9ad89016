"""The buyer's orders: list, page, payment, actions and what is shown when somebody was faster."""

from datetime import timedelta

import pytest
from django.utils import timezone

from aftersales import actors
from aftersales.lifecycle.errors import Conflict
from aftersales.templatetags.aftersales import duration
from aftersales.testing import counters, file, one, overdue, pay, place, ship
from orders import actions
from orders.models import Order, OrderEvent, Payment
from orders.views.order import VERBS


@pytest.fixture
def alice(cast, client):
    client.force_login(cast.alice)
    return client


def url(order, rest=""):
    return f"/orders/{order.number}/{rest}"


# --- the list ---


def counts(client, address):
    """The tabs: {label: how many}."""
    return {str(label): count for _url, label, count, _now in client.get(address).context["tabs"]}


def test_list_shows_number_lines_total_state_and_deadline(cast, alice):
    order = place(cast)
    page = alice.get("/orders/").text
    for words in (
        order.number,
        "Mug&nbsp;×&nbsp;2",
        "Lamp&nbsp;×&nbsp;1",
        "CN¥56.01",
        "Awaiting payment",
        "left",
        "Shop",
    ):
        assert words in page


def test_tabs_narrow_by_state(cast, alice):
    waiting, paid = place(cast), pay(place(cast))
    page = alice.get("/orders/", {"state": "awaiting_shipment"}).text
    assert paid.number in page
    assert waiting.number not in page
    assert counts(alice, "/orders/?state=awaiting_shipment")["All"] == 2


def test_search_by_number_and_title(cast, alice):
    mug, lamp = place(cast, {cast.mug: 1}), place(cast, {cast.lamp: 1})
    for words in (mug.number[3:9].lower(), "mu"):
        assert mug.number in alice.get("/orders/", {"q": words}).text
    assert lamp.number not in alice.get("/orders/", {"q": "mug"}).text
    assert "No order matches this." in alice.get("/orders/", {"q": "nothing"}).text


@pytest.mark.parametrize("query", [{"state": "paid"}, {"q": "\x00"}, {"q": "a" * 101}])
def test_bad_filter_is_refused(cast, alice, query):
    assert alice.get("/orders/", query).status_code == 422


@pytest.mark.parametrize("number", ["0", "2", "x"])
def test_list_page_that_is_not_there(cast, alice, number):
    assert alice.get("/orders/", {"page": number}).status_code == 404


def test_list_queries_do_not_grow_with_orders(cast, alice, django_assert_num_queries):
    for _ in range(4):
        place(cast)
    # session, reader, tabs, count, orders with shops, lines, unread notices
    with django_assert_num_queries(7):
        assert alice.get("/orders/").text.count("<article") == 4


# --- the page ---


def test_page_of_a_new_order(cast, alice):
    order = place(cast)
    page = alice.get(url(order))
    for words in ("Awaiting payment", "CN¥30.01", "CN¥6.00", "CN¥56.01", "2 Home Street", "Order placed", "Pay"):
        assert words in page.text
    assert "Then the order is closed and nothing is charged." in page.text
    assert "http-equiv" not in page.text
    assert [action.name for action in page.context["actions"]] == ["cancel"]


def test_page_tells_units_and_money_apart(cast, alice):
    order = ship(pay(place(cast)), cast)
    file(order, {order.lines.get(sku=cast.mug).pk: 1}, kind="return_refund")
    page = alice.get(url(order)).text
    for words in ("2 shipped.", "1 on the way back.", "CN¥10.00 in refund.", "SF SF1", "Parcel sent", "On hold"):
        assert words in page


def test_page_shows_what_was_paid_after_discounts(cast, alice):
    cast.mug.discount = 100
    cast.mug.save(update_fields=["discount"])
    page = alice.get(url(place(cast, {cast.mug: 2}))).text
    assert "CN¥18.00" in page
    assert "CN¥20.00 before discounts." in page


def test_page_queries_do_not_grow(cast, alice, django_assert_max_num_queries):
    order = pay(place(cast))
    for line in order.lines.all():
        ship(order, cast, {line.pk: 1})
    for _ in range(5):
        ticket = file(order, {order.lines.get(sku=cast.lamp).pk: 1}, shipped=True)
        from refunds.actions import withdraw

        withdraw(one(ticket), actors.buyer(cast.alice))
    with django_assert_max_num_queries(12):
        assert alice.get(url(order)).status_code == 200


def test_extend_is_offered_once(cast, alice):
    order = ship(pay(place(cast)), cast)
    assert [a.name for a in alice.get(url(order)).context["actions"]] == ["extend", "receive"]
    due = order.due_at
    assert alice.post(url(order, "extend/")).status_code == 303
    order.refresh_from_db()
    assert order.due_at - due == timedelta(days=10)
    assert [a.name for a in alice.get(url(order)).context["actions"]] == ["receive"]
    assert alice.post(url(order, "extend/")).status_code == 409


@pytest.mark.parametrize(
    ("build", "action", "state"),
    [
        (lambda cast: place(cast), "cancel", "closed"),
        (lambda cast: ship(pay(place(cast)), cast), "receive", "completed"),
    ],
    ids=["cancel", "receive"],
)
def test_action_moves_the_order(cast, alice, build, action, state):
    order = build(cast)
    page = alice.post(url(order, f"{action}/"))
    assert (page.status_code, page.headers["Location"]) == (303, url(order))
    order.refresh_from_db()
    assert order.state == state


@pytest.mark.parametrize("action", ["cancel", "extend", "receive", "pay"])
def test_wrong_state_shows_where_it_stands(cast, alice, action):
    order = place(cast)
    actions.cancel(one(order), actors.buyer(cast.alice))
    before = counters(order), OrderEvent.objects.count()
    page = alice.post(url(order, f"{action}/"))
    assert page.status_code == 409
    assert "Closed" in page.text
    assert url(order) in page.text
    assert (counters(order), OrderEvent.objects.count()) == before
    assert not Payment.objects.exists()


def test_order_in_somebodys_hands_is_busy(cast, alice, monkeypatch):
    def busy(rows, by):
        raise Conflict("locked")

    monkeypatch.setitem(VERBS, "cancel", (busy, ""))
    page = alice.post(url(place(cast), "cancel/"))
    assert page.status_code == 409
    assert "Busy at the moment" in page.text


@pytest.mark.parametrize("action", ["cancel", "extend", "receive", "pay"])
def test_reading_an_actions_address_changes_nothing(cast, alice, action):
    order = place(cast)
    before = counters(order)
    assert alice.get(url(order, f"{action}/")).headers["Location"] == url(order)
    assert counters(order) == before
    assert not Payment.objects.exists()


# --- paying ---


def test_pay_starts_one_attempt_and_waits_for_the_worker(cast, alice, woken, django_capture_on_commit_callbacks):
    order = place(cast)
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(2):
            page = alice.post(url(order, "pay/"))
            assert (page.status_code, page.headers["Location"]) == (303, url(order, "pay/"))
    payment = Payment.objects.get()
    assert payment.amount == order.total
    assert set(woken) == {"refunds.tasks.pursue_payments"}
    wait = alice.get(url(order, "pay/"))
    assert "Preparing the payment" in wait.text
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in wait.text


def test_pay_leads_to_the_channel_once_it_is_ready(cast, alice):
    order = place(cast)
    alice.post(url(order, "pay/"))
    Payment.objects.update(pay_url="http://channel.example/pay/1")
    page = alice.get(url(order, "pay/"))
    assert (page.status_code, page.headers["Location"]) == (302, "http://channel.example/pay/1")


def test_slow_worker_is_said(cast, alice):
    order = place(cast)
    alice.post(url(order, "pay/"))
    Payment.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    assert "takes longer than usual" in alice.get(url(order, "pay/")).text


def test_ended_attempt_can_be_tried_again(cast, alice):
    order = place(cast)
    alice.post(url(order, "pay/"))
    Payment.objects.update(ended_at=timezone.now(), ended_code="declined")
    page = alice.get(url(order, "pay/"))
    assert "Try again" in page.text
    assert "http-equiv" not in page.text
    assert "nothing was charged" in alice.get(url(order)).text
    alice.post(url(order, "pay/"))
    assert Payment.objects.count() == 2
    assert "nothing was charged" not in alice.get(url(order)).text


def test_imported_order_without_an_address(cast, alice):
    order = pay(place(cast))
    assert "2 Home Street" in alice.get(url(order)).text
    type(order).objects.filter(pk=order.pk).update(recipient="", phone="", address="")
    assert ">Delivery<" not in alice.get(url(order)).text


def test_paid_order_leads_back_to_its_page(cast, alice):
    order = pay(place(cast))
    assert alice.get(url(order, "pay/")).headers["Location"] == url(order)
    assert alice.post(url(order, "pay/")).status_code == 409


def test_order_past_its_time_is_not_paid(cast, alice):
    order = place(cast)
    overdue(order)
    assert alice.post(url(order, "pay/")).status_code == 409
    assert not Payment.objects.exists()
    assert alice.get(url(order, "pay/")).headers["Location"] == url(order)
    assert ">Pay<" not in alice.get(url(order)).text


def test_return_from_the_channel_waits_and_changes_nothing(cast, alice):
    order = place(cast)
    alice.post(url(order, "pay/"))
    Payment.objects.update(pay_url="http://channel.example/pay/1")
    before = counters(order), list(Payment.objects.values())
    page = alice.get(url(order))
    assert "Waiting for the payment channel" in page.text
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in page.text
    assert (counters(order), list(Payment.objects.values())) == before


def test_long_open_attempt_is_looked_at_less_often(cast, alice):
    order = place(cast)
    alice.post(url(order, "pay/"))
    Payment.objects.update(created_at=timezone.now() - timedelta(hours=1))
    assert 'content="15"' in alice.get(url(order)).text


# --- words ---


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(days=9, hours=23, minutes=59), "9 days 23 hours"),
        (timedelta(days=7), "7 days"),
        (timedelta(days=1, minutes=59), "1 day"),
        (timedelta(hours=1, seconds=61), "1 hour 1 minute"),
        (timedelta(minutes=15), "15 minutes"),
        (timedelta(seconds=59), "less than a minute"),
        (timedelta(seconds=-5), "less than a minute"),
    ],
)
def test_duration_in_words(length, words):
    assert duration(length).replace("\xa0", " ") == words


def test_times_are_in_the_readers_zone(cast, alice):
    cast.alice.time_zone = "Asia/Shanghai"
    cast.alice.save(update_fields=["time_zone"])
    order = place(cast)
    Order.objects.filter(pk=order.pk).update(due_at="2030-01-01T20:30:00Z")
    page = alice.get(url(order)).text
    assert "Jan 2, 2030, 04:30 CST" in page
    assert 'datetime="2030-01-02T04:30:00+08:00"' in page


def test_every_page_renders_in_both_languages(cast, alice):
    order = ship(pay(place(cast)), cast)
    alice.post(f"/products/{cast.mug.product_id}/", {"sku": cast.mug.pk, "quantity": 1})
    pages = ["/", f"/products/{cast.mug.product_id}/", "/cart/", "/checkout/", "/orders/", url(order), "/orders/NO/"]
    for language in ("en", "zh-hans"):
        alice.post("/language/", {"language": language, "next": "/"})
        for address in pages:
            page = alice.get(address)
            assert page.status_code in {200, 404}
            assert f'<html lang="{language}">' in page.text
