"""Calendars of holidays. A policy that names one has its clocks stretched by them: orders.clocks says how."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Calendar(models.Model):
    """The holidays of one region."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    region = models.CharField(_("region"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("calendar")
        verbose_name_plural = _("calendars")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Holiday(models.Model):
    """Time that does not count for a clock started before it ends. What runs already keeps its time.

    in_use  a holiday that turns out to be none goes out of use and is not counted any more
    """

    calendar = models.ForeignKey(Calendar, models.PROTECT, verbose_name=_("calendar"), related_name="holidays")
    name = models.CharField(_("name"), max_length=100)
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    in_use = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("holiday")
        verbose_name_plural = _("holidays")
        ordering = ("starts_at", "pk")
        constraints = (
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="holiday_ends_after_it_starts"),
        )

    def __str__(self) -> str:
        return self.name
