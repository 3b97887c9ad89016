"""Notices of refunds: they only make us ask; none is lost, and a reversal is owed again."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

import payments.sandbox
from aftersales import actors
from aftersales.testing import file, one, ship
from refunds import money, workers
from refunds.models import Payout
from refunds.tests.at_channel import moved_once, paid_at_channel, ticks
from refunds.tests.paying import agreed, balance, books_agree, order_of


@pytest.fixture
def order(cast, channel):
    return ship(paid_at_channel(cast, channel), cast)


@pytest.fixture
def payout(cast, order):
    ticket = agreed(file(order, {order.lines.first().pk: 1}, freight=600), cast)
    return ticket.payouts.get()


def _notice(payout):
    """The channel's notice came in: the endpoint passes its number on."""
    money.notice_of_refund(payout.number)
    workers.pursue_payouts()
    payout.refresh_from_db()


def test_a_notice_brings_the_answer_forward(channel, payout):
    channel.fault("error_after", "refund")
    workers.pursue_payouts()

    _notice(payout)

    assert payout.ask_at is None
    assert moved_once(channel, payout)


def test_doubled_and_late_notices_change_nothing(channel, payout):
    workers.pursue_payouts()
    events = payout.events.count()

    for _ in range(3):
        _notice(payout)

    assert payout.events.count() == events
    assert moved_once(channel, payout)


def test_a_forged_notice_only_makes_us_ask(channel, payout):
    """The endpoint believes no content; a number that nobody knows is nobody's."""
    money.notice_of_refund("R-NOBODY")
    _notice(payout)

    # The payout was due as well, so it has been sent by now, once.
    assert moved_once(channel, payout)


def test_a_notice_for_a_payout_not_sent_yet(channel, payout, monkeypatch):
    Payout.objects.update(due_at=Now() + timedelta(hours=1))

    _notice(payout)

    assert (payout.state, payout.ask_at) == ("created", None)


def test_a_reversal_is_taken_back(cast, channel, order, payout):
    workers.pursue_payouts()
    settled_money = order_of(order).settled
    channel.reverse(payout.number)

    _notice(payout)

    payout.ticket.refresh_from_db()
    assert (payout.state, payout.ticket.state) == ("failed", "succeeded")
    assert payout.trouble.startswith("reversed")
    assert order_of(order).settled == settled_money
    assert balance("refunds_due") == -payout.amount
    assert books_agree()

    # Late and doubled notices of the same reversal.
    _notice(payout)
    assert payout.state == "failed"

    money.retry(one(payout), actors.operator(cast.operator))
    assert ticks(payout) == "settled"
    assert channel.moved(payout.number) == [-payout.amount, payout.amount, -payout.amount]
    assert (payout.settlements, order_of(order).settled, balance("refunds_due")) == (2, settled_money, 0)
    assert books_agree()


def test_a_notice_of_the_reversal_during_the_retry(cast, channel, payout):
    workers.pursue_payouts()
    channel.reverse(payout.number)
    _notice(payout)
    money.retry(one(payout), actors.operator(cast.operator))
    Payout.objects.update(due_at=Now() + timedelta(hours=1))

    _notice(payout)

    assert (payout.state, payout.retrying) == ("sent", True)
    assert ticks(payout) == "settled"


def test_a_late_refusal_does_not_undo_what_was_paid_by_hand(cast, channel, payout):
    channel.fault("refuse", "refund")
    assert ticks(payout) == "failed"
    money.settle_by_hand(one(payout), actors.operator(cast.operator), "Bank transfer 77")

    _notice(payout)

    assert payout.state == "settled"
    assert books_agree()


def test_a_notice_is_kept_until_the_channel_answers(channel, payout):
    workers.pursue_payouts()
    channel.reverse(payout.number)
    channel.fault("error_before", "query")

    _notice(payout)
    assert (payout.state, payout.ask_at is None) == ("settled", False)

    Payout.objects.update(ask_at=Now())
    workers.pursue_payouts()
    payout.refresh_from_db()
    assert (payout.state, payout.ask_at) == ("failed", None)


def test_a_worker_killed_while_it_asks_forgets_no_notice(channel, payout, monkeypatch):
    workers.pursue_payouts()
    channel.reverse(payout.number)
    with monkeypatch.context() as killed:
        killed.setattr(payments.sandbox.Sandbox, "refund_status", _power_cut)
        with pytest.raises(KeyboardInterrupt):
            _notice(payout)
    payout.refresh_from_db()
    assert payout.state == "settled"
    assert payout.ask_at

    Payout.objects.update(ask_at=Now())
    workers.pursue_payouts()
    payout.refresh_from_db()
    assert (payout.state, payout.ask_at) == ("failed", None)


def _power_cut(*_):
    raise KeyboardInterrupt
