"""Money that comes: what pays the order, what is surplus, and how long an order waits for it."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from aftersales import actors
from aftersales.lifecycle.errors import Conflict
from aftersales.lifecycle.move import sweep
from aftersales.testing import books_sum_to_zero, one, overdue, pay, place, state_of
from orders import actions
from orders.lifecycle import ORDER
from orders.models import Leg, Order, Payment, Posting, Sku
from orders.states import OrderState
from payments.base import Settled
from refunds.models import Payout
from refunds.money import notice_of_payment, record_money


def _attempt(cast, order):
    return actions.start_payment(one(order), actors.buyer(cast.alice))


def _come(payment, amount=None, currency="CNY"):
    """The channel says that it has the money; whether that was news."""
    return record_money(payment.pk, Settled(amount or payment.amount, currency, timezone.now(), "ref"))


def _state(order):
    return Order.objects.get(pk=order.pk).state


def _balance(account):
    return sum(Leg.objects.filter(account=account).values_list("amount", flat=True))


def _expire():
    sweep(ORDER, OrderState.AWAITING_PAYMENT, actions.expire)


def _is_surplus(payment, amount, currency="CNY"):
    payment.refresh_from_db()
    payout = Payout.objects.get(payment=payment)
    assert (payout.cause, payout.state, payout.amount, payout.currency) == ("surplus", "created", amount, currency)
    assert (payment.pays_order, payment.received, payment.reserved, payment.settled) == (False, amount, amount, 0)
    assert books_sum_to_zero()
    return True


def test_exactly_what_was_asked_pays_the_order(cast):
    order = place(cast)
    payment = _attempt(cast, order)
    assert (payment.amount, payment.currency, payment.expires_at) == (
        5601,
        "CNY",
        Order.objects.get(pk=order.pk).due_at,
    )

    assert _come(payment)

    order.refresh_from_db()
    payment.refresh_from_db()
    assert (order.state, order.due_at) == ("awaiting_shipment", None)
    assert order.ship_by - order.paid_at == timedelta(hours=48)
    assert (payment.pays_order, payment.received, payment.reserved, payment.next_at) == (True, 5601, 0, None)
    assert not Payout.objects.exists()
    assert (_balance("channel"), _balance("sales")) == (5601, -5601)


def test_the_same_money_is_booked_once(cast):
    order = place(cast)
    payment = _attempt(cast, order)

    assert [_come(payment), _come(payment), _come(payment, 1)] == [True, False, False]

    payment.refresh_from_db()
    assert payment.received == 5601
    assert Posting.objects.count() == 1
    assert order.events.filter(action="pay").count() == 1


def test_a_second_click_finds_the_same_attempt(cast):
    order = place(cast)

    assert _attempt(cast, order).pk == _attempt(cast, order).pk


def test_a_stranger_cannot_start_a_payment(cast):
    order = place(cast)

    with pytest.raises(Conflict) as clash:
        actions.start_payment(Order.objects.of_buyer(cast.carol).filter(pk=order.pk), actors.buyer(cast.carol))
    assert clash.value.row is None
    assert not Payment.objects.exists()


@pytest.mark.parametrize("amount", [1, 5600, 5602, 10**12])
def test_another_amount_is_surplus(cast, amount):
    order = place(cast)
    payment = _attempt(cast, order)

    _come(payment, amount)

    assert _is_surplus(payment, amount)
    assert _state(order) == "awaiting_payment"
    assert (_balance("channel"), _balance("surplus"), _balance("refunds_due")) == (amount, 0, -amount)
    assert _balance("sales") == 0


def test_another_currency_is_surplus(cast):
    order = place(cast)
    payment = _attempt(cast, order)

    _come(payment, currency="JPY")

    assert _is_surplus(payment, 5601, "JPY")
    assert _state(order) == "awaiting_payment"


def test_after_surplus_the_order_can_still_be_paid(cast):
    order = place(cast)
    wrong = _attempt(cast, order)
    _come(wrong, 1)

    right = _attempt(cast, order)
    assert right.pk != wrong.pk
    _come(right)

    assert _state(order) == "awaiting_shipment"


def test_late_money_is_surplus(cast):
    order = place(cast)
    payment = _attempt(cast, order)
    overdue(order, timedelta(minutes=11))
    _expire()

    _come(payment)

    assert _is_surplus(payment, 5601)
    assert _state(order) == "closed"
    assert Sku.objects.get(pk=cast.mug.pk).stock == 1000


def test_money_for_a_cancelled_order_is_surplus(cast):
    order = place(cast)
    payment = _attempt(cast, order)
    actions.cancel(one(order), actors.buyer(cast.alice))

    _come(payment)

    assert _is_surplus(payment, 5601)


def test_the_second_of_two_payments_is_surplus(cast):
    order = place(cast)
    first = _attempt(cast, order)
    Payment.objects.update(ended_at=timezone.now(), ended_code="declined", next_at=None)
    second = _attempt(cast, order)
    assert first.pk != second.pk

    _come(second)
    _come(first)

    assert _is_surplus(first, 5601)
    assert _state(order) == "awaiting_shipment"
    second.refresh_from_db()
    assert (second.pays_order, second.reserved) == (True, 0)
    first.refresh_from_db()
    assert (first.ended_at, first.ended_code) == (None, "")
    order.refresh_from_db()
    assert (order.reserved, order.settled) == (0, 0)


def test_money_in_the_last_moment_still_pays(cast):
    """The order is overdue and nobody has closed it yet."""
    order = place(cast)
    payment = _attempt(cast, order)
    overdue(order)

    _come(payment)

    assert _state(order) == "awaiting_shipment"


# --- how long an order waits ------------------------------------------------------------------------------------------


def test_without_an_attempt_it_closes_when_due(cast):
    order = place(cast)
    overdue(order)

    _expire()

    assert _state(order) == "closed"


@pytest.mark.parametrize(("minutes", "state"), [(0.1, "awaiting_payment"), (9.9, "awaiting_payment"), (10.1, "closed")])
def test_an_open_attempt_is_waited_for(cast, minutes, state):
    order = place(cast)
    _attempt(cast, order)
    overdue(order, timedelta(minutes=minutes))

    _expire()

    assert _state(order) == state


def test_an_attempt_that_ended_is_not_waited_for(cast):
    order = place(cast)
    _attempt(cast, order)
    overdue(order)
    Payment.objects.update(ended_at=Now(), ended_code="expired", next_at=None)

    _expire()

    assert _state(order) == "closed"


def test_an_overdue_order_starts_no_new_attempt(cast):
    order = place(cast)
    overdue(order)

    with pytest.raises(Conflict) as clash:
        _attempt(cast, order)
    assert state_of(clash.value.row) == "awaiting_payment"


def test_a_paid_order_starts_no_new_attempt(cast):
    order = pay(place(cast))

    with pytest.raises(Conflict) as clash:
        _attempt(cast, order)
    assert state_of(clash.value.row) == "awaiting_shipment"


def test_a_notice_brings_the_question_forward(cast, woken):
    payment = _attempt(cast, place(cast))
    Payment.objects.update(next_at=timezone.now() + timedelta(hours=1))

    notice_of_payment(payment.number)

    payment.refresh_from_db()
    assert payment.next_at <= timezone.now()
    assert payment.received_at is None


def test_a_notice_of_booked_money_asks_nothing(cast):
    payment = pay(place(cast)).payments.get()

    notice_of_payment(payment.number)

    payment.refresh_from_db()
    assert payment.next_at is None
