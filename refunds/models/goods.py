"""Proof of what happened, goods on their way, what the seller found, and what was repaired."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from aftersales.actors import Role
from refunds.models.ticket import Ticket, TicketEvent, TicketLine


class Evidence(models.Model):
    """A photo by a party, re-encoded, in private storage. refunds.photos makes it; a view checks who may see it.

    event          the move that it came with
    thumbnail      its small picture; "" for one of before there were any, until the hourly job has drawn it
    width, height  of the photo, in pixels; 0 until then
    """

    ticket = models.ForeignKey(Ticket, models.PROTECT, verbose_name=_("ticket"), related_name="evidence")
    event = models.ForeignKey(
        TicketEvent, models.PROTECT, verbose_name=_("event"), null=True, related_name="evidence", editable=False
    )
    photo = models.FileField(_("photo"), max_length=200)
    thumbnail = models.FileField(_("thumbnail"), max_length=200, default="", editable=False)
    width = models.PositiveIntegerField(default=0, editable=False)
    height = models.PositiveIntegerField(default=0, editable=False)
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
    """Goods on their way to the seller or, `to_buyer`, to the buyer: what an exchange, a repair or a reissue sends,
    and what was sent back. Its waybill may be mended until it is signed for.

    postage  what the buyer paid for sending it, in minor units of the order's currency
    """

    ticket = models.ForeignKey(Ticket, models.PROTECT, verbose_name=_("ticket"), related_name="parcels")
    to_buyer = models.BooleanField(_("to the buyer"), default=False)
    carrier = models.CharField(_("carrier"), max_length=50)
    number = models.CharField(_("tracking number"), max_length=50, db_index=True)
    postage = models.PositiveBigIntegerField(_("postage"), default=0)
    sent_at = models.DateTimeField(_("sent"), db_default=Now())
    signed_at = models.DateTimeField(_("signed for"), null=True)

    class Meta:
        verbose_name = _("return parcel")
        verbose_name_plural = _("return parcels")
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.carrier} {self.number}"


class Inspection(models.Model):
    """What the seller or a warehouse found of one ticket line, in units; what is neither good nor damaged did not
    come. Goods that travel twice are inspected twice: the last one counts."""

    line = models.ForeignKey(TicketLine, models.PROTECT, verbose_name=_("ticket line"), related_name="inspections")
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


class RepairRecord(models.Model):
    """What was wrong with the goods of a ticket line, and what was done about it."""

    line = models.ForeignKey(TicketLine, models.PROTECT, verbose_name=_("ticket line"), related_name="repairs")
    fault = models.CharField(_("fault"), max_length=300)
    work = models.CharField(_("work done"), max_length=300)
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now())

    class Meta:
        verbose_name = _("repair record")
        verbose_name_plural = _("repair records")
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.line}: {self.fault}"


class StockIn(models.Model):
    """A warehouse's report of goods that came back; the same document counts once, however often it is sent.

    found  {ticket line: [good, damaged]}, as it was reported
    """

    document = models.CharField(_("document"), max_length=64, unique=True)
    ticket = models.ForeignKey(Ticket, models.PROTECT, verbose_name=_("ticket"), related_name="stock_ins")
    found: Any = models.JSONField(_("found"), encoder=DjangoJSONEncoder)
    note = models.CharField(_("note"), max_length=300, blank=True)
    reported_at = models.DateTimeField(_("reported"), db_default=Now())

    class Meta:
        verbose_name = _("stock-in")
        verbose_name_plural = _("stock-ins")
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.document
