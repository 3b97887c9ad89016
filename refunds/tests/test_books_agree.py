"""Imported baskets, a random ticket on each, real workers: ticket, order, ledger and channel agree to the cent.

BOOKS_ORDERS says how many baskets are made (60); BOOKS_FILE names a file of real ones instead.
"""

import csv
import os
import random
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db.models import F, Sum

from aftersales import actors
from aftersales.lifecycle.errors import Refused
from aftersales.processes import until
from aftersales.testing import books_sum_to_zero, file, one
from orders.models import Leg, Order, OrderLine, Payment
from orders.rules import refundable
from refunds import actions, books
from refunds.models import Difference, Payout, StatementLine, Ticket, TicketLine

COLUMNS = (
    "order_no", "buyer", "shop", "paid_at", "currency", "sku", "title", "department", "quantity", "list_cents",
    "discount_cents", "paid_cents",
)  # fmt: skip


def baskets(path: Path, orders: int, dice: random.Random) -> Path:
    """A file of baskets like a supermarket's: 1-30 lines, most of one unit, discounts up to the whole price."""
    with path.open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(COLUMNS)
        for number in range(orders):
            paid_at = f"2026-0{dice.randint(1, 9)}-11T10:00:00Z"
            head = (f"EX{number:06}", f"household-{dice.randrange(60)}", f"store-{dice.randrange(9)}", paid_at, "USD")
            for sku in dice.sample(range(900), dice.randint(1, 30)):
                units = dice.choice((1, 1, 1, 2, 3, 12))
                full = dice.randint(1, 2000) * units + dice.choice((0, 0, 1))
                less = dice.choice((0, 0, full // 3, dice.randint(0, full), full if dice.random() < 0.02 else 0))
                rows.writerow((*head, f"S{sku}", f"Thing {sku}", "D", units, full, less, full - less))
    return path


def random_ticket(order: Order, dice: random.Random):
    """Some lines, some units, all or a part of what they cost. None where nothing was paid for them."""
    lines = list(order.lines.all())
    chosen = dice.sample(lines, dice.randint(1, min(6, len(lines))))
    units = {line.pk: dice.randint(1, line.quantity) for line in chosen}
    amounts = {line.pk: dice.randint(0, refundable(line, units[line.pk])) for line in chosen if dice.random() < 0.5}
    try:
        return file(order, units, kind=dice.choice(("refund_only", "return_refund")), amounts=amounts)
    except Refused as refused:
        if refused.code.value in {"nothing_to_refund", "nothing_left"}:
            return None
        raise


def grant(ticket: Ticket, cast) -> None:
    seller = actors.seller(cast.operator)
    actions.agree(one(ticket), seller, version=1)
    if ticket.kind == "return_refund":
        actions.send_waybill(one(ticket), actors.buyer(ticket.order.buyer), "SF", ticket.number)
        actions.accept(one(ticket), seller)


@pytest.mark.long
def test_ticket_order_ledger_and_channel_agree(workplace, cast, tmp_path, settings, monkeypatch):
    # Sixty households file for thousands of orders on one day.
    settings.TICKETS_PER_DAY = 10_000
    dice = random.Random(20261123)
    given = os.environ.get("BOOKS_FILE")
    made = Path(given) if given else baskets(tmp_path / "b.csv", int(os.environ.get("BOOKS_ORDERS", "60")), dice)
    call_command("import_orders", str(made), verbosity=0)
    workplace.worker(concurrency=2)
    workplace.beat()

    orders = Order.objects.filter(imported=True).order_by("pk").prefetch_related("lines")
    tickets = [ticket for order in orders if (ticket := random_ticket(order, dice))]
    for ticket in tickets:
        grant(ticket, cast)
    until(lambda: not Ticket.objects.exclude(state="succeeded").exists(), seconds=60 + len(tickets))

    assert len(tickets) > 0.9 * orders.count()
    _lines_and_orders_agree()
    _channel_agrees(workplace, tickets)
    assert books_sum_to_zero()
    owed = Leg.objects.filter(account="refunds_due").aggregate(sum=Sum("amount"))["sum"]
    held = Leg.objects.filter(account="channel").aggregate(sum=Sum("amount"))["sum"]
    refunded = sum(ticket.amount for ticket in tickets)
    # The system's own comparison of all books finds the same.
    monkeypatch.setattr(books, "GRACE", timedelta(0))
    books.compare()
    assert not Difference.objects.exists()
    assert StatementLine.objects.count() == len(workplace.sandbox.ledger()["movements"])
    assert (owed, held) == (0, Payment.objects.aggregate(sum=Sum("received"))["sum"] - refunded)


def _lines_and_orders_agree() -> None:
    asked = dict(TicketLine.objects.values_list("line").annotate(sum=Sum("amount")))
    for line in OrderLine.objects.all():
        assert line.settled == asked.get(line.pk, 0) <= line.paid
        assert line.reserved == line.open_tickets == line.returning == 0
    by_order = dict(Ticket.objects.values_list("order").annotate(sum=Sum("amount")))
    for order in Order.objects.all():
        assert order.settled == by_order.get(order.pk, 0) <= order.total
        assert (order.state == "closed") == (0 < order.total == order.settled)
        assert order.reserved == order.open_tickets == 0
    assert not Payment.objects.exclude(settled=F("order__settled")).exists()


def _channel_agrees(workplace, tickets) -> None:
    movements = [m for m in workplace.sandbox.ledger()["movements"] if m["kind"] == "refund"]
    assert Counter(m["number"] for m in movements) == Counter(Payout.objects.values_list("number", flat=True))
    paid = {m["number"]: -m["amount"] for m in movements}
    assert {p.ticket_id: paid[p.number] for p in Payout.objects.all()} == {t.pk: t.amount for t in tickets}
