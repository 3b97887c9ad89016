"""When a clock that starts anew runs out, by the calendar of the policy in force; for every life of the house."""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import DateTimeField, Func
from django.db.models.expressions import Combinable


def due(calendar: Combinable) -> Callable[[Combinable, Combinable], Combinable]:
    """What a Lifecycle takes as `ends`: start and length, and the holidays of `calendar`, null for none."""

    def ends(start: Combinable, length: Combinable) -> Combinable:
        return Func(calendar, start, length, function="orders_due", output_field=DateTimeField())

    return ends
