"""Shops, goods and coupons in the admin: own ones only, amounts as people write them, errors beside their fields."""

import pytest
from django.urls import reverse

from aftersales.testing import place
from orders.models import Coupon, Policy, Product, Shop, Sku


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
        "staff-0-user": cast.dave.pk,
    })  # fmt: skip
    assert "three letters" in errors(client.post(url("shop", "add"), data | {"currency": "ZZZ"}))
    assert client.post(url("shop", "add"), data).status_code == 302
    shop = Shop.objects.get(code="third")
    assert (shop.freight, shop.staff.get().user) == (800, cast.dave)


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


def policy_data(policy, **more):
    from orders.admin.fields import human
    from orders.admin.policy import DURATIONS

    values = {name: getattr(policy, name) for name in DURATIONS}
    return {name: human(value) if value else "" for name, value in values.items()} | more


def test_saving_a_policy_makes_a_version(cast, client):
    first = place(cast).policy
    client.force_login(cast.operator)
    page = url("policy", "change", first.pk)
    assert "1 orders were placed" in client.get(page).content.decode()
    response = client.post(page, policy_data(first, payment="1 d 12 h"), follow=True)
    assert "1 orders were placed under version 1 and keep it" in response.content.decode()
    old, new = Policy.objects.filter(profile="marketplace", shop=None, promotion="").order_by("version")
    assert (old.pk, str(old.payment)) == (first.pk, "3 days, 0:00:00")
    assert (new.version, str(new.payment)) == (2, "1 day, 12:00:00")
    assert place(cast).policy == new


def test_old_versions_are_read_only(cast, client):
    first = Policy.objects.in_force(cast.shop)
    client.force_login(cast.operator)
    page = url("policy", "change", first.pk)
    assert client.post(page, policy_data(first)).status_code == 302
    assert client.post(page, policy_data(first)).status_code == 403
    assert 'name="payment"' not in client.get(page).content.decode()
    assert Policy.objects.filter(profile="marketplace").count() == 2


def test_policy_errors_stand_beside_their_fields(cast, client):
    first = Policy.objects.in_force(cast.shop)
    client.force_login(cast.operator)
    page = url("policy", "change", first.pk)
    for change, words in (
        ({"payment": "soon"}, "Write a duration above zero"),
        ({"payment": "0 min"}, "Write a duration above zero"),
        ({"payment": "99999 d"}, "Write a duration above zero"),
        ({"payment": ""}, "This field is required"),
        ({"inspection": ""}, "all four of their durations"),
    ):
        assert words in errors(client.post(page, policy_data(first, **change)))
    assert Policy.objects.filter(profile="marketplace").count() == 1


def test_promotion_needs_dates_and_a_new_name(cast, client):
    first = Policy.objects.in_force(cast.shop)
    client.force_login(cast.operator)
    data = policy_data(first, profile="marketplace", promotion="Sale")
    assert "needs its dates" in errors(client.post(url("policy", "add"), data))
    data |= {"starts_at_0": "2026-01-01", "starts_at_1": "00:00", "ends_at_0": "2036-01-01", "ends_at_1": "00:00"}
    assert client.post(url("policy", "add"), data).status_code == 302
    assert Policy.objects.get(promotion="Sale").version == 1
    assert "exists already" in errors(client.post(url("policy", "add"), data))
    assert place(cast).policy.promotion == "Sale"


def test_sellers_read_policies(cast, client):
    first = Policy.objects.in_force(cast.shop)
    local = Policy.objects.get(profile="local_delivery")
    client.force_login(cast.bob)
    content = client.get(url("policy", "change", first.pk)).content.decode()
    assert "10 d" in content
    assert "orders were placed" not in content
    assert 'name="payment"' not in content
    assert client.post(url("policy", "change", first.pk), policy_data(first)).status_code == 403
    assert client.get(url("policy", "change", local.pk)).status_code == 404
    assert client.get(url("policy", "add")).status_code == 403


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


def test_durations_come_with_an_example(cast, client):
    client.force_login(cast.operator)
    assert "For example 3 d, 1 d 12 h or 30 min." in client.get(url("policy", "add")).content.decode()


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
