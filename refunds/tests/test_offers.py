"""Haggling: what a seller may offer, what becomes of the clock, and where an answer leads."""

from datetime import timedelta

import pytest

from aftersales import actors
from aftersales.lifecycle.errors import Conflict, Refused
from aftersales.testing import counters, one
from orders.models import Sku
from refunds import actions
from refunds.lifecycle import TICKET
from refunds.models import Offer, Ticket, TicketEvent
from refunds.rules import Found, Terms
from refunds.tests.paying import books_agree, held, pay_out, stock, time_passes
from refunds.tests.service import asked, found_wanting, fresh, rejected, sent_in

SECOND = timedelta(seconds=1)


def _offer(ticket, cast, kind="refund_only", amount=0, freight=0, **more):
    actions.offer(one(ticket), actors.seller(cast.bob), Terms(kind, amount, freight), "Half?", **more)
    return fresh(ticket)


def _accept(ticket, cast, offer=None):
    key = offer or ticket.offers.get(answer="").pk
    actions.accept_offer(one(ticket), actors.buyer(cast.alice), key)
    return fresh(ticket)


def test_half_the_money_accepted_is_what_is_paid(desk):
    ticket = _offer(asked(desk, units=2), desk, amount=900)
    assert (ticket.state, ticket.amount, ticket.resume_state) == ("awaiting_buyer", 2000, "awaiting_seller")
    assert abs(ticket.due_at - ticket.entered_at - timedelta(days=3)) < SECOND

    ticket = _accept(ticket, desk)

    assert (ticket.state, ticket.amount, ticket.resume_state) == ("refunding", 900, "")
    assert ticket.lines.get().amount == ticket.payouts.get().amount == 900
    assert fresh(ticket.order).reserved == 900
    assert Offer.objects.get().answer == "accepted"
    pay_out(ticket)
    assert (fresh(ticket.order).settled, held(ticket.order)) == (900, 0)
    assert books_agree()


def test_another_kind_leads_where_it_leads(desk):
    ticket = _accept(_offer(asked(desk), desk, "exchange"), desk)
    assert (ticket.state, ticket.kind, ticket.amount) == ("awaiting_return", "exchange", 0)
    assert (ticket.return_address, stock(desk.mug)) == ("1 Return Road", 997)

    again = _accept(_offer(asked(desk), desk, "reissue"), desk)
    assert (again.state, again.kind, again.lines.get().stock_held) == ("awaiting_dispatch", "reissue", 1)


def test_an_offer_of_goods_that_are_gone_is_not_taken(desk):
    ticket = _offer(asked(desk), desk, "exchange")
    Sku.objects.filter(pk=desk.mug.pk).update(stock=0)
    before = counters(ticket.order)
    with pytest.raises(Refused) as no:
        _accept(ticket, desk)
    assert (no.value.code, fresh(ticket).state, counters(ticket.order)) == ("offer_short", "awaiting_buyer", before)


@pytest.mark.parametrize("who", ["buyer", "clock"])
def test_declining_gives_the_seller_the_time_that_was_left(desk, who):
    ticket = asked(desk)
    left = ticket.due_at - ticket.entered_at
    ticket = _offer(ticket, desk, amount=500)
    if who == "buyer":
        actions.decline_offer(one(ticket), actors.buyer(desk.alice), "Too little.")
    else:
        assert time_passes(ticket).moved == 1

    now = fresh(ticket)
    assert (now.state, now.amount, now.resume_left) == ("awaiting_seller", 1000, None)
    assert abs(now.due_at - now.entered_at - left) < 5 * SECOND
    assert Offer.objects.get().answer == "declined"


def test_at_least_a_day_is_left(desk):
    ticket = asked(desk)
    Ticket.objects.filter(pk=ticket.pk).update(due_at=ticket.entered_at + timedelta(minutes=5), remind_at=None)
    actions.decline_offer(one(_offer(ticket, desk, amount=500)), actors.buyer(desk.alice))

    now = fresh(ticket)
    assert abs(now.due_at - now.entered_at - timedelta(hours=24)) < SECOND


def test_goods_sent_back_do_not_start_over(desk):
    ticket = _offer(found_wanting(desk), desk, "return_refund", 400)
    actions.decline_offer(one(ticket), actors.buyer(desk.alice))
    assert fresh(ticket).state == "inspection_failed"

    paid = pay_out(_accept(_offer(ticket, desk, "return_refund", 600), desk))

    assert (paid.state, paid.amount, paid.payouts.get().amount) == ("succeeded", 600, 600)
    assert paid.order.lines.get(sku=desk.mug).returned == 1


