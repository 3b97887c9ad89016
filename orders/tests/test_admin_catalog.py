"""Shops, goods and coupons in the admin: own ones only, amounts as people write them, errors beside their fields."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import translation

from aftersales.testing import place
from orders.models import Coupon, GoodsRule, Product, Shop, Sku
from orders.states import GOODS_KINDS
from refunds.states import Kind


def url(model, page, *args):
    return reverse(f"admin:orders_{model}_{page}", args=args)


def shop_data(**more):
    return {"name": "New", "freight": "7.50", "return_address": "2 Road", "is_open": "on", **more}


def product_data(shop, *skus, initial=0, **more):
    data = {
        "code": "cup", "title": "Cup", "department": "", "description": "", "on_sale_from_0": "", "on_sale_from_1": "",
        "on_sale_until_0": "", "on_sale_until_1": "", "skus-TOTAL_FORMS": len(skus), "skus-INITIAL_FORMS": initial,
        "skus-MIN_NUM_FORMS": 0, "skus-MAX_NUM_FORMS": 1000, **({"shop": shop.pk} if shop else {}),
    }  # fmt: skip
    for index, sku in enumerate(skus):
        data |= {f"skus-{index}-{name}": value for name, value in sku.items()}
    return data | more


def errors(response):
    assert response.status_code == 422, response.status_code
    return response.content.decode()


def test_seller_edits_the_own_shop(cast, client):
    client.force_login(cast.bob)
    response = client.post(
        url("shop", "change", cast.shop.pk), shop_data(profile="virtual", currency="USD", code="evil")
    )
    assert response.status_code == 302
    shop = Shop.objects.get(pk=cast.shop.pk)
    assert (shop.name, shop.freight, shop.return_address) == ("New", 750, "2 Road")
    assert (shop.profile, shop.currency, shop.code) == ("marketplace", "CNY", "shop")


def test_seller_edits_no_other_shop(cast, client):
    client.force_login(cast.dave)
    assert client.get(url("shop", "change", cast.shop.pk)).status_code == 404
    assert client.post(url("shop", "change", cast.shop.pk), shop_data()).status_code == 404
    assert client.get(url("shop", "add")).status_code == 403
    assert Shop.objects.get(pk=cast.shop.pk).name == "Shop"


def test_return_address_stays_while_returns_are_offered(cast, client):
    client.force_login(cast.bob)
    page = url("shop", "change", cast.shop.pk)
    assert "needs a return address" in errors(client.post(page, shop_data(return_address="  ")))
    Shop.objects.filter(pk=cast.shop.pk).update(profile="virtual")
    assert client.post(page, shop_data(return_address="")).status_code == 302
    assert Shop.objects.get(pk=cast.shop.pk).return_address == ""


def test_shop_amounts_are_judged(cast, client):
    client.force_login(cast.bob)
    for text in ("-1", "1.234", "1e3", "NaN", "¥5", "", "99999999999999", "１２"):
        response = client.post(url("shop", "change", cast.shop.pk), shop_data(freight=text))
        assert errors(response)
    assert Shop.objects.get(pk=cast.shop.pk).freight == 600


def test_operator_opens_a_shop_with_people(cast, client):
    client.force_login(cast.operator)
    data = shop_data(code="third", profile="marketplace", currency="JPY", freight="800", **{
        "staff-TOTAL_FORMS": 1, "staff-INITIAL_FORMS": 0, "staff-MIN_NUM_FORMS": 0, "staff-MAX_NUM_FORMS": 1000,
        "staff-0-user": cast.dave.pk, "staff-0-role": "owner",
    })  # fmt: skip
    assert "three letters" in errors(client.post(url("shop", "add"), data | {"currency": "ZZZ"}))
    assert client.post(url("shop", "add"), data).status_code == 302
    shop = Shop.objects.get(code="third")
    assert (shop.freight, shop.staff.get().user, shop.staff.get().role) == (800, cast.dave, "owner")


def test_seller_adds_a_product(cast, client):
    client.force_login(cast.bob)
    red = {"code": "red", "variant": "Red", "price": "12.50", "discount": "", "more": "7"}
    assert client.post(url("product", "add"), product_data(cast.shop, red)).status_code == 302
    made = Sku.objects.get(code="red")
    assert (made.price, made.discount, made.stock, made.product.shop) == (1250, 0, 7, cast.shop)


def test_other_shops_are_no_choice(cast, client):
    client.force_login(cast.bob)
    sku = {"code": "red", "price": "1", "more": "1"}
    text = errors(client.post(url("product", "add"), product_data(cast.other_shop, sku)))
    assert "Select a valid choice" in text
    coupon = {"shop": cast.other_shop.pk, "code": "X", "amount": "1", "least": "", "more": "1"}
    assert "Select a valid choice" in errors(client.post(url("coupon", "add"), coupon))
    assert not Product.objects.filter(code="cup").exists()
    assert not Coupon.objects.exists()


def test_foreign_products_and_skus_stay(cast, client):
    client.force_login(cast.dave)
    mine = Product.objects.create(shop=cast.other_shop, code="mine", title="Mine")
    assert client.get(url("product", "change", cast.mug.product_id)).status_code == 404
    stolen = {"id": cast.mug.pk, "product": mine.pk, "code": "mug", "price": "0.01", "more": ""}
    client.post(url("product", "change", mine.pk), product_data(None, stolen, initial=1))
    assert not mine.skus.exists()
    cast.mug.refresh_from_db()
    assert (cast.mug.price, cast.mug.product.shop) == (1000, cast.shop)


def test_sku_errors_stand_beside_their_fields(cast, client):
    client.force_login(cast.bob)
    page = url("product", "change", cast.mug.product_id)
    base = {"id": cast.mug.pk, "product": cast.mug.product_id, "code": "mug", "price": "10", "discount": "0"}
    for change, words in (
        ({"price": "-1"}, "number such as 12.50"),
        ({"discount": "10.01"}, "cannot be more than the price"),
        ({"more": "-1001"}, "Only 1000 are left"),
        ({"more": "x"}, "whole number"),
    ):
        response = client.post(page, product_data(None, base | change, initial=1, code="mug"))
        assert words in errors(response)
    cast.mug.refresh_from_db()
    assert (cast.mug.price, cast.mug.stock) == (1000, 1000)


def test_stock_moves_by_a_difference(cast, client):
    """Somebody buys between the seller's reading and saving."""
    client.force_login(cast.bob)
    place(cast, {cast.mug: 3})
    data = {
        "id": cast.mug.pk,
        "product": cast.mug.product_id,
        "code": "mug",
        "price": "11",
        "discount": "",
        "more": "5",
    }
    page = url("product", "change", cast.mug.product_id)
    assert client.post(page, product_data(None, data, initial=1, code="mug")).status_code == 302
    cast.mug.refresh_from_db()
    assert (cast.mug.stock, cast.mug.price) == (1002, 1100)


