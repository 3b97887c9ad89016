"""What staff changes is written down, with before and after, for good; each reads what is theirs."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from aftersales.changes.models import Act, Change
from aftersales.models import Heartbeat, User
from orders.models import Coupon, Policy, Product, Sku


def fields_of(response):
    """What a page's forms would send as they stand."""
    forms = [response.context["adminform"].form, *(form for formset in response.context["inline_admin_formsets"]
             for form in (*formset.formset.forms, formset.formset.management_form))]  # fmt: skip
    return {form[name].html_name: form[name].value() if form[name].value() is not None else ""
            for form in forms for name in form.fields}  # fmt: skip


def send(client, address, **changed):
    data = {name: value for name, value in (fields_of(client.get(address)) | changed).items() if value is not False}
    response = client.post(address, data)
    assert response.status_code == 302, response.context["adminform"].form.errors
    return response


def test_a_row_and_what_belongs_to_it(cast, client):
    client.force_login(cast.bob)
    address = reverse("admin:orders_product_change", args=[cast.mug.product_id])
    send(client, address, title="Big mug", **{"skus-0-price": "12.00", "skus-0-more": "5"})
    (change,) = Change.objects.all()
    sku = f"SKU · {Sku.objects.get(pk=cast.mug.pk)}"
    assert (change.person, change.shop, change.act, change.kind, change.key) == (
        cast.bob, cast.shop, Act.CHANGED, "orders.product", cast.mug.product_id
    )  # fmt: skip
    assert (change.before["title"], change.after["title"]) == ("Mug", "Big mug")
    assert (change.after[f"{sku} · price"], change.after[f"{sku} · stock"]) == (1200, 1005)
    page = client.get(reverse("admin:orders_product_history", args=[cast.mug.product_id])).content.decode()
    assert "Big mug" in page
    send(client, address)
    assert Change.objects.count() == 1


def test_what_is_added_and_a_new_version(cast, client):
    client.force_login(cast.operator)
    policy = Policy.objects.filter(profile="marketplace").earliest("pk")
    address = reverse("admin:orders_policy_change", args=[policy.pk])
    data = fields_of(client.get(address)) | {"payment": "2 d", "confirmed": "1"}
    client.post(address, {name: value for name, value in data.items() if value is not False})
    change = Change.objects.get()
    assert change.kind == "orders.policy"
    assert change.before["payment"] != change.after["payment"]
    assert change.after["version"] == change.before["version"] + 1


def test_rights_are_written_down_and_passwords_never(cast, client):
    client.force_login(cast.operator)
    send(client, reverse("admin:aftersales_user_change", args=[cast.bob.pk]), name="Robert")
    secret = {"password1": "a long new password", "password2": "a long new password", "usable_password": "true"}
    client.post(reverse("admin:auth_user_password_change", args=[cast.bob.pk]), secret)
    told = [(change.act, change.after, bool(change.reason)) for change in Change.objects.order_by("pk")]
    assert told == [(Act.CHANGED, {"name": "Robert"}, False), (Act.CHANGED, {}, True)]


def test_what_is_refused_leaves_no_change(cast, client):
    client.force_login(cast.bob)
    response = client.post(reverse("admin:orders_coupon_add"), {"shop": cast.shop.pk, "code": "", "amount": "x"})
    assert (response.status_code, Change.objects.count(), Coupon.objects.count()) == (422, 0, 0)


def test_history_is_for_good(cast):
    change = Change.objects.create(person=cast.bob, act=Act.CHANGED, kind="orders.shop", name="x")
    for harm in (lambda: Change.objects.update(name="y"), change.delete):
        with pytest.raises(IntegrityError), transaction.atomic():
            harm()


@pytest.mark.parametrize(("who", "sees"), [("bob", 1), ("dave", 0), ("operator", 2)])
def test_each_reads_what_is_theirs(cast, client, who, sees, django_assert_max_num_queries):
    for shop in (cast.shop, None):
        Change.objects.create(person=cast.operator, shop=shop, act=Act.CHANGED, kind="orders.shop", name="x")
    client.force_login(getattr(cast, who))
    with django_assert_max_num_queries(10):
        page = client.get(reverse("admin:aftersales_change_changelist"))
    assert len(page.context["cl"].result_list) == sees
    other = Change.objects.filter(shop=None).get()
    opened = client.get(reverse("admin:aftersales_change_change", args=[other.pk])).status_code
    assert opened == (200 if who == "operator" else 404)


def test_foreign_history_is_missing(cast, client):
    client.force_login(cast.dave)
    product = Product.objects.get(code="mug")
    assert client.get(reverse("admin:orders_product_history", args=[product.pk])).status_code == 404
    assert User.objects.exists()


def test_a_row_whose_key_is_no_number_has_an_empty_history(cast, client):
    Heartbeat.objects.create(name="beat", at=timezone.now())
    client.force_login(cast.operator)
    assert not client.get(reverse("admin:aftersales_heartbeat_history", args=["beat"])).context["changes"]


def test_why_stock_changes_is_kept_with_it(cast, client):
    """On the page of one product too, whoever keeps its stock; a reason without a change is none."""
    address = reverse("admin:orders_product_change", args=[cast.mug.product_id])
    for person in (cast.bob, cast.agent_of_shop()):
        client.force_login(person)
        send(client, address, why="Nothing at all")
        send(client, address, why="Two broke", **{"skus-0-more": "-2"})
    assert [change.reason for change in Change.objects.all()] == ["Two broke", "Two broke"]
    assert Sku.objects.get(pk=cast.mug.pk).stock == 996
