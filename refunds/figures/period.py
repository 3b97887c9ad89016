"""The days that figures are about, in the reader's time zone, and the steps they are told in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo

from django.db import models
from django.utils.translation import gettext_lazy as _

LONGEST = timedelta(days=366)


class Step(models.TextChoices):
    DAY = "day", _("day")
    WEEK = "week", _("week")
    MONTH = "month", _("month")


@dataclass(frozen=True)
class Period:
    """From the first to the last day, both included."""

    first: date
    last: date
    step: Step
    zone: tzinfo

    @property
    def start(self) -> datetime:
        return datetime.combine(self.first, time(), self.zone)

    @property
    def end(self) -> datetime:
        """The moment after the period."""
        return datetime.combine(self.last + timedelta(days=1), time(), self.zone)

    @property
    def before(self) -> Period:
        """As many days just before."""
        days = self.last - self.first + timedelta(days=1)
        return replace(self, first=self.first - days, last=self.last - days)

    def steps(self) -> Iterator[date]:
        """The first day of every step; that of the first one may lie before the period."""
        day = self._begins(self.first)
        while day <= self.last:
            yield day
            day = self._begins(day + timedelta(days={Step.DAY: 1, Step.WEEK: 7, Step.MONTH: 31}[self.step]))

    def _begins(self, day: date) -> date:
        """As PostgreSQL's date_trunc: weeks begin on Monday (ISO 8601)."""
        if self.step == Step.WEEK:
            return day - timedelta(days=day.weekday())
        return day.replace(day=1) if self.step == Step.MONTH else day
