"""What the sellers' queue costs on a million tickets: every statement of a page, tabs and menu included, against the
plain SQL that answers the same question.

Run: .venv/bin/python -m bench.queue [tickets]. Prints ratios of one run on a database of its own, which BENCH_KEEP=1
keeps, and fails for a page that takes more than three times the plain SQL or reads a whole table.
"""

import os
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aftersales.settings")
django.setup()

from django.contrib import admin  # noqa: E402  settings first
from django.db import connection  # noqa: E402
from django.template.response import TemplateResponse  # noqa: E402
from django.test import RequestFactory  # noqa: E402
from django.urls import reverse  # noqa: E402

from aftersales.models import User  # noqa: E402
from bench.tickets_seed import BIG_SHOP, TICKETS, filled  # noqa: E402
from refunds.models import Ticket  # noqa: E402

RUNS, MOST = 7, 3
# Statements of a few rows are as quick as the clock is fine: below this no ratio says anything.
NOISE = 0.003
BIG = "ticket|ticketline|ticketevent|returnparcel|payout|order|orderline|shipment|user"
READS_ALL = re.compile(rf"Seq Scan on (?:refunds|orders|aftersales)_(?:{BIG})\b")

DUE = "coalesce(t.due_at, '9999-01-01+00'::timestamptz)"
SELLERS = "t.state IN ('awaiting_seller', 'awaiting_inspection', 'inspection_failed', 'awaiting_dispatch')"
OPEN = (
    "t.state IN ('awaiting_seller', 'awaiting_inspection', 'inspection_failed', 'awaiting_dispatch', 'awaiting_buyer',"
    " 'rejected', 'awaiting_return', 'awaiting_buyer_receipt', 'arbitration', 'refunding')"
)
ROWS = (
    "SELECT t.*, o.number, o.currency, u.name, u.email, (SELECT string_agg(l.title || ' × ' || tl.quantity, ', ')"
    " FROM refunds_ticketline tl JOIN orders_orderline l ON l.id = tl.line_id WHERE tl.ticket_id = t.id)"
    " FROM refunds_ticket t JOIN orders_order o ON o.id = t.order_id JOIN aftersales_user u ON u.id = o.buyer_id"
)
COUNTS = "SELECT t.state, count(*) FROM refunds_ticket t WHERE {} GROUP BY t.state"
SHOP = f"t.shop_id = {BIG_SHOP}"
ORDER = f"ORDER BY {DUE}, t.id DESC LIMIT 50"
GOODS = (
    "t.id IN (SELECT tl.ticket_id FROM refunds_ticketline tl JOIN orders_orderline l ON l.id = tl.line_id"
    " JOIN orders_sku s ON s.id = l.sku_id JOIN orders_product p ON p.id = s.product_id"
    f" WHERE p.shop_id = {BIG_SHOP} AND {{}})"
)
MANY = (
    "(SELECT count(*) FROM refunds_ticket x JOIN orders_order y ON y.id = x.order_id WHERE y.buyer_id ="
    " (SELECT buyer_id FROM orders_order z WHERE z.id = t.order_id) AND x.shop_id = t.shop_id"
    " AND x.opened_at > now() - interval '90 days') >= 3"
)

# What the page says beside: who reads it, where and with whom they work, how much is new for them, and which reasons
# there are.
READER = f"(SELECT min(user_id) FROM orders_shopstaff WHERE shop_id = {BIG_SHOP})"
FRAME = (
    f"SELECT * FROM aftersales_user WHERE id = {READER}",
    f"SELECT * FROM orders_shopstaff w JOIN orders_shop s ON s.id = w.shop_id WHERE user_id = {READER}",
    f"SELECT * FROM orders_shopstaff w JOIN aftersales_user u ON u.id = w.user_id WHERE shop_id = {BIG_SHOP}",
    f"SELECT count(*) FROM refunds_notice WHERE person_id = {READER} AND channel = 'inbox' AND read_at IS NULL",
    "SELECT * FROM refunds_reason ORDER BY side, id",
)
# Whoever asks for the buyers with many tickets has a shop's tickets of 90 days counted: no index makes that a few rows.
COUNTS_ALL = "buyer with many"


def listed(where: str, tab: str = "true", shop: str = SHOP, counted: str = OPEN) -> tuple[str, ...]:
    """A page of a tab, how many rows each tab has, and what stands around it."""
    return (
        *FRAME,
        f"{ROWS} WHERE {shop} AND {tab} AND {where} {ORDER}",
        COUNTS.format(f"{shop} AND {counted} AND {where}"),
    )


