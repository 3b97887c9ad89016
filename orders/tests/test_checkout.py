"""From the cart to orders: once, at the price that was shown, or not at all."""

import threading
import uuid

import pytest
from django.db import connection
from django.test import Client

from orders.models import Coupon, Order, Product, Shop, Sku


@pytest.fixture
def shopper(cast, client):
    client.force_login(cast.alice)
    fill(client, {cast.mug: 2})
    return client


def fill(client, units):
    session = client.session
    session["cart"] = {str(sku.pk): number for sku, number in units.items()}
    session.save()


def form(client, **more):
    """What the browser would send: hidden fields as the page gave them."""
    page = client.get("/checkout/").context
    sent = {"recipient": "Alice", "phone": "1", "address": "2 Home Street", "coupon": ""}
    return sent | {"token": str(page["form"]["token"].value()), "promise": page["promise"]} | more


def stock(sku):
    return Sku.objects.get(pk=sku.pk).stock


def assert_nothing_placed(client, cast, units=2):
    assert not Order.objects.exists()
    assert stock(cast.mug) == 1000
    assert client.session["cart"] == {str(cast.mug.pk): units}


def test_places_the_order_and_empties_the_cart(cast, shopper):
    page = shopper.post("/checkout/", form(shopper, recipient=" Alice "))
    order = Order.objects.get()
    assert (page.status_code, page.headers["Location"]) == (303, f"/orders/{order.number}/")
    assert (order.buyer, order.total, order.recipient, order.state) == (cast.alice, 2600, "Alice", "awaiting_payment")
    assert stock(cast.mug) == 998
    assert shopper.session["cart"] == {}


def test_one_order_a_shop_leads_through_the_payments(cast, shopper):
    product = Product.objects.create(shop=cast.other_shop, code="pen", title="Pen")
    pen = Sku.objects.create(product=product, code="pen", price=50, stock=5)
    fill(shopper, {cast.mug: 1, pen: 1})
    page = shopper.post("/checkout/", form(shopper))
    assert page.headers["Location"] == "/checkout/pay/"
    lead = shopper.get("/checkout/pay/").text
    assert all(f"/orders/{order.number}/pay/" in lead for order in Order.objects.all())
    assert sorted(Order.objects.values_list("total", flat=True)) == [650, 1600]


def test_sent_twice_places_once(cast, shopper):
    sent = form(shopper)
    first = shopper.post("/checkout/", sent)
    second = shopper.post("/checkout/", sent)
    assert second.status_code == 303
    assert second.headers["Location"] == first.headers["Location"]
    assert Order.objects.count() == 1
    assert stock(cast.mug) == 998


def test_sent_twice_with_a_refilled_cart_places_once(cast, shopper):
    sent = form(shopper)
    shopper.post("/checkout/", sent)
    fill(shopper, {cast.mug: 2})
    shopper.post("/checkout/", sent)
    assert Order.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_place_once(cast, client):
    client.force_login(cast.alice)
    fill(client, {cast.mug: 2})
    sent, answers = form(client), []
    start = threading.Barrier(3)

    def click():
        rival = Client()
        rival.cookies = client.cookies.copy()
        try:
            start.wait()
            answers.append(rival.post("/checkout/", sent).headers.get("Location"))
        finally:
            connection.close()

    threads = [threading.Thread(target=click) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    order = Order.objects.get()
    assert answers == [f"/orders/{order.number}/"] * 3
    assert stock(cast.mug) == 998
    assert client.session["cart"] == {}


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("recipient", ""),
        ("recipient", "   "),
        ("recipient", "a" * 101),
        ("phone", ""),
        ("phone", "home"),
        ("phone", "1" * 31),
        ("address", ""),
        ("address", "a" * 501),
        ("address", "nul \x00"),
        ("coupon", "c" * 31),
        ("coupon", "\x00"),
        ("coupon", "NO-SUCH"),
        ("token", ""),
        ("token", "x"),
    ],
)
def test_bad_input_is_named_at_its_field_and_places_nothing(cast, shopper, field, text):
    page = shopper.post("/checkout/", form(shopper, **{field: text}))
    assert page.status_code == 422
    assert page.context["form"].errors[field]
    assert f'id="id_{field}_error"' in page.text
    assert_nothing_placed(shopper, cast)


def test_out_of_stock_places_nothing_and_keeps_the_cart(cast, shopper):
    sent = form(shopper)
    Sku.objects.filter(pk=cast.mug.pk).update(stock=1)
    page = shopper.post("/checkout/", sent)
    assert page.status_code == 422
    assert "Only 1 of Mug are left." in page.text
    assert not Order.objects.exists()
    assert shopper.session["cart"] == {str(cast.mug.pk): 2}


