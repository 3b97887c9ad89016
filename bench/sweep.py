"""What the engine costs: a sweep of overdue orders against the plain SQL that leaves the same states and events.

Run: .venv/bin/python -m bench.sweep [rows]. Prints ratios of one run on a database of its own; nothing is kept.
"""

import os
import sys
import time
from collections.abc import Callable

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aftersales.settings")
django.setup()

from django.db import connection, transaction  # noqa: E402  settings first
from django.db.models.functions import Now  # noqa: E402
from django.test.utils import setup_databases, teardown_databases  # noqa: E402

from aftersales.actors import SYSTEM  # noqa: E402
from aftersales.lifecycle.move import begin, story, sweep  # noqa: E402
from aftersales.testing import make_cast  # noqa: E402
from orders.actions import expire  # noqa: E402
from orders.lifecycle import ORDER  # noqa: E402
from orders.models import Order, OrderEvent, Policy  # noqa: E402
from orders.states import OrderState  # noqa: E402

PLAIN = (
    "UPDATE orders_order SET state = 'closed', due_at = NULL, closed_reason = 'payment_timeout', entered_at = now()"
    " WHERE state = 'awaiting_payment' AND due_at <= now()",
    "INSERT INTO orders_orderevent (order_id, action, from_state, to_state, role, note, data, at)"
    " SELECT id, 'expire', 'awaiting_payment', 'closed', 'system', '', '{}', now() FROM orders_order"
    " WHERE state = 'closed' AND entered_at >= now() - interval '1 second'",
)


def build(rows: int) -> None:
    """That many orders whose time to pay ran out."""
    cast = make_cast() if not Policy.objects.filter(orders__isnull=False).exists() else None
    shop, buyer = (cast.shop, cast.alice) if cast else Order.objects.values_list("shop", "buyer")[0]
    keys = {"shop_id": getattr(shop, "pk", shop), "buyer_id": getattr(buyer, "pk", buyer)}
    policy = Policy.objects.order_by("pk").first()
    for _ in range(rows // 5000):
        batch = [Order(policy=policy, currency="CNY", total=0, **keys) for _ in range(5000)]
        with story(SYSTEM):
            begin(ORDER, batch, SYSTEM)
    Order.objects.filter(state=OrderState.AWAITING_PAYMENT).update(due_at=Now())


def timed(act: Callable[[], object]) -> float:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE orders_order")
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def plain() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in PLAIN:
            cursor.execute(statement)


def main(rows: int) -> None:
    build(rows)
    engine = timed(lambda: sweep(ORDER, OrderState.AWAITING_PAYMENT, expire))
    assert OrderEvent.objects.filter(action="expire").count() == rows
    build(rows)
    sql = timed(plain)
    print(f"{rows} overdue orders: sweep {engine:.2f} s, {1000 * engine / rows:.3f} ms a row; plain SQL {sql:.2f} s")
    print(f"ratio sweep / plain SQL: {engine / sql:.1f}")


if __name__ == "__main__":
    old = setup_databases(verbosity=0, interactive=False, aliases={"default": None})
    try:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
    finally:
        teardown_databases(old, verbosity=0)
