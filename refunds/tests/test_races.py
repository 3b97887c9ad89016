"""Many at one row at once, and two at rows that hang together, with real connections: one winner, others see why.

Every two acts at one row are raced in test_race_pairs.
"""

import pytest

from aftersales import actors
from aftersales.actors import CLOCK
from aftersales.testing import books_sum_to_zero, file, one, overdue, pay, place, ship
from orders import actions as order_actions
from orders.models import Order, OrderLine, Payment
from payments.base import Settled
from refunds import actions, money
from refunds.models import Payout, Reason, Ticket
from refunds.rules import Application
from refunds.tests.racing import at_once, won

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ticket(transactional_db, cast):
    order = ship(pay(place(cast)), cast)
    return file(order, {order.lines.get(sku=cast.mug).pk: 1})


def _counters_agree(order: Order) -> None:
    order.refresh_from_db()
    held = sum(t.amount for t in order.tickets.exclude(state__in=("closed", "succeeded")))
    assert order.reserved == held == sum(line.reserved for line in order.lines.all())
    assert Payment.objects.get(order=order, pays_order=True).reserved == held


def test_buyer_seller_and_three_clocks_leave_one_event(ticket, cast):
    seller, buyer = actors.seller(cast.bob), actors.buyer(cast.alice)
    overdue(ticket)

    outcome = at_once(
        lambda: actions.agree(one(ticket), seller, version=1),
        lambda: actions.withdraw(one(ticket), buyer),
        *[lambda: actions.agree(one(ticket), CLOCK)] * 3,
    )

    assert len(won(outcome)) == 1
    assert ticket.events.count() == 2
    _counters_agree(ticket.order)


def test_double_click_on_filing_makes_one_ticket(transactional_db, cast):
    from uuid import uuid4

    order = ship(pay(place(cast)), cast)
    line, token = order.lines.first(), uuid4()
    asked = Application("refund_only", Reason.objects.get(side="buyer", code="late"), {line.pk: 1})

    outcome = at_once(*[lambda: actions.file_ticket(one(order), cast.alice, asked, token=token)] * 5)

    assert {getattr(result, "pk", result) for result in outcome} == {Ticket.objects.get().pk}
    assert OrderLine.objects.get(pk=line.pk).open_tickets == 1


def test_two_tabs_on_one_line_make_one_ticket(transactional_db, cast):
    order = ship(pay(place(cast)), cast)
    asked = Application("refund_only", Reason.objects.get(side="buyer", code="late"), {order.lines.first().pk: 1})

    outcome = at_once(*[lambda: actions.file_ticket(one(order), cast.alice, asked)] * 4)

    assert len(won(outcome)) == 1
    assert Ticket.objects.count() == 1
    _counters_agree(order)


def test_channel_settles_twice_at_once_books_once(ticket, cast):
    actions.agree(one(ticket), actors.seller(cast.bob), version=1)
    payout = Payout.objects.get()
    _send(payout)

    at_once(*[lambda: money.settle(one(payout), "ref")] * 4)

    payout.refresh_from_db()
    assert (payout.state, payout.settlements) == ("settled", 1)
    order = Order.objects.get()
    assert (order.settled, order.reserved) == (payout.amount, 0)
    assert books_sum_to_zero()


def _send(payout: Payout) -> None:
    from aftersales.lifecycle.move import move, story
    from refunds.lifecycle import PAYOUT

    with story(CLOCK):
        assert move(PAYOUT, "send", one(payout), CLOCK)


def test_payment_and_timeout_leave_one_winner(transactional_db, cast):
    """The money pays the order, or the order closes and the money goes back: never both, never neither."""
    order = place(cast)
    payment = order_actions.start_payment(one(order), actors.buyer(cast.alice))
    overdue(order)
    Payment.objects.filter(pk=payment.pk).update(ended_at=order.placed_at)  # so that the clock need not wait for it
    came = Settled(payment.amount, payment.currency, order.placed_at, "ref")

    at_once(lambda: money.record_money(payment.pk, came), lambda: order_actions.expire(one(order), CLOCK))

    order.refresh_from_db()
    surplus = Payout.objects.filter(cause="surplus").count()
    assert (order.state, surplus) in {("awaiting_shipment", 0), ("closed", 1)}
    assert books_sum_to_zero()


def test_shipping_and_filing_leave_units_in_one_place(transactional_db, cast):
    order = pay(place(cast))
    line = order.lines.get(sku=cast.mug)
    asked = Application("refund_only", Reason.objects.get(side="buyer", code="late"), {line.pk: 2}, shipped=False)
    parcel = order_actions.Parcel({line.pk: 2})

    outcome = at_once(
        lambda: actions.file_ticket(one(order), cast.alice, asked),
        lambda: order_actions.ship(one(order), actors.seller(cast.bob), parcel),
    )

    assert len(won(outcome)) == 1
    line.refresh_from_db()
    assert line.shipped + line.cancelling == 2


def test_seller_cancel_and_agree_pay_back_once(transactional_db, cast):
    order = pay(place(cast))
    ticket = file(order, {order.lines.first().pk: 1}, shipped=False)
    seller = actors.seller(cast.bob)

    at_once(
        lambda: actions.agree(one(ticket), seller, version=1),
        lambda: actions.seller_cancel(one(order), seller, "sold out"),
    )

    order.refresh_from_db()
    assert sum(Payout.objects.values_list("amount", flat=True)) <= order.total
    assert order.reserved + order.settled <= order.total
    assert order.reserved == sum(line.reserved for line in order.lines.all()) + order.freight_reserved
