"""The storefront: what can be found and bought."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from orders.models import Product, Sku


def test_shows_what_is_on_sale_with_price(cast, client):
    page = client.get("/")
    assert page.status_code == 200
    assert "Mug" in page.text
    assert "CN¥30.01" in page.text


@pytest.mark.parametrize(
    "change",
    [
        {"on_sale_from": timezone.now() + timedelta(hours=1)},
        {"on_sale_until": timezone.now() - timedelta(hours=1)},
    ],
    ids=["not yet", "not any more"],
)
def test_hides_what_is_not_on_sale(cast, client, change):
    Product.objects.filter(pk=cast.mug.product_id).update(**change)
    assert "Mug" not in client.get("/").text
    assert client.get(reverse("orders:product", args=[cast.mug.product_id])).status_code == 404


def test_hides_goods_of_a_closed_shop(cast, client):
    cast.shop.is_open = False
    cast.shop.save(update_fields=["is_open"])
    assert "Mug" not in client.get("/").text


def test_finds_by_title_department_and_sku_code(cast, client):
    Product.objects.filter(pk=cast.mug.product_id).update(department="Kitchen")
    for words in ("mug", "kitch", "MUG kitchen"):
        page = client.get("/", {"q": words}).text
        assert "Mug</a>" in page
        assert "Lamp</a>" not in page
    assert "Lamp</a>" in client.get("/", {"q": "lam"}).text
    assert "Nothing on sale matches" in client.get("/", {"q": "nothing like it"}).text


@pytest.mark.parametrize("words", ["\x00", "a" * 101])
def test_unreadable_search_is_refused(cast, client, words):
    assert client.get("/", {"q": words}).status_code == 422


@pytest.mark.parametrize("words", ["%", "'; drop table", "<script>alert(1)</script>", "\N{WHITE HEAVY CHECK MARK}"])
def test_odd_search_finds_nothing_and_harms_nothing(cast, client, words):
    page = client.get("/", {"q": words})
    assert page.status_code == 200
    assert "<script>alert" not in page.text


@pytest.mark.parametrize("number", ["0", "99", "x", "-1", "9" * 30])
def test_page_that_is_not_there(cast, client, number):
    assert client.get("/", {"page": number}).status_code == 404


def _fill(cast, number):
    for i in range(number):
        product = Product.objects.create(shop=cast.shop, code=f"p{i}", title=f"Plate {i:03}")
        Sku.objects.bulk_create(Sku(product=product, code=f"p{i}-{j}", price=100 + j, stock=j) for j in range(3))


def test_queries_do_not_grow_with_products(cast, client, django_assert_num_queries):
    _fill(cast, 60)
    with django_assert_num_queries(2):
        page = client.get("/")
    assert page.text.count("<li>") == 24
    assert "page=2" in page.text


def test_queries_do_not_grow_with_variants(cast, client, django_assert_num_queries):
    _fill(cast, 1)
    product = Product.objects.get(code="p0")
    Sku.objects.bulk_create(Sku(product=product, code=f"more{j}", price=1) for j in range(40))
    with django_assert_num_queries(3):  # product with shop, variants, the policy in force
        assert client.get(reverse("orders:product", args=[product.pk])).status_code == 200


def test_product_shows_variants_price_and_stock(cast, client):
    Sku.objects.create(product=cast.mug.product, code="mug-red", variant="red", price=1200, discount=200, stock=3)
    Sku.objects.create(product=cast.mug.product, code="mug-blue", variant="blue", price=1200, stock=0)
    page = client.get(reverse("orders:product", args=[cast.mug.product_id])).text
    for words in ("In stock", "red", "CN¥12.00", "Only 3 left", "blue", "Sold out"):
        assert words in page


@pytest.mark.parametrize("key", ["0", "99999999", "9" * 25])
def test_unknown_product(cast, client, key):
    assert client.get(f"/products/{key}/").status_code == 404


def test_chinese_from_the_address_bar_to_the_page(cast, client):
    page = client.get("/", headers={"accept-language": "zh-CN"})
    assert '<html lang="zh-hans">' in page.text
    assert "¥30.01" in page.text
    assert "CN¥" not in page.text
