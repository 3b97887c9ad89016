"""Buyer, seller, clock and worker at one row at once, with real connections: one winner, one event, others see why."""

import itertools
import threading
from collections.abc import Callable

import pytest
from django.db import connections

from aftersales import actors
from aftersales.actors import CLOCK
from aftersales.lifecycle.errors import Conflict, Refused
from aftersales.testing import books_sum_to_zero, file, one, overdue, pay, place, ship
from orders import actions as order_actions
from orders.models import Order, OrderLine, Payment
from payments.base import Settled
from refunds import actions, money
from refunds.actions import Rejection
from refunds.models import Payout, Reason, Ticket
from refunds.rules import Application

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Run all at the same moment, each on its own connection; what each returned or raised, in order."""
    outcome: list[object] = [None] * len(acts)
    gate = threading.Barrier(len(acts))

    def run(index: int, act: Callable[[], object]) -> None:
        gate.wait()
        try:
            outcome[index] = act()
        except Exception as error:  # noqa: BLE001  the test judges what each rival got
            outcome[index] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return outcome


def won(outcome: list[object]) -> list[object]:
    """Those that did something. A rival got a Conflict or a refusal, a clock an empty list; anything else is a bug."""
    for result in outcome:
        assert not isinstance(result, Exception) or isinstance(result, Conflict | Refused), result
    return [result for result in outcome if result and not isinstance(result, Exception)]


@pytest.fixture
def ticket(transactional_db, cast):
    order = ship(pay(place(cast)), cast)
    return file(order, {order.lines.get(sku=cast.mug).pk: 1})


def _acts(ticket: Ticket, cast) -> dict[str, Callable[[], object]]:
    seller, buyer = actors.seller(cast.bob), actors.buyer(cast.alice)
    reason = Reason.objects.get(side="seller", code="final_sale")
    asked = Application(
        kind="refund_only",
        reason=Reason.objects.get(side="buyer", code="late"),
        units={ticket.lines.get().line_id: 2},
    )
    return {
        "agree": lambda: actions.agree(one(ticket), seller, version=1),
        "reject": lambda: actions.reject(one(ticket), seller, Rejection(reason), version=1),
        "amend": lambda: actions.amend(one(ticket), buyer, asked),
        "withdraw": lambda: actions.withdraw(one(ticket), buyer),
        "clock": lambda: actions.agree(one(ticket), CLOCK),
    }


PAIRS = list(itertools.combinations(["agree", "reject", "amend", "withdraw", "clock"], 2))


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_two_rivals_leave_one_story(ticket, cast, first, second):
    """Whoever comes second finds the world changed. Only where the table lets the second act on what the first left
    (an amended ticket can still be rejected, a rejected one amended or withdrawn) do both happen, one after another."""
    acts = _acts(ticket, cast)
    overdue(ticket)

    outcome = at_once(acts[first], acts[second])

    history = list(ticket.events.values_list("from_state", "to_state", "action"))
    steps = history[1:]
    assert len(steps) == len(won(outcome)) >= 1
    assert all(before[1] == after[0] for before, after in itertools.pairwise(history)), history
    if len(steps) == 2:
        assert steps[0][2] in {"amend", "reject"}, steps
    ticket.refresh_from_db()
    assert Payout.objects.count() == (ticket.state == "refunding")
    _counters_agree(ticket.order)


def _counters_agree(order: Order) -> None:
    order.refresh_from_db()
    held = sum(t.amount for t in order.tickets.exclude(state__in=("closed", "succeeded")))
    assert order.reserved == held == sum(line.reserved for line in order.lines.all())
    assert Payment.objects.get(order=order, pays_order=True).reserved == held


def test_buyer_seller_and_three_clocks_leave_one_event(ticket, cast):
    acts = _acts(ticket, cast)
    overdue(ticket)

    outcome = at_once(acts["agree"], acts["withdraw"], acts["clock"], acts["clock"], acts["clock"])

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
