"""The workers at the real channel: whatever goes wrong on the way, money moves exactly once."""

import time
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

import payments.sandbox
from aftersales import actors
from aftersales.actors import SYSTEM
from aftersales.lifecycle.move import begin
from aftersales.testing import file, one, overdue, place, ship
from orders.actions import expire, start_payment
from orders.lifecycle import ORDER
from orders.models import Order, OrderLine, Payment, Policy
from orders.states import OrderState
from payments import base
from payments.testing import SandboxProcess
from refunds import money, workers
from refunds.models import Payout
from refunds.tests.paying import agreed, balance, books_agree, held, make_due, order_of

KEY = "a-key-that-only-these-tests-know"


@pytest.fixture(scope="module")
def process(tmp_path_factory):
    with SandboxProcess(tmp_path_factory.mktemp("channel") / "books.sqlite", KEY) as running:
        yield running


@pytest.fixture
def channel(process, settings, monkeypatch):
    """The real channel with empty books; a call that is not answered is given up after half a second."""
    process.reset()
    entry = settings.CHANNELS["sandbox"]
    settings.CHANNELS = {"sandbox": {**entry, "url": process.url, "secret": KEY}}
    settings.PUBLIC_URL = "http://127.0.0.1:9"
    monkeypatch.setattr(payments.sandbox, "TIMEOUT", 0.5)
    return process


def _paid(cast, channel):
    """An order that its buyer has paid at the channel."""
    order = place(cast)
    payment = start_payment(one(order), actors.buyer(cast.alice))
    workers.pursue_payments()
    channel.pay(payment.number)
    _ask_payments()
    order.refresh_from_db()
    return order


def _ask_payments():
    Payment.objects.filter(next_at__isnull=False).update(next_at=Now())
    workers.pursue_payments()


def _tick():
    """Time passes until everything open is due, and the worker runs."""
    make_due(Payout.objects.all())
    workers.pursue_payouts()


def _ticks(payout, number=6):
    """Ticks until the payout rests, at most so many."""
    for _ in range(number):
        payout.refresh_from_db()
        if payout.state in ("settled", "failed"):
            return payout.state
        _tick()
    payout.refresh_from_db()
    return payout.state


@pytest.fixture
def order(cast, channel):
    return ship(_paid(cast, channel), cast)


@pytest.fixture
def payout(cast, order):
    ticket = agreed(file(order, {order.lines.first().pk: 1}, freight=600), cast)
    return ticket.payouts.get()


def _moved_once(channel, payout):
    """Exactly one movement at the channel, and everything here says so."""
    payout.refresh_from_db()
    assert (payout.state, payout.settlements, payout.retrying) == ("settled", 1, False)
    assert channel.moved(payout.number) == [-payout.amount]
    payout.ticket.refresh_from_db()
    assert payout.ticket.state == "succeeded"
    assert held(payout.order) == 0
    assert order_of(payout.order).settled == payout.amount
    assert books_agree()
    assert balance("channel") == channel.ledger()["payments"][payout.payment.number]["balance"]
    return True


# --- payouts ----------------------------------------------------------------------------------------------------------


def test_one_run_pays(channel, payout):
    workers.pursue_payouts()

    assert _moved_once(channel, payout)
    assert payout.reference.startswith("RFD-")
    assert [event.action for event in payout.events.all()] == ["begin", "send", "settle"]


def test_running_again_pays_nothing_more(channel, payout):
    for _ in range(3):
        _tick()

    assert _moved_once(channel, payout)


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "error_before", "error_after", "bad_signature"])
@pytest.mark.parametrize("times", [1, 2])
def test_a_disturbed_refund_moves_money_once(channel, payout, kind, times):
    channel.fault(kind, "refund", times)

    workers.pursue_payouts()
    payout.refresh_from_db()
    assert payout.state == "sent"
    assert payout.trouble

    assert _ticks(payout) == "settled"
    assert _moved_once(channel, payout)
    assert payout.trouble == ""


@pytest.mark.parametrize("kind", ["drop_before", "error_after", "bad_signature"])
def test_a_disturbed_question_is_asked_again(channel, payout, kind):
    channel.fault("error_after", "refund")
    channel.fault(kind, "query", 2)

    assert _ticks(payout) == "settled"
    assert _moved_once(channel, payout)


