"""The life of a payout: its counters move once, its books every time, its number never."""

import pytest
from django.db import IntegrityError, transaction

from aftersales import actors
from aftersales.actors import CLOCK
from aftersales.lifecycle.errors import Conflict, Refused
from aftersales.testing import counters, file, one, pay, place, ship, state_of
from orders.models import Payment, Posting
from refunds import money
from refunds.models import Payout, PayoutLine
from refunds.tests.paying import agreed, balance, books_agree, held, line_of, order_of, sent, settled


@pytest.fixture
def order(cast):
    return ship(pay(place(cast)), cast)


@pytest.fixture
def ticket(cast, order):
    return agreed(file(order, {line_of(order, cast.mug).pk: 1}, freight=600), cast)


@pytest.fixture
def payout(ticket):
    return ticket.payouts.get()


def _state(row):
    row.refresh_from_db()
    return row.state


def _money(order):
    found = order_of(order)
    return (found.reserved, found.settled, found.freight_reserved, found.freight_settled)


def test_agreeing_creates_one_payout(cast, order, ticket, payout, woken):
    assert (payout.state, payout.cause, payout.amount, payout.freight) == ("created", "ticket", 1600, 600)
    assert (payout.payment, payout.order, payout.currency) == (Payment.objects.get(), order, "CNY")
    assert list(payout.lines.values_list("line", "amount")) == [(line_of(order, cast.mug).pk, 1000)]
    assert _money(order) == (1600, 0, 600, 0)
    assert (balance("refunds_due"), balance("sales"), balance("channel")) == (-1600, -4001, 5601)


def test_settled_money_is_counted_and_booked(cast, order, ticket, payout):
    settled(payout)

    assert (payout.state, payout.settlements, payout.reference, payout.due_at) == ("settled", 1, "ref", None)
    assert payout.settled_at
    assert _state(ticket) == "succeeded"
    assert _money(order) == (0, 1600, 0, 600)
    mug, payment = line_of(order, cast.mug), Payment.objects.get()
    assert (mug.reserved, mug.settled, payment.reserved, payment.settled) == (0, 1000, 0, 1600)
    assert (balance("refunds_due"), balance("sales"), balance("channel")) == (0, -4001, 4001)
    assert books_agree()


def test_settled_twice_changes_nothing(order, payout):
    settled(payout)
    before = counters(order), Posting.objects.count(), payout.events.count()

    assert money.settle(one(payout), "again") == []

    assert (counters(order), Posting.objects.count(), payout.events.count()) == before
    payout.refresh_from_db()
    assert payout.reference == "ref"


def test_a_payout_that_was_not_sent_cannot_settle(order, payout):
    assert money.settle(one(payout), "ref") == []
    assert money.refuse(one(payout), "no") == []
    assert _state(payout) == "created"
    assert _money(order) == (1600, 0, 600, 0)


def test_refused_money_stays_reserved_and_waits_for_a_person(cast, order, ticket, payout):
    money.refuse(one(sent(payout)), "account_closed: no")

    assert (_state(payout), payout.trouble, payout.due_at) == ("failed", "account_closed: no", None)
    assert (_state(ticket), _money(order)) == ("refunding", (1600, 0, 600, 0))
    assert books_agree()


def test_a_retry_settles_under_the_same_number(cast, order, ticket, payout):
    number = payout.number
    money.refuse(one(sent(payout)), "no")

    money.retry(one(payout), actors.operator(cast.operator))
    assert (_state(payout), payout.retrying) == ("sent", True)
    money.settle(one(payout), "ref2")

    assert (_state(payout), payout.number, payout.retrying, payout.settlements) == ("settled", number, False, 1)
    assert _state(ticket) == "succeeded"
    assert _money(order) == (0, 1600, 0, 600)
    assert books_agree()


@pytest.mark.parametrize("state", ["created", "sent", "settled"])
def test_only_a_failed_payout_is_retried(cast, payout, state):
    if state == "sent":
        sent(payout)
    elif state == "settled":
        settled(payout)

    with pytest.raises(Conflict) as clash:
        money.retry(one(payout), actors.operator(cast.operator))
    assert state_of(clash.value.row) == state
    with pytest.raises(Conflict):
        money.settle_by_hand(one(payout), actors.operator(cast.operator), "Bank transfer 77")


@pytest.mark.parametrize("person", ["alice", "bob"])
def test_only_an_operator_retries_or_pays_by_hand(cast, payout, person):
    money.refuse(one(sent(payout)), "no")
    by = (actors.buyer if person == "alice" else actors.seller)(getattr(cast, person))

    with pytest.raises(PermissionError):
        money.retry(one(payout), by)
    # A seller pays what the shop itself owes, but not this.
    with pytest.raises((PermissionError, Conflict)):
        money.settle_by_hand(one(payout), by, "Bank transfer 77")
    assert _state(payout) == "failed"


