"""Buying again, invoice data, the next step of each order, and what is asked of the page by itself."""

from datetime import timedelta

import pytest
from django.utils import timezone

from aftersales import actors
from aftersales.lifecycle.move import sweep
from aftersales.testing import counters, file, one, overdue, pay, place, ship
from orders import actions
from orders.lifecycle import ORDER
from orders.models import InvoiceData, Order, Payment, Product, Shop, Sku
from orders.states import OrderState
from orders.templatetags.orders_tags import next_step, unit_prices
from refunds.actions import Rejection, call_cs, reject, withdraw
from refunds.models import Reason

COMPANY = {
    "kind": "company",
    "title": "Mugs Ltd",
    "tax_number": "91310000MA1FL0000X",
    "email": "books@example.com",
    "note": "",
    "version": 0,
}
HTMX = {"HX-Request": "true"}


@pytest.fixture
def alice(cast, client):
    client.force_login(cast.alice)
    return client


def url(order, rest=""):
    return f"/orders/{order.number}/{rest}"


def received(cast):
    order = ship(pay(place(cast)), cast)
    actions.receive(one(order), actors.buyer(cast.alice))
    order.refresh_from_db()
    return order


# --- buying again ---


def test_buy_again_fills_the_cart_once(cast, alice):
    order = place(cast)
    for _ in range(2):
        page = alice.post(url(order, "again/"))
        assert (page.status_code, page.headers["Location"]) == (303, "/cart/")
    assert alice.session["cart"] == {str(cast.mug.pk): 2, str(cast.lamp.pk): 1}
    assert alice.get(url(order, "again/")).headers["Location"] == url(order)


def test_buy_again_outlives_long_messages(cast, alice):
    # More words than a cookie takes: the messages go into the session, beside the cart.
    texts = ["".join(chr(0x4E00 + 97 * (17 * place + number) % 20000) for place in range(60)) for number in range(25)]
    skus = [
        Sku.objects.create(product=cast.mug.product, code=text[:9], variant=text, price=5, stock=9) for text in texts
    ]
    order = place(cast, {cast.lamp: 1} | dict.fromkeys(skus, 5))
    Sku.objects.filter(pk__in=[sku.pk for sku in skus]).update(stock=2)
    alice.post(f"/products/{cast.mug.product_id}/", {"sku": cast.mug.pk, "quantity": 3})
    alice.post(url(order, "again/"))
    held = {str(cast.mug.pk): 3, str(cast.lamp.pk): 1} | {str(sku.pk): 2 for sku in skus}
    assert alice.session["cart"] == held
    assert "_messages" in alice.session
    assert texts[0] in alice.get("/cart/").text


def test_buy_again_says_what_cannot_be_had(cast, alice):
    pen = Sku.objects.create(product=cast.mug.product, code="pen", variant="pen", price=5, stock=9)
    order = place(cast, {cast.mug: 2, cast.lamp: 1, pen: 1})
    Sku.objects.filter(pk=cast.mug.pk).update(stock=1)
    Sku.objects.filter(pk=pen.pk).update(stock=0)
    Product.objects.filter(pk=cast.lamp.product_id).update(on_sale_until=timezone.now())
    page = alice.post(url(order, "again/"), follow=True).text
    assert alice.session["cart"] == {str(cast.mug.pk): 1}
    for words in ("Only 1 of Mug are left, so only these", "Mug pen is sold out", "Lamp is not sold any more"):
        assert words in page


# --- invoice data ---


def test_invoice_data_is_written_and_printed(cast, alice):
    order = received(cast)
    assert alice.post(url(order, "invoice/"), COMPANY | {"tax_number": "91310000 ma1fl0000x"}).status_code == 303
    data = InvoiceData.objects.get(order=order)
    assert (data.kind, data.tax_number, data.version) == ("company", "91310000MA1FL0000X", 1)
    page = alice.get(url(order, "invoice/print/")).text
    for words in ("Mugs Ltd", "91310000MA1FL0000X", "CN¥56.01", "not a tax document", "Net sum"):
        assert words in page
    alice.force_login(cast.bob)  # whose shop makes the invoice
    assert "91310000MA1FL0000X" in alice.get(f"/admin/orders/order/{order.pk}/change/").text


def test_invoice_sum_is_what_refunds_left(cast, alice):
    order = received(cast)
    ticket = file(order, {order.lines.get(sku=cast.mug).pk: 1})
    Order.objects.filter(pk=order.pk).update(reserved=0, settled=ticket.amount)
    page = alice.get(url(order, "invoice/print/")).text
    assert "−CN¥10.00" in page
    assert "CN¥46.01" in page


@pytest.mark.parametrize(
    "number", ["91310000MA1FL000", "91310000MA1FL0000X9", "91310000MA1FL0000\u00c9", "", "x-y" * 5]
)
def test_wrong_tax_number_is_named(cast, alice, number):
    order = received(cast)
    page = alice.post(url(order, "invoice/"), COMPANY | {"tax_number": number})
    assert page.status_code == 422
    assert 'id="id_tax_number_error"' in page.text
    assert not InvoiceData.objects.exists()


