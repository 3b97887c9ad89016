"""A ticket's page brings itself up to date: what counts as news, and what it answers."""

import pytest
from django.urls import reverse

from aftersales import actors
from aftersales.testing import one
from refunds import actions
from refunds.models import AutoRule
from refunds.rules import Decision
from refunds.tests import situations
from refunds.tests.paying import pay_out, sent
from refunds.tests.situations import stocked
from refunds.views.live import marks


@pytest.fixture
def alice(client, cast):
    client.force_login(cast.alice)
    return client


def address(ticket, name="news"):
    return reverse(f"refunds:{name}", args=(ticket.number,))


def mark(alice, ticket):
    return alice.get(address(ticket, "ticket")).context["mark"]


def news(alice, ticket, seen):
    return alice.get(address(ticket), {"seen": seen}, headers={"hx-request": "true"})


def test_nothing_new_is_nothing(alice, cast):
    ticket = situations.asked(cast).ticket
    answer = news(alice, ticket, mark(alice, ticket))
    assert (answer.status_code, answer.content) == (204, b"")


def test_what_happened_is_shown_and_said(alice, cast):
    ticket = situations.asked(cast).ticket
    seen = mark(alice, ticket)
    actions.agree(one(ticket), actors.seller(cast.bob), version=1)

    answer = news(alice, ticket, seen)

    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "Just now: Agreed · Seller" in " ".join(answer.text.split())
    for region in ("live", "live-top", "live-act", "live-disputes", "live-facts", "live-compose", "live-thread"):
        assert f'id="{region}"' in answer.text
    again = mark(alice, ticket)
    assert again != seen
    assert news(alice, ticket, again).status_code == 204


@pytest.mark.parametrize("seen", ["", "x", "\x00", "0" * 5000])
def test_any_mark_is_taken(alice, cast, seen):
    assert news(alice, situations.asked(cast).ticket, seen).status_code == 200


def test_money_on_its_way_is_news(alice, cast):
    ticket = situations.refunding(cast).ticket
    seen = {mark(alice, ticket)}
    sent(ticket.payouts.get())
    seen.add(mark(alice, ticket))
    assert len(seen) == 2


def test_a_ticket_that_has_ended_is_not_asked_about(alice, cast):
    ticket = situations.refunding(cast).ticket
    assert "hx-get" in alice.get(address(ticket, "ticket")).text
    pay_out(ticket)
    assert "hx-get" not in alice.get(address(ticket, "ticket")).text
    assert "hx-get" not in news(alice, ticket, "").text


def test_what_customer_service_does_inside_is_no_news(alice, cast):
    """Two agents hand a case over, and one writes a ruling that a second one has yet to confirm."""
    case = situations.under_review(stocked(cast))
    seen = mark(alice, case.ticket)
    actions.hand_over(case.disputes, case.sam, cast.sue)
    assert mark(alice, case.ticket) == seen
    assert news(alice, case.ticket, seen).status_code == 204
    actions.rule(case.disputes, case.sue, Decision("refund", 700, note="Both are right."))
    assert news(alice, case.ticket, seen).status_code == 200


@pytest.mark.parametrize("name", ["appealed", "to_confirm", "freight_owed", "ruled_for_good"])
def test_page_and_question_agree_on_the_mark(alice, cast, name):
    case = getattr(situations, name)(stocked(cast))
    assert marks(case.tickets) == [mark(alice, case.ticket)]


def test_inside_matters_are_not_shown(alice, cast):
    case = situations.to_confirm(stocked(cast))
    page = alice.get(address(case.ticket, "ticket")).text
    for words in ("Never shipped as shown.", "Taken by an agent", "Handed over", "Sam", "Sue"):
        assert words not in page


def test_how_a_shop_calls_its_rules_is_its_own(alice, cast):
    AutoRule.objects.create(shop=cast.shop, name="Whoever shouts", most=100_000)
    ticket = situations.asked(cast).ticket
    assert ticket.state == "refunding"
    page = alice.get(address(ticket, "ticket")).text
    assert "Answered at once by a rule of the shop" in page
    assert "Whoever shouts" not in page