def test_a_channel_that_is_down_is_not_a_refusal(channel, payout):
    channel.fault("error_before", "any", None)
    assert _ticks(payout) == "unknown"
    assert channel.moved(payout.number) == []

    channel.clear()
    assert _ticks(payout) == "settled"
    assert _moved_once(channel, payout)


def test_a_slow_channel_that_pays_after_it_was_asked(channel, payout):
    """given: no answer in time; when: the channel says it has never heard of it, and pays then; then: once"""
    channel.fault("slow", "refund", seconds=1.2)

    workers.pursue_payouts()
    _tick()
    time.sleep(1)

    assert _ticks(payout) == "settled"
    assert _moved_once(channel, payout)


def test_pending_is_asked_about(channel, payout):
    channel.fault("pending", "refund", seconds=0.3)
    workers.pursue_payouts()
    payout.refresh_from_db()
    assert payout.state == "sent"
    assert channel.moved(payout.number) == []

    time.sleep(0.4)
    assert _ticks(payout) == "settled"
    assert _moved_once(channel, payout)


def test_questions_get_rarer(channel, payout):
    channel.fault("error_before", "any", None)
    workers.pursue_payouts()
    waits = []
    for _ in range(12):
        _tick()
        payout.refresh_from_db()
        waits.append((payout.due_at - timezone.now()).total_seconds())

    assert waits == sorted(waits) or max(waits) < 601
    assert waits[0] < 11
    assert waits[-1] > 300


@pytest.mark.parametrize("how", ["refuse", "pending"])
def test_a_refusal_waits_for_the_operator(cast, channel, payout, how):
    channel.fault(how, "refund", code="account_closed")
    assert _ticks(payout) == "failed"
    assert "account_closed" in payout.trouble
    assert order_of(payout.order).reserved == payout.amount
    workers.pursue_payouts()
    assert channel.moved(payout.number) == []

    money.retry(one(payout), actors.operator(cast.operator))
    assert _ticks(payout) == "settled"
    assert _moved_once(channel, payout)


@pytest.mark.parametrize("how", ["refuse", "pending"])
def test_a_retry_that_is_refused_again_fails_again(cast, channel, payout, how):
    channel.fault(how, "refund", None, code="account_closed")
    assert _ticks(payout) == "failed"

    money.retry(one(payout), actors.operator(cast.operator))

    assert _ticks(payout) == "failed"
    payout.refresh_from_db()
    assert not payout.retrying
    assert channel.moved(payout.number) == []


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "error_after"])
def test_a_disturbed_retry_moves_money_once(cast, channel, payout, kind):
    channel.fault("refuse", "refund")
    assert _ticks(payout) == "failed"
    channel.fault(kind, "refund")

    money.retry(one(payout), actors.operator(cast.operator))

    assert _ticks(payout) == "settled"
    assert _moved_once(channel, payout)


def test_a_worker_killed_after_its_claim(channel, payout, monkeypatch):
    """given: the row says sent, nobody called; when: its clock runs out; then: asked, and sent again"""
    with monkeypatch.context() as killed:
        killed.setattr(workers, "_send", lambda _: None)
        workers.pursue_payouts()
    payout.refresh_from_db()
    assert payout.state == "sent"

    assert _ticks(payout) == "settled"
    assert _moved_once(channel, payout)


def test_a_worker_killed_after_its_call(channel, payout, monkeypatch):
    with monkeypatch.context() as killed:
        killed.setattr(workers, "_record", lambda *_: None)
        workers.pursue_payouts()
    assert channel.moved(payout.number) == [-payout.amount]

    assert _ticks(payout) == "settled"
    assert _moved_once(channel, payout)


def test_an_amount_that_differs_is_set_aside(channel, payout, monkeypatch):
    answer = base.Settled(payout.amount - 1, "CNY", timezone.now(), "RFD-1")
    monkeypatch.setattr(payments.sandbox.Sandbox, "refund", lambda self, **_: answer)

    workers.pursue_payouts()

    payout.refresh_from_db()
    assert payout.state == "sent"
    assert payout.set_aside_at
    assert str(payout.amount - 1) in payout.set_aside_error
    assert order_of(payout.order).reserved == payout.amount
    _tick()
    payout.refresh_from_db()
    assert payout.state == "sent"


