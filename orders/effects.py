"""What the moves of an order write besides its state. Each in a fixed number of statements, under the order's lock."""

from __future__ import annotations

from django.db.models import F, Q

from aftersales.lifecycle.rows import Event
from orders.ledger import count, tally
from orders.models import Coupon, Order, OrderLine, Sku


def lock_stock(keys: set[int]) -> dict[int, Sku]:
    """Lock SKUs by primary key, in order, before their stock is judged or changed."""
    skus = Sku.objects.filter(pk__in=keys).select_related("product__shop").order_by("pk")
    return {sku.pk: sku for sku in skus.select_for_update(no_key=True, of=("self",))}


def change_stock(units: dict[int, int]) -> None:
    """Add units to stock ({sku: units}, negative to take). Raises IntegrityError below zero."""
    changes = {key: {"stock": number} for key, number in units.items() if number}
    lock_stock(set(changes))
    count(Sku, changes)


def cancel_rest(events: list[Event]) -> None:
    """Units that will never be shipped go back to stock once: they are counted as cancelled in the same statement set.

    Units in an open ticket stay out; that ticket's end decides on them.
    """
    rest = OrderLine.objects.filter(order__in=[event.row_id for event in events]).filter(
        Q(quantity__gt=F("shipped") + F("cancelled") + F("cancelling"))
    )
    lines: dict[int, dict[str, int]] = {}
    stock: dict[int, int] = {}
    for line in rest:
        tally(lines, line.pk, cancelled=line.to_ship)
        stock[line.sku_id] = stock.get(line.sku_id, 0) + line.to_ship
    count(OrderLine, lines)
    change_stock(stock)


def give_coupon_back(events: list[Event]) -> None:
    """An order that closes unpaid does not use its coupon up."""
    used: dict[int, dict[str, int]] = {}
    for coupon in Order.objects.filter(pk__in=[e.row_id for e in events], coupon__isnull=False).values_list(
        "coupon_id", flat=True
    ):
        tally(used, coupon, left=1)
    list(Coupon.objects.filter(pk__in=used).order_by("pk").select_for_update(no_key=True))
    count(Coupon, used)
