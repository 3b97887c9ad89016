"""What an inspection may find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aftersales.lifecycle.errors import Refused
from refunds.errors import RefundError
from refunds.models import TicketLine


@dataclass(frozen=True)
class Found:
    """What the seller found of one ticket line, in units."""

    good: int
    damaged: int = 0
    note: str = ""


def check_inspection(lines: Sequence[TicketLine], found: Mapping[int, Found]) -> bool:
    """Whether everything came back good. Raises Refused for figures that cannot be; a line not named came back whole
    and good."""
    if set(found) - {line.pk for line in lines}:
        raise Refused(RefundError.UNKNOWN_LINE)
    for line in lines:
        item = found.get(line.pk)
        if item and (min(item.good, item.damaged) < 0 or item.good + item.damaged > line.quantity):
            raise Refused(RefundError.INSPECTION, f"good_{line.pk}", title=line.line.title, most=line.quantity)
    return all(line.pk not in found or found[line.pk].good == line.quantity for line in lines)
