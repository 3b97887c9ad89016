"""Stock in the admin: what runs out is said."""

from django.urls import reverse

from orders.models import Sku
from orders.models.catalog import FEW

LIST = reverse("admin:orders_product_changelist")


def put(sku, number):
    Sku.objects.filter(pk=sku.pk).update(stock=number)
    sku.stock = number


def test_what_runs_out_is_said_and_found(cast, client):
    put(cast.mug, FEW)
    put(cast.lamp, 0)
    client.force_login(cast.bob)
    shown = client.get(LIST).text
    assert f"Only {FEW} left" in shown
    assert "Sold out" in shown
    put(cast.mug, FEW + 1)
    assert f"Only {FEW + 1} left" not in client.get(LIST).text
    found = {asked: client.get(LIST, {"stock": asked}).context["cl"].result_list for asked in ("few", "none", "x")}
    assert {asked: [row.code for row in rows] for asked, rows in found.items()} == {
        "few": ["lamp"], "none": ["lamp"], "x": ["lamp", "mug"],
    }  # fmt: skip
