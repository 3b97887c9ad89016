"""The double-entry ledger's rows. orders.ledger writes them; nothing changes or deletes them."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from orders.models.order import Order
from orders.states import Account


class Posting(models.Model):
    """One thing that happened to money. `kind` and `reference` are unique, so no movement is booked twice."""

    order = models.ForeignKey(Order, models.PROTECT, verbose_name=_("order"), related_name="postings")
    kind = models.CharField(_("kind"), max_length=20)
    reference = models.CharField(_("reference"), max_length=60)
    at = models.DateTimeField(_("at"), db_default=Now())

    class Meta:
        verbose_name = _("posting")
        verbose_name_plural = _("postings")
        ordering = ("pk",)
        constraints = (models.UniqueConstraint(fields=("kind", "reference"), name="posting_once"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.reference}"


class Leg(models.Model):
    """One side of a posting, in minor units; the legs of a posting sum to zero per currency."""

    posting = models.ForeignKey(Posting, models.PROTECT, verbose_name=_("posting"), related_name="legs")
    account = models.CharField(_("account"), max_length=20, choices=Account)
    amount = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)

    class Meta:
        verbose_name = _("leg")
        verbose_name_plural = _("legs")
        ordering = ("pk",)
        constraints = (
            models.CheckConstraint(condition=~models.Q(amount=0), name="leg_amount_not_zero"),
            models.CheckConstraint(condition=models.Q(account__in=Account.values), name="leg_account_known"),
        )

    def __str__(self) -> str:
        return f"{self.account} {self.amount} {self.currency}"