def test_codes_are_unique_in_a_shop(cast, client):
    client.force_login(cast.bob)
    lamp = cast.lamp.product
    page = url("product", "change", lamp.pk)
    assert "another one with this code" in errors(client.post(page, product_data(None, code="mug")))
    Coupon.objects.create(shop=cast.shop, code="A", amount=1)
    second = Coupon.objects.create(shop=cast.shop, code="B", amount=1)
    data = {"code": "A", "amount": "1", "least": "0", "more": ""}
    assert "another one with this code" in errors(client.post(url("coupon", "change", second.pk), data))


def test_coupon_uses_move_by_a_difference(cast, client):
    client.force_login(cast.bob)
    data = {"shop": cast.shop.pk, "code": "FIVE", "amount": "5", "least": "50", "more": "3"}
    assert client.post(url("coupon", "add"), data).status_code == 302
    coupon = Coupon.objects.get()
    assert (coupon.amount, coupon.least, coupon.left) == (500, 5000, 3)
    page = url("coupon", "change", coupon.pk)
    assert "Only 3 are left" in errors(client.post(page, data | {"more": "-4"}))
    assert client.post(page, data | {"more": "-1"}).status_code == 302
    assert Coupon.objects.get().left == 2


def test_products_are_not_deleted(cast, client):
    for user in (cast.bob, cast.operator):
        client.force_login(user)
        assert client.post(url("product", "delete", cast.mug.product_id), {"post": "yes"}).status_code == 403
    assert Product.objects.filter(pk=cast.mug.product_id).exists()


def test_whole_numbers_are_ascii(cast, client):
    client.force_login(cast.bob)
    page = url("product", "change", cast.mug.product_id)
    sku = {"id": cast.mug.pk, "code": "mug", "variant": "", "price": "10.00", "discount": ""}
    for text in ("１", "٣", "1_0", "1.0", "1e3", "NaN", "9" * 11, "0x1"):
        data = product_data(None, sku | {"more": text}, initial=1, code="mug", title="Mug")
        assert "Enter a whole number." in errors(client.post(page, data))
    assert Sku.objects.get(pk=cast.mug.pk).stock == 1000


@pytest.mark.parametrize("key", ["NaN", "1e20", "'", "🫖", "1" * 21])
def test_forged_choice_is_refused(cast, client, key):
    client.force_login(cast.operator)
    data = product_data(None, code="new", title="New") | {"shop": key}
    assert "Select a valid choice" in errors(client.post(url("product", "add"), data))
    staff = {"staff-TOTAL_FORMS": 1, "staff-INITIAL_FORMS": 0, "staff-0-user": key}
    assert "Select a valid choice" in errors(client.post(url("shop", "change", cast.shop.pk), shop_data(**staff)))


