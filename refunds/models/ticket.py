"""One after-sale case on one order: what is asked for, why, and what happened."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from aftersales.lifecycle.rows import Event, Row, clock_indexes, event_indexes, state_checks
from aftersales.models import User
from aftersales.numbers import mint
from orders.models import Order, OrderLine
from refunds.states import ClosedReason, Kind, Side, TicketState


class Reason(models.Model):
    """Why a buyer files or a seller rejects. `needs_proof`: a photo has to come with it."""

    side = models.CharField(_("given by"), max_length=10, choices=Side)
    code = models.SlugField(_("code"), max_length=40)
    label_en = models.CharField(_("English"), max_length=100)
    label_zh = models.CharField(_("Chinese"), max_length=100)
    needs_proof = models.BooleanField(_("needs proof"), default=False)
    in_use = models.BooleanField(_("in use"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("reason")
        verbose_name_plural = _("reasons")
        ordering = ("side", "position", "pk")
        constraints = (models.UniqueConstraint(fields=("side", "code"), name="reason_code"),)

    def __str__(self) -> str:
        return self.label_zh if (translation.get_language() or "").startswith("zh") else self.label_en


def ticket_number() -> str:
    return mint("T")


class TicketQuerySet(models.QuerySet["Ticket"]):
    def of_buyer(self, user: User) -> TicketQuerySet:
        return self.filter(order__buyer=user)

    def of_shop(self, user: User) -> TicketQuerySet:
        return self if user.is_superuser else self.filter(order__shop__staff__user=user)


class Ticket(Row):
    """Amounts in minor units of the order's currency; `amount` is the whole of it, `freight` the part for freight.

    shipped         its units had been shipped when it was filed; otherwise a refund cancels them
    token           names the form that filed it, so that the same form sent twice makes one ticket
    version         counts the buyer's applications; an agreeing seller names the one that was read
    return_address  the shop's address as it was when the seller agreed
    """

    number = models.CharField(_("number"), max_length=40, unique=True, default=ticket_number, editable=False)
    order = models.ForeignKey(Order, models.PROTECT, verbose_name=_("order"), related_name="tickets")
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    shipped = models.BooleanField(_("goods were shipped"))
    reason = models.ForeignKey(Reason, models.PROTECT, verbose_name=_("reason"), related_name="+")
    description = models.TextField(_("what happened"), blank=True, max_length=2000)
    amount = models.BigIntegerField(_("amount"))
    freight = models.BigIntegerField(_("freight"), default=0)
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    token = models.UUIDField(null=True, editable=False)
    rejection = models.ForeignKey(
        Reason, models.PROTECT, verbose_name=_("why it was rejected"), null=True, related_name="+"
    )
    return_address = models.TextField(_("return address"), blank=True)
    closed_reason = models.CharField(_("why it closed"), max_length=20, choices=ClosedReason, blank=True)
    opened_at = models.DateTimeField(_("filed"), db_default=models.functions.Now())

    objects = TicketQuerySet.as_manager()

    class Meta:
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")
        ordering = ("-pk",)
        indexes = (*clock_indexes("ticket"), models.Index(fields=("order", "-id"), name="ticket_of_order"))
        constraints = (
            *state_checks("ticket", TicketState),
            models.UniqueConstraint(fields=("order", "token"), name="ticket_one_a_form"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, freight__gte=0, amount__gte=F("freight")), name="ticket_amounts"
            ),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="ticket_kind_known"),
            models.CheckConstraint(
                condition=~Q(kind=Kind.RETURN_REFUND) | Q(shipped=True), name="ticket_returns_what_was_shipped"
            ),
            models.CheckConstraint(
                condition=~Q(state=str(TicketState.AWAITING_RETURN)) | ~Q(return_address=""),
                name="ticket_return_has_address",
            ),
            models.CheckConstraint(
                condition=Q(state=str(TicketState.CLOSED)) ^ Q(closed_reason=""), name="ticket_closed_with_reason"
            ),
        )

    def __str__(self) -> str:
        return self.number


class TicketLine(models.Model):
    """Units of one order line and the minor units asked for them. `is_open` while the ticket has not ended: at most
    one open ticket a line."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, verbose_name=_("ticket"), related_name="lines")
    line = models.ForeignKey(OrderLine, models.PROTECT, verbose_name=_("order line"), related_name="ticket_lines")
    quantity = models.PositiveIntegerField(_("quantity"))
    amount = models.BigIntegerField(_("amount"))
    is_open = models.BooleanField(default=True, editable=False)

    class Meta:
        verbose_name = _("ticket line")
        verbose_name_plural = _("ticket lines")
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(fields=("ticket", "line"), name="ticketline_once"),
            models.UniqueConstraint(fields=("line",), condition=Q(is_open=True), name="ticketline_one_open_a_line"),
            models.CheckConstraint(condition=Q(quantity__gte=1, amount__gte=0), name="ticketline_amounts"),
        )

    def __str__(self) -> str:
        return f"{self.line} × {self.quantity}"


class TicketEvent(Event):
    fk = "ticket"
    ticket = models.ForeignKey(Ticket, models.PROTECT, verbose_name=_("ticket"), related_name="events")

    class Meta(Event.Meta):
        indexes = event_indexes("ticketevent")
        verbose_name = _("ticket event")
        verbose_name_plural = _("ticket events")
