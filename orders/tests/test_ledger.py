"""The books: postings of two legs that sum to zero, written once, never changed."""

import pytest
from django.db import IntegrityError, connection, transaction

from aftersales.testing import books_sum_to_zero, pay, place
from orders.ledger import Movement, count, post, tally
from orders.models import Leg, Order, OrderLine, Posting
from orders.states import Account


def _movement(order, amount=100, reference="X1", currency="CNY", kind="received"):
    return Movement(order.pk, kind, reference, Account.SALES, Account.CHANNEL, amount, currency)


def test_a_movement_is_two_legs(cast):
    order = place(cast)

    post([_movement(order)])

    posting = Posting.objects.get()
    assert (posting.order_id, posting.kind, posting.reference) == (order.pk, "received", "X1")
    legs = set(posting.legs.values_list("account", "amount", "currency"))
    assert legs == {("channel", 100, "CNY"), ("sales", -100, "CNY")}
    assert books_sum_to_zero()


def test_a_movement_of_nothing_is_not_booked(cast):
    post([_movement(place(cast), 0)])

    assert not Posting.objects.exists()


def test_many_movements_in_a_fixed_number_of_statements(cast, django_assert_num_queries):
    order = place(cast)
    few, many = ([_movement(order, 5, f"{n}-{i}") for i in range(n)] for n in (2, 60))

    with django_assert_num_queries(2):
        post(few)
    with django_assert_num_queries(2):
        post(many)

    assert (Posting.objects.count(), Leg.objects.count()) == (62, 124)


def test_the_same_movement_is_refused(cast):
    order = place(cast)
    post([_movement(order)])

    with pytest.raises(IntegrityError), transaction.atomic():
        post([_movement(order, 7)])

    assert Posting.objects.count() == 1
    post([_movement(order, kind="payout_created")])


@pytest.mark.parametrize("model", [Posting, Leg])
def test_nothing_booked_changes_or_goes(cast, model):
    pay(place(cast))
    change = {"reference": "other"} if model is Posting else {"amount": 1}

    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.all()._raw_delete("default")


def _book(order, legs):
    """What a careless program might write."""
    with transaction.atomic():
        posting = Posting.objects.create(order=order, kind="received", reference="X1")
        for account, amount, currency in legs:
            Leg.objects.create(posting=posting, account=account, amount=amount, currency=currency)
        connection.check_constraints()


@pytest.mark.parametrize(
    "legs",
    [
        [("channel", 5, "CNY")],
        [("channel", 5, "CNY"), ("sales", -4, "CNY")],
        [("channel", 5, "CNY"), ("sales", -5, "JPY")],
        [("channel", 0, "CNY")],
        [("elsewhere", 5, "CNY"), ("sales", -5, "CNY")],
    ],
)
def test_a_crooked_posting_is_refused(cast, legs):
    order = place(cast)

    with pytest.raises(IntegrityError):
        _book(order, legs)


# --- counters ---------------------------------------------------------------------------------------------------------


def test_count_adds_to_many_rows_in_one_statement(cast, django_assert_num_queries):
    lines = [line.pk for line in place(cast).lines.all()]
    changes: dict[int, dict[str, int]] = {}
    tally(changes, lines[0], shipped=1, reserved=5)
    tally(changes, lines[1], reserved=7)
    tally(changes, lines[0], reserved=-2)

    with django_assert_num_queries(1):
        count(OrderLine, changes)

    found = OrderLine.objects.order_by("pk").values_list("shipped", "reserved")
    assert list(found) == [(1, 3), (0, 7)]


def test_count_of_nothing_asks_nothing(db, django_assert_num_queries):
    with django_assert_num_queries(0):
        count(OrderLine, {})
        count(OrderLine, {1: {}})


@pytest.mark.parametrize(
    "change",
    [
        {"reserved": -1},
        {"reserved": 2001},
        {"settled": 2001},
        {"reserved": 1000, "settled": 1001},
        {"shipped": 3},
        {"shipped": 2, "cancelled": 1},
        {"cancelling": -1},
        {"returning": 1},
        {"shipped": 2, "returning": 1, "returned": 2},
        {"restocked": 1},
        {"open_tickets": 2},
    ],
    ids=str,
)
def test_no_line_gives_more_than_it_has(cast, change):
    line = place(cast).lines.get(sku=cast.mug)

    with pytest.raises(IntegrityError), transaction.atomic():
        count(OrderLine, {line.pk: change})


@pytest.mark.parametrize(
    "change",
    [
        {"reserved": 5602},
        {"reserved": 1, "settled": 5601},
        {"freight_reserved": 601},
        {"freight_settled": -1},
        {"open_tickets": -1},
    ],
    ids=str,
)
def test_no_order_gives_more_than_it_has(cast, change):
    order = place(cast)

    with pytest.raises(IntegrityError), transaction.atomic():
        count(Order, {order.pk: change})
