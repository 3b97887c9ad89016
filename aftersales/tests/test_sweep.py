"""sweep: what is due fires once, oldest first; one bad row, a rival or a restart never stops the rest."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import DataError, OperationalError, connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from aftersales import actors
from aftersales.actors import CLOCK
from aftersales.lifecycle.errors import Refused
from aftersales.lifecycle.move import Swept, move, move_one, sweep
from aftersales.lifecycles import ALL
from aftersales.testing import one, overdue, place
from aftersales.tests.many import SIZES, all_overdue, many_orders, many_tickets, statements
from aftersales.tests.rivals import Rival
from orders import actions as order_actions
from orders.actions import expire
from orders.errors import OrderError
from orders.lifecycle import ORDER
from orders.models import Order, OrderEvent, Payment
from orders.states import OrderState
from refunds import actions
from refunds.lifecycle import TICKET
from refunds.models import Ticket, TicketEvent
from refunds.rules import Found, Terms
from refunds.states import TicketState

WAITING = OrderState.AWAITING_PAYMENT


def _aged(rows) -> list[Order]:
    """The orders overdue by another minute each, the youngest row longest."""
    found = list(rows.order_by("pk"))
    for minutes, row in enumerate(found, start=1):
        overdue(row, timedelta(minutes=minutes))
    return found


def _expired() -> Counter[int]:
    return Counter(OrderEvent.objects.filter(action="expire").values_list("order_id", flat=True))


# --- what is due ------------------------------------------------------------------------------------------------------


def test_it_fires_what_is_due_once_and_nothing_early(cast):
    late, early = many_orders(cast, 2).order_by("pk")
    overdue(late)
    one(early).update(due_at=Now() + timedelta(seconds=1))
    assert sweep(ORDER, WAITING, expire) == Swept(moved=1)
    assert sweep(ORDER, WAITING, expire) == Swept()
    assert _expired() == {late.pk: 1}
    assert one(early).get().state == "awaiting_payment"


def test_the_workers_clock_does_not_count(cast, monkeypatch):
    many_orders(cast, 1)
    monkeypatch.setattr(timezone, "now", lambda: datetime(2099, 1, 1, tzinfo=UTC))
    assert sweep(ORDER, WAITING, expire) == Swept()


def test_held_clocks_do_not_fire(cast):
    order = many_tickets(cast, 1).get().order
    one(order).update(held_left=timedelta(0))
    assert one(order).get().due_at is None
    assert sweep(ORDER, OrderState.AWAITING_RECEIPT, order_actions.auto_receive) == Swept()


def test_oldest_first(cast):
    rows = _aged(many_orders(cast, 7))
    fired = []

    def verb(batch, by):
        fired.append(set(batch.values_list("pk", flat=True)))
        return expire(batch, by)

    assert sweep(ORDER, WAITING, verb, batch=3) == Swept(moved=7)
    oldest = [row.pk for row in reversed(rows)]
    assert fired == [set(oldest[:3]), set(oldest[3:6]), set(oldest[6:])]


def test_same_due_time_pages_by_key(cast):
    rows = many_orders(cast, 7)
    rows.update(due_at=datetime(2020, 1, 1, tzinfo=UTC))
    assert sweep(ORDER, WAITING, expire, batch=2) == Swept(moved=7)
    assert set(_expired().values()) == {1}


def test_it_pages_past_rows_that_do_not_move(cast):
    rows = _aged(many_orders(cast, 8))
    asked = rows[3:]
    # The oldest five have an open attempt to pay, and less than ten minutes have passed.
    Payment.objects.bulk_create(
        Payment(order=row, channel="sandbox", amount=row.total, currency="CNY") for row in asked
    )
    assert sweep(ORDER, WAITING, expire, batch=2) == Swept(moved=3)
    assert _expired() == {row.pk: 1 for row in rows[:3]}


def test_order_waits_ten_minutes_for_the_channel(cast):
    soon, late = many_orders(cast, 2).order_by("pk")
    for row, minutes in ((soon, 9), (late, 10)):
        overdue(row, timedelta(minutes=minutes))
        Payment.objects.create(order=row, channel="sandbox", amount=row.total, currency="CNY")
    assert sweep(ORDER, WAITING, expire) == Swept(moved=1)
    assert _expired() == {late.pk: 1}


@pytest.mark.parametrize("life", ALL[:2], ids=str)
def test_every_timed_state_is_swept(life):
    swept = order_actions.ON_DUE if life is ORDER else actions.ON_DUE
    assert {str(state) for state in swept} == set(life.states.timed())


@pytest.mark.parametrize("state", actions.ON_DUE, ids=str)
def test_silence_has_its_consequence_in_every_ticket_state(cast, state):
    goods = "awaiting_return" in state or "inspection" in state or state == TicketState.AWAITING_BUYER_RECEIPT
    ticket = many_tickets(cast, 1, "return_refund" if goods else "refund_only").get()
    _walk(ticket, state, cast)
    overdue(ticket)
    assert sweep(TICKET, state, actions.ON_DUE[state]) == Swept(moved=1)
    event = ticket.events.latest("pk")
    assert (event.action, event.role, event.actor) == (state.on_due, "system", None)


def _walk(ticket, state, cast) -> None:
    seller, buyer = actors.seller(cast.bob), actors.buyer(cast.alice)
    line = ticket.lines.get().pk
    steps = {
        TicketState.REJECTED: lambda: move_one(TICKET, "reject", one(ticket), seller),
        TicketState.AWAITING_RETURN: lambda: actions.agree(one(ticket), seller),
        TicketState.AWAITING_INSPECTION: lambda: actions.send_waybill(one(ticket), buyer, "SF", "1"),
        TicketState.INSPECTION_FAILED: lambda: actions.fail_inspection(
            one(ticket), seller, {line: Found(0, 1)}, "broken"
        ),
        TicketState.AWAITING_BUYER_RECEIPT: lambda: actions.send_back(one(ticket), seller, "SF", "2"),
    }
    wanted = list(steps)
    if state in (TicketState.AWAITING_BUYER, TicketState.AWAITING_DISPATCH):
        actions.offer(one(ticket), seller, Terms("reissue"), "We send it again.")
        if state == TicketState.AWAITING_DISPATCH:
            actions.accept_offer(one(ticket), buyer, ticket.offers.get().pk)
    elif state == TicketState.REJECTED:
        steps[state]()
    elif state in wanted:
        for step in wanted[1 : wanted.index(state) + 1]:
            steps[step]()


# --- the number of statements -----------------------------------------------------------------------------------------


def test_every_batch_needs_the_same_statements(cast):
    found = set()
    for size in SIZES:
        all_overdue(many_orders(cast, size))
        batches = -(-size // 500)
        with statements() as told:
            assert sweep(ORDER, WAITING, expire) == Swept(moved=size)
        # Every batch is found by one query; one more finds that there is nothing left.
        found.add((len(told) - 1) / batches)
    assert len(found) == 1


# --- bad rows ---------------------------------------------------------------------------------------------------------


def _poison(*orders: Order, errcode: str = "check_violation") -> None:
    """From now on the database refuses to close these."""
    Order.objects.filter(pk__in=[order.pk for order in orders]).update(phone="poison")
    with connection.cursor() as cursor:
        # A table with deferred checks pending cannot be altered.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$"
            f"BEGIN RAISE EXCEPTION 'poisoned' USING ERRCODE = '{errcode}'; END $$"
        )
        cursor.execute(
            "CREATE TRIGGER poison BEFORE UPDATE OF state ON orders_order FOR EACH ROW"
            " WHEN (NEW.phone = 'poison') EXECUTE FUNCTION poison()"
        )


class Counted:
    """A verb that counts its calls."""

    def __init__(self, verb) -> None:
        self.verb, self.calls = verb, 0

    def __call__(self, rows, by):
        self.calls += 1
        return self.verb(rows, by)


@pytest.mark.parametrize(
    ("size", "calls", "errcode"),
    [
        (1, 1, "check_violation"),
        (2, 3, "check_violation"),
        (64, 13, "numeric_value_out_of_range"),
        (256, 17, "check_violation"),
        (512, 19, "check_violation"),
    ],
)
def test_batch_is_halved_down_to_the_culprit(cast, size, calls, errcode):
    rows = list(all_overdue(many_orders(cast, size)).order_by("pk"))
    culprit = rows[size // 3]
    _poison(culprit, errcode=errcode)
    verb = Counted(expire)
    assert sweep(ORDER, WAITING, verb, batch=512) == Swept(moved=size - 1, set_aside=1)
    # Once whole, then twice for every halving: logarithmic.
    assert verb.calls == calls
    assert _expired() == {row.pk: 1 for row in rows if row != culprit}
    row = one(culprit).get()
    assert (row.state, row.set_aside_at is not None) == ("awaiting_payment", True)
    assert "poisoned" in row.set_aside_error
    assert Order.objects.filter(set_aside_at__isnull=False).count() == 1
    assert sweep(ORDER, WAITING, verb) == Swept()


def test_several_culprits_in_one_batch_are_all_found(cast):
    rows = list(all_overdue(many_orders(cast, 50)).order_by("pk"))
    bad = [rows[0], rows[24], rows[25], rows[49]]
    _poison(*bad)
    assert sweep(ORDER, WAITING, expire) == Swept(moved=46, set_aside=4)
    assert set(Order.objects.filter(set_aside_at__isnull=False)) == set(bad)


def test_books_that_do_not_add_up_set_one_ticket_aside(cast):
    tickets = all_overdue(many_tickets(cast, 9))
    bad = tickets[4]
    move(TICKET, "reject", tickets, actors.seller(cast.bob))
    all_overdue(tickets)
    one(bad.order).update(reserved=0)
    assert sweep(TICKET, TicketState.REJECTED, actions.withdraw) == Swept(moved=8, set_aside=1)
    row = one(bad).get()
    assert "order_refunds_within_total" in row.set_aside_error
    assert one(bad.order).get().open_tickets == 1
    assert TicketEvent.objects.filter(action="withdraw").count() == 8


def test_a_refusal_is_the_rows_own_fault(cast):
    rows = list(all_overdue(many_orders(cast, 4)).order_by("pk"))

    def verb(batch, by):
        if batch.filter(pk=rows[2].pk).exists():
            raise Refused(OrderError.CART_EMPTY)
        return expire(batch, by)

    assert sweep(ORDER, WAITING, verb) == Swept(moved=3, set_aside=1)
    assert one(rows[2]).get().set_aside_error == "The cart is empty. Choose something first."


def test_a_data_error_from_python_counts_too(cast):
    order = place(cast)
    overdue(order)

    def verb(batch, by):
        raise DataError("too long")

    assert sweep(ORDER, WAITING, verb) == Swept(set_aside=1)


def test_a_mistake_of_ours_stops_only_its_own_row(cast, caplog):
    rows = list(all_overdue(many_orders(cast, 9)).order_by("pk"))

    def verb(batch, by):
        if batch.filter(pk=rows[0].pk).exists():
            raise KeyError("no payment")
        return expire(batch, by)

    assert sweep(ORDER, WAITING, verb, batch=4) == Swept(moved=8, put_off=1)
    assert one(rows[0]).get().set_aside_at is None
    assert "no payment" in caplog.text
    assert sweep(ORDER, WAITING, expire) == Swept(moved=1)


def test_a_task_that_is_told_to_end_ends(cast):
    all_overdue(many_orders(cast, 2))

    def verb(batch, by):
        raise SoftTimeLimitExceeded

    with pytest.raises(SoftTimeLimitExceeded):
        sweep(ORDER, WAITING, verb)


# --- the database and rivals ------------------------------------------------------------------------------------------


def test_a_deadlock_puts_its_batch_off_and_the_rest_goes_on(cast):
    rows = _aged(many_orders(cast, 6))
    calls = []

    def verb(batch, by):
        calls.append(1)
        if len(calls) == 2:
            expire(batch, by)
            raise OperationalError("deadlock detected")
        return expire(batch, by)

    def unlucky(batch, by):
        with transaction.atomic():
            return verb(batch, by)

    assert sweep(ORDER, WAITING, unlucky, batch=2) == Swept(moved=4, put_off=1)
    assert set(_expired()) == {row.pk for row in rows[:2] + rows[4:]}
    assert not Order.objects.filter(set_aside_at__isnull=False).exists()
    assert sweep(ORDER, WAITING, unlucky, batch=2) == Swept(moved=2)


@pytest.mark.django_db(transaction=True)
def test_a_lost_connection_puts_its_batch_off(cast):
    _aged(many_orders(cast, 6))
    calls = []

    def verb(batch, by):
        calls.append(1)
        with transaction.atomic():
            events = expire(batch, by)
            if len(calls) == 2:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
            return events

    assert sweep(ORDER, WAITING, verb, batch=2) == Swept(moved=4, put_off=1)
    assert sweep(ORDER, WAITING, verb, batch=2) == Swept(moved=2)
    assert set(_expired().values()) == {1}


@pytest.mark.django_db(transaction=True)
def test_rows_that_a_rival_has_locked_are_picked_up_later(cast):
    rows = _aged(many_orders(cast, 5))
    with transaction.atomic():
        list(Order.objects.filter(pk__in=[rows[1].pk, rows[4].pk]).select_for_update())
        assert Rival(lambda: sweep(ORDER, WAITING, expire, batch=2)).result() == Swept(moved=3)
    assert sweep(ORDER, WAITING, expire) == Swept(moved=2)
    assert _expired() == {row.pk: 1 for row in rows}


@pytest.mark.django_db(transaction=True)
def test_batches_commit_one_by_one(cast):
    _aged(many_orders(cast, 4))
    seen = []

    def verb(batch, by):
        seen.append(Rival(lambda: OrderEvent.objects.filter(action="expire").count()).result())
        return expire(batch, by)

    sweep(ORDER, WAITING, verb, batch=2)
    assert seen == [0, 2]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("workers", [2, 4])
def test_sweeps_at_once_fire_each_row_once(cast, workers):
    orders = all_overdue(many_orders(cast, 400))
    gate = Barrier(workers)

    def run():
        gate.wait(10)
        return sweep(ORDER, WAITING, expire, batch=20)

    done = [rival.result() for rival in [Rival(run) for _ in range(workers)]]
    assert sum(swept.moved for swept in done) == 400
    assert {swept.set_aside + swept.put_off for swept in done} == {0}
    assert _expired() == dict.fromkeys(orders.values_list("pk", flat=True), 1)
    assert set(orders.values_list("state", flat=True)) == {"closed"}
    assert cast.mug.stock == 1000
    cast.mug.refresh_from_db()
    # Each of them gave its two mugs back once.
    assert cast.mug.stock == 1000 + 2 * 400


@pytest.mark.django_db(transaction=True)
def test_ticket_sweeps_at_once_pay_each_back_once(cast):
    tickets = all_overdue(many_tickets(cast, 120))
    gate = Barrier(2)

    def run():
        gate.wait(10)
        return sweep(TICKET, TicketState.AWAITING_SELLER, actions.agree, batch=10).moved

    assert sum(rival.result() for rival in [Rival(run), Rival(run)]) == 120
    assert set(tickets.values_list("state", flat=True)) == {"refunding"}
    assert set(Counter(Ticket.objects.values_list("payouts", flat=True)).values()) == {1}


def test_click_and_clock_share_one_verb(cast):
    order = place(cast)
    overdue(order)
    assert [event.to_state for event in expire(one(order), CLOCK)] == ["closed"]
    assert expire(one(order), CLOCK) == []