def test_money_instead_of_goods_that_are_owed(desk):
    ticket = sent_in(desk, "repair")
    actions.accept(one(ticket), actors.seller(desk.bob))
    ticket = _offer(ticket, desk, "return_refund", 1000)
    assert ticket.resume_state == "awaiting_dispatch"

    paid = pay_out(_accept(ticket, desk))

    line = paid.order.lines.get(sku=desk.mug)
    assert (paid.kind, line.settled, line.returned, line.restocked) == ("return_refund", 1000, 1, 1)


def test_stock_of_an_exchange_that_becomes_money_is_free(desk):
    ticket = sent_in(desk, "exchange", wanted={})
    actions.accept(one(ticket), actors.seller(desk.bob))
    assert (stock(desk.mug), ticket.lines.get().stock_held) == (997, 1)

    _accept(_offer(ticket, desk, "return_refund", 1000), desk)

    assert (stock(desk.mug), ticket.lines.get().stock_held) == (998, 0)


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        (Terms("refund_only", 2001), "amount_most"),
        (Terms("refund_only", 0), "nothing_to_refund"),
        (Terms("refund_only", 100, 601), "freight"),
        (Terms("refund_only", 100, -1), "freight"),
        (Terms("refund_only", 100, 101), "amount_most"),
        (Terms("exchange", 1), "no_money"),
        (Terms("gift", 0), "kind"),
        (Terms("refund_only", 2000), "same_terms"),
    ],
)
def test_offers_that_cannot_be(desk, terms, code):
    ticket = asked(desk, units=2)
    before, events = counters(ticket.order), TicketEvent.objects.count()

    with pytest.raises(Refused) as no:
        actions.offer(one(ticket), actors.seller(desk.bob), terms, "Take it.")

    assert no.value.code == code
    assert (counters(ticket.order), TicketEvent.objects.count()) == (before, events)
    assert not Offer.objects.exists()


def test_an_offer_needs_words_and_the_version_that_was_read(desk):
    ticket = asked(desk, units=2)
    for note, version, code in ((" ", 1, "note"), ("Half?", 7, "stale")):
        with pytest.raises(Refused) as no:
            actions.offer(one(ticket), actors.seller(desk.bob), Terms("refund_only", 5), note, version=version)
        assert no.value.code == code


def test_only_the_offer_that_was_read_is_accepted(desk):
    ticket = _offer(asked(desk, units=2), desk, amount=1900)
    first = ticket.offers.get().pk
    actions.decline_offer(one(ticket), actors.buyer(desk.alice))
    _offer(ticket, desk, amount=1)

    with pytest.raises(Refused) as no:
        _accept(ticket, desk, first)

    assert no.value.code == "no_offer"
    assert fresh(ticket).state == "awaiting_buyer"


def test_goods_that_came_back_leave_only_money_to_offer(desk):
    with pytest.raises(Refused) as no:
        _offer(found_wanting(desk), desk, "reissue")
    assert no.value.code == "kind"


@pytest.mark.parametrize("bring", [rejected, sent_in])
def test_no_offer_from_elsewhere(desk, bring):
    ticket = bring(desk)
    with pytest.raises(Conflict):
        _offer(ticket, desk, amount=1)
    assert fresh(ticket).state == ticket.state


def test_withdrawing_and_calling_lapse_the_offer(desk):
    for end in (
        lambda t: actions.withdraw(one(t), actors.buyer(desk.alice)),
        lambda t: actions.call_cs(one(t), actors.buyer(desk.alice), "They haggle for ever."),
    ):
        ticket = _offer(asked(desk), desk, amount=5)
        end(ticket)
        assert ticket.offers.get().answer == "lapsed"
        assert "accept_offer" not in [t.name for t in TICKET.transitions if fresh(ticket).state in t.sources]


def test_goods_with_the_seller_cannot_be_given_up(desk):
    ticket = _offer(found_wanting(desk), desk, "return_refund", 400)
    with pytest.raises(Conflict):
        actions.withdraw(one(ticket), actors.buyer(desk.alice))
    assert fresh(ticket).state == "awaiting_buyer"


def test_a_good_unit_of_a_settled_inspection_is_in_stock_once(desk):
    ticket = sent_in(desk, units=2)
    item = ticket.lines.get()
    actions.fail_inspection(one(ticket), actors.seller(desk.bob), {item.pk: Found(1, 1)}, "One is chipped.")
    pay_out(_accept(_offer(ticket, desk, "return_refund", 1500), desk))

    line = ticket.order.lines.get(sku=desk.mug)
    assert (line.returned, line.restocked, stock(desk.mug)) == (2, 1, 999)
