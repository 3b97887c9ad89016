"""The channels' own books as we have read them, and where books differ."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from aftersales.models import User
from orders.models import Order


class StatementLine(models.Model):
    """One movement in a channel's books, read once and kept: money in above zero, money back below. `line` is the
    channel's running number, `number` the one of our payment or payout."""

    channel = models.CharField(max_length=20)
    line = models.BigIntegerField()
    number = models.CharField(max_length=40)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    read_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("line of a channel’s books")
        verbose_name_plural = _("lines of channels’ books")
        constraints = (models.UniqueConstraint(fields=("channel", "line"), name="statementline_once"),)

    def __str__(self) -> str:
        return f"{self.channel} {self.line}"


class Books(models.TextChoices):
    """Which two books are compared: ours first, then what it has to agree with."""

    CHANNEL = "channel", _("our ledger / the channel’s books")
    RECEIVED = "received", _("the payment / our ledger")
    PAYMENT = "payment", _("refunded of the payment / its payouts")
    ORDER = "order", _("refunded of the order / its payouts")
    TICKET = "ticket", _("the ticket / its payout")
    POSTING = "posting", _("a posting of the ledger / zero")


class DifferenceQuerySet(models.QuerySet["Difference"]):
    def of_shop(self, user: User) -> DifferenceQuerySet:
        """Books are the platform's own: no shop sees them."""
        return self if user.sees_everything else self.none()

    def unexplained(self) -> DifferenceQuerySet:
        """What waits for an operator."""
        return self.filter(resolved_at__isnull=True, explained_at__isnull=True)


class Difference(models.Model):
    """Two books say different things about one number. The comparison writes it and, when they agree again, ends it.

    ours, theirs  minor units of `currency`, by the two books that `books` names
    seen_at       when they differed the last time
    explained_at  an operator knows why, and has said so; another figure afterwards makes it new again
    """

    books = models.CharField(_("books"), max_length=10, choices=Books)
    number = models.CharField(_("number"), max_length=60)
    order = models.ForeignKey(Order, models.PROTECT, verbose_name=_("order"), null=True, related_name="+")
    currency = models.CharField(_("currency"), max_length=3)
    ours = models.BigIntegerField(_("the first says"))
    theirs = models.BigIntegerField(_("the second says"))
    found_at = models.DateTimeField(_("found"), db_default=Now())
    seen_at = models.DateTimeField(_("seen last"), db_default=Now())
    resolved_at = models.DateTimeField(_("they agree since"), null=True)
    explained_at = models.DateTimeField(_("explained"), null=True)
    explained_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("explained by"), null=True, related_name="+"
    )
    note = models.TextField(pgettext_lazy("difference", "explanation"), blank=True)

    objects = DifferenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("difference between books")
        verbose_name_plural = _("differences between books")
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("books", "number", "currency"),
                condition=Q(resolved_at__isnull=True),
                name="difference_open_once",
            ),
            models.CheckConstraint(condition=Q(books__in=Books.values), name="difference_books_known"),
            models.CheckConstraint(
                condition=Q(explained_at__isnull=True, explained_by__isnull=True, note="")
                | (Q(explained_at__isnull=False, explained_by__isnull=False) & ~Q(note="")),
                name="difference_explained_by_whom",
            ),
        )

    def __str__(self) -> str:
        return self.number
