"""Customer service on the buyer's page: what both sides read, and what the buyer does about it."""

import pytest
from django.urls import reverse

from aftersales import actors
from aftersales.testing import file, one, pay, place, ship
from orders.models import Sku
from refunds import actions
from refunds.models import DisputeEvent
from refunds.rules import Decision
from refunds.tests.filling import world
from refunds.tests.hearing import agent_of, called, heard, ruled
from refunds.tests.reading import cells


@pytest.fixture
def alice(client, cast):
    client.force_login(cast.alice)
    return client


@pytest.fixture
def ticket(cast):
    order = ship(pay(place(cast)), cast)
    return file(order, {line.pk: line.quantity for line in order.lines.all()}, kind="return_refund")


def address(ticket, action="ticket"):
    return reverse(f"refunds:{action}", args=(ticket.number,))


def page(alice, ticket):
    answer = alice.get(address(ticket))
    assert answer.status_code == 200
    return answer.content.decode()


def send(alice, ticket, action, **fields):
    answer = alice.post(address(ticket, action), fields)
    ticket.refresh_from_db()
    return answer


def test_buyer_has_nothing_to_add(alice, cast, ticket):
    dispute = called(ticket, cast)
    text = page(alice, ticket)
    assert "Hearing both sides" in text
    assert "After that customer service reviews the case with what it has." in text
    assert "I have nothing to add" in text

    assert send(alice, ticket, "rest").status_code == 303

    assert "Customer service waits for the seller." in page(alice, ticket)
    before = DisputeEvent.objects.count()
    assert send(alice, ticket, "rest").status_code == 409
    assert DisputeEvent.objects.count() == before
    dispute.refresh_from_db()
    assert dispute.buyer_rests


def test_question_is_shown_while_it_is_asked(alice, cast, ticket):
    dispute = heard(ticket, cast)
    actions.ask(one(dispute), actors.agent(agent_of(cast)), "which one is broken?")
    text = page(alice, ticket)
    assert "Customer service asks:" in text
    assert "which one is broken?" in text


def test_ruling_is_shown_in_words(alice, cast, ticket):
    ruled(ticket, cast, "return_first", 3000, freight_by="seller")
    text = page(alice, ticket)
    card = text[text.index('id="ruling-') :]
    assert "Ruling: The goods go back first" in card
    assert cells(card, "Mug × 2") == ["CN¥20.00", "CN¥12.00CN¥8.00 less"]
    assert cells(card, "Lamp × 1") == ["CN¥30.01", "CN¥18.00CN¥12.01 less"]
    assert cells(card, "Together") == ["CN¥50.01", "CN¥30.00CN¥20.01 less"]
    assert "Return freight paid by</dt><dd>Seller</dd>" in card
    assert "the photos show it" in card
    assert "If nobody appeals by then, the ruling is final and carried out." in text


def test_both_accept_and_it_is_carried_out(alice, cast, ticket):
    dispute = ruled(ticket, cast)

    assert send(alice, ticket, "accept_ruling", ruling=dispute.ruling.pk).status_code == 303

    assert "It is final once the seller accepts it too" in page(alice, ticket)
    before = world(ticket.order)
    assert send(alice, ticket, "accept_ruling", ruling=dispute.ruling.pk).status_code == 409
    assert send(alice, ticket, "appeal", ruling=dispute.ruling.pk, note="no").status_code == 409
    assert world(ticket.order) == before
    actions.accept_ruling(one(dispute), actors.seller(cast.bob))
    ticket.refresh_from_db()
    assert (ticket.state, ticket.amount) == ("refunding", 700)
    text = page(alice, ticket)
    assert "By the ruling" in text
    assert "the photos show it" in text


def test_appeal_needs_words_and_the_ruling_read(alice, cast, ticket):
    dispute = ruled(ticket, cast)
    before = DisputeEvent.objects.count()
    refused = send(alice, ticket, "appeal", ruling=dispute.ruling.pk, note="  ")
    assert (refused.status_code, list(refused.context["sent"].errors)) == (422, ["note"])
    for key in ("", "0", "x", "9" * 30):
        assert send(alice, ticket, "appeal", ruling=key, note="no").status_code == 422
    assert send(alice, ticket, "appeal", ruling=dispute.ruling.pk + 1, note="no").status_code == 409
    assert DisputeEvent.objects.count() == before

    assert send(alice, ticket, "appeal", ruling=dispute.ruling.pk, note="look again").status_code == 303

    text = page(alice, ticket)
    assert "Appealed by</dt><dd>Buyer</dd>" in text
    assert "the photos show it" in text
    assert "look again" in text


def test_old_page_does_not_accept_a_new_ruling(alice, cast, ticket):
    dispute = ruled(ticket, cast)
    old = dispute.ruling.pk
    actions.appeal(one(dispute), actors.seller(cast.bob), "too much")
    second = actors.agent(agent_of(cast, "other"))
    actions.claim(one(dispute), second)
    actions.rule(one(dispute), second, Decision("refuse", note="not shown"))
    answer = send(alice, ticket, "accept_ruling", ruling=old)
    dispute.refresh_from_db()
    assert (answer.status_code, dispute.buyer_accepts) == (409, False)
    text = page(alice, ticket)
    assert "Ruling on the appeal: Refuse the application" in text
    assert "the photos show it" in text


def test_ruling_is_not_shown_before_it_is_confirmed(alice, cast):
    """Above 500.00 a second agent confirms."""
    Sku.objects.filter(pk=cast.lamp.pk).update(price=60_000)
    order = ship(pay(place(cast, {cast.lamp: 1})), cast)
    ticket = file(order, {order.lines.get().pk: 1})
    dispute = ruled(ticket, cast, amount=55_000)
    assert dispute.state == "confirmation"
    text = page(alice, ticket)
    assert "the photos show it" not in text
    assert "A second agent checks the ruling before it is given." in text
    second = actors.agent(agent_of(cast, "other"))
    actions.object_to(one(dispute), second, "I do not see it")
    assert "the photos show it" not in page(alice, ticket)
    assert "I do not see it" not in page(alice, ticket)


def test_withdrawing_ends_the_dispute(alice, cast, ticket):
    dispute = called(ticket, cast)
    assert "Customer service then has nothing to decide any more." in page(alice, ticket)
    assert send(alice, ticket, "withdraw").status_code == 303
    dispute.refresh_from_db()
    assert (ticket.state, dispute.outcome) == ("closed", "withdrawn")
    assert "The buyer gave up" in page(alice, ticket)


def test_ruled_ticket_is_not_withdrawn(alice, cast, ticket):
    ruled(ticket, cast)
    assert address(ticket, "withdraw") not in page(alice, ticket)
    before = world(ticket.order)
    assert send(alice, ticket, "withdraw").status_code == 409
    assert world(ticket.order) == before


@pytest.mark.parametrize("action", ["rest", "accept_ruling", "appeal"])
def test_without_a_dispute_there_is_none_to_act_on(alice, ticket, action):
    before = world(ticket.order)
    answer = send(alice, ticket, action, ruling="1", note="no")
    assert answer.status_code == 409
    assert "Awaiting the seller" in answer.content.decode()
    assert world(ticket.order) == before


def test_dispute_renders_in_chinese(alice, cast, ticket):
    ruled(ticket, cast)
    answer = alice.get(address(ticket), headers={"accept-language": "zh-hans"})
    assert (answer.status_code, 'lang="zh-hans"' in answer.content.decode()) == (200, True)
