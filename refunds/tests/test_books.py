"""Books that differ are rows, found in sets, which end by themselves; a channel that is away decides nothing."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from aftersales.lifecycle.errors import Refused
from aftersales.testing import file, one, pay, place
from orders.models import Leg, Order, Payment, Posting
from payments import base
from refunds import actions, books
from refunds.models import Difference, Payout, StatementLine
from refunds.money import settle


class Bank:
    """A channel whose books say what the test wants; None while it is away."""

    def __init__(self):
        self.lines = []

    def says(self, number, amount, currency="CNY"):
        self.lines.append(base.StatementLine(len(self.lines) + 1, number, amount, currency))

    def statement(self, after):
        return base.Unknown("away") if self.lines is None else tuple(x for x in self.lines if x.line > after)[:2]


@pytest.fixture
def bank(monkeypatch):
    bank = Bank()
    monkeypatch.setattr(base, "channel", lambda name: bank)
    monkeypatch.setattr(books, "GRACE", timedelta(0))
    return bank


@pytest.fixture
def refunded(cast, bank):
    """An order whose lamp was paid back; the channel agrees."""
    from aftersales import actors

    order = pay(place(cast))
    ticket = file(order, {order.lines.get(sku=cast.lamp).pk: 1})
    actions.agree(one(ticket), actors.seller(cast.bob), version=1)
    payout = Payout.objects.get()
    assert settle_as_sent(payout)
    bank.says(order.payments.get().number, order.total)
    bank.says(payout.number, -payout.amount)
    order.refresh_from_db()
    return order


def settle_as_sent(payout):
    from aftersales.actors import CLOCK
    from aftersales.lifecycle.move import move, story
    from refunds.lifecycle import PAYOUT

    with story(CLOCK):
        move(PAYOUT, "send", one(payout), CLOCK)
    return settle(one(payout), "R1")


def shown():
    return [(d.books, d.number, d.ours, d.theirs) for d in Difference.objects.filter(resolved_at=None).order_by("pk")]


def test_books_that_agree(refunded, bank):
    books.compare()
    assert shown() == []
    assert StatementLine.objects.count() == 2


def test_each_pair_of_books(refunded, bank):
    """Each counter and each side is put wrong in turn, past what the database lets the system itself write."""
    payment, payout = refunded.payments.get(), Payout.objects.get()
    books.compare()
    bank.says("P-NEVER-HEARD", 500)
    bank.says(payout.number, -1)
    Order.objects.filter(pk=refunded.pk).update(settled=refunded.settled + 1)
    Payment.objects.filter(pk=payment.pk).update(settled=payment.settled + 1)
    posting = Posting.objects.create(order=refunded, kind="odd", reference="X")
    Leg.objects.create(posting=posting, account="sales", amount=7, currency="CNY")
    books.compare()
    assert sorted(shown()) == [
        ("channel", "P-NEVER-HEARD", 0, 500),
        ("channel", payout.number, -payout.amount, -payout.amount - 1),
        ("order", refunded.number, payout.amount + 1, payout.amount),
        ("payment", payment.number, payout.amount + 1, payout.amount),
        ("posting", "odd X", 7, 0),
    ]
    # The database lets nobody commit what does not sum to zero.
    Leg.objects.create(posting=posting, account="channel", amount=-7, currency="CNY")
    of_orders = Difference.objects.exclude(number="P-NEVER-HEARD")
    assert {difference.order_id for difference in of_orders} == {refunded.pk}


def test_they_end_by_themselves_and_an_explanation_holds(cast, refunded, bank):
    bank.says("P1", 500)
    books.compare()
    difference = Difference.objects.get()
    with pytest.raises(Refused):
        books.explain(one(difference), cast.operator, " ")
    assert books.explain(one(difference), cast.operator, "A test payment.") == 1
    books.compare()
    assert not Difference.objects.unexplained().exists()
    bank.says("P1", 1)
    books.compare()
    assert [(d.theirs, d.note) for d in Difference.objects.unexplained()] == [(501, "")]
    bank.says("P1", -501)
    books.compare()
    assert shown() == []
    assert Difference.objects.get().resolved_at is not None


def test_a_channel_that_is_away_decides_nothing(refunded, bank):
    bank.says("P1", 500)
    books.compare()
    bank.lines = None
    Order.objects.filter(pk=refunded.pk).update(settled=refunded.settled + 1)
    books.compare()
    assert [name for name, *_rest in shown()] == ["channel", "order"]


def test_what_was_booked_just_now_is_not_judged(refunded, bank, monkeypatch):
    monkeypatch.setattr(books, "GRACE", timedelta(minutes=15))
    bank.lines.pop()
    books.compare()
    assert shown() == []


def test_it_takes_a_fixed_number_of_statements(cast, refunded, bank):
    def statements(differing):
        for _number in range(differing):
            Order.objects.filter(pk=pay(place(cast)).pk).update(settled=1)
        books.compare()
        with CaptureQueriesContext(connection) as seen:
            books.compare()
        return len(seen)

    assert statements(1) == statements(4)
    assert len(shown()) == 5 + 5