@pytest.mark.parametrize("length", [15, 17, 18, 20])
def test_every_known_length_is_taken(cast, alice, length):
    order = received(cast)
    assert alice.post(url(order, "invoice/"), COMPANY | {"tax_number": "9" * length}).status_code == 303


def test_a_person_has_no_tax_number(cast, alice):
    order = place(cast)
    alice.post(url(order, "invoice/"), COMPANY | {"kind": "personal"})
    assert InvoiceData.objects.get().tax_number == ""


def test_two_tabs_do_not_overwrite_each_other(cast, alice):
    order = place(cast)
    for _ in range(2):  # a second click is the first one's
        assert alice.post(url(order, "invoice/"), COMPANY).status_code == 303
    assert alice.post(url(order, "invoice/"), COMPANY | {"title": "Old tab"}).status_code == 409
    assert InvoiceData.objects.get().title == "Mugs Ltd"
    assert alice.post(url(order, "invoice/"), COMPANY | {"title": "New tab", "version": 1}).status_code == 303
    assert InvoiceData.objects.get().version == 2


def test_nothing_is_invoiced_that_closed_unpaid(cast, alice):
    order = place(cast)
    overdue(order)
    sweep(ORDER, OrderState.AWAITING_PAYMENT, actions.expire)
    assert alice.get(url(order, "invoice/")).headers["Location"] == url(order)
    assert alice.post(url(order, "invoice/"), COMPANY).status_code == 409
    assert "Give invoice data" not in alice.get(url(order)).text
    assert not InvoiceData.objects.exists()


# --- the next step ---


@pytest.mark.parametrize(
    ("build", "step", "words"),
    [
        (lambda cast: place(cast), "pay", "Pay"),
        (lambda cast: pay(place(cast)), "wait", "Request refund"),
        (lambda cast: ship(pay(place(cast)), cast), "receive", "?ask=receive"),
        (received, "after_sale", "Request after-sales"),
    ],
    ids=["new", "paid", "shipped", "received"],
)
def test_each_order_in_the_list_has_one_next_step(cast, alice, build, step, words):
    order = build(cast)
    order.refresh_from_db()
    assert next_step(order) == step
    page = alice.get("/orders/").text
    assert words in page
    assert page.count("btn-primary") - alice.get("/orders/?q=nothing-such").text.count("btn-primary") <= 1


def test_after_the_window_it_is_bought_again(cast, alice):
    order = received(cast)
    Order.objects.filter(pk=order.pk).update(completed_at=timezone.now() - timedelta(days=16))
    order.refresh_from_db()
    assert next_step(order) == "again"
    page = alice.get(url(order)).text
    assert "?line=" not in page


def test_receipt_is_asked_once_more(cast, alice):
    order = ship(pay(place(cast)), cast)
    before = counters(order)
    page = alice.get(url(order), {"ask": "receive"}).text
    assert "Confirm only when everything has arrived." in page
    assert counters(order) == before


def test_after_sales_are_offered_line_by_line(cast, alice):
    order = received(cast)
    mug, lamp = order.lines.get(sku=cast.mug), order.lines.get(sku=cast.lamp)
    file(order, {mug.pk: 1})
    page = alice.get(url(order)).text
    assert f"?line={lamp.pk}" in page
    assert f"?line={mug.pk}" not in page


def test_units_that_cost_differently_are_told_apart(cast):
    order = place(cast, {cast.lamp: 2})
    line = order.lines.get()
    line.paid = 1001
    assert unit_prices(line, "CNY") == "1 × CN¥5.01, 1 × CN¥5.00"


def test_a_page_full_of_everything_costs_the_same(cast, alice, django_assert_num_queries):
    order = pay(place(cast, {cast.mug: 4, cast.lamp: 4}))
    mug, lamp = order.lines.get(sku=cast.mug), order.lines.get(sku=cast.lamp)
    ship(order, cast, {mug.pk: 1, lamp.pk: 3})
    ship(order, cast)
    actions.receive(one(order), actors.buyer(cast.alice))
    order.refresh_from_db()
    for _ in range(3):
        withdraw(one(file(order, {mug.pk: 1})), actors.buyer(cast.alice))
    refusal = Reason.objects.get(side="seller", code="final_sale")
    for line in (mug, lamp):
        ticket = file(order, {line.pk: 1})
        reject(one(ticket), actors.seller(cast.bob), Rejection(refusal, "No."))
        call_cs(one(ticket), actors.buyer(cast.alice), "They are wrong.")
    # session, reader, unread; order, lines, parcels, events; window, tickets, their lines, disputes, payouts
    with django_assert_num_queries(12):
        page = alice.get(url(order)).text
    assert page.count("/tickets/T") == 5


# --- lists and dates ---


def test_search_by_shop_and_product_together(cast, alice):
    Shop.objects.filter(pk=cast.shop.pk).update(name="Lamps & more")
    mug, lamp = place(cast, {cast.mug: 1}), place(cast, {cast.lamp: 1})
    found = alice.get("/orders/", {"q": "more mug"}).text
    assert mug.number in found
    assert lamp.number not in found


