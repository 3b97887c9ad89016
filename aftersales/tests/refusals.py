"""A shop with something of everything, and SQL that the database is to refuse."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from aftersales import actors
from aftersales.testing import Cast, file, make_cast, one, pay, place, ship
from orders.models import Order, OrderLine, Payment
from refunds import actions
from refunds.models import Dispute, Payout, Ticket


@dataclass
class World:
    """A shipped order of two mugs and a lamp, half of it in an agreed ticket with its payout; a dispute on another."""

    cast: Cast
    order: Order
    line: OrderLine
    payment: Payment
    ticket: Ticket
    payout: Payout
    dispute: Dispute

    def row(self, model: Any) -> Any:
        found = {type(row): row for row in vars(self).values() if row is not self.cast}
        return found.get(model) or model.objects.order_by("pk").first()


def build(cast: Cast) -> World:
    order = ship(pay(place(cast)), cast)
    line = order.lines.get(sku=cast.mug)
    ticket = file(order, {line.pk: 1})
    actions.agree(one(ticket), actors.seller(cast.bob))
    other = ship(pay(place(cast)), cast)
    disputed = file(other, {other.lines.get(sku=cast.lamp).pk: 1})
    actions.call_cs(one(disputed), actors.seller(cast.bob), "It was whole.")
    for row in (order, line, ticket):
        row.refresh_from_db()
    return World(cast, order, line, order.payments.get(), ticket, Payout.objects.get(), Dispute.objects.get())


@pytest.fixture(scope="module")
def built(shared: Any) -> Iterator[World]:
    with shared():
        yield build(make_cast())


@pytest.fixture
def world(db: None, built: World) -> World:
    return deepcopy(built)


def sql(query: str, *values: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return int(cursor.rowcount)


@contextmanager
def refused(words: str) -> Iterator[None]:
    """The database says no in these words, as an IntegrityError, and everything else goes on."""
    with pytest.raises(IntegrityError, match=words), transaction.atomic():
        yield


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside has not happened afterwards."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def change(row: Any, assignments: str, *values: Any) -> None:
    assert sql(f"UPDATE {row._meta.db_table} SET {assignments} WHERE id = %s", *values, row.pk) == 1  # noqa: S608
