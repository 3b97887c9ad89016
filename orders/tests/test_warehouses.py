"""Warehouses: owners of the shop keep them, and products name those of their own shop only."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from aftersales.testing import one
from orders.models import Product, Warehouse


def url(model, page, *args):
    return reverse(f"admin:orders_{model}_{page}", args=args)


def data(**more):
    return {"name": "North", "return_address": "N. Orth, 139, 5 North Road", "in_use": "on", **more}


def product_data(cast, **more):
    return {
        "shop": cast.shop.pk, "code": "cup", "title": "Cup", "on_sale_from_0": "", "on_sale_from_1": "",
        "on_sale_until_0": "", "on_sale_until_1": "", "skus-TOTAL_FORMS": 0, "skus-INITIAL_FORMS": 0,
        "skus-MIN_NUM_FORMS": 0, "skus-MAX_NUM_FORMS": 1000, **more,
    }  # fmt: skip


def test_owners_keep_them_and_agents_read(cast, client):
    client.force_login(cast.bob)
    assert client.post(url("warehouse", "add"), data(shop=cast.shop.pk)).status_code == 302
    north = Warehouse.objects.get()
    page = url("warehouse", "change", north.pk)
    assert client.post(page, data(name="South", in_use="", shop=cast.other_shop.pk)).status_code == 302
    north.refresh_from_db()
    assert (north.name, north.in_use, north.shop) == ("South", False, cast.shop)
    for bad, words in ((data(return_address=" \n"), "required"), (data(name="", in_use="on"), "required")):
        response = client.post(page, bad)
        assert (response.status_code, words in response.text) == (422, True)
    for user, answers in ((cast.agent_of_shop(), (200, 403)), (cast.dave, (404, 404)), (cast.alice, (302, 302))):
        client.force_login(user)
        assert (client.get(page).status_code, client.post(page, data()).status_code) == answers
    client.force_login(cast.dave)
    assert client.post(url("warehouse", "add"), data(shop=cast.shop.pk)).status_code == 422
    assert list(Warehouse.objects.values_list("name", flat=True)) == ["South"]


def test_products_name_warehouses_of_their_shop(cast, client):
    ours = Warehouse.objects.create(shop=cast.shop, name="Ours", return_address="1")
    old = Warehouse.objects.create(shop=cast.shop, name="Old", return_address="1", in_use=False)
    theirs = Warehouse.objects.create(shop=cast.other_shop, name="Theirs", return_address="2")
    for user in (cast.bob, cast.operator):
        client.force_login(user)
        for forged in (theirs, old):
            response = client.post(url("product", "add"), product_data(cast, warehouse=forged.pk))
            assert response.status_code == 422, (user, forged)
            assert "warehouse" in response.context["adminform"].form.errors
    assert not Product.objects.filter(code="cup").exists()
    client.force_login(cast.bob)
    page = url("product", "change", cast.mug.product_id)
    assert client.post(page, product_data(cast, code="mug", title="Mug", warehouse=ours.pk)).status_code == 302
    assert one(cast.mug).values_list("product__warehouse", flat=True).get() == ours.pk


def test_the_database_keeps_foreign_goods_out(cast):
    theirs = Warehouse.objects.create(shop=cast.other_shop, name="Theirs", return_address="2")
    for forged in (
        lambda: Product.objects.filter(shop=cast.shop).update(warehouse=theirs),
        lambda: Warehouse.objects.update(shop=cast.shop),
        lambda: Warehouse.objects.update(return_address=" \n"),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            forged()
