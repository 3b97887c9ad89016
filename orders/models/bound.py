"""How far a shop may depart from the platform's policy by itself."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models import F, Q
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from orders.models.policy import Policy
from orders.states import Profile

DURATIONS = tuple(f.name for f in Policy._meta.local_fields if isinstance(f, models.DurationField))


class PolicyBound(models.Model):
    """One clock in one business. While it is not open, shops come under what the platform's policy says; a side without
    a bound is free. Operators are not bound: they write a shop's policy as they see fit."""

    profile = models.CharField(_("business"), max_length=20, choices=Profile)
    clock = models.CharField(_("clock"), max_length=30)
    is_open = models.BooleanField(_("shops may change it"), default=False)
    least = models.DurationField(_("at least"), null=True, blank=True)
    most = models.DurationField(_("at most"), null=True, blank=True)

    class Meta:
        verbose_name = _("bound of shops’ policies")
        verbose_name_plural = _("bounds of shops’ policies")
        ordering = ("profile", "pk")
        constraints = (
            models.UniqueConstraint(fields=("profile", "clock"), name="bound_of_clock"),
            models.CheckConstraint(condition=Q(clock__in=DURATIONS), name="bound_clock_known"),
            models.CheckConstraint(
                condition=Q(least=None) | Q(most=None) | Q(least__lte=F("most")), name="bound_least_at_most_most"
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_profile_display()} · {self.label}"

    @property
    def label(self) -> str:
        return capfirst(str(Policy._meta.get_field(self.clock).verbose_name))  # type: ignore[union-attr]

    def holds(self, length: timedelta) -> bool:
        """Whether a duration is inside."""
        return (self.least is None or self.least <= length) and (self.most is None or length <= self.most)
