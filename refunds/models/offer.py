"""What the seller proposes instead of what the buyer asked for."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from refunds.models.ticket import Ticket
from refunds.states import REFUNDS, Kind, OfferAnswer


class Offer(models.Model):
    """Another kind or amount for a ticket, in minor units; `freight` is the part of `amount` for freight. Accepted, it
    becomes what the ticket is about. At most one of a ticket is open."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, verbose_name=_("ticket"), related_name="offers")
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    amount = models.BigIntegerField(_("amount"))
    freight = models.BigIntegerField(_("freight"), default=0)
    note = models.TextField(_("note"), max_length=1000, blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("by"), related_name="+")
    made_at = models.DateTimeField(_("made"), db_default=Now())
    answer = models.CharField(_("answer"), max_length=10, choices=OfferAnswer, blank=True)
    answered_at = models.DateTimeField(_("answered"), null=True)

    class Meta:
        verbose_name = _("offer")
        verbose_name_plural = _("offers")
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(fields=("ticket",), condition=Q(answer=""), name="offer_one_open_a_ticket"),
            models.CheckConstraint(
                condition=Q(kind__in=REFUNDS, amount__gt=0, freight__gte=0, amount__gte=F("freight"))
                | (~Q(kind__in=REFUNDS) & Q(amount=0, freight=0)),
                name="offer_amounts",
            ),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="offer_kind_known"),
            models.CheckConstraint(
                condition=Q(answer="") ^ Q(answered_at__isnull=False), name="offer_answer_with_time"
            ),
        )

    def __str__(self) -> str:
        return f"{self.ticket} · {self.get_kind_display()}"
