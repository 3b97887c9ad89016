"""The cart in the session."""

import pytest
from django.urls import reverse

from orders.models import Product, Sku

BAD = ["-1", "0", "1.5", "1e2", "1000", "1" + "0" * 20, "9" * 5000, "two", "", "\uff13", "\u0663", "1_0", "+1", "\x00"]


def product_page(sku):
    return reverse("orders:product", args=[sku.product_id])


def add(client, sku, quantity=1):
    return client.post(product_page(sku), {"sku": sku.pk, "quantity": quantity})


def in_cart(client):
    return client.session.get("cart", {})


def test_add_twice_counts_together(cast, client):
    assert add(client, cast.mug, 2).status_code == 303
    assert add(client, cast.mug, 1).headers["Location"] == "/cart/"
    assert in_cart(client) == {str(cast.mug.pk): 3}
    page = client.get("/cart/").text
    assert "CN¥30.00" in page
    assert "CN¥36.00" in page  # with 6.00 of freight


def test_change_and_remove(cast, client):
    add(client, cast.mug)
    add(client, cast.lamp)
    assert client.post("/cart/", {"sku": cast.mug.pk, "quantity": 5}).status_code == 303
    assert in_cart(client)[str(cast.mug.pk)] == 5
    assert client.post("/cart/", {"sku": cast.mug.pk, "quantity": "", "remove": 1}).status_code == 303
    assert in_cart(client) == {str(cast.lamp.pk): 1}


@pytest.mark.parametrize("quantity", BAD, ids=[ascii(text)[:12] for text in BAD])
def test_bad_quantity_is_named_and_changes_nothing(cast, client, quantity):
    add(client, cast.mug, 2)
    for page in (add(client, cast.mug, quantity), client.post("/cart/", {"sku": cast.mug.pk, "quantity": quantity})):
        assert page.status_code == 422
        assert "The quantity has to be a whole number from 1 to 999." in page.text
        assert f'aria-describedby="id_quantity_{cast.mug.pk}_error"' in page.text
    assert in_cart(client) == {str(cast.mug.pk): 2}


def test_more_than_there_is(cast, client):
    Sku.objects.filter(pk=cast.mug.pk).update(stock=3)
    add(client, cast.mug, 2)
    page = add(client, cast.mug, 2)
    assert page.status_code == 422
    assert "Only 3 of Mug are left." in page.text
    assert in_cart(client) == {str(cast.mug.pk): 2}


def test_more_than_an_order_may_hold(cast, client):
    add(client, cast.mug, 999)
    assert add(client, cast.mug, 1).status_code == 422
    assert in_cart(client) == {str(cast.mug.pk): 999}


def test_full_cart_still_changes_what_it_has(cast, client):
    session = client.session
    session["cart"] = {str(key): 1 for key in range(10**6, 10**6 + 49)} | {str(cast.mug.pk): 1}
    session.save()
    page = add(client, cast.lamp)
    assert page.status_code == 422
    assert "The cart holds 50 different articles at most." in page.text
    assert client.post("/cart/", {"sku": cast.mug.pk, "quantity": 2}).status_code == 303
    assert in_cart(client)[str(cast.mug.pk)] == 2


@pytest.mark.parametrize("sku", ["", "0", "x", "9" * 30, "\x00"])
def test_unknown_sku(cast, client, sku):
    page = client.post(product_page(cast.mug), {"sku": sku, "quantity": 1})
    assert page.status_code == 422
    assert "Choose one of the variants" in page.text
    assert client.post("/cart/", {"sku": sku, "quantity": 1}).status_code == 303
    assert in_cart(client) == {}


def test_sku_of_another_product(cast, client):
    assert client.post(product_page(cast.mug), {"sku": cast.lamp.pk, "quantity": 1}).status_code == 422
    assert in_cart(client) == {}


def test_cart_says_what_cannot_be_bought_any_more(cast, client):
    add(client, cast.mug, 2)
    Product.objects.filter(pk=cast.mug.product_id).update(on_sale_until="2020-01-01T00:00Z")
    page = client.get("/cart/")
    assert "Mug is not on sale now." in page.text
    assert "Go to checkout" not in page.text


def test_cart_survives_the_login(cast, client):
    add(client, cast.mug, 2)
    client.post("/login/", {"login": "Alice@Example.com", "password": "correct horse battery"})
    assert in_cart(client) == {str(cast.mug.pk): 2}


def test_queries_do_not_grow_with_lines(cast, client, django_assert_num_queries):
    session = client.session
    skus = Sku.objects.bulk_create(Sku(product=cast.mug.product, code=f"s{i}", price=100, stock=9) for i in range(30))
    session["cart"] = {str(sku.pk): 1 for sku in skus}
    session.save()
    with django_assert_num_queries(3):  # session, SKUs with shops, what is on sale
        assert client.get("/cart/").text.count("<li>") == 30
