"""What a search finds, in Chinese and English, in which order, and by which index."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.filters import MOST_WORDS, amount_in, keys_with
from orders.models import Product, Shop, Sku
from orders.models.search import spelled


@pytest.fixture
def shelf(cast):
    """A Chinese cup, dearer than the mug of the cast and sold out, in a shop with a Chinese name."""
    Shop.objects.filter(pk=cast.other_shop.pk).update(name="景德镇旗舰店")
    cup = Product.objects.create(shop=cast.other_shop, code="CUP-7", title="陶瓷马克杯 A款", department="厨房用品")
    Sku.objects.create(product=cup, code="6901234", variant="蓝色", price=2000, stock=0)
    return cast


def found(client, **query):
    return [product.title for product in client.get("/", query).context["page"]]


@pytest.mark.parametrize(
    "words",
    ["杯", "马克", "马克杯", "陶瓷 杯", "a款", "厨房", "景德镇", "旗舰店 杯", "6901234", "cup-7", "蓝色", "0123"],
)
def test_finds_chinese_by_any_part(shelf, client, words):
    assert found(client, q=words) == ["陶瓷马克杯 A款"]


@pytest.mark.parametrize("words", ["克马", "杯 lamp", "9a6c", "PAMC", "a6", "_", "%", "蓝 红"])
def test_finds_nothing_that_is_not_there(shelf, client, words):
    assert found(client, q=words) == []


def test_many_words_are_few_searches(shelf, client):
    letters = "M u g a b c d e f g h i j k l m n o p q r s t u v w x y z"
    with CaptureQueriesContext(connection) as asked:
        assert client.get("/", {"q": letters}).status_code == 200
    assert max(query["sql"].count("UNION") for query in asked) == 2 * MOST_WORDS
    assert found(client, q=" ".join(["Mug"] * 12 + ["Mug"])) == ["Mug"]


def test_the_database_spells_as_python_does(cast):
    text = "ABC 陶瓷 Å Ж 🍵 100% _x"
    with connection.cursor() as cursor:
        cursor.execute("SELECT orders_words(%s)", [text])
        assert cursor.fetchone() == (spelled(text),)


def test_an_index_serves_the_search(cast):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
    plan = keys_with("马克").explain()
    assert "product_words" in plan
    assert "sku_words" in plan


def test_best_match_comes_first(shelf, client):
    Product.objects.filter(pk=shelf.lamp.product_id).update(department="mug shelf")
    assert found(client, q="mug") == ["Mug", "Lamp"]


def test_sorts_by_price_and_age(shelf, client):
    assert found(client, sort="cheapest") == ["Mug", "陶瓷马克杯 A款", "Lamp"]
    assert found(client, sort="dearest") == ["Lamp", "陶瓷马克杯 A款", "Mug"]
    assert found(client, sort="newest")[0] == "陶瓷马克杯 A款"


def test_narrows_by_price_and_stock(shelf, client):
    assert found(client, least="10.01", most="30.01", sort="cheapest") == ["陶瓷马克杯 A款", "Lamp"]
    assert found(client, least="20", stock="on") == ["Lamp"]
    Shop.objects.filter(pk=shelf.other_shop.pk).update(currency="JPY")
    assert found(client, least="2000") == ["陶瓷马克杯 A款"]  # 2000 is ¥2000 there, not ¥20.00


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"least": "1e3"}, "least"),
        ({"least": "-1"}, "least"),
        ({"most": "\uff11"}, "most"),
        ({"least": "5", "most": "4.99"}, "most"),
        ({"sort": "x"}, "sort"),
    ],
)
def test_bad_filter_is_named_at_its_field(cast, client, query, field):
    page = client.get("/", query)
    assert page.status_code == 422
    assert f'id="id_{field}_error"' in page.text


def test_amounts_are_read_in_each_currency():
    amounts = {currency: amount_in(currency, "25.509") for currency in ("CNY", "JPY", "KWD")}
    assert amounts == {"CNY": 2550, "JPY": 25, "KWD": 25509}
