"""The payout worker at the real channel: whatever goes wrong on the way, money moves exactly once."""

import time
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

import payments.sandbox
from aftersales import actors
from aftersales.testing import file, one, overdue, place, ship
from orders.actions import start_payment
from orders.models import Payment
from payments import base
from refunds import money, workers
from refunds.models import Payout
from refunds.tests.at_channel import attempt, moved_once, paid_at_channel, tick, ticks
from refunds.tests.paying import agreed, balance, order_of


@pytest.fixture
def order(cast, channel):
    return ship(paid_at_channel(cast, channel), cast)


@pytest.fixture
def payout(cast, order):
    ticket = agreed(file(order, {order.lines.first().pk: 1}, freight=600), cast)
    return ticket.payouts.get()


def test_one_run_pays(channel, payout):
    workers.pursue_payouts()

    assert moved_once(channel, payout)
    assert payout.reference.startswith("RFD-")
    assert [event.action for event in payout.events.all()] == ["begin", "send", "settle"]


def test_running_again_pays_nothing_more(channel, payout):
    for _ in range(3):
        tick()

    assert moved_once(channel, payout)


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "error_before", "error_after", "bad_signature"])
@pytest.mark.parametrize("times", [1, 2])
def test_a_disturbed_refund_moves_money_once(channel, payout, kind, times):
    channel.fault(kind, "refund", times)

    workers.pursue_payouts()
    payout.refresh_from_db()
    assert payout.state == "sent"
    assert payout.trouble

    assert ticks(payout) == "settled"
    assert moved_once(channel, payout)
    assert payout.trouble == ""


@pytest.mark.parametrize("kind", ["drop_before", "error_after", "bad_signature"])
def test_a_disturbed_question_is_asked_again(channel, payout, kind):
    channel.fault("error_after", "refund")
    channel.fault(kind, "query", 2)

    assert ticks(payout) == "settled"
    assert moved_once(channel, payout)


def test_a_channel_that_is_down_is_not_a_refusal(channel, payout):
    channel.fault("error_before", "any", None)
    assert ticks(payout) == "unknown"
    assert channel.moved(payout.number) == []

    channel.clear()
    assert ticks(payout) == "settled"
    assert moved_once(channel, payout)


def test_a_slow_channel_that_pays_after_it_was_asked(channel, payout):
    """given: no answer in time; when: the channel says it has never heard of it, and pays then; then: once"""
    channel.fault("slow", "refund", seconds=1.2)

    workers.pursue_payouts()
    tick()
    time.sleep(1)

    assert ticks(payout) == "settled"
    assert moved_once(channel, payout)


def test_pending_is_asked_about(channel, payout):
    channel.fault("pending", "refund", seconds=0.3)
    workers.pursue_payouts()
    payout.refresh_from_db()
    assert payout.state == "sent"
    assert channel.moved(payout.number) == []

    time.sleep(0.4)
    assert ticks(payout) == "settled"
    assert moved_once(channel, payout)


def test_questions_get_rarer(channel, payout):
    channel.fault("error_before", "any", None)
    workers.pursue_payouts()
    waits = []
    for _ in range(12):
        tick()
        payout.refresh_from_db()
        waits.append((payout.due_at - timezone.now()).total_seconds())

    assert waits == sorted(waits) or max(waits) < 601
    assert waits[0] < 11
    assert waits[-1] > 300


@pytest.mark.parametrize("how", ["refuse", "pending"])
def test_a_refusal_waits_for_the_operator(cast, channel, payout, how):
    channel.fault(how, "refund", code="account_closed")
    assert ticks(payout) == "failed"
    assert "account_closed" in payout.trouble
    assert order_of(payout.order).reserved == payout.amount
    workers.pursue_payouts()
    assert channel.moved(payout.number) == []

    money.retry(one(payout), actors.operator(cast.operator))
    assert ticks(payout) == "settled"
    assert moved_once(channel, payout)


