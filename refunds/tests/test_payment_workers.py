"""The payment worker at the real channel: attempts are started and asked about, imported payments made known."""

import time
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from aftersales import actors
from aftersales.actors import SYSTEM
from aftersales.lifecycle.move import begin
from aftersales.testing import file, one, overdue, place
from orders.actions import expire, start_payment
from orders.lifecycle import ORDER
from orders.models import Order, OrderLine, Payment, Policy
from orders.states import OrderState
from refunds import money, workers
from refunds.models import Payout
from refunds.tests.at_channel import ask_payments, attempt, tick, ticks
from refunds.tests.paying import agreed, balance, books_agree, order_of


def test_a_buyer_pays_at_the_channel(cast, channel):
    payment = attempt(cast)
    workers.pursue_payments()
    payment.refresh_from_db()
    assert payment.started_at
    assert payment.pay_url.startswith(channel.url)

    channel.pay(payment.number)
    ask_payments()

    payment.refresh_from_db()
    assert (payment.pays_order, payment.received, payment.next_at) == (True, 5601, None)
    assert order_of(payment.order).state == "awaiting_shipment"
    assert channel.moved(payment.number) == [5601]


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "error_before", "error_after", "bad_signature"])
def test_a_disturbed_start_is_repeated(cast, channel, kind):
    payment = attempt(cast)
    channel.fault(kind, "payment")

    workers.pursue_payments()
    payment.refresh_from_db()
    assert (payment.started_at, payment.ended_at) == (None, None)
    ask_payments()

    payment.refresh_from_db()
    assert payment.started_at
    channel.pay(payment.number)
    ask_payments()
    payment.refresh_from_db()
    assert payment.pays_order


@pytest.mark.parametrize("end", ["refuse", "decline"])
def test_an_attempt_that_ends_lets_the_buyer_try_again(cast, channel, end):
    payment = attempt(cast)
    if end == "refuse":
        channel.fault("refuse", "payment", code="no_such_bank")
    workers.pursue_payments()
    if end == "decline":
        channel.decline(payment.number)
        ask_payments()

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

    ask_payments()

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
    ask_payments()
    time.sleep(1.3)
    assert expire(one(order), actors.CLOCK) == []

    ask_payments()

    assert order_of(order).state == "awaiting_shipment"


def test_money_after_the_order_closed_goes_back(cast, channel):
    payment = attempt(cast)
    workers.pursue_payments()
    channel.pay(payment.number)
    overdue(payment.order, timedelta(minutes=11))
    assert len(expire(one(payment.order), actors.CLOCK)) == 1

    ask_payments()
    workers.pursue_payouts()

    payout = Payout.objects.get()
    assert (payout.cause, payout.state) == ("surplus", "settled")
    assert channel.ledger()["payments"][payment.number]["balance"] == balance("channel") == 0
    assert books_agree()


def test_a_notice_of_payment_is_not_believed(cast, channel):
    payment = attempt(cast)
    workers.pursue_payments()

    money.notice_of_payment(payment.number)
    workers.pursue_payments()

    payment.refresh_from_db()
    assert payment.received_at is None
    assert order_of(payment.order).state == "awaiting_payment"


def test_an_open_attempt_is_asked_about_in_time(cast, channel):
    """At its expiry, whatever its turn."""
    payment = attempt(cast)
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

    tick()
    payout.refresh_from_db()
    assert payout.state == "created"

    workers.pursue_payments()
    payment.refresh_from_db()
    assert payment.started_at
    assert payment.next_at is None
    assert channel.moved(payment.number) == [1000]

    tick()
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
        ask_payments()

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

    assert ticks(payout) == "failed"
    assert "payment_absent" in payout.trouble
