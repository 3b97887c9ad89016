"""What the figures are measured with."""

from __future__ import annotations

from typing import Any

from django.db.models import Aggregate, DurationField, FloatField


class Percentile(Aggregate):
    """The value below which a part of the rows lies, 0.5 for the median (SQL:2003 PERCENTILE_CONT: between two rows it
    lies between their values). None of no rows."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(%(part)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()

    def __init__(self, expression: Any, part: float, **extra: Any) -> None:
        super().__init__(expression, part=FloatField().get_prep_value(part), **extra)


def share(part: int, whole: int) -> float | None:
    """From 0 to 1; None of nothing."""
    return part / whole if whole else None
