"""Other buyers, other shops' sellers and nobody at all: every address and every form, as if the row were missing."""

import re
from copy import deepcopy

import pytest
from django.test import Client
from django.urls import reverse

from aftersales import actors
from aftersales.testing import file, make_cast, one, pay, place, ship
from refunds import actions
from refunds.models import Evidence, Offer, Ruling
from refunds.notices import announce
from refunds.rules import Terms
from refunds.tests.filling import filled, photo, world
from refunds.tests.hearing import agent_of, ruled
from refunds.urls import urlpatterns
from refunds.views.ways import DISPUTE_WAYS, WAYS

MISSING = "X261123NOTHERE"
# name of the address, what it names, which methods it takes
PAGES = [
    ("apply", "order", ("get", "post")),
    ("ticket", "ticket", ("get",)),
    ("news", "ticket", ("get",)),
    ("label", "ticket", ("get",)),
    ("amend", "ticket", ("get", "post")),
    *[(name, "ticket", ("post",)) for name in (*WAYS, *DISPUTE_WAYS)],
    ("evidence", "evidence", ("get",)),
    ("thumbnail", "evidence", ("get",)),
]
TRIES = [(name, row, method) for name, row, methods in PAGES for method in methods]


def build(cast):
    """An order of alice's with a ticket in each state that a buyer can act in, one of them ruled on, and a photo."""
    order = ship(pay(place(cast)), cast)
    client = Client()
    client.force_login(cast.alice)
    mug, lamp = order.lines.get(sku=cast.mug), order.lines.get(sku=cast.lamp)
    fields = filled(order, {mug.pk: 1}, reason="damaged", photos=[photo()])
    client.post(reverse("refunds:apply", args=(order.number,)), fields)
    agreed = file(order, {lamp.pk: 1}, kind="return_refund")
    actions.agree(one(agreed), actors.seller(cast.bob), version=1)
    other = ship(pay(place(cast)), cast)
    offered = file(other, {other.lines.first().pk: 1})
    actions.offer(one(offered), actors.seller(cast.bob), Terms("refund_only", 500), "half of it")
    third = ship(pay(place(cast)), cast)
    judged = file(third, {third.lines.first().pk: 1})
    ruled(judged, cast)
    tickets = [*order.tickets.all(), offered, judged]
    return {"order": order, "tickets": tickets, "evidence": Evidence.objects.get()}


@pytest.fixture(scope="module")
def built(shared):
    with shared():
        cast = make_cast()
        yield cast, build(cast)


@pytest.fixture
def mine(db, built):
    return deepcopy(built)


@pytest.fixture
def cast(mine):
    return mine[0]


@pytest.fixture
def rows(mine):
    return mine[1]


def keys(rows, kind):
    if kind == "ticket":
        return [ticket.number for ticket in rows["tickets"]]
    return [rows["order"].number if kind == "order" else rows["evidence"].pk]


def attempt(client, method, name, key, order):
    """Everything that any of the forms sends, with the keys of the row's owner."""
    mug = order.lines.first()
    fields = filled(order, {mug.pk: 1}) | {"version": "1", "carrier": "SF", "number": "1", "note": "why"}
    fields |= {"offer": Offer.objects.get().pk, "ruling": Ruling.objects.get().pk, "parcel": "1"}
    address = reverse(f"refunds:{name}", args=(key,))
    answer = client.get(address) if method == "get" else client.post(address, fields)
    answers = [answer] if method == "get" else [answer, client.post(address, fields | {"preview": "1"})]
    return [(a.status_code, _seen(a, key)) for a in answers]


def _seen(answer, key):
    """The page without what differs in every answer, and without the key that was asked for."""
    text = answer.headers.get("Location", "") + answer.content.decode()
    return re.sub(r'(name="csrfmiddlewaretoken" value=|"X-CSRFToken": )"[^"]+"', "", text).replace(f"/{key}/", "/KEY/")


@pytest.mark.parametrize("who", ["carol", "dave", "bob", "agent", "nobody"])
@pytest.mark.parametrize(("name", "kind", "method"), TRIES)
def test_foreign_row_is_a_missing_row(client, cast, rows, who, name, kind, method):
    if (who, kind) == ("bob", "evidence"):
        who = "dave"  # the shop's own seller may see the photo
    if who == "agent":
        client.force_login(agent_of(cast))
    elif who != "nobody":
        client.force_login(getattr(cast, who))
    before = [world(ticket.order) for ticket in rows["tickets"]]
    missing = 987654321 if kind == "evidence" else MISSING

    for key in keys(rows, kind):
        foreign = attempt(client, method, name, key, rows["order"])
        assert foreign == attempt(client, method, name, missing, rows["order"])
        assert {status for status, _ in foreign} == ({302} if who == "nobody" else {404})

    assert [world(ticket.order) for ticket in rows["tickets"]] == before


def test_every_address_is_tried():
    # Addresses that name no row: the lists below, the channels' door, the inbox's mark (test_inbox.py), the choice of
    # mails (test_notice_settings.py). Photos that wait for their form have tests of their own (test_uploads.py), and
    # where a label's code leads depends on who asks (test_label.py).
    tried = {name for name, _, _ in PAGES} | {"tickets", "inbox", "notices", "read", "notice_settings", "unsubscribe"}
    tried |= {"uploads", "upload", "drop_upload", "scan"}
    assert tried == {pattern.name for pattern in urlpatterns}


def test_lists_show_nothing_foreign(client, cast, rows):
    announce()
    lists = [reverse("refunds:tickets"), reverse("refunds:tickets") + "?tab=ended", reverse("refunds:inbox")]
    client.force_login(cast.carol)
    for address in lists:
        page = client.get(address).content.decode()
        assert not any(ticket.number in page for ticket in rows["tickets"])
    client.logout()
    assert {client.get(address).status_code for address in lists} == {302}


def test_lines_of_a_foreign_order_cannot_be_named(client, cast, rows):
    mine = ship(pay(place(cast, buyer=cast.carol)), cast)
    client.force_login(cast.carol)
    before = world(rows["order"])
    fields = filled(mine, {rows["order"].lines.first().pk: 1})
    answer = client.post(reverse("refunds:apply", args=(mine.number,)), fields)
    assert answer.status_code == 422
    assert world(rows["order"]) == before


@pytest.mark.parametrize("number", ["a%00b", "..%2F..", "%E4%B8%AD", "x" * 5000])
def test_any_number_is_taken(client, cast, number):
    client.force_login(cast.alice)
    for address in (f"/tickets/{number}/", f"/orders/{number}/refund/", f"/tickets/{number}/amend/"):
        assert client.get(address).status_code == 404
