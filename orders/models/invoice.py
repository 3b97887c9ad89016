"""What the buyer wants to stand on the invoice of one order."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orders.models.order import Order
from orders.states import TitleKind


class InvoiceData(models.Model):
    """`version` counts the changes, so that one made in another tab is not written over unseen."""

    order = models.OneToOneField(Order, models.PROTECT, verbose_name=_("order"), related_name="invoice")
    kind = models.CharField(_("invoice for"), max_length=10, choices=TitleKind)
    title = models.CharField(_("invoice title"), max_length=100)
    tax_number = models.CharField(_("tax number"), max_length=20, blank=True)
    email = models.EmailField(_("e-mail for the invoice"), max_length=254)
    note = models.CharField(_("note"), max_length=200, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    changed_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("invoice data")
        verbose_name_plural = _("invoice data")
        constraints = (
            models.CheckConstraint(condition=Q(kind__in=TitleKind.values), name="invoicedata_kind_known"),
            models.CheckConstraint(
                condition=Q(kind=TitleKind.PERSONAL, tax_number="") | (Q(kind=TitleKind.COMPANY) & ~Q(tax_number="")),
                name="invoicedata_companies_have_tax_numbers",
            ),
        )

    def __str__(self) -> str:
        return self.title
