"""Parcels on their way to the buyer."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orders.models.order import Order, OrderLine


class Shipment(models.Model):
    order = models.ForeignKey(Order, models.PROTECT, verbose_name=_("order"), related_name="shipments")
    carrier = models.CharField(_("carrier"), max_length=50, blank=True)
    number = models.CharField(_("tracking number"), max_length=50, blank=True, db_index=True)
    shipped_at = models.DateTimeField(pgettext_lazy("time", "shipped"), db_default=Now())
    shipped_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    delivered_at = models.DateTimeField(_("delivered"), null=True)

    class Meta:
        verbose_name = _("shipment")
        verbose_name_plural = _("shipments")
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.carrier} {self.number}".strip() or f"#{self.pk}"


class ShipmentLine(models.Model):
    shipment = models.ForeignKey(Shipment, models.PROTECT, verbose_name=_("shipment"), related_name="lines")
    line = models.ForeignKey(OrderLine, models.PROTECT, verbose_name=_("order line"), related_name="shipped_in")
    quantity = models.PositiveIntegerField(_("quantity"))

    class Meta:
        verbose_name = _("shipment line")
        verbose_name_plural = _("shipment lines")
        constraints = (
            models.UniqueConstraint(fields=("shipment", "line"), name="shipmentline_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="shipmentline_quantity_positive"),
        )

    def __str__(self) -> str:
        return f"{self.line} × {self.quantity}"
