"""One after-sale case on one order: what is asked for, why, and what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from aftersales.actors import Role
from aftersales.lifecycle.rows import DUE, Event, Row, clock_indexes, event_indexes, state_checks
from aftersales.lifecycle.table import Owner
from aftersales.models import User
from aftersales.numbers import mint
from orders.models import Order, OrderLine, Shop, ShopStaff, Sku
from refunds.models.reason import Reason
from refunds.states import REFUNDS, RETURNS, ClosedReason, Kind, Payer, TicketState, Verdict

if TYPE_CHECKING:
    from refunds.models.goods import Inspection

# Where a ticket stands aside from its way, and remembers where it came from.
ASIDE = (TicketState.AWAITING_BUYER, TicketState.ARBITRATION)
# What the seller has to act on: the queue.
OF_SELLER = tuple(state for state in TicketState.all() if state.owner is Owner.SELLER)
# Where goods that came back are with the seller.
AT_SELLER = (TicketState.AWAITING_INSPECTION, TicketState.INSPECTION_FAILED, TicketState.AWAITING_DISPATCH)


def ticket_number() -> str:
    return mint("T")


class TicketQuerySet(models.QuerySet["Ticket"]):
    def of_buyer(self, user: User) -> TicketQuerySet:
        return self.filter(order__buyer=user)

    def of_shop(self, user: User) -> TicketQuerySet:
        return self if user.sees_everything else self.filter(shop__staff__user=user)

    def for_cs(self, user: User) -> TicketQuerySet:
        """What a person of customer service sees: tickets that were ever brought before it, but none of a shop that
        they work for or of an order of their own."""
        if not user.is_customer_service:
            return self.none()
        # Not by a join: rows that are to be locked cannot be made distinct.
        brought = self.model._base_manager.filter(disputes__isnull=False).values("pk")
        return self.filter(pk__in=brought).exclude(shop__staff__user=user).exclude(order__buyer=user)


class Ticket(Row):
    """Amounts in minor units of the order's currency; `amount` is the whole of it, `freight` the part for freight.

    shop            the order's, so that a shop's queue is one walk along an index
    shipped         its units had been shipped when it was filed; otherwise a refund cancels them
    arrived         the buyer says that they have the goods
    by_seller       money that the seller gives back unasked: it cancels no units
    token           names the form that filed it, so that the same form sent twice makes one ticket
    version         counts the buyer's applications; an agreeing seller names the one that was read
    freight_by      who pays the freight of goods that come back: as the reason says, or the ruling
    return_address  the shop's address as it was when the seller agreed
    resume_state    where it came from, while it waits for an answer to an offer or for customer service
    resume_left     what was left of the clock there, which an answer to an offer continues
    sending_back    what travels to the buyer are the goods that came back
    verdict         what customer service has ruled last
    assignee        who of the shop works on it; null for whoever comes first, and once they have left the shop
    """

    number = models.CharField(_("number"), max_length=40, unique=True, default=ticket_number, editable=False)
    order = models.ForeignKey(Order, models.PROTECT, verbose_name=_("order"), related_name="tickets")
    shop = models.ForeignKey(
        Shop, models.PROTECT, verbose_name=_("shop"), related_name="tickets", editable=False, db_index=False
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    shipped = models.BooleanField(_("goods were shipped"))
    arrived = models.BooleanField(_("goods have arrived"), default=True)
    by_seller = models.BooleanField(_("given by the seller unasked"), default=False)
    reason = models.ForeignKey(Reason, models.PROTECT, verbose_name=_("reason"), related_name="+")
    description = models.TextField(_("what happened"), blank=True, max_length=2000)
    amount = models.BigIntegerField(_("amount"))
    freight = models.BigIntegerField(_("freight"), default=0)
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    token = models.UUIDField(null=True, editable=False)
    rejection = models.ForeignKey(
        Reason, models.PROTECT, verbose_name=_("why it was rejected"), null=True, related_name="+"
    )
    freight_by = models.CharField(_("return freight paid by"), max_length=10, choices=Payer, default=Payer.BUYER)
    return_address = models.TextField(_("return address"), blank=True)
    resume_state = models.CharField(max_length=30, blank=True, editable=False)
    resume_left = models.DurationField(null=True, editable=False)
    sending_back = models.BooleanField(_("goods go back to the buyer"), default=False, editable=False)
    verdict = models.CharField(_("ruling"), max_length=20, choices=Verdict, blank=True, editable=False)
    assignee = models.ForeignKey(
        ShopStaff, models.SET_NULL, verbose_name=_("assigned to"), null=True, related_name="+", editable=False,
        db_index=False,
    )  # fmt: skip
    closed_reason = models.CharField(_("why it closed"), max_length=20, choices=ClosedReason, blank=True)
    opened_at = models.DateTimeField(_("filed"), db_default=models.functions.Now())

    objects = TicketQuerySet.as_manager()

    class Meta:
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")
        ordering = ("-pk",)
        indexes = (
            *clock_indexes("ticket"),
            models.Index(fields=("order", "-id"), name="ticket_of_order"),
            models.Index(
                F("shop"), DUE, F("id").desc(), name="ticket_queue", condition=Q(state__in=[str(s) for s in OF_SELLER])
            ),
            models.Index(F("shop"), F("state"), DUE, F("id").desc(), name="ticket_of_state"),
            models.Index(F("shop"), DUE, F("id").desc(), name="ticket_of_shop"),
            models.Index(DUE, F("id").desc(), name="ticket_by_due"),
            models.Index(fields=("shop", "opened_at"), name="ticket_filed"),
            models.Index(
                F("assignee"), DUE, F("id").desc(), name="ticket_of_assignee", condition=Q(assignee__isnull=False)
            ),
        )
        constraints = (
            *state_checks("ticket", TicketState),
            models.UniqueConstraint(fields=("order", "token"), name="ticket_one_a_form"),
            models.CheckConstraint(
                condition=Q(kind__in=REFUNDS, amount__gt=0, freight__gte=0, amount__gte=F("freight"))
                | (~Q(kind__in=REFUNDS) & Q(amount=0, freight=0)),
                name="ticket_amounts",
            ),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="ticket_kind_known"),
            models.CheckConstraint(
                condition=Q(kind=Kind.REFUND_ONLY) | Q(shipped=True), name="ticket_returns_what_was_shipped"
            ),
            models.CheckConstraint(
                condition=~Q(state=str(TicketState.AWAITING_RETURN)) | ~Q(return_address=""),
                name="ticket_return_has_address",
            ),
            models.CheckConstraint(
                condition=Q(state=str(TicketState.CLOSED)) ^ Q(closed_reason=""), name="ticket_closed_with_reason"
            ),
            models.CheckConstraint(
                condition=Q(state__in=[str(s) for s in ASIDE]) ^ Q(resume_state=""), name="ticket_aside_came_from"
            ),
        )

    def __str__(self) -> str:
        return self.number

    @property
    def stands_at(self) -> str:
        """Where it is on its way: its state, or the one it came from."""
        return self.resume_state or self.state

    @property
    def units_wait(self) -> str | None:
        """The order line's counter in which the ticket's units wait: None where the goods stay with the buyer."""
        if self.by_seller:
            return None
        if not self.shipped:
            return "cancelling"
        return "returning" if self.kind in RETURNS else None

    @property
    def goods_are_back(self) -> bool:
        """Whether the buyer's goods are with the seller, or on the way there."""
        return self.kind in RETURNS and self.stands_at in AT_SELLER


