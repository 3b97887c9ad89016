"""What the buyer's pages of tickets cost: a fixed number of statements, however much has happened."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from aftersales import actors
from aftersales.testing import file, one, pay, place, ship
from refunds import actions
from refunds.models import Ticket
from refunds.rules import Decision, Found, Terms
from refunds.tests import situations
from refunds.tests.filling import photo
from refunds.tests.situations import stocked

# Session, user and unread count included.
PAGE, LIST, NEWS = 12, 9, 3
# Each kind of place that a ticket comes to.
STATES = (
    "asked", "offered", "rejected", "to_return", "to_inspect", "offered_after_inspection", "sent_back",
    "repair_to_dispatch", "sent", "disputed", "to_confirm", "ruled", "appealed", "channel_refused", "freight_owed",
    "refunded", "withdrawn",
)  # fmt: skip


@pytest.fixture
def alice(client, cast):
    client.force_login(cast.alice)
    return client


def cost(client, address, status=200):
    """How many statements the page takes."""
    with CaptureQueriesContext(connection) as seen:
        answer = client.get(address)
    assert answer.status_code == status
    return len(seen)


def address(ticket, name="ticket"):
    return reverse(f"refunds:{name}", args=(ticket.number,))


def fullest(cast):
    """Three lines' worth of everything: photos, offers, parcels, an inspection, a dispute with an appeal, postage."""
    bob, alice = actors.seller(cast.bob), actors.buyer(cast.alice)
    order = ship(pay(place(cast, {cast.mug: 2, cast.lamp: 3, cast.blue: 1})), cast)
    found = file(order, {line.pk: line.quantity for line in order.lines.all()}, kind="return_refund", reason="other")
    rows = one(found)
    actions.offer(rows, bob, Terms("refund_only", 500), "half")
    actions.decline_offer(rows, alice, "no")
    for _ in range(3):
        actions.message(rows, alice, "look", [photo(), photo()])
    actions.agree(rows, bob, version=1)
    actions.send_waybill(rows, alice, "SF", "1")
    actions.add_parcel(rows, alice, "SF", "2")
    actions.fail_inspection(rows, bob, {item.pk: Found(0, 1) for item in found.lines.all()}, "broken")
    actions.call_cs(rows, alice, "they were whole")
    disputes = found.disputes.all()
    for agent in (cast.sam, cast.sue):
        actions.close_evidence(disputes, actors.SYSTEM) if disputes.filter(state="evidence") else None
        actions.claim(disputes, actors.agent(agent))
        actions.rule(disputes, actors.agent(agent), Decision("refund", 400, note="So be it."))
        if agent == cast.sam:
            actions.appeal(disputes, alice, "Too little.")
    return found


def test_the_fullest_ticket_costs_twelve(alice, cast):
    found = fullest(stocked(cast))
    assert cost(alice, address(found)) == PAGE
    for _ in range(3):
        actions.message(one(found), actors.seller(cast.bob), "and more", [photo(), photo()])
    assert cost(alice, address(found)) == PAGE


@pytest.mark.parametrize("name", STATES)
def test_no_state_costs_more(alice, cast, name):
    case = getattr(situations, name)(stocked(cast))
    assert cost(alice, address(case.ticket)) <= PAGE


def test_asking_for_news_is_cheap(alice, cast):
    found = fullest(stocked(cast))
    mark = alice.get(address(found)).context["mark"]
    assert cost(alice, f"{address(found, 'news')}?seen={mark}", 204) == NEWS
    # One to find out that something has happened.
    assert cost(alice, address(found, "news")) <= PAGE + 1


def test_the_list_costs_the_same_for_any_number(alice, cast):
    situations.asked(cast)
    first = cost(alice, reverse("refunds:tickets"))
    for _ in range(3):
        other = ship(pay(place(cast)), cast)
        file(other, {line.pk: 1 for line in other.lines.all()})
    assert Ticket.objects.count() == 4
    assert (first, cost(alice, reverse("refunds:tickets"))) == (LIST, LIST)
    assert cost(alice, reverse("refunds:tickets") + "?q=mug&kind=refund_only") == LIST
    mark = alice.get(reverse("refunds:tickets")).context["mark"]
    assert cost(alice, f"{reverse('refunds:tickets')}?seen={mark}", 204) == NEWS + 1
