"""The buyer's list of tickets: tabs with counts, search, kinds, news, and pages that keep what was searched for."""

import pytest
from django.urls import reverse

from aftersales import actors
from aftersales.testing import file, one, pay, place, ship
from refunds import actions
from refunds.notices import announce

LIST = reverse("refunds:tickets")


@pytest.fixture
def alice(client, cast):
    client.force_login(cast.alice)
    return client


@pytest.fixture
def order(cast):
    return ship(pay(place(cast)), cast)


@pytest.fixture
def mug(cast, order):
    return file(order, {order.lines.get(sku=cast.mug).pk: 1}, kind="return_refund")


@pytest.fixture
def lamp(cast, order):
    return file(order, {order.lines.get(sku=cast.lamp).pk: 1})


def numbers(alice, **asked):
    return [ticket.number for ticket in alice.get(LIST, asked).context["page"]]


def counts(alice, **asked):
    return [(label, count) for _url, label, count, _now in alice.get(LIST, asked).context["tabs"]]


def test_tabs_count_what_matches(alice, cast, mug, lamp):
    actions.withdraw(one(lamp), actors.buyer(cast.alice))
    assert counts(alice) == [("Open", 1), ("Ended", 1)]
    assert counts(alice, kind="return_refund") == [("Open", 1), ("Ended", 0)]
    assert numbers(alice, tab="ended") == [lamp.number]


def test_search_finds_numbers_and_products(alice, order, mug, lamp):
    assert numbers(alice, q="LAM") == [lamp.number]
    assert numbers(alice, q=mug.number[2:].lower()) == [mug.number]
    assert numbers(alice, q=f" {order.number} ") == [lamp.number, mug.number]
    assert numbers(alice, q="kettle") == []
    assert "No ticket matches this." in alice.get(LIST, {"q": "kettle"}).text


def test_kinds_narrow(alice, mug, lamp):
    assert numbers(alice, kind="return_refund") == [mug.number]
    assert numbers(alice, kind="repair") == []


@pytest.mark.parametrize("asked", [{"kind": "nonsense"}, {"q": "x" * 101}, {"q": "a\x00"}])
def test_any_search_is_answered(alice, mug, asked):
    answer = alice.get(LIST, asked)
    assert answer.status_code == 200
    assert 'role="alert"' in answer.text


def test_pages_and_tabs_keep_the_search(alice, cast, mug, monkeypatch):
    monkeypatch.setattr("refunds.views.tickets.PER_PAGE", 1)
    other = ship(pay(place(cast)), cast)
    file(other, {other.lines.get(sku=cast.mug).pk: 1}, kind="return_refund")
    page = alice.get(LIST, {"q": "mug", "kind": "return_refund"}).text
    assert "?q=mug&amp;kind=return_refund&amp;page=2" in page
    assert "?q=mug&amp;kind=return_refund&amp;tab=ended" in page


def test_strangers_tickets_are_not_found(client, cast, mug):
    client.force_login(cast.carol)
    assert numbers(client, q=mug.number) == []
    assert counts(client, q=mug.number) == [("Open", 0), ("Ended", 0)]


def test_what_was_not_read_is_marked(alice, cast, mug):
    announce()
    alice.post(reverse("refunds:read"), {"upto": str(2**40)})
    assert ">New</span>" not in alice.get(LIST).text
    actions.agree(one(mug), actors.seller(cast.bob), version=1)
    announce()
    assert ">New</span>" in alice.get(LIST).text


def test_list_brings_itself_up_to_date(alice, cast, mug, lamp):
    shown = alice.get(LIST, {"q": "mug"})
    seen = shown.context["mark"]
    assert f"?q=mug&amp;seen={seen}" in shown.text
    actions.withdraw(one(lamp), actors.buyer(cast.alice))
    assert alice.get(LIST, {"q": "mug", "seen": seen}).status_code == 204

    actions.agree(one(mug), actors.seller(cast.bob), version=1)

    news = alice.get(LIST, {"q": "mug", "seen": seen})
    assert (news.status_code, "<html" in news.text) == (200, False)
    assert "Awaiting the return" in news.text
    assert "hx-get" not in alice.get(LIST, {"tab": "ended"}).text
