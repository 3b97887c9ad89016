"""How many units there are, as a person says: a difference, since buyers take units meanwhile, with the reason kept."""

from __future__ import annotations

from django.db import transaction

from aftersales.changes.models import Act
from aftersales.changes.record import Snapshot, record_each
from aftersales.models import User
from orders.effects import change_stock, lock_stock
from orders.models import Product, Sku


def restock(units: dict[int, int], by: User, why: str) -> None:
    """Add units to the stock of SKUs ({sku: units}, negative to take), written down with each product. Raises
    IntegrityError below zero."""
    with transaction.atomic():
        skus = lock_stock(set(units))
        told: dict[Product, tuple[Snapshot, Snapshot]] = {}
        for key, sku in skus.items():
            before, after = told.setdefault(sku.product, ({}, {}))
            name = f"{Sku._meta.verbose_name} · {sku} · stock"
            before[name], after[name] = sku.stock, sku.stock + units[key]
        change_stock(units)
        record_each(by, Act.CHANGED, [(product, *figures) for product, figures in told.items()], why)