def questions(some: Ticket) -> dict[str, tuple[str, tuple[str, ...]]]:
    """{what is asked: (the page's address, the statements that one would type)}."""
    number, order = some.number, some.order
    theirs = f"o.buyer_id = {order.buyer_id}"
    of_buyer = f"t.order_id IN (SELECT o.id FROM orders_order o WHERE {theirs})"
    of_order = "t.order_id IN (SELECT id FROM orders_order WHERE number LIKE '{}%%')"
    parcel = "t.id IN (SELECT ticket_id FROM refunds_returnparcel WHERE number LIKE '{}%%')"
    waybill = f"SF{some.pk:012}"
    common, rare = "p.words LIKE '%%kettle%%'", "p.words LIKE '%%kettle%%' AND p.words LIKE '%%888%%'"
    return {
        "to do": ("?queue=waiting", listed("true", SELLERS)),
        "one state": ("?queue=awaiting_inspection", listed("true", "t.state = 'awaiting_inspection'")),
        "ended": ("?queue=ended", listed("true", "t.state IN ('succeeded', 'closed')")),
        "ticket's number": (f"?q={number}", listed(f"t.number LIKE '{number}%%'", counted="true")),
        "order's number": (f"?q={order.number}", listed(of_order.format(order.number), counted="true")),
        "waybill": (f"?q={waybill}", listed(parcel.format(waybill), counted="true")),
        "buyer's e-mail": (f"?q={order.buyer.email}", listed(of_buyer, counted="true")),
        "rare product": ("?q=kettle+888", listed(GOODS.format(rare), counted="true")),
        "common product": ("?q=kettle", listed(GOODS.format(common), counted="true")),
        "kind and amount": (
            "?queue=waiting&kind=return_refund&least=60&most=80",
            listed("t.kind = 'return_refund' AND t.amount BETWEEN 6000 AND 8000", SELLERS),
        ),
        "reason and age": (
            "?queue=all&reason=5&filed=week",
            listed("t.reason_id = 5 AND t.opened_at >= now() - interval '7 days'"),
        ),
        "product": ("?queue=waiting&product=kettle", listed(GOODS.format(common), SELLERS)),
        "buyer with many": ("?queue=waiting&buyer=many", listed(MANY, SELLERS)),
    }


@contextmanager
def timed(seconds: list[float], seen: list[tuple[str, Any]] | None = None) -> Iterator[None]:
    """The time of every statement meanwhile, fetching aside; `seen` keeps what was sent."""

    def around(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        begun = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            seconds.append(time.perf_counter() - begun)
            if seen is not None:
                seen.append((sql, params))

    with connection.execute_wrapper(around):
        yield


def page(user: User, query: str) -> TemplateResponse:
    request = RequestFactory().get(reverse("admin:refunds_ticket_changelist") + query)
    # Each request meets its person anew.
    request.user = User.objects.get(pk=user.pk)
    response = admin.site._registry[Ticket].changelist_view(request)
    assert response.status_code == 200
    assert isinstance(response, TemplateResponse)
    response.render()
    return response


def plain(statements: tuple[str, ...]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement.replace("%%", "%"))
            cursor.fetchall()


def median(act: Callable[[], object]) -> tuple[float, float]:
    """Seconds of all statements of one run, and of the whole run; after one that fills the caches."""
    act()
    inside, whole = [], []
    for _ in range(RUNS):
        seconds: list[float] = []
        begun = time.perf_counter()
        with timed(seconds):
            act()
        whole.append(time.perf_counter() - begun)
        inside.append(sum(seconds))
    return statistics.median(inside), statistics.median(whole)


def whole_tables(user: User, query: str) -> list[str]:
    """What the statements of a page read from end to end."""
    seen: list[tuple[str, Any]] = []
    with timed([], seen):
        page(user, query)
    found = []
    with connection.cursor() as cursor:
        for sql, params in seen:
            if sql.startswith(("SELECT", "DECLARE")):
                cursor.execute("EXPLAIN " + sql[sql.index("SELECT") :], params)
                found += [row for (row,) in cursor.fetchall() if READS_ALL.search(row)]
    return found


def far_down(user: User, query: str, pages: int) -> str:
    """The address of a page that far behind."""
    for _ in range(pages):
        query = page(user, query).context_data["cl"].next  # type: ignore[index]
    return query


def measure(name: str, user: User, query: str, statements: tuple[str, ...]) -> bool:
    """Whether the page is as good as promised; prints how good."""
    (ours, whole), (theirs, _) = median(lambda: page(user, query)), median(lambda: plain(statements))
    ratio, scans = ours / theirs, whole_tables(user, query)
    print(
        f"{name:>20}: statements {1000 * ours:7.1f} ms, plain SQL {1000 * theirs:7.1f} ms, ratio {ratio:5.2f}"
        f"; page {1000 * whole:6.0f} ms{'; ' + '; '.join(scans) if scans else ''}"
    )
    return (ratio <= MOST or ours < NOISE) and (name == COUNTS_ALL or not scans)


def main(tickets: int) -> None:
    seller = User.objects.filter(employments__shop=BIG_SHOP).earliest("pk")
    some = Ticket.objects.filter(shop=BIG_SHOP, kind="return_refund", state="awaiting_inspection").earliest("pk")
    print(f"{tickets} tickets, a seller of the shop with {Ticket.objects.filter(shop=BIG_SHOP).count()}")
    kept = [measure(name, seller, query, sql) for name, (query, sql) in questions(some).items()]
    far = far_down(seller, "?queue=all", 200)
    (first, _), (last, _) = median(lambda: page(seller, "?queue=all")), median(lambda: page(seller, far))
    print(f"        10,000 down: statements {1000 * last:.1f} ms, first page {1000 * first:.1f} ms")
    assert last <= MOST * first, "a page far down costs more than the first one"
    assert all(kept), "more than three times the plain SQL, or a table read from end to end"


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else TICKETS
    with filled(number):
        main(number)
