"""One attempt to pay, and the money that came."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from aftersales.models import User
from aftersales.numbers import mint
from orders.models.order import Order


def payment_number() -> str:
    return mint("P")


class PaymentQuerySet(models.QuerySet["Payment"]):
    def of_buyer(self, user: User) -> PaymentQuerySet:
        return self.filter(order__buyer=user)

    def open(self) -> PaymentQuerySet:
        """Attempts of which nobody knows yet whether money comes."""
        return self.filter(received_at__isnull=True, ended_at__isnull=True)


class Payment(models.Model):
    """`received` in minor units of `received_currency` is what the channel says it has; `amount` is what was asked.

    next_at     when a worker starts it, asks about it or makes it known to the channel; null when nothing is left
    started_at  the channel has it (or, for an imported one, has been told of it)
    ended_at    the channel says that no money comes
    pays_order  this money paid the order; money that came without is surplus
    """

    number = models.CharField(_("number"), max_length=40, unique=True, default=payment_number, editable=False)
    order = models.ForeignKey(Order, models.PROTECT, verbose_name=_("order"), related_name="payments")
    channel = models.CharField(_("channel"), max_length=20)
    amount = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    created_at = models.DateTimeField(_("created"), db_default=Now())
    expires_at = models.DateTimeField(_("expires"), null=True)
    next_at = models.DateTimeField(_("next question"), null=True, db_default=Now())
    asked = models.PositiveIntegerField(_("times asked"), default=0)
    started_at = models.DateTimeField(_("started"), null=True)
    pay_url = models.URLField(_("where to pay"), max_length=500, blank=True)
    ended_at = models.DateTimeField(_("ended without money"), null=True)
    ended_code = models.CharField(_("why it ended"), max_length=50, blank=True)
    received_at = models.DateTimeField(_("received"), null=True)
    received = models.BigIntegerField(_("received amount"), default=0)
    received_currency = models.CharField(_("received currency"), max_length=3, blank=True)
    reference = models.CharField(_("channel's reference"), max_length=100, blank=True)
    pays_order = models.BooleanField(_("pays the order"), default=False)
    reserved = models.BigIntegerField(_("in refund"), default=0, editable=False)
    settled = models.BigIntegerField(_("refunded"), default=0, editable=False)

    objects = PaymentQuerySet.as_manager()

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering = ("-pk",)
        indexes = (
            models.Index(fields=("next_at",), name="payment_next", condition=Q(next_at__isnull=False)),
            models.Index(fields=("order", "-id"), name="payment_of_order"),
        )
        constraints = (
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_amount_positive"),
            models.CheckConstraint(
                condition=Q(reserved__gte=0, settled__gte=0, received__gte=F("reserved") + F("settled")),
                name="payment_refunds_within_received",
            ),
            models.CheckConstraint(
                condition=Q(received_at__isnull=True, received=0, pays_order=False) | Q(received_at__isnull=False),
                name="payment_received_with_time",
            ),
            models.UniqueConstraint(fields=("order",), condition=Q(pays_order=True), name="payment_one_pays_the_order"),
        )

    def __str__(self) -> str:
        return self.number
