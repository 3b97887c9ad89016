"""Orders, tickets, disputes and payouts in the admin: every action as every person, and on rows that have moved on."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib import admin

from aftersales import actors
from aftersales.actors import Role
from aftersales.lifecycle.admin import LifecycleAdmin
from aftersales.lifecycles import ALL
from aftersales.testing import make_cast, one, pay, place, ship
from orders import actions as order_actions
from refunds import actions
from refunds.models import Reason
from refunds.tests.at_admin import (
    agent,
    agent_of_shop,
    change,
    claimed,
    failed_inspection,
    failed_payout,
    inspection,
    lead,
    no_proof,
    owed,
    page,
    parcel,
    reviewed,
    ruled,
    ruling,
    sent_again,
    snapshot,
    to_confirm,
    to_dispatch,
    to_inspect,
    to_repair,
    unshipped,
    with_cs,
)


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
        unshipped, "rejected", lambda r, c: {"version": 1, "reason": no_proof().pk, "note": "no"}
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
    ("dispute", "assign"): Case(
        claimed, "evidence", lambda r, c: {"to": agent("kim").pk}, ("liz",), lambda r, c: _withdrawn(r.ticket, c)
    ),
    ("dispute", "ask"): Case(reviewed, "evidence", _note, ("sam",)),
    ("dispute", "rule"): Case(reviewed, "ruled", ruling, ("sam",)),
    ("dispute", "confirm"): Case(to_confirm, "ruled", lambda r, c: _ruling_read(r, c) | {"confirmed": "1"}, ("kim",)),
    ("dispute", "object"): Case(to_confirm, "review", _answer, ("kim",)),
    ("dispute", "accept_ruling"): Case(ruled, "ruled", _ruling_read),
    ("dispute", "appeal"): Case(ruled, "review", _answer),
    ("payout", "retry"): Case(failed_payout, "sent", who=("olga",)),
    ("payout", "settle_by_hand"): Case(failed_payout, "settled", _note, ("olga",)),
    ("payout", "settle_by_hand", "owed"): Case(owed, "settled", _note, ("bob", "gus", "olga")),
}


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


@dataclass
class Scene:
    """A case's row, what is sent to act on it, and everybody who may come by."""

    case: tuple[str, ...]
    cast: Any
    row: Any
    data: dict[str, Any]
    people: dict[str, Any]

    @property
    def url(self):
        return page(self.row, self.case[1])

    @property
    def own(self):
        return self.people[CASES[self.case].who[0]]


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def built(request, shared):
    """Once for all tests of a case."""
    with shared():
        cast = make_cast()
        row = CASES[request.param].make(cast)
        people = _people(cast) | ({"liz": lead()} if "liz" in CASES[request.param].who else {})
        yield Scene(request.param, cast, row, CASES[request.param].sends(row, cast), people)


@pytest.fixture
def scene(db, built):
    return deepcopy(built)


def test_every_action_of_the_table_has_a_way():
    for life in ALL:
        registered = admin.site._registry[life.model]
        needed = {t.name for t in life.transitions if {Role.SELLER, Role.CS, Role.OPERATOR} & set(t.who)}
        assert isinstance(registered, LifecycleAdmin)
        assert needed <= set(registered.ways), life.name
        assert {(life.name, name) for name in needed} <= {case[:2] for case in CASES}


def test_own_person_does_it(scene, client):
    row, case = scene.row, CASES[scene.case]
    client.force_login(scene.own)

    asked = client.get(scene.url)
    done = client.post(scene.url, scene.data)

    assert asked.status_code == 200
    assert 'class="summary"' in asked.content.decode()  # what it leads to, in words
    assert (done.status_code, done.headers.get("Location")) == (302, change(row)), done.content.decode()[-1500:]
    row.refresh_from_db()
    assert row.state == case.target
    assert client.get(change(row)).status_code == 200


def test_nobody_else_does_it(scene, client):
    """Strangers find nothing; who sees the row, but not in the role or at the time, is told how it stands."""
    row, url, data = scene.row, scene.url, scene.data
    before = snapshot(row)

    for name, user in scene.people.items():
        if name in CASES[scene.case].who:
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


def test_get_changes_nothing(scene, client):
    client.force_login(scene.own)
    before = snapshot(scene.row)
    client.get(scene.url, scene.data)
    client.get(change(scene.row))
    assert snapshot(scene.row) == before


def test_second_click_shows_the_state(scene, client):
    row, case = scene.row, CASES[scene.case]
    client.force_login(scene.own)
    if case.passed:
        case.passed(row, scene.cast)
    else:
        client.post(scene.url, scene.data)
    before = snapshot(row)
    response = client.post(scene.url, scene.data)
    row.refresh_from_db()
    lives = {life.name: life for life in ALL}
    assert response.status_code == 409
    assert str(lives[scene.case[0]].state(row.state).label) in response.content.decode()
    assert snapshot(row) == before
