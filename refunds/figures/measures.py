"""What the figures are measured with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import Aggregate, DurationField


@dataclass(frozen=True)
class Spread:
    """Half of the rows took at most `median`, nine of ten at most `p90`; None of no rows."""

    median: timedelta | None = None
    p90: timedelta | None = None

    @classmethod
    def of(cls, found: Sequence[timedelta] | None) -> Spread:
        """What Percentiles gave."""
        return cls(*found or ())


class Percentiles(Aggregate):
    """The lengths of time below which half and nine tenths of the rows lie, in one pass (SQL:2003 PERCENTILE_CONT:
    between two rows it lies between their values). Rows without a length are left out; null of none."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field: Any = ArrayField(DurationField())


def share(part: int, whole: int) -> int | None:
    """In hundredths of a percent, rounded; None of nothing."""
    return (10_000 * part + whole // 2) // whole if whole else None
