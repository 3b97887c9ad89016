"""Proof of what happened, goods on their way back, and what the seller found."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from aftersales.actors import Role
from refunds.models.ticket import Ticket, TicketLine


class Evidence(models.Model):
    """A photo by a party, re-encoded, in private storage. refunds.photos makes it; a view checks who may see it."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, verbose_name=_("ticket"), related_name="evidence")
    photo = models.FileField(_("photo"), max_length=200)
    role = models.CharField(_("given by"), max_length=10, choices=Role.choices)
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("by"), related_name="+")
    given_at = models.DateTimeField(_("given"), db_default=Now())

    class Meta:
        verbose_name = _("evidence")
        verbose_name_plural = _("evidence")
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.ticket} · {self.pk}"


class ReturnParcel(models.Model):
    """Goods on their way to the seller or, after a failed inspection, back to the buyer."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, verbose_name=_("ticket"), related_name="parcels")
    to_buyer = models.BooleanField(_("back to the buyer"), default=False)
    carrier = models.CharField(_("carrier"), max_length=50)
    number = models.CharField(_("tracking number"), max_length=50)
    sent_at = models.DateTimeField(_("sent"), db_default=Now())

    class Meta:
        verbose_name = _("return parcel")
        verbose_name_plural = _("return parcels")
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.carrier} {self.number}"


class Inspection(models.Model):
    """What the seller found of one ticket line, in units; what is neither good nor damaged did not come."""

    line = models.OneToOneField(TicketLine, models.PROTECT, verbose_name=_("ticket line"), related_name="inspection")
    expected = models.PositiveIntegerField(_("expected"))
    good = models.PositiveIntegerField(_("good, back to stock"))
    damaged = models.PositiveIntegerField(_("damaged, to scrap"), default=0)
    note = models.CharField(_("note"), max_length=300, blank=True)
    inspected_at = models.DateTimeField(_("inspected"), db_default=Now())

    class Meta:
        verbose_name = _("inspection")
        verbose_name_plural = _("inspections")
        ordering = ("pk",)
        constraints = (
            models.CheckConstraint(
                condition=Q(expected__gte=F("good") + F("damaged")), name="inspection_finds_at_most_expected"
            ),
        )

    def __str__(self) -> str:
        return str(self.line)

    @property
    def missing(self) -> int:
        return self.expected - self.good - self.damaged
