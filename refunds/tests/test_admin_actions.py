"""Tickets, payouts and orders in the admin: every action as every person, forged input, rows that have moved on."""

from datetime import timedelta

import pytest
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from aftersales import actors
from aftersales.actors import Role
from aftersales.lifecycle.admin import LifecycleAdmin
from aftersales.lifecycle.move import set_aside
from aftersales.lifecycles import ALL
from aftersales.testing import counters, one, overdue, pay, place, ship
from orders.lifecycle import ORDER
from orders.models import Order, ShopStaff
from refunds import actions, money
from refunds.lifecycle import PAYOUT, TICKET
from refunds.models import Payout, Reason, Ticket
from refunds.tests.at_admin import (
    change,
    failed_inspection,
    failed_payout,
    inspection,
    page,
    parcel,
    picture,
    to_inspect,
    to_return,
    unshipped,
)
from refunds.workers import doubt

CASES = {
    ("order", "ship"): (lambda cast: pay(place(cast)), parcel, "awaiting_receipt"),
    ("order", "deliver"): (lambda cast: ship(pay(place(cast)), cast), None, "awaiting_receipt"),
    ("order", "extend"): (lambda cast: ship(pay(place(cast)), cast), None, "awaiting_receipt"),
    ("order", "seller_cancel"): (lambda cast: pay(place(cast)), lambda r, c: {"note": "sold out"}, "closed"),
    ("order", "ship_anyway"): (lambda cast: unshipped(cast).order, parcel, "awaiting_receipt"),
    ("ticket", "agree"): (unshipped, lambda r, c: {"version": 1}, "refunding"),
    ("ticket", "reject"): (
        unshipped,
        lambda r, c: {"version": 1, "reason": _no_proof().pk, "note": "no"},
        "rejected",
    ),
    ("ticket", "ship_anyway"): (unshipped, parcel, "closed"),
    ("ticket", "seller_cancel"): (unshipped, lambda r, c: {"note": "sold out"}, "closed"),
    ("ticket", "accept"): (to_inspect, None, "refunding"),
    ("ticket", "fail"): (to_inspect, inspection, "inspection_failed"),
    ("ticket", "send_back"): (
        failed_inspection,
        lambda r, c: {"carrier": "SF", "number": "B1"},
        "awaiting_buyer_receipt",
    ),
    ("payout", "retry"): (failed_payout, None, "sent"),
    ("payout", "settle_by_hand"): (failed_payout, lambda r, c: {"note": "bank transfer 77"}, "settled"),
}


def _no_proof():
    return Reason.objects.filter(side="seller", in_use=True, needs_proof=False).first()


def _of(order):
    return (order, *Ticket.objects.filter(order=order), *Payout.objects.filter(order=order))


def _snapshot(row):
    order = row if isinstance(row, Order) else row.order
    events = [list(r.events.values_list("pk", "action")) for r in _of(order)]
    return counters(order), events, list(Payout.objects.values()), list(Ticket.objects.values())


def _make(case, cast):
    make, data, target = CASES[case]
    row = make(cast)
    return row, (data(row, cast) if data else {}), target


def _doer(case, cast):
    return cast.operator if case[0] == "payout" else cast.bob


def test_every_action_of_the_table_has_a_way():
    for life in ALL:
        registered = admin.site._registry[life.model]
        needed = {t.name for t in life.transitions if {Role.SELLER, Role.OPERATOR} & set(t.who)}
        assert isinstance(registered, LifecycleAdmin)
        assert needed <= set(registered.ways), life.name
        assert {(life.name, name) for name in needed} <= set(CASES)


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_own_person_does_it(cast, client, case):
    row, data, target = _make(case, cast)
    client.force_login(_doer(case, cast))

    asked = client.get(page(row, case[1]))
    done = client.post(page(row, case[1]), data)

    assert asked.status_code == 200
    assert (done.status_code, done.headers.get("Location")) == (302, change(row)), done.content.decode()[-1500:]
    row.refresh_from_db()
    assert row.state == target
    assert client.get(change(row)).status_code == 200


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_strangers_find_nothing(cast, client, case):
    row, data, _ = _make(case, cast)
    before = _snapshot(row)
    url = page(row, case[1])

    client.force_login(cast.dave)
    assert (client.get(url).status_code, client.post(url, data).status_code) == (404, 404)
    assert client.get(change(row)).status_code == 404
    for user in (cast.alice, cast.carol, None):
        client.logout()
        if user:
            client.force_login(user)
        response = client.post(url, data)
        assert response.status_code == 302
        assert "/admin/login/" in response.headers["Location"]
    assert _snapshot(row) == before


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_get_changes_nothing(cast, client, case):
    row, data, _ = _make(case, cast)
    client.force_login(_doer(case, cast))
    before = _snapshot(row)
    client.get(page(row, case[1]), data)
    client.get(change(row))
    assert _snapshot(row) == before


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_second_click_shows_the_state(cast, client, case):
    row, data, _ = _make(case, cast)
    if case in {("order", "deliver"), ("order", "extend")}:
        from orders.actions import receive

        receive(one(row), actors.buyer(cast.alice))
    else:
        client.force_login(_doer(case, cast))
        client.post(page(row, case[1]), data)
    client.force_login(_doer(case, cast))
    before = _snapshot(row)
    response = client.post(page(row, case[1]), data)
    row.refresh_from_db()
    label = {"order": ORDER, "ticket": TICKET, "payout": PAYOUT}[case[0]].state(row.state).label
    assert response.status_code == 409
    assert str(label) in response.content.decode()
    assert _snapshot(row) == before


def test_operators_act_as_sellers_only_where_they_work(cast, client):
    order = pay(place(cast))
    client.force_login(cast.operator)
    assert client.get(page(order, "ship")).status_code == 404
    assert "do-ship" not in client.get(change(order)).content.decode()
    ShopStaff.objects.create(shop=cast.shop, user=cast.operator)
    assert client.get(page(order, "ship")).status_code == 200


def test_sellers_do_not_touch_payouts(cast, client):
    payout = failed_payout(cast)
    client.force_login(cast.bob)
    assert client.get(change(payout)).status_code == 200
    for action in ("retry", "settle_by_hand"):
        assert client.post(page(payout, action), {"note": "paid"}).status_code == 404
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
    for action, data in (("agree", {}), ("reject", {"reason": _no_proof().pk})):
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
    before = _snapshot(ticket)
    client.force_login(cast.bob)
    response = client.post(page(ticket, action), {k: stands_for.get(v, v) for k, v in data.items()})
    assert response.status_code == 422
    assert words in response.content.decode()
    assert _snapshot(ticket) == before


def test_rejection_with_proof_keeps_the_photo(cast, client):
    ticket = unshipped(cast)
    reason = Reason.objects.filter(side="seller", needs_proof=True)[0]
    client.force_login(cast.bob)
    data = {"version": 1, "reason": reason.pk, "note": "see", "photos": [picture(), picture()]}
    assert client.post(page(ticket, "reject"), data).status_code == 302
    assert ticket.evidence.count() == 2
    assert client.get(change(ticket)).content.decode().count('class="photo"') == 2


def test_what_is_no_photo_is_refused(cast, client):
    ticket = unshipped(cast)
    client.force_login(cast.bob)
    file_ = SimpleUploadedFile("proof.png", b"<svg onload=alert(1)>", "image/png")
    response = client.post(page(ticket, "reject"), {"version": 1, "reason": _no_proof().pk, "photos": file_})
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
