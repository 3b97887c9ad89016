"""An answer may be older than the row it is about, and a number may name something else: neither moves money unseen."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from aftersales import actors
from aftersales.lifecycle.errors import Conflict
from aftersales.testing import file, one, pay, place, ship
from orders.actions import start_payment
from orders.models import Order, Payment
from payments import base
from refunds import money, workers
from refunds.models import Payout
from refunds.tests.paying import agreed, balance, books_agree, make_due, sent

NO = base.Refused("declined", "no")
REUSED = base.Refused(base.NUMBER_REUSED, "in use with another amount")


@dataclass
class Answers:
    """A channel that says what it is told to, and remembers what it was called for."""

    says: dict[str, list[object]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def __getattr__(self, name):
        def call(*_, **__):
            self.calls.append(name)
            left = self.says[name]
            answer = left.pop(0) if len(left) > 1 else left[0]
            return answer() if callable(answer) else answer

        return call


@pytest.fixture
def channel(monkeypatch):
    answers = Answers()
    monkeypatch.setattr(base, "channel", lambda _: answers)
    return answers


@pytest.fixture
def payout(cast):
    order = ship(pay(place(cast)), cast)
    return agreed(file(order, {order.lines.first().pk: 1}), cast).payouts.get()


def _settled(row, amount=None):
    return base.Settled(amount or row.amount, row.currency, timezone.now(), "ref")


def _as_asked(payout):
    """The payout as a worker read it before it called."""
    return Payout.objects.select_related("payment").get(pk=payout.pk)


def test_a_refusal_older_than_the_retry_takes_nothing_back(cast, channel, payout):
    """given: a worker that stalls with a refusal; when: the payout is retried and paid meanwhile; then: it is asked"""
    asked = _as_asked(sent(payout))
    money.refuse(one(payout), "declined")
    money.retry(one(payout), actors.operator(cast.operator))
    money.settle(one(payout), "ref")
    channel.says = {"refund_status": [_settled(payout)]}

    workers._record(asked, NO)
    workers.pursue_payouts()

    payout.refresh_from_db()
    assert (payout.state, payout.settlements, payout.ask_at) == ("settled", 1, None)
    assert channel.calls == ["refund_status"]
    assert books_agree()


def test_a_yes_older_than_the_reversal_settles_nothing(channel, payout):
    asked = _as_asked(sent(payout))
    money.settle(one(payout), "ref")
    money.refuse(one(payout), "reversed")
    channel.says = {"refund_status": [base.Refused("reversed", "")]}

    workers._record(asked, _settled(payout))
    workers.pursue_payouts()

    payout.refresh_from_db()
    assert (payout.state, payout.settlements, payout.ask_at) == ("failed", 1, None)
    assert books_agree()


def test_a_payout_paid_by_hand_and_by_the_channel_is_shown(cast, channel, payout):
    """given: a call that has no answer yet; when: the payout fails and is paid by hand, and the channel pays as well"""
    asked = _as_asked(sent(payout))
    money.refuse(one(payout), "declined")
    money.settle_by_hand(one(payout), actors.operator(cast.operator), "Bank transfer 77")
    channel.says = {"refund_status": [_settled(payout)]}

    workers._record(asked, _settled(payout))
    workers.pursue_payouts()

    payout.refresh_from_db()
    assert (payout.state, payout.settlements) == ("settled", 1)
    assert payout.set_aside_at
    assert "by hand" in payout.set_aside_error


def test_what_was_paid_by_hand_did_not_leave_the_channel(cast, payout):
    before = balance("channel")
    money.refuse(one(sent(payout)), "declined")
    money.settle_by_hand(one(payout), actors.operator(cast.operator), "Bank transfer 77")

    assert (balance("channel"), balance("by_hand")) == (before, -payout.amount)
    assert books_agree()


@pytest.mark.parametrize("doubted", [False, True])
def test_a_payout_set_aside_can_be_paid_by_hand(cast, channel, payout, doubted):
    channel.says = {"refund": [_settled(payout, payout.amount - 1)]}
    workers.pursue_payouts()
    operator = actors.operator(cast.operator)
    if doubted:
        Payout.objects.update(set_aside_at=None, due_at=Now())
        channel.says["refund_status"] = [_settled(payout, payout.amount - 1)]
        workers.pursue_payouts()
    payout.refresh_from_db()
    assert (payout.state, bool(payout.set_aside_at)) == ("unknown" if doubted else "sent", True)

    money.settle_by_hand(one(payout), operator, "Made good by bank transfer 77")

    payout.refresh_from_db()
    assert (payout.state, payout.set_aside_at) == ("settled", None)
    assert books_agree()


def test_nobody_pays_by_hand_what_is_under_way(cast, payout):
    with pytest.raises(Conflict):
        money.settle_by_hand(one(sent(payout)), actors.operator(cast.operator), "Cash")


def test_a_refund_number_in_use_is_no_refusal(channel, payout):
    """Money may have gone under it: a person has to look before anything is paid in another way."""
    channel.says = {"refund": [REUSED]}

    workers.pursue_payouts()

    payout.refresh_from_db()
    assert (payout.state, bool(payout.set_aside_at)) == ("sent", True)
    assert base.NUMBER_REUSED in payout.set_aside_error


def test_no_refund_out_of_a_payment_that_is_somebody_elses(channel, payout):
    """given: an older payment's number that the channel knows as another payment; then: nothing is sent out of it"""
    Payment.objects.update(started_at=None, next_at=Now())
    channel.says = {"register_payment": [REUSED], "refund": [_settled(payout)]}
    workers.pursue_payments()

    workers.pursue_payouts()

    payout.refresh_from_db()
    assert payout.state == "failed"
    assert "refund" not in channel.calls


