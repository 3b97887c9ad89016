"""One movement of money back to the buyer, under a number that never changes."""

from __future__ import annotations

from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from aftersales.lifecycle.rows import Event, Row, clock_indexes, event_indexes, state_checks
from aftersales.models import User
from aftersales.numbers import mint
from orders.models import Order, OrderLine, Payment
from refunds.models.ticket import Ticket
from refunds.states import Cause, PayoutState


def payout_number() -> str:
    return mint("R")


class PayoutQuerySet(models.QuerySet["Payout"]):
    def of_buyer(self, user: User) -> PayoutQuerySet:
        return self.filter(order__buyer=user)

    def of_shop(self, user: User) -> PayoutQuerySet:
        return self if user.sees_everything else self.filter(order__shop__staff__user=user)

    def with_times(self) -> PayoutQuerySet:
        """With the payment that each comes out of, and `sent_at`: when it was handed to the channel the first time."""
        sendings = PayoutEvent.objects.filter(payout=OuterRef("pk"), action="send").order_by("pk")
        return self.select_related("payment").annotate(sent_at=Subquery(sendings.values("at")[:1]))


class Payout(Row):
    """Minor units of `currency` that go back out of one payment. `freight` is the part for freight; PayoutLine says
    which lines the rest is for, nothing for surplus money. Return freight is the shop's own money, out of no payment.

    tries        how often it was sent or asked about since it was last settled or failed
    retrying     an operator wants it sent again: the next call is a refund under the same number, not a question
    ask_at       the channel sent a notice: ask it for the truth, whatever the state; null when there is none
    settlements  how often the channel said that it paid: more than once only after it took the money back
    """

    number = models.CharField(_("number"), max_length=40, unique=True, default=payout_number, editable=False)
    order = models.ForeignKey(Order, models.PROTECT, verbose_name=_("order"), related_name="payouts")
    payment = models.ForeignKey(Payment, models.PROTECT, verbose_name=_("payment"), null=True, related_name="payouts")
    ticket = models.ForeignKey(Ticket, models.PROTECT, verbose_name=_("ticket"), null=True, related_name="payouts")
    cause = models.CharField(_("cause"), max_length=20, choices=Cause)
    amount = models.BigIntegerField(_("amount"))
    freight = models.BigIntegerField(_("freight"), default=0)
    currency = models.CharField(_("currency"), max_length=3)
    tries = models.PositiveIntegerField(_("tries"), default=0, editable=False)
    settlements = models.PositiveIntegerField(default=0, editable=False)
    settled_at = models.DateTimeField(_("money returned"), null=True, editable=False)
    reference = models.CharField(_("channel's reference"), max_length=100, blank=True, editable=False)
    trouble = models.CharField(_("the channel's last complaint"), max_length=300, blank=True, editable=False)
    retrying = models.BooleanField(default=False, editable=False)
    ask_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(_("created"), db_default=models.functions.Now())

    objects = PayoutQuerySet.as_manager()

    class Meta:
        verbose_name = _("payout")
        verbose_name_plural = _("payouts")
        ordering = ("-pk",)
        indexes = (
            *clock_indexes("payout"),
            models.Index(
                fields=("state", "entered_at"),
                name="payout_in_trouble",
                condition=Q(state__in=(str(PayoutState.FAILED), str(PayoutState.UNKNOWN))),
            ),
            models.Index(fields=("ask_at",), name="payout_noticed", condition=Q(ask_at__isnull=False)),
            models.Index(fields=("settled_at",), name="payout_settled", condition=Q(settled_at__isnull=False)),
        )
        constraints = (
            *state_checks("payout", PayoutState),
            models.CheckConstraint(
                condition=Q(amount__gt=0, freight__gte=0, amount__gte=F("freight")), name="payout_amounts"
            ),
            models.UniqueConstraint(fields=("ticket",), condition=Q(cause="ticket"), name="payout_one_a_ticket"),
            models.UniqueConstraint(
                fields=("ticket",), condition=Q(cause="return_freight"), name="payout_one_return_freight"
            ),
            models.UniqueConstraint(fields=("payment",), condition=Q(cause="surplus"), name="payout_one_surplus"),
            models.UniqueConstraint(
                fields=("order",), condition=Q(cause="seller_cancelled"), name="payout_one_seller_cancelled"
            ),
            models.CheckConstraint(
                condition=Q(cause__in=(Cause.TICKET, Cause.RETURN_FREIGHT)) ^ Q(ticket__isnull=True),
                name="payout_of_a_ticket_names_it",
            ),
            models.CheckConstraint(
                condition=Q(cause=Cause.RETURN_FREIGHT) ^ Q(payment__isnull=False), name="payout_out_of_a_payment"
            ),
            models.CheckConstraint(
                condition=Q(cause=Cause.RETURN_FREIGHT, state__in=("owed", "settled"))
                | (~Q(cause=Cause.RETURN_FREIGHT) & ~Q(state="owed")),
                name="payout_return_freight_is_owed",
            ),
        )

    def __str__(self) -> str:
        return self.number

    @property
    def source(self) -> Payment:
        """The payment that it comes out of. Raises TypeError for return freight, which no channel moves."""
        if self.payment is None:
            raise TypeError(f"{self.number} is the shop's own money")
        return self.payment


class PayoutLine(models.Model):
    """The part of a payout that is for one order line, in minor units."""

    payout = models.ForeignKey(Payout, models.PROTECT, verbose_name=_("payout"), related_name="lines")
    line = models.ForeignKey(OrderLine, models.PROTECT, verbose_name=_("order line"), related_name="payout_lines")
    amount = models.BigIntegerField(_("amount"))

    class Meta:
        verbose_name = _("payout line")
        verbose_name_plural = _("payout lines")
        constraints = (
            models.UniqueConstraint(fields=("payout", "line"), name="payoutline_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payoutline_amount_positive"),
        )

    def __str__(self) -> str:
        return f"{self.line} {self.amount}"


class PayoutEvent(Event):
    fk = "payout"
    payout = models.ForeignKey(Payout, models.PROTECT, verbose_name=_("payout"), related_name="events")

    class Meta(Event.Meta):
        indexes = event_indexes("payoutevent")
        verbose_name = _("payout event")
        verbose_name_plural = _("payout events")
