"""Who buyers are is on no page of the admin, until somebody says why: then for a while, and written down."""

import pytest
from django.contrib import admin
from django.urls import reverse
from django.utils import timezone

from aftersales import actors, masks
from aftersales.changes.models import Act, Change
from aftersales.changes.record import record
from aftersales.models import User
from aftersales.testing import auditor, file, one, pay, place, ship
from orders import actions
from orders.models import InvoiceData, Order
from refunds.models import Notice
from refunds.notices import announce

EMAIL, NAME, PHONE, PLACE = "xanthippe@quux.example", "Xanthippe Zweig", "13812345678", "17 Hidden Lane"
SECRETS = (EMAIL, NAME, PHONE, PLACE, "Recipient Zweig")


@pytest.mark.parametrize(
    ("mask", "words", "shown"),
    [
        (masks.email, "mei@example.com", "m***@example.com"),
        (masks.email, "no address", "n***"),
        (masks.email, "", ""),
        (masks.phone, "13812341234", "138****1234"),
        (masks.phone, "12345678", "1***"),
        (masks.phone, "", ""),
        (masks.text, "张伟", "张***"),
        (masks.text, "", ""),
        (masks.within, "550 <mei@example.com>: unknown", "550 <m***@example.com>: unknown"),
    ],
)
def test_what_is_left(mask, words, shown):
    assert mask(words) == shown


@pytest.fixture
def order(cast):
    """An order with everything about it, by a buyer whose name stands out; its parcel has been received."""
    User.objects.filter(pk=cast.alice.pk).update(email=EMAIL, name=NAME)
    cast.alice.refresh_from_db()
    order = pay(place(cast))
    Order.objects.filter(pk=order.pk).update(recipient="Recipient Zweig", phone=PHONE, address=PLACE)
    ship(order, cast)
    actions.receive(one(order), actors.buyer(cast.alice))
    InvoiceData.objects.create(order=order, kind="personal", title=NAME, email=EMAIL)
    announce()
    Notice.objects.filter(channel="email").update(
        next_at=None, failed_at=timezone.now(), tries=3, trouble=f"550 <{EMAIL}> unknown"
    )
    record(cast.operator, Act.CHANGED, cast.alice, {"email": EMAIL, "name": NAME}, {"email": "b@quux.example"})
    order.refresh_from_db()
    return order


def page(row, name="change"):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{name}", args=[row.pk])


def test_no_page_says_who_a_buyer_is(cast, client, order):
    file(order, {order.lines.first().pk: 1})
    client.force_login(cast.operator)
    seen = 0
    for model, screen in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        listed = client.get(reverse(f"{name}_changelist"), {"queue": "all"} if hasattr(screen, "life") else {})
        rows = [page(row, at) for row in model._base_manager.all()[:3] for at in ("change", "history")]
        pages = [listed, *map(client.get, rows)]
        for answer in pages:
            assert [secret for secret in SECRETS if secret in answer.text] == [], (name, answer.request["PATH_INFO"])
            seen += answer.status_code == 200
    assert seen > 60
    assert EMAIL not in client.get(reverse("admin:attention")).text
    asked = {"app_label": "orders", "model_name": "shopstaff", "field_name": "user", "term": "xan"}
    found = client.get(reverse("admin:autocomplete"), asked)
    assert EMAIL not in found.text
    assert NAME not in found.text


def test_the_shop_sees_it_while_something_is_to_be_sent(cast, client, order):
    client.force_login(cast.bob)
    assert not any(secret in client.get(page(order)).text for secret in SECRETS)
    file(order, {order.lines.first().pk: 1})
    assert all(secret in client.get(page(order)).text for secret in SECRETS)


def test_it_is_shown_for_a_reason_and_for_a_while(cast, client, order):
    client.force_login(cast.operator)
    address = page(order, "unmask")
    for refused in ({}, {"why": "fraud"}, {"why": "curious", "words": "x"}, {"why": "fraud", "words": " "}):
        assert client.post(address, refused).status_code == 422
    assert client.get(address).status_code == 200
    assert not Change.objects.filter(act=Act.UNMASKED).exists()
    assert PHONE not in client.get(page(order)).text

    assert client.post(address, {"why": "fraud", "words": "Case 7"}).status_code == 302
    change = Change.objects.get(act=Act.UNMASKED)
    assert (change.person, change.shop, change.key, change.reason) == (
        cast.operator, cast.shop, order.pk, "Suspected fraud: Case 7"
    )  # fmt: skip
    assert all(secret in client.get(page(order)).text for secret in SECRETS)
    assert NAME not in client.get(page(cast.alice)).text

    session = client.session
    session["unmasked"] = {key: until - 601 for key, until in session["unmasked"].items()}
    session.save()
    assert PHONE not in client.get(page(order)).text


def test_others_are_not_shown_it(cast, client, order):
    for user in (cast.dave, auditor(), cast.agent_of_shop()):
        client.force_login(user)
        answer = client.post(page(order, "unmask"), {"why": "fraud", "words": "Case 7"})
        assert answer.status_code == (302 if user.name == "Eve" else 404), user
    assert Change.objects.filter(act=Act.UNMASKED).count() == 1


def test_a_masked_person_is_not_saved_masked(cast, client, order):
    client.force_login(cast.operator)
    sent = client.post(page(cast.alice), {"email": "x@y.example", "name": "X", "is_active": "on", "language": "en"})
    cast.alice.refresh_from_db()
    assert (sent.status_code, cast.alice.email, cast.alice.name, cast.alice.language) == (302, EMAIL, NAME, "en")
    client.post(page(cast.alice, "unmask"), {"why": "identity", "words": "Wrote to us"})
    client.post(page(cast.alice), {"email": "x@y.example", "name": "X", "is_active": "on"})
    cast.alice.refresh_from_db()
    assert (cast.alice.email, cast.alice.name) == ("x@y.example", "X")
    kept = Change.objects.filter(act=Act.CHANGED).latest("pk")
    assert (kept.name, kept.before["email"], kept.after["email"]) == ("X***", "x***@quux.example", "x***@y.example")