# --- payments ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def attempt(cast):
    return start_payment(one(place(cast)), actors.buyer(cast.alice))


def test_money_booked_between_claim_and_reading_is_not_made_known(attempt, channel, monkeypatch):
    """given: a rival books the money right after this worker's claim; then: it is no payment of another system"""
    pursue = workers._pursue

    def rival_first(key):
        money.record_money(attempt.pk, _settled(attempt))
        pursue(key)

    monkeypatch.setattr(workers, "_pursue", rival_first)
    channel.says = {"register_payment": [REUSED]}
    workers.pursue_payments()

    attempt.refresh_from_db()
    assert channel.calls == []
    assert (attempt.ended_code, attempt.pays_order) == ("", True)


def test_an_attempt_whose_number_is_in_use_is_asked_about(attempt, channel):
    """It is no longer open, so that the buyer can start another; its money is found all the same."""
    channel.says = {"start_payment": [REUSED], "payment": [base.Pending(), _settled(attempt)]}
    workers.pursue_payments()
    attempt.refresh_from_db()
    assert (bool(attempt.ended_at), bool(attempt.next_at)) == (True, True)

    for _ in range(2):
        Payment.objects.update(next_at=Now())
        workers.pursue_payments()

    attempt.refresh_from_db()
    assert (attempt.pays_order, attempt.ended_at, attempt.next_at) == (True, None, None)
    assert channel.calls == ["start_payment", "payment", "payment"]


def test_money_of_an_attempt_that_was_never_started_goes_back(attempt, cast, channel):
    """given: the channel refused the start, yet money came; then: what is owed is sent, as the channel knows it"""
    channel.says = {"start_payment": [NO], "payment": [_settled(attempt, 7)]}
    workers.pursue_payments()
    money.notice_of_payment(attempt.number)
    workers.pursue_payments()
    payout = Payout.objects.get()
    channel.says["refund"] = [_settled(payout)]

    workers.pursue_payouts()

    payout.refresh_from_db()
    assert (payout.cause, payout.state) == ("surplus", "settled")


def test_a_payment_that_cannot_be_written_does_not_stop_the_others(attempt, cast, channel):
    other = start_payment(one(place(cast)), actors.buyer(cast.alice))
    Payment.objects.update(started_at=Now())
    Payment.objects.filter(pk=attempt.pk).update(next_at=Now() - timedelta(hours=1))
    answer = base.Settled(attempt.amount, "NO CURRENCY", timezone.now(), "ref")
    channel.says = {"payment": [answer, _settled(other)]}

    workers.pursue_payments()

    other.refresh_from_db()
    assert other.pays_order


def test_a_long_reference_loses_no_money(attempt, channel, payout):
    long = "r" * 300
    Payment.objects.filter(pk=attempt.pk).update(started_at=Now())
    channel.says = {
        "payment": [base.Settled(attempt.amount, attempt.currency, timezone.now(), long)],
        "refund": [base.Settled(payout.amount, payout.currency, timezone.now(), long)],
    }

    workers.pursue_payments()
    make_due(Payout.objects.all())
    workers.pursue_payouts()

    attempt.refresh_from_db()
    payout.refresh_from_db()
    assert (attempt.pays_order, payout.state) == (True, "settled")
    assert Order.objects.get(pk=attempt.order_id).state == "awaiting_shipment"
