"""Real worker, beat, broker and channel processes, killed and wiped at the worst moments: every ticket's money moves
once. The channel is lax, so that our own limits are what holds."""

import os
import signal

import pytest
from django.db.models import Sum

from aftersales import actors
from aftersales.processes import DIES_BEFORE_CALL, until
from aftersales.testing import books_sum_to_zero, file, one, overdue, pay, place, ship
from orders.models import Order, OrderLine, Payment, Sku
from refunds import actions
from refunds.models import Payout, PayoutEvent, Ticket

APPROVALS = int(os.environ.get("FIRE_TICKETS", "50"))


def known(payment: Payment, workplace) -> None:
    """The channel has the payment in its books, as if the buyer had paid on its page."""
    answer = workplace.sandbox.client().register_payment(
        number=payment.number, amount=payment.amount, currency=payment.currency, paid_at=payment.received_at
    )
    assert answer.amount == payment.amount


@pytest.fixture
def agreed(workplace, cast):
    """A ticket whose money is to be sent."""
    order = ship(pay(place(cast)), cast)
    known(order.payments.get(), workplace)
    ticket = file(order, {order.lines.first().pk: 1})
    actions.agree(one(ticket), actors.seller(cast.bob), version=1)
    return ticket


def movements(workplace) -> list[int]:
    return [m["amount"] for m in workplace.sandbox.ledger()["movements"] if m["kind"] == "refund"]


def succeeded(ticket) -> bool:
    return Ticket.objects.filter(pk=ticket.pk, state="succeeded").exists()


def test_worker_killed_between_commit_and_call(workplace, agreed):
    worker = workplace.worker(before=DIES_BEFORE_CALL)
    workplace.beat()
    assert worker.wait(60) == -signal.SIGKILL
    payout = Payout.objects.get()
    assert payout.state == "sent"
    assert movements(workplace) == []

    overdue(payout)
    workplace.worker()

    until(lambda: succeeded(agreed))
    assert movements(workplace) == [-payout.amount]
    assert [e.action for e in PayoutEvent.objects.order_by("pk")] == [
        "begin", "send", "doubt", "ask", "resend", "settle",
    ]  # fmt: skip


def test_worker_killed_between_call_and_answer(workplace, agreed):
    workplace.sandbox.fault("slow", on="refund", seconds=3)
    worker = workplace.worker()
    workplace.beat()
    until(lambda: workplace.sandbox.json("GET", "/faults")["faults"][0]["hits"])  # the channel has the request
    worker.kill()
    until(lambda: len(movements(workplace)) == 1)
    payout = Payout.objects.get()
    assert payout.state == "sent"

    overdue(payout)
    workplace.worker()

    until(lambda: succeeded(agreed))
    assert movements(workplace) == [-payout.amount]
    assert "resend" not in PayoutEvent.objects.values_list("action", flat=True)


@pytest.mark.long
def test_broker_wiped_during_many_approvals(workplace, cast, settings):
    settings.TICKETS_PER_DAY = APPROVALS
    mugs = [
        Sku.objects.create(product=cast.mug.product, code=f"m{n}", variant=f"m{n}", price=1000, stock=20)
        for n in range(10)
    ]
    tickets = []
    for _ in range(APPROVALS // 10):
        order = ship(pay(place(cast, dict.fromkeys(mugs, 1))), cast)
        tickets += [file(order, {line.pk: 1}) for line in order.lines.all()]
    for payment in Payment.objects.all():
        known(payment, workplace)
    # Only now: a worker that saw an attempt before its money was booked would start it at the channel.
    workplace.worker(concurrency=2)
    workplace.beat()

    for number, ticket in enumerate(tickets):
        actions.agree(one(ticket), actors.seller(cast.bob), version=1)
        if number % 10 == 0:
            workplace.broker.flushall()

    until(lambda: Ticket.objects.filter(state="succeeded").count() == APPROVALS, seconds=120)
    assert movements(workplace) == [-1000] * APPROVALS
    assert books_sum_to_zero()
    assert Order.objects.aggregate(sum=Sum("settled"))["sum"] == 1000 * APPROVALS


def test_clocks_fire_once_under_two_beats_and_three_workers(workplace, cast):
    due, early = [], []
    for _ in range(30):
        due.append(place(cast, {cast.mug: 1}))
        early.append(place(cast, {cast.mug: 1}))
    for order in due:
        overdue(order)
    for start in (workplace.beat, workplace.beat, workplace.worker, workplace.worker, workplace.worker):
        start()

    until(lambda: not Order.objects.filter(pk__in=[o.pk for o in due]).exclude(state="closed").exists())

    assert all(order.events.filter(action="expire").count() == 1 for order in due)
    assert not Order.objects.filter(pk__in=[o.pk for o in early]).exclude(state="awaiting_payment").exists()
    cast.mug.refresh_from_db()
    assert cast.mug.stock == 1000 - 30


def test_every_fault_of_the_channel_ends_in_one_movement(workplace, cast):
    faults = ("drop_before", "drop_after", "error_before", "error_after", "bad_signature")
    for _ in faults:
        order = ship(pay(place(cast, {cast.lamp: 1})), cast)
        known(order.payments.get(), workplace)
        actions.agree(one(file(order, {order.lines.get().pk: 1})), actors.seller(cast.bob), version=1)
    for fault in faults:
        workplace.sandbox.fault(fault, on="refund")
    workplace.worker(concurrency=2)
    workplace.beat()

    def all_settled() -> bool:
        for payout in Payout.objects.filter(state="sent"):
            overdue(payout)  # nobody waits half a minute for an answer that was dropped
        return Ticket.objects.filter(state="succeeded").count() == len(faults)

    until(all_settled)
    assert movements(workplace) == [-3001] * len(faults)
    assert OrderLine.objects.aggregate(sum=Sum("settled"))["sum"] == 3001 * len(faults)
    assert Payout.objects.filter(settlements=1).count() == len(faults)
