"""What a shop's figures cost on a million tickets: the page against the plain SQL that answers the same questions.

Run: .venv/bin/python -m bench.figures [tickets]. Prints ratios of one run on a database of its own, which BENCH_KEEP=1
keeps.
"""

import os
import sys
import time
from collections.abc import Callable
from datetime import timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aftersales.settings")
django.setup()

from django.db import connection  # noqa: E402  settings first
from django.test import RequestFactory  # noqa: E402
from django.utils import timezone  # noqa: E402

from aftersales.models import User  # noqa: E402
from bench.tickets_seed import BIG_SHOP, TICKETS, filled  # noqa: E402
from refunds.admin import figures  # noqa: E402

# The page's questions as one would type them; %(a)s to %(b)s is the period, and the same again for the one before.
_IN = "shop_id = %(shop)s AND {} >= %(a)s AND {} < %(b)s"
PAID, FILED = _IN.format("paid_at", "paid_at"), _IN.format("t.opened_at", "t.opened_at")
ORDERS = f"count(*), count(*) FILTER (WHERE settled > 0) FROM orders_order WHERE {PAID}"
TICKETS_FILED = (
    "count(*), count(*) FILTER (WHERE EXISTS (SELECT FROM refunds_dispute d WHERE d.ticket_id = t.id)),"
    " count(*) FILTER (WHERE EXISTS (SELECT FROM refunds_autodecision d WHERE d.ticket_id = t.id)),"
    " percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY entered_at - opened_at)"
    f" FILTER (WHERE state IN ('succeeded', 'closed')) FROM refunds_ticket t WHERE {FILED}"
)
ANSWERS = (
    "percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY wait) FROM (SELECT t.opened_at, min(at) - t.opened_at AS"
    f" wait FROM refunds_ticketevent e JOIN refunds_ticket t ON t.id = e.ticket_id WHERE {FILED} AND NOT by_seller"
    " AND role = 'seller' GROUP BY t.id, t.opened_at) AS waits"
)
BACK = (
    "sum(p.amount) FROM refunds_payout p JOIN refunds_ticket t ON t.id = ticket_id WHERE shop_id = %(shop)s"
    " AND cause = 'ticket' AND p.state = 'settled' AND settled_at >= %(a)s AND settled_at < %(b)s"
)
SUMMARY = tuple(f"SELECT {asked}" for asked in (ORDERS, TICKETS_FILED, ANSWERS, BACK))
STEPS = tuple(
    f"SELECT date_trunc('day', {column}), {asked} GROUP BY 1"
    for column, asked in (
        ("paid_at", ORDERS),
        ("t.opened_at", TICKETS_FILED),
        ("opened_at", ANSWERS),
        ("settled_at", BACK),
    )
)
ONCE = (
    f"SELECT reason_id, count(*), sum(amount) FROM refunds_ticket t WHERE {FILED} GROUP BY 1 ORDER BY 2 DESC",
    "SELECT s.product_id, count(DISTINCT t.id), sum(l.quantity), sum(l.amount) FROM refunds_ticketline l"
    " JOIN refunds_ticket t ON t.id = l.ticket_id JOIN orders_orderline o ON o.id = l.line_id"
    f" JOIN orders_sku s ON s.id = o.sku_id WHERE {FILED} GROUP BY 1 ORDER BY 2 DESC LIMIT 10",
    "SELECT s.product_id, sum(l.quantity) FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id"
    f" JOIN orders_sku s ON s.id = l.sku_id WHERE {PAID} AND s.product_id <= 10 GROUP BY 1",
)
RUNS = 5


def best(act: Callable[[], object]) -> float:
    """Seconds of the fastest of some runs, after one that fills the caches."""
    act()
    times = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        act()
        times.append(time.perf_counter() - begun)
    return min(times)


def page(user: User, days: int) -> None:
    today = timezone.localdate()
    asked = {"first": str(today - timedelta(days=days - 1)), "last": str(today)}
    request = RequestFactory().get("/admin/figures/", asked)
    request.user = user
    response = figures.page(request)
    assert response.status_code == 200
    response.render()  # type: ignore[attr-defined]  # a TemplateResponse


def plain(days: int) -> None:
    end = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    span = timedelta(days=days)
    with connection.cursor() as cursor:
        for a, b, statements in ((end - span, end, SUMMARY + STEPS + ONCE), (end - 2 * span, end - span, SUMMARY)):
            for statement in statements:
                cursor.execute(statement, {"shop": BIG_SHOP, "a": a, "b": b})
                cursor.fetchall()


def main(tickets: int) -> None:
    user = User.objects.filter(employments__shop=BIG_SHOP).earliest("pk")
    for days in (30, 365):
        shown, sql = best(lambda days=days: page(user, days)), best(lambda days=days: plain(days))  # type: ignore[misc]
        print(f"figures of {days} days, {tickets} tickets: page {1000 * shown:.0f} ms, plain SQL {1000 * sql:.0f} ms")
        print(f"ratio page / plain SQL: {shown / sql:.2f}")


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else TICKETS
    with filled(number):
        main(number)