@pytest.mark.parametrize("how", ["refuse", "pending"])
def test_a_retry_that_is_refused_again_fails_again(cast, channel, payout, how):
    channel.fault(how, "refund", None, code="account_closed")
    assert ticks(payout) == "failed"

    money.retry(one(payout), actors.operator(cast.operator))

    assert ticks(payout) == "failed"
    payout.refresh_from_db()
    assert not payout.retrying
    assert channel.moved(payout.number) == []


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "error_after"])
def test_a_disturbed_retry_moves_money_once(cast, channel, payout, kind):
    channel.fault("refuse", "refund")
    assert ticks(payout) == "failed"
    channel.fault(kind, "refund")

    money.retry(one(payout), actors.operator(cast.operator))

    assert ticks(payout) == "settled"
    assert moved_once(channel, payout)


def test_a_worker_killed_after_its_claim(channel, payout, monkeypatch):
    """given: the row says sent, nobody called; when: its clock runs out; then: asked, and sent again"""
    with monkeypatch.context() as killed:
        killed.setattr(workers, "_send", lambda _: None)
        workers.pursue_payouts()
    payout.refresh_from_db()
    assert payout.state == "sent"

    assert ticks(payout) == "settled"
    assert moved_once(channel, payout)


def test_a_worker_killed_after_its_call(channel, payout, monkeypatch):
    with monkeypatch.context() as killed:
        killed.setattr(workers, "_record", lambda *_: None)
        workers.pursue_payouts()
    assert channel.moved(payout.number) == [-payout.amount]

    assert ticks(payout) == "settled"
    assert moved_once(channel, payout)


def test_an_amount_that_differs_is_set_aside(channel, payout, monkeypatch):
    answer = base.Settled(payout.amount - 1, "CNY", timezone.now(), "RFD-1")
    monkeypatch.setattr(payments.sandbox.Sandbox, "refund", lambda self, **_: answer)

    workers.pursue_payouts()

    payout.refresh_from_db()
    assert payout.state == "sent"
    assert payout.set_aside_at
    assert str(payout.amount - 1) in payout.set_aside_error
    assert order_of(payout.order).reserved == payout.amount
    tick()
    payout.refresh_from_db()
    assert payout.state == "sent"


def test_one_bad_row_does_not_stop_the_others(cast, channel, settings):
    """given: the oldest payout's channel is not configured any more, nor that of an attempt to pay"""
    settings.CHANNELS = settings.CHANNELS | {"old": settings.CHANNELS["sandbox"]}
    settings.PAYMENT_CHANNEL = "old"
    first, lost = paid_at_channel(cast, channel), start_payment(one(place(cast)), actors.buyer(cast.alice))
    settings.PAYMENT_CHANNEL = "sandbox"
    bad, good = (
        agreed(file(order, {order.lines.first().pk: 1}), cast).payouts.get()
        for order in (first, paid_at_channel(cast, channel))
    )
    overdue(bad, timedelta(hours=1))
    settings.CHANNELS = {"sandbox": settings.CHANNELS["sandbox"]}

    workers.pursue_payouts()

    good.refresh_from_db()
    bad.refresh_from_db()
    assert good.state == "settled"
    assert (bad.state, bool(bad.set_aside_at)) == ("sent", True)
    assert "old" in bad.set_aside_error

    Payment.objects.filter(pk=lost.pk).update(next_at=Now() - timedelta(hours=1), started_at=None)
    payment = attempt(cast)
    workers.pursue_payments()
    payment.refresh_from_db()
    assert payment.started_at


def test_many_payouts_in_one_run(cast, channel):
    orders = [ship(paid_at_channel(cast, channel), cast) for _ in range(3)]
    for order in orders:
        agreed(file(order, {order.lines.first().pk: 2}), cast)

    workers.pursue_payouts()

    assert set(Payout.objects.values_list("state", flat=True)) == {"settled"}
    assert balance("channel") == sum(sums["balance"] for sums in channel.ledger()["payments"].values())