def test_one_bad_row_does_not_stop_the_others(cast, channel, settings):
    """given: the oldest payout's channel is not configured any more, nor that of an attempt to pay"""
    settings.CHANNELS = settings.CHANNELS | {"old": settings.CHANNELS["sandbox"]}
    settings.PAYMENT_CHANNEL = "old"
    first, lost = _paid(cast, channel), start_payment(one(place(cast)), actors.buyer(cast.alice))
    settings.PAYMENT_CHANNEL = "sandbox"
    bad, good = (
        agreed(file(order, {order.lines.first().pk: 1}), cast).payouts.get() for order in (first, _paid(cast, channel))
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
    payment = _attempt(cast)
    workers.pursue_payments()
    payment.refresh_from_db()
    assert payment.started_at


def test_many_payouts_in_one_run(cast, channel):
    orders = [ship(_paid(cast, channel), cast) for _ in range(3)]
    for order in orders:
        agreed(file(order, {order.lines.first().pk: 2}), cast)

    workers.pursue_payouts()

    assert set(Payout.objects.values_list("state", flat=True)) == {"settled"}
    assert balance("channel") == sum(sums["balance"] for sums in channel.ledger()["payments"].values())


# --- notices ----------------------------------------------------------------------------------------------------------


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
    assert _moved_once(channel, payout)


def test_doubled_and_late_notices_change_nothing(channel, payout):
    workers.pursue_payouts()
    events = payout.events.count()

    for _ in range(3):
        _notice(payout)

    assert payout.events.count() == events
    assert _moved_once(channel, payout)


def test_a_forged_notice_only_makes_us_ask(channel, payout):
    """The endpoint believes no content; a number that nobody knows is nobody's."""
    money.notice_of_refund("R-NOBODY")
    _notice(payout)

    # The payout was due as well, so it has been sent by now, once.
    assert _moved_once(channel, payout)


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
    assert _ticks(payout) == "settled"
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
    assert _ticks(payout) == "settled"


def test_a_late_refusal_does_not_undo_what_was_paid_by_hand(cast, channel, payout):
    channel.fault("refuse", "refund")
    assert _ticks(payout) == "failed"
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


# --- payments ---------------------------------------------------------------------------------------------------------


def _attempt(cast):
    return start_payment(one(place(cast)), actors.buyer(cast.alice))


def test_a_buyer_pays_at_the_channel(cast, channel):
    payment = _attempt(cast)
    workers.pursue_payments()
    payment.refresh_from_db()
    assert payment.started_at
    assert payment.pay_url.startswith(channel.url)

    channel.pay(payment.number)
    _ask_payments()

    payment.refresh_from_db()
    assert (payment.pays_order, payment.received, payment.next_at) == (True, 5601, None)
    assert order_of(payment.order).state == "awaiting_shipment"
    assert channel.moved(payment.number) == [5601]


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "error_before", "error_after", "bad_signature"])
def test_a_disturbed_start_is_repeated(cast, channel, kind):
    payment = _attempt(cast)
    channel.fault(kind, "payment")

    workers.pursue_payments()
    payment.refresh_from_db()
    assert (payment.started_at, payment.ended_at) == (None, None)
    _ask_payments()

    payment.refresh_from_db()
    assert payment.started_at
    channel.pay(payment.number)
    _ask_payments()
    payment.refresh_from_db()
    assert payment.pays_order


@pytest.mark.parametrize("end", ["refuse", "decline"])
def test_an_attempt_that_ends_lets_the_buyer_try_again(cast, channel, end):
    payment = _attempt(cast)
    if end == "refuse":
        channel.fault("refuse", "payment", code="no_such_bank")
    workers.pursue_payments()
    if end == "decline":
        channel.decline(payment.number)
        _ask_payments()

    payment.refresh_from_db()
    assert payment.ended_at
    assert payment.ended_code
    assert payment.next_at is None
    again = start_payment(one(payment.order), actors.buyer(cast.alice))
    assert again.pk != payment.pk


def test_an_attempt_expires_with_its_order(cast, channel):
    """given: half a second left to pay; when: it is over; then: the channel says so and the order closes at once"""
    order = place(cast)
    Order.objects.update(due_at=timezone.now() + timedelta(seconds=1))
    payment = start_payment(one(order), actors.buyer(cast.alice))
    workers.pursue_payments()
    time.sleep(1.1)
    assert expire(one(order), actors.CLOCK) == []

    _ask_payments()

    payment.refresh_from_db()
    assert payment.ended_code == "expired"
    assert len(expire(one(order), actors.CLOCK)) == 1