class TicketLine(models.Model):
    """Units of one order line and the minor units asked for them. `is_open` while the ticket has not ended: at most
    one open ticket a line.

    goods       the article that the buyer has after an earlier exchange; null for the one that was bought
    wanted      the article that an exchange gives instead; null for the same again
    part        which part is sent again; "" for whole units
    stock_held  units taken from stock for this line that have not been sent yet; stock_sent: those that have
    """

    ticket = models.ForeignKey(Ticket, models.PROTECT, verbose_name=_("ticket"), related_name="lines")
    line = models.ForeignKey(OrderLine, models.PROTECT, verbose_name=_("order line"), related_name="ticket_lines")
    quantity = models.PositiveIntegerField(_("quantity"))
    amount = models.BigIntegerField(_("amount"))
    goods = models.ForeignKey(Sku, models.PROTECT, verbose_name=_("goods"), null=True, related_name="+")
    wanted = models.ForeignKey(Sku, models.PROTECT, verbose_name=_("instead"), null=True, related_name="+")
    part = models.CharField(_("part"), max_length=200, blank=True)
    stock_held = models.IntegerField(default=0, editable=False)
    stock_sent = models.IntegerField(default=0, editable=False)
    is_open = models.BooleanField(default=True, editable=False)

    class Meta:
        verbose_name = _("ticket line")
        verbose_name_plural = _("ticket lines")
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(fields=("ticket", "line"), name="ticketline_once"),
            models.UniqueConstraint(fields=("line",), condition=Q(is_open=True), name="ticketline_one_open_a_line"),
            models.CheckConstraint(condition=Q(quantity__gte=1, amount__gte=0), name="ticketline_amounts"),
            models.CheckConstraint(
                condition=Q(stock_held__gte=0, stock_sent__gte=0, quantity__gte=F("stock_held")),
                name="ticketline_stock",
            ),
            models.CheckConstraint(condition=Q(is_open=True) | Q(stock_held=0), name="ticketline_ended_holds_nothing"),
        )

    def __str__(self) -> str:
        return f"{self.line} × {self.quantity}"

    @property
    def found(self) -> Inspection | None:
        """What was found of it last; `inspections` are fetched with it."""
        seen = list(self.inspections.all())
        return seen[-1] if seen else None

    @property
    def comes_back(self) -> int:
        """The SKU of the goods that the buyer has."""
        return self.goods_id or self.line.sku_id

    @property
    def goes_out(self) -> int:
        """The SKU that an exchange gives, or that is sent again."""
        return self.wanted_id or self.comes_back


class TicketEvent(Event):
    fk = "ticket"
    ticket = models.ForeignKey(Ticket, models.PROTECT, verbose_name=_("ticket"), related_name="events")

    class Meta(Event.Meta):
        indexes = (
            *event_indexes("ticketevent"),
            # When the seller first answered.
            models.Index(fields=("ticket", "at"), name="ticketevent_answers", condition=Q(role=Role.SELLER)),
        )
        verbose_name = _("ticket event")
        verbose_name_plural = _("ticket events")