def test_changed_price_is_shown_before_it_is_asked(cast, shopper):
    sent = form(shopper)
    Sku.objects.filter(pk=cast.mug.pk).update(price=1500)
    page = shopper.post("/checkout/", sent)
    assert page.status_code == 422
    assert "CN¥36.00" in page.text
    assert_nothing_placed(shopper, cast)
    assert shopper.post("/checkout/", sent | {"promise": page.context["promise"]}).status_code == 303
    assert Order.objects.get().total == 3600


def test_cart_changed_in_another_tab(cast, shopper):
    sent = form(shopper)
    fill(shopper, {cast.mug: 9})
    assert shopper.post("/checkout/", sent).status_code == 422
    assert_nothing_placed(shopper, cast, units=9)


def test_coupon_is_previewed_then_taken_as_shown(cast, shopper):
    coupon = Coupon.objects.create(shop=cast.shop, code="TEN", amount=100, left=1)
    seen = shopper.post("/checkout/", {"coupon": "TEN", "recipient": "", "apply": 1, "token": uuid.uuid4()})
    assert seen.status_code == 200
    assert "CN¥25.00" in seen.text
    coupon.refresh_from_db()
    assert coupon.left == 1
    sent = form(shopper, coupon="TEN", promise=seen.context["promise"])
    assert shopper.post("/checkout/", sent).status_code == 303
    coupon.refresh_from_db()
    assert (Order.objects.get().total, coupon.left) == (2500, 0)


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"left": 0}, "This coupon cannot be used here."),
        ({"left": 1, "least": 2001}, "This coupon is for goods of CN¥20.01 or more at"),
    ],
)
def test_unusable_coupon_is_refused_at_its_field(cast, shopper, terms, words):
    Coupon.objects.create(shop=cast.shop, code="TEN", amount=100, **terms)
    for button in ("apply", "place"):
        page = shopper.post("/checkout/", form(shopper, coupon="TEN", **{button: 1}))
        assert page.status_code == 422
        assert words in page.context["form"].errors["coupon"][0]
    assert_nothing_placed(shopper, cast)


@pytest.mark.parametrize(("goods", "freight", "more"), [(2000, 0, 0), (2001, 600, 1), (None, 600, 0)])
def test_delivery_is_free_from_an_amount_on(cast, shopper, goods, freight, more):
    """Two mugs for 20.00: what the page says is what the order costs."""
    Shop.objects.filter(pk=cast.shop.pk).update(free_from=goods)
    page = shopper.get("/checkout/")
    basket = page.context["baskets"][0]
    assert (basket.freight, basket.to_free_delivery, basket.total) == (freight, more, 2000 + freight)
    assert ("0.01 more" in page.text) is bool(more)
    assert shopper.post("/checkout/", form(shopper, place=1)).status_code == 303
    order = Order.objects.get()
    assert (order.freight, order.total) == (freight, 2000 + freight)


def test_shop_without_return_address_is_refused(cast, shopper):
    sent = form(shopper)
    Shop.objects.filter(pk=cast.shop.pk).update(return_address="")
    assert shopper.post("/checkout/", sent).status_code == 422
    assert_nothing_placed(shopper, cast)


def test_empty_cart(cast, client):
    client.force_login(cast.alice)
    assert client.get("/checkout/").headers["Location"] == "/cart/"
    sent = {"recipient": "A", "phone": "1", "address": "B", "token": uuid.uuid4()}
    page = client.post("/checkout/", sent)
    assert page.status_code == 422
    assert "The cart is empty." in page.text
    assert not Order.objects.exists()


def test_nothing_to_pay_is_paid(cast, shopper):
    Shop.objects.filter(pk=cast.shop.pk).update(freight=0)
    Coupon.objects.create(shop=cast.shop, code="ALL", amount=10**6, left=1)
    seen = shopper.post("/checkout/", {"coupon": "ALL", "apply": 1, "token": uuid.uuid4()})
    shopper.post("/checkout/", form(shopper, coupon="ALL", promise=seen.context["promise"]))
    assert (Order.objects.get().total, Order.objects.get().state) == (0, "awaiting_shipment")


def test_last_address_is_offered_again(cast, shopper):
    shopper.post("/checkout/", form(shopper))
    fill(shopper, {cast.mug: 1})
    assert "2 Home Street" in shopper.get("/checkout/").text


def test_looking_places_nothing(cast, shopper):
    form(shopper)
    assert_nothing_placed(shopper, cast)


def test_queries_do_not_grow_with_lines(cast, shopper, django_assert_max_num_queries):
    skus = Sku.objects.bulk_create(Sku(product=cast.mug.product, code=f"s{i}", price=100, stock=9) for i in range(30))
    fill(shopper, dict.fromkeys(skus, 1))
    with django_assert_max_num_queries(7):  # session, reader, address book, last order, goods, on sale, unread
        shopper.get("/checkout/")
    sent = form(shopper)
    with django_assert_max_num_queries(45):
        assert shopper.post("/checkout/", sent).status_code == 303