def test_dates_are_the_readers_days(cast, alice):
    cast.alice.time_zone = "Asia/Shanghai"
    cast.alice.save(update_fields=["time_zone"])
    order = place(cast)
    Order.objects.filter(pk=order.pk).update(placed_at="2026-03-31T17:00:00Z")  # 1 April in Shanghai
    for query, there in (
        ({"after": "2026-04-01", "before": "2026-04-01"}, True),
        ({"before": "2026-03-31"}, False),
        ({"after": "2026-04-02"}, False),
        ({"after": "0001-01-01", "before": "9999-12-31"}, True),
    ):
        assert (order.number in alice.get("/orders/", query).text) is there


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"after": "2026-13-01"}, "after"),
        ({"before": "yesterday"}, "before"),
        ({"after": "2026-04-02", "before": "2026-04-01"}, "before"),
    ],
)
def test_bad_dates_are_named_at_their_field(cast, alice, query, field):
    page = alice.get("/orders/", query)
    assert page.status_code == 422
    assert f'id="id_{field}_error"' in page.text


def test_tabs_keep_the_search_and_count_what_it_left(cast, alice):
    place(cast, {cast.mug: 1}), place(cast, {cast.lamp: 1})
    tabs = alice.get("/orders/", {"q": "mug", "page": "1"}).context["tabs"]
    assert [(address, count) for address, _, count, _ in tabs[:2]] == [
        ("?q=mug", 1),
        ("?q=mug&state=awaiting_payment", 1),
    ]


# --- pages that look again by themselves ---


def test_waiting_page_is_quiet_until_there_is_news(cast, alice):
    order = place(cast)
    alice.post(url(order, "pay/"))
    mark = alice.get(url(order)).context["wait"].mark
    assert alice.get(url(order), {"seen": mark}, headers=HTMX).status_code == 204
    Payment.objects.update(pay_url="http://channel.example/pay/1")
    assert "Back to the payment page" in alice.get(url(order), {"seen": mark}, headers=HTMX).text
    Payment.objects.update(ended_at=timezone.now())
    assert alice.get(url(order), {"seen": mark}, headers=HTMX).headers["HX-Refresh"] == "true"


def test_preparing_page_leads_on_by_itself(cast, alice):
    order = place(cast)
    alice.post(url(order, "pay/"))
    mark = alice.get(url(order, "pay/")).context["mark"]
    assert alice.get(url(order, "pay/"), {"seen": mark}, headers=HTMX).status_code == 204
    Payment.objects.update(pay_url="http://channel.example/pay/1")
    page = alice.get(url(order, "pay/"), {"seen": mark}, headers=HTMX)
    assert page.headers["HX-Redirect"] == "http://channel.example/pay/1"


def test_the_next_unpaid_order_is_named(cast, alice):
    place(cast)
    order = pay(place(cast))
    assert "/checkout/pay/" in alice.get(url(order)).text


# --- the cart ---


def test_removed_goods_can_be_put_back(cast, alice):
    sent = {"sku": cast.mug.pk, "quantity": 3}
    alice.post(f"/products/{cast.mug.product_id}/", sent)
    alice.post("/cart/", {"sku": cast.mug.pk, "remove": 1})
    assert "Mug is no longer in your cart." in alice.get("/cart/").text
    assert alice.post("/cart/", sent | {"sku": cast.lamp.pk, "undo": 1}).status_code == 303  # never was there
    assert alice.session["cart"] == {}
    alice.post("/cart/", sent | {"undo": 1})
    assert alice.session["cart"] == {str(cast.mug.pk): 3}
    assert "no longer in your cart" not in alice.get("/cart/").text


def test_quantity_changes_without_the_page(cast, alice):
    alice.post(f"/products/{cast.mug.product_id}/", {"sku": cast.mug.pk, "quantity": 1})
    part = alice.post("/cart/", {"sku": cast.mug.pk, "quantity": 4}, headers=HTMX, follow=True).text
    assert "CN¥46.00" in part
    assert "<html" not in part
    refused = alice.post("/cart/", {"sku": cast.mug.pk, "quantity": 0}, headers=HTMX)
    assert (refused.status_code, "<html" in refused.text) == (422, False)


def test_totals_are_summed_by_currency(cast, alice):
    Shop.objects.filter(pk=cast.other_shop.pk).update(currency="JPY", freight=5)
    product = Product.objects.create(shop=cast.other_shop, code="pen", title="Pen")
    pen = Sku.objects.create(product=product, code="pen", price=50, stock=5)
    session = alice.session
    session["cart"] = {str(cast.mug.pk): 1, str(pen.pk): 2}
    session.save()
    assert alice.get("/cart/").context["totals"] == [("CNY", 1600), ("JPY", 105)]


def test_a_login_that_has_ended_is_no_part_of_a_page(cast, client):
    order = place(cast)
    for path in (url(order), url(order, "pay/")):
        answer = client.get(f"{path}?seen=2-0", headers=HTMX)
        assert (answer.headers["HX-Refresh"], answer.text) == ("true", "")
        assert client.get(path).headers["Location"] == f"/login/?next={path}"
