"""The shops, buyers and goods that imported orders name: found by their codes, or created."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

from django.db import connection
from django.db.models import Model, QuerySet
from django.utils import timezone

from aftersales.models import User
from orders.importing.checks import Incoming
from orders.models import Product, Shop, Sku

M = TypeVar("M", bound=Model)
Pair = tuple[int, str]
_PLAIN: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
# Both are looked up by unique indexes, whatever the number of pairs.
_FIND_GOODS: Final = """
    SELECT product.shop_id, product.code, product.id, sku.id
    FROM unnest(%s::bigint[], %s::text[]) AS pair (shop_id, code)
    JOIN orders_product AS product ON product.shop_id = pair.shop_id AND product.code = pair.code
    LEFT JOIN orders_sku AS sku ON sku.product_id = product.id AND sku.code = product.code
"""


def email(buyer: str) -> str:
    """The address that stands for a buyer's code, at a domain that never gets mail. Two codes never share one: a code
    that is not its own slug carries a digest."""
    if _PLAIN.fullmatch(buyer) and ".." not in buyer:
        return f"{buyer}@import.invalid"
    slug = re.sub(r"[^a-z0-9]+", "-", buyer.lower())[:30].strip("-") or "buyer"
    return f"{slug}+{hashlib.sha256(buyer.encode()).hexdigest()[:24]}@import.invalid"


def buyers(orders: Sequence[Incoming]) -> tuple[dict[str, User], int]:
    """Users by buyer code, and how many are new. Nobody can log in as a new one before a password is set."""
    wanted = {}
    for order in orders:
        user = User(email=email(order.buyer), name=order.buyer)
        user.set_unusable_password()
        wanted[user.email] = user
    found, created = _ensure(User.objects.all(), "email", wanted)
    return {order.buyer: found[email(order.buyer)] for order in orders}, created


def shops(orders: Sequence[Incoming], return_address: str) -> tuple[dict[str, Shop], int]:
    """Shops by code, and how many are new: marketplaces in the currency of their first order."""
    wanted: dict[str, Shop] = {}
    for order in orders:
        address = return_address or f"Returns, {order.shop}"
        new = Shop(code=order.shop, name=order.shop, currency=order.currency, return_address=address)
        wanted.setdefault(order.shop, new)
    return _ensure(Shop.objects.all(), "code", wanted)


def _ensure(rows: QuerySet[M], key: str, wanted: Mapping[str, M]) -> tuple[dict[str, M], int]:
    """Rows by key, created where they are missing, in the order of their keys so that two imports do not deadlock."""
    found = rows.in_bulk(list(wanted), field_name=key)
    missing = sorted(set(wanted) - set(found))
    if missing:
        rows.bulk_create([wanted[code] for code in missing], ignore_conflicts=True)
        found |= rows.in_bulk(missing, field_name=key)
    return found, len(missing)


def goods(orders: Sequence[Incoming], shops: Mapping[str, Shop]) -> tuple[dict[Pair, int], int]:
    """SKUs' keys by (shop's key, sku), and how many products are new. A product is known by the code of its SKU; a new
    one costs what a unit of its first line did; none are in stock, and none on sale until the shop decides so."""
    now = timezone.now()
    rows = {(shops[order.shop].pk, row.sku): row for order in reversed(orders) for row in order.rows}
    found = _find_goods(list(rows))
    unknown = sorted(set(rows) - set(found))
    if unknown:
        Product.objects.bulk_create(
            (
                Product(
                    shop_id=shop,
                    code=code,
                    title=rows[shop, code].title,
                    department=rows[shop, code].department,
                    on_sale_until=now,
                )
                for shop, code in unknown
            ),
            ignore_conflicts=True,
        )
        found |= _find_goods(unknown)
    bare = sorted(pair for pair, (_, sku) in found.items() if sku is None)
    if bare:
        prices = {pair: rows[pair].list_total // rows[pair].quantity for pair in bare}
        Sku.objects.bulk_create(
            (Sku(product_id=found[pair][0], code=pair[1], price=prices[pair]) for pair in bare), ignore_conflicts=True
        )
        found |= _find_goods(bare)
    return {pair: sku for pair, (_, sku) in found.items() if sku is not None}, len(unknown)


def _find_goods(pairs: Sequence[Pair]) -> dict[Pair, tuple[int, int | None]]:
    """Product and SKU of each pair that has a product."""
    with connection.cursor() as cursor:
        cursor.execute(_FIND_GOODS, [[shop for shop, _ in pairs], [code for _, code in pairs]])
        return {(shop, code): (product, sku) for shop, code, product, sku in cursor.fetchall()}
