"""Orders, tickets and payouts in the admin: forged input, stale pages, and what each form says and takes."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from aftersales import actors
from aftersales.lifecycle.move import set_aside
from aftersales.testing import one, overdue, pay, place
from orders.lifecycle import ORDER
from orders.models import ShopStaff
from refunds import actions, money
from refunds.lifecycle import TICKET
from refunds.models import Reason, Ticket
from refunds.tests.at_admin import (
    change,
    failed_inspection,
    failed_payout,
    no_proof,
    page,
    picture,
    snapshot,
    to_inspect,
    to_return,
    unshipped,
)
from refunds.workers import doubt


def test_operators_act_as_sellers_only_where_they_work(cast, client):
    order = pay(place(cast))
    client.force_login(cast.operator)
    assert client.get(page(order, "ship")).status_code == 404
    assert "do-ship" not in client.get(change(order)).content.decode()
    ShopStaff.objects.create(shop=cast.shop, user=cast.operator)
    client.force_login(cast.operator)
    assert client.get(page(order, "ship")).status_code == 200


def test_sellers_settle_only_what_they_owe(cast, client):
    payout = failed_payout(cast)
    client.force_login(cast.bob)
    assert client.get(change(payout)).status_code == 200
    for action, status in (("retry", 404), ("settle_by_hand", 409)):
        assert client.post(page(payout, action), {"note": "paid"}).status_code == status
    payout.refresh_from_db()
    assert payout.state == "failed"


def test_buyer_actions_are_no_ways_of_the_admin(cast, client):
    ticket = unshipped(cast)
    client.force_login(cast.bob)
    for action in ("withdraw", "amend", "succeed", "nonsense"):
        assert client.post(page(ticket, action)).status_code == 404


def test_stale_version_is_told(cast, client):
    ticket = unshipped(cast)
    Ticket.objects.filter(pk=ticket.pk).update(version=2)
    client.force_login(cast.bob)
    for action, data in (("agree", {}), ("reject", {"reason": no_proof().pk})):
        response = client.post(page(ticket, action), {"version": 1, **data})
        assert response.status_code == 422
        assert "has changed the application" in response.content.decode()
    ticket.refresh_from_db()
    assert ticket.state == "awaiting_seller"


def test_button_carries_the_version_that_was_read(cast, client):
    ticket = unshipped(cast)
    client.force_login(cast.bob)
    url = page(ticket, "agree", "?version=1")
    assert url in client.get(change(ticket)).content.decode()
    Ticket.objects.filter(pk=ticket.pk).update(version=2)
    assert 'name="version" value="1"' in client.get(url).content.decode()


@pytest.mark.parametrize(
    ("action", "data", "words"),
    [
        ("agree", {}, "This field is required"),
        ("agree", {"version": "x"}, "Enter a whole number"),
        ("reject", {"version": 1}, "This field is required"),
        ("reject", {"version": 1, "reason": "buyer"}, "Select a valid choice"),
        ("reject", {"version": 1, "reason": "proof"}, "needs at least one photo"),
        ("ship_anyway", {}, "Choose at least one unit"),
        ("seller_cancel", {"note": " "}, "This field is required"),
    ],
)
def test_bad_input_changes_nothing(cast, client, action, data, words):
    ticket = unshipped(cast)
    stands_for = {
        "buyer": Reason.objects.filter(side="buyer")[0].pk,
        "proof": Reason.objects.filter(side="seller", needs_proof=True)[0].pk,
    }
    before = snapshot(ticket)
    client.force_login(cast.bob)
    response = client.post(page(ticket, action), {k: stands_for.get(v, v) for k, v in data.items()})
    assert response.status_code == 422
    assert words in response.content.decode()
    assert snapshot(ticket) == before


def test_rejection_with_proof_keeps_the_photo(cast, client):
    ticket = unshipped(cast)
    reason = Reason.objects.filter(side="seller", needs_proof=True)[0]
    client.force_login(cast.bob)
    data = {"version": 1, "reason": reason.pk, "note": "see", "photos": [picture(), picture()]}
    assert client.post(page(ticket, "reject"), data).status_code == 302
    assert ticket.evidence.count() == 2
    # Beside the application, and where they belong in the history.
    assert client.get(change(ticket)).content.decode().count('class="photo"') == 4


def test_what_is_no_photo_is_refused(cast, client):
    ticket = unshipped(cast)
    client.force_login(cast.bob)
    file_ = SimpleUploadedFile("proof.png", b"<svg onload=alert(1)>", "image/png")
    response = client.post(page(ticket, "reject"), {"version": 1, "reason": no_proof().pk, "photos": file_})
    assert response.status_code == 422
    assert "not a photo" in response.content.decode()
    ticket.refresh_from_db()
    assert ticket.state == "awaiting_seller"


def test_inspection_figures_are_checked(cast, client):
    ticket = to_inspect(cast)
    key = ticket.lines.get().pk
    client.force_login(cast.bob)
    for good, damaged in ((1, 1), (-1, 0), (1, 0)):
        data = {f"good_{key}": good, f"damaged_{key}": damaged, "note": "hm"}
        assert client.post(page(ticket, "fail"), data).status_code == 422
    ticket.refresh_from_db()
    assert ticket.state == "awaiting_inspection"


def test_ship_takes_no_units_beyond_what_waits(cast, client):
    order = pay(place(cast))
    mug, lamp = order.lines.order_by("pk")
    client.force_login(cast.bob)
    assert client.post(page(order, "ship"), {f"units_{mug.pk}": 3}).status_code == 422
    assert client.post(page(order, "ship"), {f"units_{mug.pk}": -1}).status_code == 422
    assert client.post(page(order, "ship"), {f"units_{mug.pk}": "１"}).status_code == 422
    assert client.post(page(order, "ship"), {f"units_{mug.pk}": 1}).status_code == 302
    mug.refresh_from_db()
    order.refresh_from_db()
    assert (mug.shipped, order.state) == (1, "awaiting_shipment")
    content = client.get(change(order)).content.decode()
    assert "do-ship" in content
    assert "do-seller_cancel" not in content  # something was shipped: its guard says no
    assert client.post(page(order, "seller_cancel"), {"note": "no"}).status_code == 409


def test_put_back_clears_what_a_sweep_set_aside(cast, client):
    ticket = unshipped(cast)
    order = ticket.order
    overdue(ticket)
    for life, row in ((TICKET, ticket), (ORDER, order)):
        set_aside(life, one(row), "it broke")
        url = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_put_back", args=[row.pk])
        client.force_login(cast.bob)
        assert client.post(url).status_code == 404
        client.force_login(cast.operator)
        assert "it broke" in client.get(change(row)).content.decode()
        assert client.get(url).status_code == 405
        row.refresh_from_db()
        assert row.set_aside_at is not None
        assert client.post(url).status_code == 302
        row.refresh_from_db()
        assert (row.set_aside_at, row.set_aside_error) == (None, "")


def test_agree_without_a_return_address_is_told(cast, client):
    ticket = to_return(cast)
    type(cast.shop).objects.update(return_address="")
    client.force_login(cast.bob)
    response = client.post(page(ticket, "agree"), {"version": 1})
    assert response.status_code == 422
    assert "no return address" in response.content.decode()


def test_unknown_payouts_can_be_seen(cast, client):
    payout = failed_payout(cast)
    money.retry(one(payout), actors.operator(cast.operator))
    overdue(payout, timedelta(minutes=1))
    doubt(one(payout), actors.CLOCK)
    client.force_login(cast.operator)
    assert "Being asked about" in client.get(reverse("admin:refunds_payout_changelist")).content.decode()


def test_a_ticket_of_shipped_goods_cancels_no_order(cast, client):
    ticket = to_return(cast)
    client.force_login(cast.bob)
    assert "do-seller_cancel" not in client.get(change(ticket)).content.decode()
    assert client.post(page(ticket, "seller_cancel"), {"note": "no"}).status_code == 409
    assert "Cancel the whole order" in client.get(change(unshipped(cast))).content.decode()


def test_a_post_from_elsewhere_is_refused(cast):
    ticket = unshipped(cast)
    elsewhere = Client(enforce_csrf_checks=True)
    elsewhere.force_login(cast.bob)
    assert elsewhere.post(page(ticket, "agree"), {"version": 1}).status_code == 403
    ticket.refresh_from_db()
    assert ticket.state == "awaiting_seller"


def test_address_is_shown_while_something_is_sent(cast, client):
    ticket = failed_inspection(cast)
    client.force_login(cast.bob)
    assert "2 Home Street" in client.get(page(ticket, "send_back")).content.decode()
    order = pay(place(cast))
    assert "2 Home Street" in client.get(change(order)).content.decode()
    actions.seller_cancel(one(order), actors.seller(cast.bob), "sold out")
    assert "2 Home Street" not in client.get(change(order)).content.decode()


def test_rejecting_says_which_reasons_need_a_photo(cast, client):
    ticket = unshipped(cast)
    client.force_login(cast.bob)
    text = client.get(page(ticket, "reject", "?version=1")).content.decode()
    for reason in Reason.objects.filter(side="seller"):
        assert (f"{reason} (needs a photo)" in text) == reason.needs_proof
