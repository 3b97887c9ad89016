"""What people who answer tickets keep for their work: answers ready to be used, notes among themselves, and words that
are not sent yet."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from aftersales.models import User
from orders.models import Shop
from refunds.models.ticket import Ticket


class Audience(models.TextChoices):
    SHOP = "shop", _("The shop")
    CS = "cs", _("Customer service")


class ReplyQuerySet(models.QuerySet["Reply"]):
    def of_shop(self, user: User) -> ReplyQuerySet:
        """Those of the shops that a person works for, and of customer service for who serves; operators see all."""
        if user.sees_everything:
            return self
        shops = Q(shop__in=Shop.objects.of_staff(user))
        return self.filter(shops | Q(shop=None) if user.is_customer_service else shops)


class Reply(models.Model):
    """An answer that is ready to be used, of a shop or, without one, of customer service. `{variables}` stand for what
    the ticket says: refunds.desk.replies knows them."""

    shop = models.ForeignKey(
        Shop, models.PROTECT, verbose_name=_("shop"), null=True, blank=True, related_name="replies"
    )
    title = models.CharField(_("title"), max_length=100)
    body_en = models.TextField(_("English"), max_length=1000, blank=True)
    body_zh = models.TextField(_("Chinese"), max_length=1000, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    in_use = models.BooleanField(_("in use"), default=True)

    objects = ReplyQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved reply")
        verbose_name_plural = _("saved replies")
        ordering = ("position", "title", "pk")
        constraints = (
            models.CheckConstraint(
                condition=~Q(body_en="", body_zh=""),
                name="reply_says_something",
                violation_error_message=_("Write the answer in at least one language."),
            ),
        )

    def __str__(self) -> str:
        return self.title


class Note(models.Model):
    """What the people of one side tell each other about a ticket; no buyer ever reads it. Append-only."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, verbose_name=_("ticket"), related_name="notes")
    audience = models.CharField(_("read by"), max_length=10, choices=Audience)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("by"), related_name="+")
    text = models.TextField(pgettext_lazy("internal", "note"), max_length=2000)
    at = models.DateTimeField(_("at"), db_default=Now())

    class Meta:
        verbose_name = _("internal note")
        verbose_name_plural = _("internal notes")
        ordering = ("pk",)
        constraints = (models.CheckConstraint(condition=~Q(text=""), name="note_says_something"),)

    def __str__(self) -> str:
        return self.text[:60]


class Jotting(models.Model):
    """What a person has typed into the form of an action and not sent yet.

    key  which form: "refunds.ticket:12:reject"
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key = models.CharField(max_length=100)
    data: Any = models.JSONField(default=dict)
    saved_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("unsent form")
        verbose_name_plural = _("unsent forms")
        constraints = (models.UniqueConstraint(fields=("person", "key"), name="jotting_one_a_form"),)
        indexes = (models.Index(fields=("saved_at",), name="jotting_by_age"),)

    def __str__(self) -> str:
        return self.key
