"""Orders as a table: a row is a line of an order. docs/import.md says what may come in, the importer decides."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy
from import_export.results import Result, RowResult

from aftersales.exchange.cells import plain
from aftersales.exchange.tables import Incoming, Moment, column
from aftersales.lifecycle.errors import Refused
from orders.importing.checks import Refusal
from orders.importing.rows import COLUMNS
from orders.importing.run import run
from orders.models import Order, OrderLine


class _Refused:
    """The refused lines of one import: {line of the file: why}."""

    def __init__(self) -> None:
        self.reasons: dict[int, str] = {}

    def add(self, refusals: Iterable[Refusal]) -> None:
        self.reasons |= {refusal.line: refusal.reason for refusal in refusals}

    def discard(self) -> None:
        self.reasons.clear()


class OrdersTable(Incoming):
    """Amounts are in minor units of the row's currency, as the importer takes them."""

    order_no = column("order__number", "order_no")
    shop = column("order__shop__code", "shop")
    state = column("order__state", "state")
    placed_at = column("order__placed_at", "placed_at", widget=Moment())
    paid_at = column("order__paid_at", "paid_at", widget=Moment())
    currency = column("order__currency", "currency")
    sku = column("sku__code", "sku")
    title = column("title", "title")
    department = column("sku__product__department", "department")
    quantity = column("quantity", "quantity")
    list_cents = column("list_total", "list_cents")
    discount_cents = column("discount", "discount_cents")
    paid_cents = column("paid", "paid_cents")
    refunded_cents = column("settled", "refunded_cents")
    in_refund_cents = column("reserved", "in_refund_cents")
    shipped = column("shipped", "shipped")
    returned = column("returned", "returned")
    buyer = column("order__buyer_id", "buyer")
    needed = COLUMNS

    class Meta:
        model = OrderLine
        fields: ClassVar[list[str]] = [
            "order_no", "shop", "state", "placed_at", "paid_at", "currency", "sku", "title", "department", "quantity",
            "list_cents", "discount_cents", "paid_cents", "refunded_cents", "in_refund_cents", "shipped", "returned",
            "buyer",
        ]  # fmt: skip
        name = gettext_lazy("Orders")

    def filter_export(self, queryset: QuerySet[Any], **kwargs: Any) -> QuerySet[OrderLine]:
        """The lines of the orders that the list shows."""
        lines = OrderLine.objects.filter(order__in=queryset.order_by().values("pk"))
        return lines.select_related("order__shop", "sku__product").order_by("order__pk", "pk")

    def get_import_order(self) -> tuple[str, ...]:
        return COLUMNS

    def import_data(self, dataset: Any, dry_run: bool = False, **kwargs: Any) -> Result:
        """All orders of the file, or none when a line is refused. Orders that are there already stay as they are."""
        result = Result()
        result.diff_headers, result.total_rows = list(COLUMNS), len(dataset)
        with transaction.atomic():
            try:
                self.before_import(dataset, **kwargs)
                self._run(dataset, result)
            except (ValidationError, Refused) as error:
                words = error if isinstance(error, ValidationError) else ValidationError(str(error))
                self.handle_import_error(result, words)
            if dry_run or result.has_errors() or result.has_validation_errors():
                transaction.set_rollback(True)
        return result

    def _run(self, dataset: Any, result: Result) -> None:
        rows = [{name: " ".join(plain(cell).split("\n")) for name, cell in row.items()} for row in dataset.dict]
        known = set(Order.objects.filter(number__in={row["order_no"] for row in rows}).values_list("number", flat=True))
        refused = _Refused()
        run(_file(rows), refused, reading=lambda _at: None, writing=lambda _done, _whole: None)
        # The first line of the file names the columns.
        for number, row in enumerate(rows, 1):
            told = RowResult()
            told.import_type = RowResult.IMPORT_TYPE_SKIP if row["order_no"] in known else RowResult.IMPORT_TYPE_NEW
            told.diff = [row[name] for name in COLUMNS]
            if reason := refused.reasons.get(number + 1):
                told.import_type, told.validation_error = RowResult.IMPORT_TYPE_INVALID, ValidationError(reason)
                result.append_invalid_row(number, row, told.validation_error)
            result.increment_row_result_total(told)
            result.append_row_result(told)


def _file(rows: list[dict[str, str]]) -> io.BytesIO:
    """As the importer reads it."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return io.BytesIO(text.getvalue().encode())