def test_money_that_was_pending_at_the_expiry_still_comes(cast, channel):
    order = place(cast)
    Order.objects.update(due_at=timezone.now() + timedelta(seconds=1))
    payment = start_payment(one(order), actors.buyer(cast.alice))
    workers.pursue_payments()
    channel.fault("pending", "payment", seconds=1.2)
    channel.pay(payment.number)
    _ask_payments()
    time.sleep(1.3)
    assert expire(one(order), actors.CLOCK) == []

    _ask_payments()

    assert order_of(order).state == "awaiting_shipment"


def test_money_after_the_order_closed_goes_back(cast, channel):
    payment = _attempt(cast)
    workers.pursue_payments()
    channel.pay(payment.number)
    overdue(payment.order, timedelta(minutes=11))
    assert len(expire(one(payment.order), actors.CLOCK)) == 1

    _ask_payments()
    workers.pursue_payouts()

    payout = Payout.objects.get()
    assert (payout.cause, payout.state) == ("surplus", "settled")
    assert channel.ledger()["payments"][payment.number]["balance"] == balance("channel") == 0
    assert books_agree()


def test_a_notice_of_payment_is_not_believed(cast, channel):
    payment = _attempt(cast)
    workers.pursue_payments()

    money.notice_of_payment(payment.number)
    workers.pursue_payments()

    payment.refresh_from_db()
    assert payment.received_at is None
    assert order_of(payment.order).state == "awaiting_payment"


def test_an_open_attempt_is_asked_about_in_time(cast, channel):
    """At its expiry, whatever its turn."""
    payment = _attempt(cast)
    Payment.objects.update(asked=50, started_at=Now(), expires_at=Now() + timedelta(seconds=90))
    workers.pursue_payments()

    payment.refresh_from_db()
    assert payment.next_at is None or payment.next_at <= payment.expires_at + timedelta(seconds=1)


# --- imported orders --------------------------------------------------------------------------------------------------


def _imported(cast, amount=1000):
    """An order that came from another system, paid there."""
    order = Order(
        buyer=cast.alice,
        shop=cast.shop,
        currency="CNY",
        total=amount,
        imported=True,
        policy=Policy.objects.in_force(cast.shop),
        paid_at=timezone.now() - timedelta(days=9),
    )
    begin(ORDER, [order], SYSTEM, state=OrderState.AWAITING_RECEIPT)
    OrderLine.objects.create(
        order=order, sku=cast.mug, title="Mug", quantity=1, list_total=amount, paid=amount, shipped=1
    )
    payment = Payment.objects.create(
        order=order,
        channel="sandbox",
        amount=amount,
        currency="CNY",
        pays_order=True,
        received=amount,
        received_currency="CNY",
        received_at=order.paid_at,
    )
    return order, payment


def test_an_imported_payment_is_known_before_money_leaves_it(cast, channel):
    order, payment = _imported(cast)
    payout = agreed(file(order, {order.lines.get().pk: 1}), cast).payouts.get()

    _tick()
    payout.refresh_from_db()
    assert payout.state == "created"

    workers.pursue_payments()
    payment.refresh_from_db()
    assert payment.started_at
    assert payment.next_at is None
    assert channel.moved(payment.number) == [1000]

    _tick()
    payout.refresh_from_db()
    assert payout.state == "settled"
    assert channel.ledger()["payments"][payment.number]["balance"] == 0


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "error_after", "bad_signature"])
def test_a_disturbed_registration_is_repeated(cast, channel, kind):
    _, payment = _imported(cast)
    channel.fault(kind, "payment")
    workers.pursue_payments()
    payment.refresh_from_db()
    assert payment.started_at is None

    for _ in range(3):
        _ask_payments()

    payment.refresh_from_db()
    assert payment.started_at
    assert channel.moved(payment.number) == [1000]


def test_a_refused_registration_leaves_the_payout_to_the_operator(cast, channel):
    order, payment = _imported(cast)
    payout = agreed(file(order, {order.lines.get().pk: 1}), cast).payouts.get()
    channel.fault("refuse", "payment", code="too_old")

    workers.pursue_payments()
    payment.refresh_from_db()
    assert (payment.ended_code, payment.next_at) == ("too_old", None)

    assert _ticks(payout) == "failed"
    assert "payment_absent" in payout.trouble
