"""The desk's list of disputes: what an agent has first, then by deadline, in pages by where the last row stood."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.urls import reverse

from aftersales import actors
from aftersales.testing import one
from aftersales.tests.many import many_tickets, statements
from refunds import actions
from refunds.admin.dispute import DisputeAdmin
from refunds.models import Dispute
from refunds.tests.at_admin import agent

DESK = reverse("admin:refunds_dispute_changelist")


def seen(client, query=""):
    return client.get(DESK + query).context["cl"]


def numbers(client, query=""):
    return [row.number for row in seen(client, query).result_list]


@pytest.fixture
def pages_of_three(monkeypatch):
    monkeypatch.setattr(DisputeAdmin, "list_per_page", 3)


@pytest.fixture
def eleven(cast, client, pages_of_three):
    """Disputes in the order of the list: two that Sam has, though they are due last; seven by the hour, of which two
    are due at once and the newer one comes first; two without a clock, the newer one first. Sam looks on."""
    tickets = list(many_tickets(cast, 11).order_by("pk"))
    rows = [called(cast, ticket) for ticket in tickets]
    mine, timed, ended = rows[:2], rows[2:9], rows[9:]
    for row in mine:
        actions.claim(one(row), actors.agent(agent()))
    for hours, row in enumerate((*timed, *mine)):
        one(row).update(due_at=Now() + timedelta(hours=hours + 1))
    one(timed[4]).update(due_at=one(timed[3]).get().due_at)
    for ticket in tickets[9:]:
        actions.withdraw(one(ticket), actors.buyer(cast.alice))
    client.force_login(agent())
    order = [*mine, *timed[:3], timed[4], timed[3], *timed[5:], *ended[::-1]]
    return [row.number for row in order]


def called(cast, ticket):
    actions.call_cs(one(ticket), actors.seller(cast.bob), "We do not agree.")
    return Dispute.objects.get(ticket=ticket)


def walk(client, query, way):
    """The pages from one on, along its links."""
    while query is not None:
        page = seen(client, query)
        yield [row.number for row in page.result_list]
        query = getattr(page, way) or None


def pages(rows):
    return [rows[at : at + 3] for at in range(0, len(rows), 3)]


def last_page(client):
    page = seen(client, "?queue=all")
    while page.next:
        page = seen(client, page.next)
    return page


def test_pages_show_every_row_once_there_and_back(eleven, client):
    assert list(walk(client, "?queue=all", "next")) == pages(eleven)
    last = last_page(client)
    assert list(walk(client, last.previous, "previous")) == pages(eleven)[2::-1]
    assert numbers(client, last.first) == eleven[:3]
    assert (seen(client, "?queue=all").first, seen(client, "?queue=all").previous, last.next) == ("", "", "")


def test_a_row_that_arrives_hides_no_other(eleven, cast, client):
    """One that comes before the place of reading is found by beginning anew, one behind it on its page."""
    (ticket, later) = many_tickets(cast, 2).order_by("pk")
    way = walk(client, "?queue=all", "next")
    read = [next(way), next(way)]
    early = called(cast, ticket)
    one(early).update(due_at=Now() - timedelta(hours=1))
    late = called(cast, later)
    one(late).update(due_at=Now() + timedelta(hours=6, minutes=30))
    rest = [number for page in (*read, *way) for number in page]
    assert rest == [*eleven[:8], late.number, *eleven[8:]]
    anew = [number for page in walk(client, "?queue=all", "next") for number in page]
    assert anew == [*eleven[:2], early.number, *rest[2:]]


def test_nor_does_it_on_the_way_back(eleven, cast, client):
    (ticket,) = many_tickets(cast, 1)
    last = last_page(client)
    way = walk(client, last.previous, "previous")
    read = [next(way)]
    early = called(cast, ticket)
    one(early).update(due_at=Now() - timedelta(hours=1))
    back = [number for page in [*way][::-1] + read for number in page]
    assert sorted(set(back), key=back.index) == [*eleven[:2], early.number, *eleven[2:9]]


def test_a_page_is_found_without_counting_those_before(eleven, client):
    """Far down it takes the same statements, and none skips rows or counts them all."""
    found = {}
    for query in ("?queue=all", seen(client, seen(client, "?queue=all").next).next):
        with statements() as sent:
            assert len(numbers(client, query)) == 3
        found[query] = len(sent)
        assert not [sql for sql in sent if "OFFSET" in sql]
        assert not [sql for sql in sent if "count(*)" in sql.lower() and "LIMIT" not in sql]
    assert len(set(found.values())) == 1


def test_a_side_walks_its_own(eleven, cast, client):
    """By deadline alone: whose case it is, is no business of theirs."""
    client.force_login(cast.bob)
    shown = [number for page in walk(client, "?queue=all", "next") for number in page]
    assert shown == [*eleven[2:9], *eleven[:2], *eleven[9:]]
