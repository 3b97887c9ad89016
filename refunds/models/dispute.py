"""Customer service's case on a ticket, and what it decides."""

from __future__ import annotations

from operator import attrgetter

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from aftersales.actors import Role
from aftersales.lifecycle.rows import Event, Row, clock_indexes, event_indexes, state_checks
from aftersales.models import User
from aftersales.numbers import mint
from orders.models import Order
from refunds.models.ticket import Ticket
from refunds.states import DisputeState, Outcome, Payer, Verdict


def dispute_number() -> str:
    return mint("D")


class DisputeQuerySet(models.QuerySet["Dispute"]):
    def of_buyer(self, user: User) -> DisputeQuerySet:
        return self.filter(order__buyer=user)

    def of_shop(self, user: User) -> DisputeQuerySet:
        return self if user.sees_everything else self.filter(order__shop__staff__user=user)

    def for_cs(self, user: User) -> DisputeQuerySet:
        """What a person of customer service sees: everything but the shops that they work for and their own orders."""
        if not user.is_customer_service:
            return self.none()
        return self.exclude(order__shop__staff__user=user).exclude(order__buyer=user)

    def for_agent(self, user: User) -> DisputeQuerySet:
        """What an agent may decide: what they see, but no appeal against a ruling of their own."""
        ruled = Ruling.objects.filter(Q(agent=user) | Q(confirmed_by=user), dispute=OuterRef("pk"), on_appeal=False)
        return self.for_cs(user).filter(Q(appealed_by="") | ~Exists(ruled))

    def open(self) -> DisputeQuerySet:
        return self.exclude(state=str(DisputeState.FINAL))


class Dispute(Row):
    """
    called_by   who called customer service; the system where a clock did
    agent       who works on it, null while it is nobody's
    late_at     when its review took longer than promised for the first time
    appealed_by who has appealed; "" while nobody has
    """

    number = models.CharField(_("number"), max_length=40, unique=True, default=dispute_number, editable=False)
    order = models.ForeignKey(Order, models.PROTECT, verbose_name=_("order"), related_name="disputes")
    ticket = models.ForeignKey(Ticket, models.PROTECT, verbose_name=_("ticket"), related_name="disputes")
    called_by = models.CharField(_("called by"), max_length=10, choices=Role.choices)
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("agent"), null=True, related_name="disputes"
    )
    late_at = models.DateTimeField(_("late since"), null=True, editable=False)
    buyer_rests = models.BooleanField(_("the buyer has nothing to add"), default=False, editable=False)
    seller_rests = models.BooleanField(_("the seller has nothing to add"), default=False, editable=False)
    buyer_accepts = models.BooleanField(_("the buyer accepts the ruling"), default=False, editable=False)
    seller_accepts = models.BooleanField(_("the seller accepts the ruling"), default=False, editable=False)
    appealed_by = models.CharField(_("appealed by"), max_length=10, choices=Role.choices, blank=True, editable=False)
    outcome = models.CharField(_("outcome"), max_length=20, choices=Outcome, blank=True, editable=False)
    opened_at = models.DateTimeField(_("called"), db_default=Now())

    objects = DisputeQuerySet.as_manager()

    class Meta:
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")
        ordering = ("-pk",)
        indexes = (*clock_indexes("dispute"), models.Index(fields=("agent", "state"), name="dispute_of_agent"))
        constraints = (
            *state_checks("dispute", DisputeState),
            models.UniqueConstraint(
                fields=("ticket",), condition=~Q(state=str(DisputeState.FINAL)), name="dispute_one_open_a_ticket"
            ),
            models.CheckConstraint(
                condition=Q(state=str(DisputeState.FINAL)) ^ Q(outcome=""), name="dispute_final_with_outcome"
            ),
        )

    def __str__(self) -> str:
        return self.number

    @property
    def ruling(self) -> Ruling | None:
        """What was ruled last; `rulings` may have been fetched with it."""
        return max(self.rulings.all(), key=attrgetter("pk"), default=None)


# A ruling that a second agent has yet to confirm, or has not confirmed, has not been given. As a condition, and, in
# Ruling, of one that was read.
GIVEN = Q(needs_second=False) | Q(confirmed_by__isnull=False)


class Ruling(models.Model):
    """What one agent decided; the last one of a dispute counts. Minor units; `freight` is the part of `amount` for
    freight.

    on_appeal     it answers an appeal
    freight_by    who pays the freight of goods that came, or come, back
    needs_second  it is above the amount from which a second agent confirms
    """

    dispute = models.ForeignKey(Dispute, models.PROTECT, verbose_name=_("dispute"), related_name="rulings")
    verdict = models.CharField(_("ruling"), max_length=20, choices=Verdict)
    amount = models.BigIntegerField(_("amount"), default=0)
    freight = models.BigIntegerField(_("freight"), default=0)
    freight_by = models.CharField(_("return freight paid by"), max_length=10, choices=Payer)
    note = models.TextField(_("why"), max_length=2000)
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("agent"), related_name="+")
    made_at = models.DateTimeField(_("made"), db_default=Now())
    on_appeal = models.BooleanField(_("on appeal"), default=False)
    needs_second = models.BooleanField(_("needs a second agent"), default=False)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("confirmed by"), null=True, related_name="+"
    )

    class Meta:
        verbose_name = _("ruling")
        verbose_name_plural = _("rulings")
        ordering = ("pk",)
        constraints = (
            models.CheckConstraint(condition=Q(freight__gte=0, amount__gte=F("freight")), name="ruling_amounts"),
            models.CheckConstraint(
                condition=~Q(verdict=Verdict.REFUND) | Q(amount__gt=0), name="ruling_refunds_something"
            ),
            models.CheckConstraint(condition=Q(verdict__in=Verdict.values), name="ruling_verdict_known"),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("agent")), name="ruling_second_is_another"
            ),
        )

    def __str__(self) -> str:
        return f"{self.dispute} · {self.get_verdict_display()}"

    @property
    def is_given(self) -> bool:
        return not self.needs_second or self.confirmed_by_id is not None


class DisputeEvent(Event):
    fk = "dispute"
    dispute = models.ForeignKey(Dispute, models.PROTECT, verbose_name=_("dispute"), related_name="events")

    class Meta(Event.Meta):
        indexes = event_indexes("disputeevent")
        verbose_name = _("dispute event")
        verbose_name_plural = _("dispute events")
