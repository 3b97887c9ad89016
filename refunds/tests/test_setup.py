"""The page of a shop's setup: what is missing before it can sell, and the ways to it."""

import pytest
from django.urls import reverse

from aftersales.testing import auditor
from orders.models import Product, Shop, Sku
from refunds.admin.setup import steps

URL = "/admin/setup/"


def missing(shop):
    return [step.title for step in steps(Shop.objects.get(pk=shop.pk)) if step.missing]


@pytest.mark.parametrize(
    ("change", "title"),
    [
        (lambda shop: None, None),
        (lambda shop: Shop.objects.update(is_open=False), "It is open"),
        (lambda shop: Shop.objects.update(return_address=" \n"), "Return address"),
        (lambda shop: Shop.objects.update(return_address="", profile="virtual"), None),
        (lambda shop: Sku.objects.update(stock=0), "Something to sell"),
        (lambda shop: Product.objects.update(on_sale_until="2020-01-01T00:00Z"), "Something to sell"),
        (lambda shop: shop.staff.all().delete(), "Somebody owns it"),
    ],
)
def test_what_keeps_a_shop_from_selling(cast, change, title):
    change(cast.shop)
    assert missing(cast.shop) == ([title] if title else [])


def test_owners_change_and_others_read(cast, client, django_assert_max_num_queries):
    invite = reverse("admin:orders_invitation_add")
    for user, changes in ((cast.bob, True), (cast.agent_of_shop(), False), (auditor(), False), (cast.operator, True)):
        client.force_login(user)
        with django_assert_max_num_queries(40):
            answer = client.get(f"{URL}?shop={cast.shop.pk}")
        assert (answer.status_code, f'href="{invite}"' in answer.text) == (200, changes), user
        assert "Articles on sale: 2. Sold out: 0." in answer.text
    client.force_login(cast.bob)
    for shop, status in (("", 200), (cast.other_shop.pk, 404), ("x", 404), (10**30, 404)):
        assert client.get(f"{URL}?shop={shop}").status_code == status, shop
    client.force_login(cast.alice)
    assert client.get(URL).status_code == 302
