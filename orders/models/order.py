"""One shop's part of a checkout: the order, its lines and its history."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from aftersales.lifecycle.rows import Event, Row, clock_indexes, event_indexes, state_checks
from aftersales.models import User
from aftersales.numbers import mint
from orders.models.catalog import Coupon, Shop, Sku
from orders.models.policy import Policy
from orders.states import ClosedReason, OrderState


def order_number() -> str:
    return mint("O")


class OrderQuerySet(models.QuerySet["Order"]):
    def of_buyer(self, user: User) -> OrderQuerySet:
        return self.filter(buyer=user)

    def of_shop(self, user: User) -> OrderQuerySet:
        """The orders of the shops a person works for; all of them for who sees everything."""
        return self if user.sees_everything else self.filter(shop__staff__user=user)


class Order(Row):
    """Amounts in minor units of `currency`. `total` is what is to be paid: the lines' `paid` and the freight.

    reserved, settled    what tickets and payouts hold, and what has gone back, freight included
    open_tickets         tickets that have not ended
    ship_by              what the seller promised, from the payment
    extended_at          when the buyer used the one extension
    imported             came from another system; its payment has to be made known to the channel
    """

    number = models.CharField(_("number"), max_length=40, unique=True, default=order_number, editable=False)
    buyer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("buyer"), related_name="orders")
    shop = models.ForeignKey(Shop, models.PROTECT, verbose_name=_("shop"), related_name="orders")
    policy = models.ForeignKey(Policy, models.PROTECT, verbose_name=_("policy"), related_name="orders")
    coupon = models.ForeignKey(Coupon, models.PROTECT, verbose_name=_("coupon"), null=True, related_name="orders")
    currency = models.CharField(_("currency"), max_length=3)
    freight = models.BigIntegerField(_("freight"), default=0)
    freight_reserved = models.BigIntegerField(default=0, editable=False)
    freight_settled = models.BigIntegerField(default=0, editable=False)
    total = models.BigIntegerField(_("total"))
    reserved = models.BigIntegerField(_("in refund"), default=0, editable=False)
    settled = models.BigIntegerField(_("refunded"), default=0, editable=False)
    open_tickets = models.IntegerField(default=0, editable=False)
    recipient = models.CharField(_("recipient"), max_length=100, blank=True)
    phone = models.CharField(_("phone"), max_length=30, blank=True)
    address = models.TextField(_("address"), max_length=500, blank=True)
    closed_reason = models.CharField(_("why it closed"), max_length=20, choices=ClosedReason, blank=True)
    imported = models.BooleanField(_("imported"), default=False, editable=False)
    placed_at = models.DateTimeField(_("placed"), db_default=models.functions.Now())
    paid_at = models.DateTimeField(pgettext_lazy("time", "paid"), null=True)
    ship_by = models.DateTimeField(_("promised to be shipped by"), null=True)
    extended_at = models.DateTimeField(_("extended by the buyer"), null=True)
    completed_at = models.DateTimeField(_("completed"), null=True)

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        ordering = ("-pk",)
        indexes = (
            *clock_indexes("order"),
            models.Index(fields=("buyer", "-id"), name="order_of_buyer"),
            models.Index(fields=("shop", "state", "-id"), name="order_of_shop"),
            models.Index(fields=("shop", "paid_at"), name="order_paid", include=("settled",)),
        )
        constraints = (
            *state_checks("order", OrderState),
            models.CheckConstraint(
                condition=Q(reserved__gte=0, settled__gte=0, total__gte=F("reserved") + F("settled")),
                name="order_refunds_within_total",
            ),
            models.CheckConstraint(
                condition=Q(
                    freight_reserved__gte=0,
                    freight_settled__gte=0,
                    freight__gte=F("freight_reserved") + F("freight_settled"),
                ),
                name="order_freight_refunds_within_freight",
            ),
            models.CheckConstraint(condition=Q(total__gte=F("freight")), name="order_total_covers_freight"),
            models.CheckConstraint(condition=Q(open_tickets__gte=0), name="order_open_tickets_not_negative"),
            models.CheckConstraint(
                condition=Q(state=str(OrderState.CLOSED)) ^ Q(closed_reason=""), name="order_closed_with_reason"
            ),
        )

    def __str__(self) -> str:
        return self.number

    @property
    def window_ends(self) -> datetime | None:
        """Until when tickets may be filed, from completion; None while the order is not completed."""
        return self.completed_at and self.completed_at + self.policy.window


class OrderLine(models.Model):
    """What was bought. Units and minor units, frozen when the order is placed; the counters are kept under the order's
    lock by the effects of orders and tickets.

    paid        list_total less every discount, coupon share included; spread over units by rules.unit_shares
    cancelling  unshipped units in an open ticket; cancelled: units that will not be shipped
    returning   shipped units in an open return; returned: units whose return has succeeded
    replaced    units sent again in exchange for returned ones; they may come back as the first ones did
    restocked   returned units that went back to stock
    """

    order = models.ForeignKey(Order, models.PROTECT, verbose_name=_("order"), related_name="lines")
    sku = models.ForeignKey(Sku, models.PROTECT, verbose_name=_("SKU"), related_name="+")
    title = models.CharField(_("title"), max_length=300)
    quantity = models.PositiveIntegerField(_("quantity"))
    list_total = models.BigIntegerField(_("list price"))
    discount = models.BigIntegerField(_("discount"), default=0)
    paid = models.BigIntegerField(_("paid"))
    reserved = models.BigIntegerField(_("in refund"), default=0, editable=False)
    settled = models.BigIntegerField(_("refunded"), default=0, editable=False)
    open_tickets = models.IntegerField(default=0, editable=False)
    shipped = models.IntegerField(_("shipped"), default=0, editable=False)
    cancelling = models.IntegerField(default=0, editable=False)
    cancelled = models.IntegerField(_("cancelled"), default=0, editable=False)
    returning = models.IntegerField(default=0, editable=False)
    returned = models.IntegerField(_("returned"), default=0, editable=False)
    replaced = models.IntegerField(_("replaced"), default=0, editable=False)
    restocked = models.IntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        ordering = ("pk",)
        constraints = (
            models.CheckConstraint(
                condition=Q(quantity__gte=1, paid__gte=0, paid=F("list_total") - F("discount")), name="line_amounts"
            ),
            models.CheckConstraint(
                condition=Q(reserved__gte=0, settled__gte=0, paid__gte=F("reserved") + F("settled")),
                name="line_refunds_within_paid",
            ),
            models.CheckConstraint(
                condition=Q(
                    shipped__gte=0,
                    cancelled__gte=0,
                    cancelling__gte=0,
                    quantity__gte=F("shipped") + F("cancelled") + F("cancelling"),
                ),
                name="line_units_within_quantity",
            ),
            models.CheckConstraint(
                condition=Q(
                    returning__gte=0,
                    replaced__gte=0,
                    returned__gte=F("replaced"),
                    shipped__gte=F("returning") + F("returned") - F("replaced"),
                ),
                name="line_returns_within_shipped",
            ),
            models.CheckConstraint(
                condition=Q(restocked__gte=0, returned__gte=F("restocked")), name="line_restocked_within_returned"
            ),
            models.CheckConstraint(condition=Q(open_tickets__in=(0, 1)), name="line_one_open_ticket"),
        )

    def __str__(self) -> str:
        return self.title

    @property
    def left(self) -> int:
        """What can still be refunded, in minor units."""
        return self.paid - self.settled - self.reserved

    @property
    def to_ship(self) -> int:
        """Units that may be shipped now; those in an open ticket wait."""
        return self.quantity - self.shipped - self.cancelled - self.cancelling

    @property
    def to_return(self) -> int:
        """Units that the buyer has, sent at first or in exchange, and that are not on their way back."""
        return self.shipped + self.replaced - self.returned - self.returning


class OrderEvent(Event):
    fk = "order"
    order = models.ForeignKey(Order, models.PROTECT, verbose_name=_("order"), related_name="events")

    class Meta(Event.Meta):
        indexes = event_indexes("orderevent")
        verbose_name = _("order event")
        verbose_name_plural = _("order events")
