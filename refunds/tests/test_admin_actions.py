"""Tickets, payouts and orders in the admin: every action as every person, forged input, rows that have moved on."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

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
from aftersales.testing import one, overdue, pay, place, ship
from orders import actions as order_actions
from orders.lifecycle import ORDER
from orders.models import ShopStaff
from refunds import actions, money
from refunds.lifecycle import TICKET
from refunds.models import Reason, Ticket
from refunds.tests.at_admin import (
    agent,
    agent_of_shop,
    change,
    claimed,
    failed_inspection,
    failed_payout,
    inspection,
    owed,
    page,
    parcel,
    picture,
    reviewed,
    ruled,
    ruling,
    sent_again,
    snapshot,
    to_confirm,
    to_dispatch,
    to_inspect,
    to_repair,
    to_return,
    unshipped,
    with_cs,
)
from refunds.workers import doubt


@dataclass(frozen=True)
class Case:
    """An action of a row: how the row comes about, what is sent, the state it leads to, and who may do it.

    passed  another's act after which it cannot be done any more, where it can be done again and again
    """

    make: Callable[[Any], Any]
    target: str
    sends: Callable[[Any, Any], dict[str, Any]] = lambda row, cast: {}
    who: tuple[str, ...] = ("bob", "gus")
    passed: Callable[[Any, Any], object] | None = None


def _note(row, cast):
    return {"note": "because"}


def _ruling_read(row, cast):
    return {"ruling": row.ruling.pk}


def _answer(row, cast):
    return _note(row, cast) | _ruling_read(row, cast)


def _waybill(row, cast):
    return {"carrier": "SF", "number": "B1"}


def _offer(row, cast):
    return {"version": 1, "kind": "refund_only", "amount": "5.00", "freight": "", "note": "Half of it?"}


def _withdrawn(row, cast):
    actions.withdraw(one(row), actors.buyer(cast.alice))


def _received(row, cast):
    order_actions.receive(one(row), actors.buyer(cast.alice))


def _gift(row, cast):
    reason = Reason.objects.get(side="unasked", code="goodwill")
    return {f"amount_{row.lines.first().pk}": "3.00", "reason": reason.pk, "note": "Sorry."}


def _cancelled(row, cast):
    actions.seller_cancel(one(row), actors.seller(cast.bob), "sold out")


def _repaired(row, cast):
    key = row.lines.get().pk
    return {"carrier": "SF", "number": "B1", f"fault_{key}": "a crack", f"work_{key}": "glued"}


def _mended(row, cast):
    return {"parcel": row.parcels.get().pk, "carrier": "ZTO", "number": "Z1"}


def _confirmed(row, cast):
    actions.confirm(one(row), actors.buyer(cast.alice))


def _heard(dispute_of):
    return lambda cast: dispute_of(cast).ticket


CASES = {
    ("order", "ship"): Case(lambda cast: pay(place(cast)), "awaiting_receipt", parcel),
    ("order", "deliver"): Case(lambda cast: ship(pay(place(cast)), cast), "awaiting_receipt", passed=_received),
    ("order", "extend"): Case(lambda cast: ship(pay(place(cast)), cast), "awaiting_receipt", passed=_received),
    ("order", "seller_cancel"): Case(lambda cast: pay(place(cast)), "closed", _note),
    ("order", "ship_anyway"): Case(lambda cast: unshipped(cast).order, "awaiting_receipt", parcel),
    ("order", "give_back"): Case(lambda cast: pay(place(cast)), "awaiting_shipment", _gift, passed=_cancelled),
    ("ticket", "agree"): Case(unshipped, "refunding", lambda r, c: {"version": 1}),
    ("ticket", "agree", "disputed"): Case(_heard(with_cs), "refunding", lambda r, c: {"version": 1}),
    ("ticket", "reject"): Case(
        unshipped, "rejected", lambda r, c: {"version": 1, "reason": _no_proof().pk, "note": "no"}
    ),
    ("ticket", "offer"): Case(unshipped, "awaiting_buyer", _offer),
    ("ticket", "call_cs"): Case(unshipped, "arbitration", lambda r, c: {"version": 1, "note": "Please look."}),
    ("ticket", "message"): Case(unshipped, "awaiting_seller", _note, passed=_withdrawn),
    ("ticket", "message", "cs"): Case(
        _heard(with_cs), "arbitration", _note, ("sam", "kim", "bob", "gus"), passed=_withdrawn
    ),
    ("ticket", "ship_anyway"): Case(unshipped, "closed", parcel),
    ("ticket", "seller_cancel"): Case(unshipped, "closed", _note),
    ("ticket", "sign_for"): Case(to_inspect, "awaiting_inspection", lambda r, c: {"number": "SF9"}),
    ("ticket", "accept"): Case(to_inspect, "refunding"),
    ("ticket", "fail"): Case(to_inspect, "inspection_failed", inspection),
    ("ticket", "send_back"): Case(failed_inspection, "awaiting_buyer_receipt", _waybill),
    ("ticket", "dispatch"): Case(to_dispatch, "awaiting_buyer_receipt", _waybill),
    ("ticket", "dispatch", "repair"): Case(to_repair, "awaiting_buyer_receipt", _repaired),
    ("ticket", "change_waybill"): Case(sent_again, "awaiting_buyer_receipt", _mended, passed=_confirmed),
    ("dispute", "rest"): Case(with_cs, "evidence"),
    ("dispute", "claim"): Case(with_cs, "evidence", who=("sam", "kim")),
    ("dispute", "hand_over"): Case(claimed, "evidence", lambda r, c: {"to": agent("kim").pk}, ("sam",)),
    ("dispute", "ask"): Case(reviewed, "evidence", _note, ("sam",)),
    ("dispute", "rule"): Case(reviewed, "ruled", ruling, ("sam",)),
    ("dispute", "confirm"): Case(to_confirm, "ruled", _ruling_read, ("kim",)),
    ("dispute", "object"): Case(to_confirm, "review", _answer, ("kim",)),
    ("dispute", "accept_ruling"): Case(ruled, "ruled", _ruling_read),
    ("dispute", "appeal"): Case(ruled, "review", _answer),
    ("payout", "retry"): Case(failed_payout, "sent", who=("olga",)),
    ("payout", "settle_by_hand"): Case(failed_payout, "settled", _note, ("olga",)),
    ("payout", "settle_by_hand", "owed"): Case(owed, "settled", _note, ("bob", "gus", "olga")),
}


def _no_proof():
    return Reason.objects.filter(side="seller", in_use=True, needs_proof=False).first()


def _people(cast):
    """Everybody who may come by: both sellers, agents of customer service, one of whom works in the shop, buyers."""
    agents = {name: agent(name) for name in ("sam", "kim")} | {"gus": agent_of_shop(cast)}
    return agents | {
        "bob": cast.bob,
        "dave": cast.dave,
        "olga": cast.operator,
        "alice": cast.alice,
        "carol": cast.carol,
    }


def _make(case, cast):
    row = CASES[case].make(cast)
    return row, CASES[case].sends(row, cast)


def test_every_action_of_the_table_has_a_way():
    for life in ALL:
        registered = admin.site._registry[life.model]
        needed = {t.name for t in life.transitions if {Role.SELLER, Role.CS, Role.OPERATOR} & set(t.who)}
        assert isinstance(registered, LifecycleAdmin)
        assert needed <= set(registered.ways), life.name
        assert {(life.name, name) for name in needed} <= {case[:2] for case in CASES}


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_own_person_does_it(cast, client, case):
    row, data = _make(case, cast)
    client.force_login(_people(cast)[CASES[case].who[0]])

    asked = client.get(page(row, case[1]))
    done = client.post(page(row, case[1]), data)

    assert asked.status_code == 200
    assert 'class="summary"' in asked.content.decode()  # what it leads to, in words
    assert (done.status_code, done.headers.get("Location")) == (302, change(row)), done.content.decode()[-1500:]
    row.refresh_from_db()
    assert row.state == CASES[case].target
    assert client.get(change(row)).status_code == 200


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_nobody_else_does_it(cast, client, case):
    """Strangers find nothing; who sees the row, but not in the role or at the time, is told how it stands."""
    row, data = _make(case, cast)
    before = snapshot(row)
    url = page(row, case[1])

    for name, user in _people(cast).items():
        if name in CASES[case].who:
            continue
        client.force_login(user)
        answers = [client.get(url), client.post(url, data)]
        assert {answer.status_code for answer in answers} <= ({302} if name in ("alice", "carol") else {404, 409}), name
        if name == "dave":
            assert {answer.status_code for answer in answers} == {404}
            assert client.get(change(row)).status_code == 404
    client.logout()
    assert "/admin/login/" in client.post(url, data).headers["Location"]
    assert snapshot(row) == before


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_get_changes_nothing(cast, client, case):
    row, data = _make(case, cast)
    client.force_login(_people(cast)[CASES[case].who[0]])
    before = snapshot(row)
    client.get(page(row, case[1]), data)
    client.get(change(row))
    assert snapshot(row) == before


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_second_click_shows_the_state(cast, client, case):
    row, data = _make(case, cast)
    client.force_login(_people(cast)[CASES[case].who[0]])
    if passed := CASES[case].passed:
        passed(row, cast)
    else:
        client.post(page(row, case[1]), data)
    before = snapshot(row)
    response = client.post(page(row, case[1]), data)
    row.refresh_from_db()
    lives = {life.name: life for life in ALL}
    assert response.status_code == 409
    assert str(lives[case[0]].state(row.state).label) in response.content.decode()
    assert snapshot(row) == before


def test_operators_act_as_sellers_only_where_they_work(cast, client):
    order = pay(place(cast))
    client.force_login(cast.operator)
    assert client.get(page(order, "ship")).status_code == 404
    assert "do-ship" not in client.get(change(order)).content.decode()
    ShopStaff.objects.create(shop=cast.shop, user=cast.operator)
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
