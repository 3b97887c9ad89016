"""Money that pays no order goes back by a payout of its own, and touches nothing else."""

import pytest
from django.utils import timezone

from aftersales import actors
from aftersales.testing import counters, one, place
from orders.actions import cancel, start_payment
from orders.models import Leg, Payment
from payments.base import Settled
from refunds import money
from refunds.models import Payout
from refunds.tests.paying import balance, books_agree, sent, settled


def _surplus(cast, amount=777, currency="CNY"):
    """Money of another amount for an order that waits to be paid."""
    payment = start_payment(one(place(cast)), actors.buyer(cast.alice))
    money.record_money(payment.pk, Settled(amount, currency, timezone.now(), "ref"))
    payment.refresh_from_db()
    return payment


def test_surplus_goes_back(cast):
    payment = _surplus(cast)
    before = counters(payment.order)

    payout = settled(Payout.objects.get())

    payment.refresh_from_db()
    assert (payout.cause, payout.amount, payout.freight, payout.lines.count()) == ("surplus", 777, 0, 0)
    assert (payment.received, payment.reserved, payment.settled) == (777, 0, 777)
    assert counters(payment.order) == before
    assert not any(balance(account) for account in ("channel", "surplus", "refunds_due", "sales"))
    assert books_agree()


def test_surplus_goes_back_in_its_own_currency(cast):
    payout = settled(Payout.objects.get(payment=_surplus(cast, 5601, "JPY")))

    assert payout.currency == "JPY"
    assert set(Leg.objects.values_list("currency", flat=True)) == {"JPY"}


def test_surplus_of_a_closed_order_does_not_open_it(cast):
    order = place(cast)
    payment = start_payment(one(order), actors.buyer(cast.alice))
    cancel(one(order), actors.buyer(cast.alice))
    money.record_money(payment.pk, Settled(5601, "CNY", timezone.now(), "ref"))

    settled(Payout.objects.get())

    order.refresh_from_db()
    assert (order.state, order.closed_reason, order.settled) == ("closed", "buyer_cancelled", 0)


@pytest.mark.parametrize("end", ["retry", "by hand"])
def test_surplus_that_is_refused(cast, end):
    payment = _surplus(cast)
    payout = sent(Payout.objects.get())
    money.refuse(one(payout), "no")
    operator = actors.operator(cast.operator)
    if end == "retry":
        money.retry(one(payout), operator)
        money.settle(one(payout), "ref")
    else:
        money.settle_by_hand(one(payout), operator, "Cash")

    payment.refresh_from_db()
    assert (payment.reserved, payment.settled) == (0, 777)
    assert books_agree()


def test_surplus_taken_back_and_paid_again(cast):
    payment = _surplus(cast)
    payout = settled(Payout.objects.get())

    money.refuse(one(payout), "reversed")
    assert (balance("refunds_due"), balance("channel")) == (-777, 777)
    money.retry(one(payout), actors.operator(cast.operator))
    money.settle(one(payout), "ref")

    payment.refresh_from_db()
    assert (payment.reserved, payment.settled, Payment.objects.count()) == (0, 777, 1)
    assert books_agree()


def test_every_wrong_attempt_has_a_payout_of_its_own(cast):
    order = place(cast)
    for amount in (1, 2, 3):
        payment = start_payment(one(order), actors.buyer(cast.alice))
        money.record_money(payment.pk, Settled(amount, "CNY", timezone.now(), f"ref{amount}"))

    assert sorted(Payout.objects.values_list("amount", flat=True)) == [1, 2, 3]
    assert len(set(Payout.objects.values_list("number", flat=True))) == 3
    assert books_agree()
