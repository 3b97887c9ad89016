"""The verb of the import: a batch of orders becomes rows, in one transaction and a fixed number of statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.db import IntegrityError
from django.utils.translation import gettext as _

from aftersales.actors import SYSTEM
from aftersales.lifecycle.errors import Conflict
from aftersales.lifecycle.move import begin, story
from aftersales.models import User
from orders.importing import parties
from orders.importing.checks import Incoming, Refusal, refuse
from orders.importing.problems import OrderProblem
from orders.ledger import Movement, post
from orders.lifecycle import ORDER
from orders.models import Order, OrderLine, Payment, Policy, Shop
from orders.states import Account, OrderState


@dataclass
class Counts:
    """What an import did, in orders and lines of the file, and whom and what it created."""

    lines: int = 0
    imported: int = 0
    unchanged: int = 0
    refused: int = 0
    refused_lines: int = 0
    shops: int = 0
    buyers: int = 0
    products: int = 0

    def __iadd__(self, other: Counts) -> Counts:
        for column in fields(self):
            setattr(self, column.name, getattr(self, column.name) + getattr(other, column.name))
        return self


@dataclass
class Importer:
    """Writes batches. `return_address` is that of new shops; "" makes one of the shop's code."""

    return_address: str = ""
    counts: Counts = field(default_factory=Counts)
    _policies: dict[int, Policy | None] = field(default_factory=dict)

    def write(self, orders: Sequence[Incoming]) -> list[Refusal]:
        """Write orders that are not there yet; why others are refused. Running it again changes nothing.

        When a rival writes the same rows, or the database refuses one, the batch is repeated order by order.
        """
        try:
            return self._write(orders)
        except (IntegrityError, Conflict):
            return [refusal for order in orders for refusal in self._write_alone(order)]

    def _write_alone(self, order: Incoming) -> list[Refusal]:
        try:
            return self._write([order])
        except Conflict:
            refusals = refuse(order.rows, OrderProblem.BUSY)
        except IntegrityError as error:
            refusals = refuse(order.rows, OrderProblem.DATABASE, why=_first_line(error))
        self.counts += Counts(refused=1, refused_lines=len(refusals))
        return refusals

    def _write(self, orders: Sequence[Incoming]) -> list[Refusal]:
        counts, refusals = Counts(), list[Refusal]()
        with story(SYSTEM):
            fresh = _new(orders, counts, refusals)
            if fresh:
                self._create(fresh, counts, refusals)
        # Counted only now that the transaction has not failed.
        self.counts += counts
        return refusals

    def _create(self, orders: Sequence[Incoming], counts: Counts, refusals: list[Refusal]) -> None:
        shops, counts.shops = parties.shops(orders, self.return_address)
        orders = [order for order in orders if self._fits(order, shops[order.shop], counts, refusals)]
        buyers, counts.buyers = parties.buyers(orders)
        skus, counts.products = parties.goods(orders, shops)
        rows = [self._order(order, shops[order.shop], buyers[order.buyer]) for order in orders]
        begin(ORDER, rows, SYSTEM, state=OrderState.AWAITING_RECEIPT)
        OrderLine.objects.bulk_create(
            _line(row, order, skus[order.shop_id, row.sku])
            for incoming, order in zip(orders, rows, strict=True)
            for row in incoming.rows
        )
        _pay(rows)
        counts.imported = len(rows)

    def _fits(self, order: Incoming, shop: Shop, counts: Counts, refusals: list[Refusal]) -> bool:
        """Whether the shop can have the order; why not goes to the refusals."""
        if shop.currency != order.currency:
            wrong = refuse(order.rows, OrderProblem.SHOP_CURRENCY, wanted=shop.currency, found=order.currency)
        elif self._policy(shop) is None:
            wrong = refuse(order.rows, OrderProblem.NO_POLICY)
        else:
            return True
        _count_refused(counts, refusals, wrong)
        return False

    def _policy(self, shop: Shop) -> Policy | None:
        """What is in force for a shop, asked once; forgotten now and then, so that memory stays the same."""
        if shop.pk not in self._policies:
            if len(self._policies) >= 10_000:
                self._policies.clear()
            try:
                self._policies[shop.pk] = Policy.objects.in_force(shop)
            except Policy.DoesNotExist:
                self._policies[shop.pk] = None
        return self._policies[shop.pk]

    def _order(self, incoming: Incoming, shop: Shop, buyer: User) -> Order:
        return Order(
            number=incoming.number,
            buyer=buyer,
            shop=shop,
            policy=self._policy(shop),
            currency=incoming.currency,
            total=incoming.total,
            imported=True,
            # The file does not say when it was placed; no later than it was paid.
            placed_at=incoming.paid_at,
            paid_at=incoming.paid_at,
        )


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


