"""An order as a whole: its lines have to agree. It is imported with all its lines or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aftersales.lifecycle.errors import Refused
from aftersales.money import LARGEST
from orders.importing.problems import OrderProblem
from orders.importing.rows import Bad, Row

SAME = ("buyer", "shop", "paid_at", "currency")


@dataclass(frozen=True)
class Refusal:
    """A line that is not imported, for the report."""

    line: int
    order_no: str
    reason: str


@dataclass(frozen=True)
class Incoming:
    """An order that may be written, as far as the file can tell."""

    rows: Sequence[Row]

    @property
    def number(self) -> str:
        return self.rows[0].order_no

    @property
    def buyer(self) -> str:
        return self.rows[0].buyer

    @property
    def shop(self) -> str:
        return self.rows[0].shop

    @property
    def paid_at(self) -> datetime:
        return self.rows[0].paid_at

    @property
    def currency(self) -> str:
        return self.rows[0].currency

    @property
    def total(self) -> int:
        return sum(row.paid for row in self.rows)


def check(items: Sequence[Row | Bad]) -> Incoming | list[Refusal]:
    """The order that the lines make up, or why each of them is refused."""
    rows = [item for item in items if isinstance(item, Row)]
    reasons = {item.line: item.problem for item in items if isinstance(item, Bad)}
    if rows:
        reasons |= {row.line: why for row in rows if (why := _differs(row, rows[0]))}
        reasons |= _twice(rows)
    if not reasons and sum(row.paid for row in rows) > LARGEST:
        return refuse(rows, OrderProblem.TOTAL, most=LARGEST)
    return _refusals(items, reasons) if reasons else Incoming(rows)


def refuse(rows: Sequence[Row], code: OrderProblem, **params: Any) -> list[Refusal]:
    """Every line is refused for the same reason."""
    reason = str(Refused(code, **params))
    return [Refusal(row.line, row.order_no, reason) for row in rows]


def _refusals(items: Sequence[Row | Bad], reasons: Mapping[int, str]) -> list[Refusal]:
    others = str(Refused(OrderProblem.OTHER_LINE, line=min(reasons)))
    return [Refusal(item.line, item.shown, reasons.get(item.line, others)) for item in items]


def _differs(row: Row, first: Row) -> str:
    for column in SAME:
        if getattr(row, column) != getattr(first, column):
            return str(Refused(OrderProblem.DIFFERENT, column=column, line=first.line))
    return ""


def _twice(rows: Sequence[Row]) -> dict[int, str]:
    seen: dict[str, int] = {}
    found = {}
    for row in rows:
        first = seen.setdefault(row.sku, row.line)
        if first != row.line:
            found[row.line] = str(Refused(OrderProblem.SKU_TWICE, line=first))
    return found
