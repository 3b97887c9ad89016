"""Stock in the admin: what runs out is said, many numbers are changed at once, nobody's sale is undone."""

import pytest
from django.urls import reverse

from aftersales.changes.models import Change
from aftersales.testing import auditor, place
from orders.models import Product, Sku
from orders.models.catalog import FEW

LIST, PAGE = reverse("admin:orders_product_changelist"), reverse("admin:orders_product_stock")


def page_of(*skus):
    return f"{PAGE}?" + "&".join(f"product={sku.product_id}" for sku in skus)


def numbers(*skus, why="Counted anew", **wanted):
    """What the page sends: the numbers that were read, and by the code of a variant what somebody wrote instead."""
    data = {"why": why}
    for sku in skus:
        data |= {f"read_{sku.pk}": sku.stock, f"stock_{sku.pk}": wanted.get(sku.code, sku.stock)}
    return data


def stock_of(*skus):
    return [Sku.objects.get(pk=sku.pk).stock for sku in skus]


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


def test_the_list_leads_to_the_page_of_those_chosen(cast, client):
    client.force_login(cast.agent_of_shop())
    chosen = {"action": "restock", "_selected_action": [cast.mug.product_id], "index": 0}
    answer = client.post(LIST, chosen)
    assert answer.url == page_of(cast.mug)
    assert [sku.pk for sku in client.get(answer.url).context["form"].skus] == [cast.mug.pk]
    assert client.post(LIST, chosen | {"_selected_action": ["1; drop"]}).status_code == 400


def test_many_are_changed_at_once_with_the_reason(cast, client):
    client.force_login(cast.agent_of_shop())
    answer = client.post(page_of(cast.mug, cast.lamp), numbers(cast.mug, cast.lamp, mug=1050, lamp=0))
    assert answer.status_code == 302
    assert stock_of(cast.mug, cast.lamp) == [1050, 0]
    told = {change.key: (change.before, change.after, change.reason) for change in Change.objects.all()}
    mug, lamp = (f"SKU · {sku} · stock" for sku in (cast.mug, cast.lamp))
    assert told == {
        cast.mug.product_id: ({mug: 1000}, {mug: 1050}, "Counted anew"),
        cast.lamp.product_id: ({lamp: 1000}, {lamp: 0}, "Counted anew"),
    }
    history = client.get(reverse("admin:orders_product_history", args=[cast.mug.product_id])).text
    assert "Counted anew" in history


def test_what_was_sold_meanwhile_stays_sold(cast, client):
    """given: 1000 were read, and 7 are sold; when: somebody writes 1010; then: there are 1003, and they are told"""
    client.force_login(cast.bob)
    sent = numbers(cast.mug, mug=1010)
    place(cast, {cast.mug: 7})
    answer = client.post(page_of(cast.mug), sent, follow=True)
    assert stock_of(cast.mug) == [1003]
    assert "it is now 1003" in answer.text
    (change,) = Change.objects.all()
    assert [*change.before.values(), *change.after.values()] == [993, 1003]


def test_more_than_is_left_is_refused_next_to_its_number(cast, client):
    """Nothing is written, not even what could be; sent again, the number that was told counts."""
    put(cast.mug, 10)
    client.force_login(cast.bob)
    sent = numbers(cast.mug, cast.lamp, mug=0, lamp=5)
    place(cast, {cast.mug: 4})
    refused = client.post(page_of(cast.mug, cast.lamp), sent)
    form = refused.context["form"]
    assert (refused.status_code, list(form.errors)) == (422, [f"stock_{cast.mug.pk}"])
    assert form.errors[f"stock_{cast.mug.pk}"] == ["Meanwhile sold: it is now 6."]
    assert stock_of(cast.mug, cast.lamp) == [6, 1000]
    assert not Change.objects.exists()
    again = {field.html_name: field.value() for field in form}
    assert client.post(page_of(cast.mug, cast.lamp), again).status_code == 302
    assert stock_of(cast.mug, cast.lamp) == [0, 5]


@pytest.mark.parametrize("text", ["-1", "1.5", "1e3", "９", "x", "99999999999999999999", "2000000000"])
def test_what_is_no_number_is_refused(cast, client, text):
    client.force_login(cast.bob)
    for field in ("stock", "read"):
        sent = numbers(cast.mug, mug=5) | {f"{field}_{cast.mug.pk}": text}
        assert client.post(page_of(cast.mug), sent).status_code == 422, field
    assert stock_of(cast.mug) == [1000]


def test_a_change_needs_a_reason_and_a_reason_a_change(cast, client):
    client.force_login(cast.bob)
    for sent in (numbers(cast.mug, mug=5, why=" "), numbers(cast.mug)):
        assert client.post(page_of(cast.mug), sent).status_code == 422
    assert stock_of(cast.mug) == [1000]
    assert not Change.objects.exists()


def test_others_change_nothing(cast, client):
    """Of a foreign product nothing is shown or changed, be it named alone or beside an own one."""
    own = Product.objects.create(shop=cast.other_shop, code="cup", title="Cup")
    cup = Sku.objects.create(product=own, code="cup", price=100, stock=1)
    for person, status in ((cast.dave, 404), (auditor(), 404), (cast.alice, 302)):
        client.force_login(person)
        assert client.get(page_of(cast.mug)).status_code == status
        assert client.post(page_of(cast.mug), numbers(cast.mug, mug=5)).status_code == status
    client.force_login(cast.dave)
    assert client.post(page_of(cast.mug, cup), numbers(cast.mug, cup, mug=5, cup=9)).status_code == 302
    assert client.get(f"{PAGE}?product=x&product={'9' * 5000}").status_code == 404
    assert stock_of(cast.mug, cup) == [1000, 9]