def test_paid_by_hand_with_proof(cast, order, ticket, payout):
    money.refuse(one(sent(payout)), "no")

    with pytest.raises(Refused) as no:
        money.settle_by_hand(one(payout), actors.operator(cast.operator), "  ")
    assert (no.value.code, no.value.field) == ("proof_of_payment", "note")
    assert _state(payout) == "failed"

    event = money.settle_by_hand(one(payout), actors.operator(cast.operator), "Bank transfer 77")

    assert (event.note, event.actor) == ("Bank transfer 77", cast.operator)
    assert (_state(payout), _state(ticket)) == ("settled", "succeeded")
    assert _money(order) == (0, 1600, 0, 600)
    assert books_agree()


# --- taken back -------------------------------------------------------------------------------------------------------


def test_money_taken_back_is_owed_again(cast, order, ticket, payout):
    settled(payout)
    before = counters(order)

    money.refuse(one(payout), "reversed: The channel took the refund back.")

    assert (_state(payout), payout.settled_at, payout.settlements) == ("failed", None, 1)
    assert _state(ticket) == "succeeded"
    assert counters(order) == before
    assert (balance("refunds_due"), balance("channel")) == (-1600, 5601)
    assert books_agree()


@pytest.mark.parametrize("how", ["retry", "by hand"])
def test_taken_back_and_paid_again(cast, order, ticket, payout, how):
    number = settled(payout).number
    before = counters(order)
    money.refuse(one(payout), "reversed")

    if how == "retry":
        money.retry(one(payout), actors.operator(cast.operator))
        money.settle(one(payout), "ref2")
    else:
        money.settle_by_hand(one(payout), actors.operator(cast.operator), "Cash")

    assert (_state(payout), payout.number, payout.settlements) == ("settled", number, 2)
    assert _state(ticket) == "succeeded"
    assert counters(order) == before
    paid_by = "by_hand" if how == "by hand" else "channel"
    assert (balance("refunds_due"), balance("channel") + balance("by_hand"), balance("sales")) == (0, 4001, -4001)
    assert balance(paid_by) == {"by_hand": -1600, "channel": 4001}[paid_by]
    assert books_agree()


def test_taken_back_again_and_again(cast, order, payout):
    settled(payout)
    before = counters(order)
    for _ in range(3):
        money.refuse(one(payout), "reversed")
        money.retry(one(payout), actors.operator(cast.operator))
        money.settle(one(payout), "ref")

    assert (_state(payout), payout.settlements) == ("settled", 4)
    assert counters(order) == before
    assert books_agree()


def test_the_channel_cannot_take_back_what_was_paid_by_hand(cast, order, payout):
    """A notice of the old refusal comes late: the channel knows nothing about what a person paid."""
    money.refuse(one(sent(payout)), "no")
    money.settle_by_hand(one(payout), actors.operator(cast.operator), "Bank transfer 77")

    assert money.refuse(one(payout), "no") == []

    assert _state(payout) == "settled"
    assert books_agree()


# --- what the database refuses ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change", [{"number": "R2"}, {"amount": 1}, {"freight": 0}, {"currency": "JPY"}, {"cause": "surplus"}], ids=str
)
def test_a_payout_never_changes(payout, change):
    with pytest.raises(IntegrityError), transaction.atomic():
        Payout.objects.update(**change)


def test_a_payouts_lines_never_change(payout):
    with pytest.raises(IntegrityError), transaction.atomic():
        PayoutLine.objects.update(amount=1)


def test_a_payout_never_goes(payout):
    with pytest.raises(IntegrityError), transaction.atomic():
        Payout.objects.all()._raw_delete("default")


def test_a_ticket_pays_once(payout):
    from aftersales.lifecycle.move import begin
    from refunds.lifecycle import PAYOUT

    twin = Payout(**{f: getattr(payout, f) for f in ("order", "payment", "ticket", "cause", "amount", "currency")})
    with pytest.raises(IntegrityError), transaction.atomic():
        begin(PAYOUT, [twin], CLOCK)


def test_many_settle_in_one_story(cast):
    orders = [ship(pay(place(cast)), cast) for _ in range(4)]
    tickets = [agreed(file(order, {line_of(order, cast.mug).pk: 2}), cast) for order in orders]
    for payout in Payout.objects.all():
        sent(payout)

    events = money.settle(Payout.objects.all(), "bulk")

    assert len(events) == 4
    assert {_state(ticket) for ticket in tickets} == {"succeeded"}
    assert [held(order) for order in orders] == [0] * 4
    assert books_agree()
