"""Rows by the thousand, through begin(), and the statements that reach the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from aftersales import actors
from aftersales.lifecycle.move import begin
from aftersales.testing import Cast
from orders.actions import follow_tickets
from orders.lifecycle import ORDER
from orders.models import Coupon, Order, OrderLine, Payment, Policy
from orders.states import OrderState
from refunds import effects
from refunds.lifecycle import TICKET
from refunds.models import Reason, Ticket, TicketLine
from refunds.states import Kind

PAID, FREIGHT = 2000, 600
# One row, several batches, and one more than whole batches hold.
SIZES = (1, 1000, 5001)


def new_orders(cast: Cast, number: int, **more) -> list[Order]:
    """Orders that are not written yet: two mugs and the freight."""
    policy = Policy.objects.in_force(cast.shop)
    fields = {"buyer": cast.alice, "shop": cast.shop, "policy": policy, "currency": "CNY", "freight": FREIGHT}
    return [Order(**fields, total=PAID + FREIGHT, **more) for _ in range(number)]


def many_orders(cast: Cast, number: int, *, state=None, shipped: int = 0, **more) -> QuerySet[Order]:
    """Orders with a line of two mugs and a coupon."""
    coupon, _ = Coupon.objects.get_or_create(shop=cast.shop, code="ten", defaults={"amount": 1, "left": 0})
    rows = new_orders(cast, number, coupon=coupon, **more)
    begin(ORDER, rows, actors.buyer(cast.alice), state=state)
    goods = {"sku": cast.mug, "title": "Mug", "quantity": 2, "list_total": PAID, "paid": PAID}
    OrderLine.objects.bulk_create(OrderLine(order=row, shipped=shipped, **goods) for row in rows)
    return Order.objects.filter(pk__in=[row.pk for row in rows])


@transaction.atomic
def many_tickets(cast: Cast, number: int, kind: str = Kind.REFUND_ONLY) -> QuerySet[Ticket]:
    """Tickets for one of two shipped mugs, each on a paid order of its own; they hold their order's clock."""
    orders = many_orders(cast, number, state=OrderState.AWAITING_RECEIPT, shipped=2)
    money = {"received": PAID + FREIGHT, "received_currency": "CNY", "received_at": timezone.now(), "pays_order": True}
    Payment.objects.bulk_create(
        Payment(order=order, channel="sandbox", amount=PAID + FREIGHT, currency="CNY", **money) for order in orders
    )
    reason = Reason.objects.filter(side="buyer").first()
    common = {"shop": cast.shop, "kind": kind, "shipped": True, "reason": reason, "amount": 1000}
    rows = [Ticket(order=order, **common) for order in orders]
    begin(TICKET, rows, actors.buyer(cast.alice))
    lines = dict(OrderLine.objects.filter(order__in=orders).values_list("order_id", "pk"))
    TicketLine.objects.bulk_create(
        TicketLine(ticket=row, line_id=lines[row.order_id], quantity=1, amount=1000) for row in rows
    )
    effects.reserve([row.pk for row in rows])
    follow_tickets(set(lines))
    return Ticket.objects.filter(pk__in=[row.pk for row in rows])


def all_overdue(rows: QuerySet[Any], by: timedelta = timedelta(minutes=1)) -> QuerySet[Any]:
    rows.update(due_at=Now() - by)
    return rows


@contextmanager
def statements() -> Iterator[list[str]]:
    """The statements that are sent, for after the block. Savepoints do not count."""
    told: list[str] = []
    with CaptureQueriesContext(connection) as captured:
        yield told
    told += [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]