def _count_refused(counts: Counts, refusals: list[Refusal], wrong: list[Refusal]) -> None:
    refusals += wrong
    counts.refused += 1
    counts.refused_lines += len(wrong)


# --- orders that are there already ------------------------------------------------------------------------------------


def _new(orders: Sequence[Incoming], counts: Counts, refusals: list[Refusal]) -> list[Incoming]:
    """The orders whose number is free. The others were imported before, or are refused."""
    known = {order.number: order for order in _known(orders)}
    lines = _known_lines(known.values())
    fresh = []
    for incoming in orders:
        order = known.get(incoming.number)
        if order is None:
            fresh.append(incoming)
        elif not order.imported:
            _count_refused(counts, refusals, refuse(incoming.rows, OrderProblem.NATIVE))
        elif column := _changed(incoming, order, lines[order.pk]):
            _count_refused(counts, refusals, refuse(incoming.rows, OrderProblem.CHANGED, column=column))
        else:
            counts.unchanged += 1
    return fresh


def _known(orders: Sequence[Incoming]) -> Iterable[Order]:
    numbers = [order.number for order in orders]
    return Order.objects.filter(number__in=numbers).select_related("shop", "buyer")


def _known_lines(orders: Iterable[Order]) -> Mapping[int, set[tuple[Any, ...]]]:
    lines = defaultdict(set)
    columns = ("order_id", "sku__code", "quantity", "list_total", "discount")
    for order, *line in OrderLine.objects.filter(order__in=list(orders)).order_by().values_list(*columns):
        lines[order].add(tuple(line))
    return lines


def _changed(incoming: Incoming, order: Order, lines: set[tuple[Any, ...]]) -> str:
    """What differs from the order as it was imported; "" for the same one."""
    differences = {
        "shop": incoming.shop != order.shop.code,
        "buyer": parties.email(incoming.buyer) != order.buyer.email,
        "currency": incoming.currency != order.currency,
        "paid_at": incoming.paid_at != order.paid_at,
        _("total"): incoming.total != order.total,
        _("line"): {(row.sku, row.quantity, row.list_total, row.discount) for row in incoming.rows} != lines,
    }
    return next((column for column, differs in differences.items() if differs), "")


# --- what belongs to a new order --------------------------------------------------------------------------------------


def _line(row: Any, order: Order, sku: int) -> OrderLine:
    return OrderLine(
        order=order,
        sku_id=sku,
        title=row.title,
        quantity=row.quantity,
        list_total=row.list_total,
        discount=row.discount,
        paid=row.paid,
        shipped=row.quantity,
    )


def payment_number(order_no: str) -> str:
    """Under which the channel will know the payment: the same for the same order, for ever."""
    plain = f"P-{order_no}"
    return plain if len(plain) <= 40 else f"PX-{sha256(order_no.encode()).hexdigest()[:36]}"


def _pay(orders: Sequence[Order]) -> None:
    """The money that came elsewhere: a payment which a worker makes known to the channel, and its posting. An order
    with nothing to pay has none."""
    payments = Payment.objects.bulk_create(
        Payment(
            number=payment_number(order.number),
            order=order,
            channel=settings.PAYMENT_CHANNEL,
            amount=order.total,
            currency=order.currency,
            received=order.total,
            received_currency=order.currency,
            received_at=order.paid_at,
            pays_order=True,
        )
        for order in orders
        if order.total
    )
    post(
        Movement(p.order_id, "received", p.number, Account.SALES, Account.CHANNEL, p.amount, p.currency)
        for p in payments
    )