def test_forged_number_of_variants_is_refused(cast, client):
    client.force_login(cast.bob)
    sku = {"id": cast.mug.pk, "code": "mug", "price": "9.00"}
    data = product_data(None, sku, initial=-1, code="mug", title="Mug")
    errors(client.post(url("product", "change", cast.mug.product_id), data))
    assert Sku.objects.get(pk=cast.mug.pk).price == 1000


@pytest.mark.parametrize("name", ["state", "state__exact", "queue", "pays_order__exact"])
def test_nul_in_a_lists_address(cast, client, name):
    client.force_login(cast.bob)
    for model in ("order", "payment"):
        assert client.get(url(model, "changelist"), {name: "\x00"}).status_code == 400


def test_variant_that_another_tab_has_added(cast, client):
    client.force_login(cast.bob)
    data = product_data(None, {"code": "mug", "price": "8"}, code="mug", title="Mug")
    text = errors(client.post(url("product", "change", cast.mug.product_id), data))
    assert "SKU with this Product and Code already exists." in text
    assert Sku.objects.get(code="mug").price == 1000


# --- what may be done with goods --------------------------------------------------------------------------------------


def rule_data(**more):
    data = {
        "code": "glass",
        "label_en": "Glass",
        "label_zh": "玻璃",
        "refund_only": "on",
        "in_use": "on",
        "window": "2 d",
    }
    return data | more


def test_operators_say_what_may_be_done_with_goods(cast, client):
    client.force_login(cast.operator)
    assert client.post(url("goodsrule", "add"), rule_data(exchange="on")).status_code == 302
    rule = GoodsRule.objects.get(code="glass")
    assert (set(rule.kinds), rule.window, str(rule)) == ({"refund_only", "exchange"}, timedelta(days=2), "Glass")

    assert "2 d" in client.get(url("goodsrule", "changelist")).text

    page = url("goodsrule", "change", rule.pk)
    assert client.post(page, rule_data(code="other", window="", in_use="")).status_code == 302
    rule.refresh_from_db()
    assert (rule.code, set(rule.kinds), rule.window, rule.in_use) == ("glass", {"refund_only"}, None, False)
    assert client.post(url("goodsrule", "delete", rule.pk), {"post": "yes"}).status_code == 403
    assert "Write a duration above zero" in errors(client.post(page, rule_data(window="soon")))


def test_the_rules_that_a_platform_starts_with(cast):
    kinds = {rule.code: rule.kinds for rule in GoodsRule.objects.all()}
    assert kinds == {
        "virtual": {"refund_only"},
        "final_sale": {"refund_only", "reissue"},
        "fresh": {"refund_only", "reissue"},
    }
    windows = {rule.code: rule.window for rule in GoodsRule.objects.exclude(window=None)}
    assert windows == {"fresh": timedelta(hours=48)}
    assert GoodsRule().kinds == set(GOODS_KINDS) >= set(Kind.values)


def test_a_rule_is_named_in_the_readers_language(cast):
    rule = GoodsRule.objects.get(code="fresh")
    with translation.override("zh-hans"):
        assert str(rule) == "生鲜食品"
    assert str(rule) == "Fresh food"


def test_a_seller_says_which_goods_they_are(cast, client):
    fresh = GoodsRule.objects.get(code="fresh")
    client.force_login(cast.bob)
    page = url("product", "change", cast.mug.product_id)
    data = product_data(None, code="mug", title="Mug") | {"goods_rule": fresh.pk}
    assert client.post(page, data).status_code == 302
    assert Product.objects.get(pk=cast.mug.product_id).goods_rule == fresh
    assert client.get(url("goodsrule", "change", fresh.pk)).status_code == 403
    assert client.post(url("goodsrule", "change", fresh.pk), rule_data()).status_code == 403


def test_a_rule_out_of_use_stays_where_it_is(cast, client):
    fresh = GoodsRule.objects.get(code="fresh")
    GoodsRule.objects.update(in_use=False)
    Product.objects.filter(pk=cast.mug.product_id).update(goods_rule=fresh)
    client.force_login(cast.bob)
    chosen = {"goods_rule": fresh.pk}
    mug = product_data(None, code="mug", title="New title") | chosen
    assert client.post(url("product", "change", cast.mug.product_id), mug).status_code == 302
    assert Product.objects.get(title="New title").goods_rule == fresh
    lamp = product_data(None, code="lamp", title="Lamp") | chosen
    assert "Select a valid choice" in errors(client.post(url("product", "change", cast.lamp.product_id), lamp))
    assert Product.objects.get(pk=cast.lamp.product_id).goods_rule is None
