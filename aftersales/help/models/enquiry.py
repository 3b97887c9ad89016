"""What people ask customer service outside of a ticket, and the letters that go to and fro."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from aftersales.models import User

LONGEST_LETTER = 2000


class Topic(models.TextChoices):
    ORDER = "order", _("An order or its delivery")
    AFTER_SALE = "after_sale", _("A return, an exchange or a repair")
    MONEY = "money", _("A payment or a refund")
    ACCOUNT = "account", _("My account or notices")
    SELLER = "seller", _("A seller")
    SITE = "site", _("Something on this site does not work")
    OTHER = "other", _("Another question")


class Written(models.TextChoices):
    """What a letter is: only notes are not for the one who asked."""

    QUESTION = "question", _("Question")
    ANSWER = "answer", _("Answer")
    NOTE = "note", _("Private note")


class EnquiryQuerySet(models.QuerySet["Enquiry"]):
    def of_person(self, user: User) -> EnquiryQuerySet:
        """The one place that narrows to those who ask."""
        return self.filter(person=user)

    def of_desk(self, user: User) -> EnquiryQuerySet:
        """The one place that narrows to those who answer, and those who see everything: nobody answers what they asked
        themselves."""
        if not (user.is_active and user.is_staff and (user.sees_everything or user.is_customer_service)):
            return self.none()
        return self.exclude(person=user)

    def open(self) -> EnquiryQuerySet:
        return self.filter(waiting_since__isnull=False)


class Enquiry(models.Model):
    """
    token          of the form it came from, so that sending it twice asks once
    about          number of an order or ticket; of a person's own where one is logged in, else as it was typed
    email          where the answer goes when nobody is logged in
    language       what the answer is sent in
    sender         the network address it came from, as a hash
    agent          who has taken it
    waiting_since  the oldest question that has no answer; null: answered
    """

    number = models.CharField(_("number"), max_length=40, unique=True)
    token = models.UUIDField(unique=True, editable=False)
    topic = models.CharField(pgettext_lazy("enquiry", "topic"), max_length=20, choices=Topic)
    about = models.CharField(_("order or ticket"), max_length=40, blank=True)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("person"), null=True, related_name="enquiries"
    )
    email = models.EmailField(_("e-mail"), blank=True)
    language = models.CharField(_("language"), max_length=10)
    sender = models.CharField(max_length=64, editable=False)
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("taken by"), null=True, related_name="+"
    )
    asked_at = models.DateTimeField(_("asked"), db_default=Now())
    waiting_since = models.DateTimeField(_("waiting since"), null=True, db_default=Now())
    answered_at = models.DateTimeField(_("answered"), null=True)

    objects: ClassVar = EnquiryQuerySet.as_manager()

    class Meta:
        verbose_name = _("enquiry")
        verbose_name_plural = _("enquiries")
        ordering = ("-pk",)
        indexes = (
            models.Index(fields=("waiting_since", "id"), name="enquiry_open", condition=Q(waiting_since__isnull=False)),
            models.Index(fields=("person", "-id"), name="enquiry_of_person"),
            models.Index(fields=("sender", "asked_at"), name="enquiry_of_sender"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(person=None) & ~Q(email="") | Q(person__isnull=False, email=""),
                name="enquiry_can_be_answered",
            ),
            models.CheckConstraint(
                condition=Q(waiting_since__isnull=False) | Q(answered_at__isnull=False), name="enquiry_open_or_answered"
            ),
            models.CheckConstraint(condition=Q(topic__in=Topic.values), name="enquiry_topic_known"),
        )

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("help:enquiry", args=(self.number,))

    @property
    def is_open(self) -> bool:
        return self.waiting_since is not None


class LetterQuerySet(models.QuerySet["Letter"]):
    def public(self) -> LetterQuerySet:
        """What the one who asked may read."""
        return self.exclude(kind=Written.NOTE).order_by("pk")


class Letter(models.Model):
    """Written once. The columns from `next_at` on send an answer to who has no inbox; refunds.mailing knows them."""

    enquiry = models.ForeignKey(Enquiry, models.PROTECT, verbose_name=_("enquiry"), related_name="letters")
    kind = models.CharField(_("kind"), max_length=10, choices=Written)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("written by"), null=True, related_name="+"
    )
    text = models.TextField(_("text"), max_length=LONGEST_LETTER)
    at = models.DateTimeField(_("when"), db_default=Now())
    next_at = models.DateTimeField(_("next try"), null=True)
    tries = models.PositiveIntegerField(_("tries"), default=0)
    sent_at = models.DateTimeField(pgettext_lazy("notice", "sent"), null=True)
    failed_at = models.DateTimeField(_("given up"), null=True)
    trouble = models.CharField(_("the mail server’s last complaint"), max_length=300, blank=True)

    objects: ClassVar = LetterQuerySet.as_manager()

    class Meta:
        verbose_name = _("letter")
        verbose_name_plural = _("letters")
        ordering = ("pk",)
        indexes = (models.Index(fields=("next_at", "id"), name="letter_to_send", condition=Q(next_at__isnull=False)),)
        constraints = (
            models.CheckConstraint(condition=Q(kind__in=Written.values), name="letter_kind_known"),
            models.CheckConstraint(
                condition=Q(next_at=None, sent_at=None, failed_at=None)
                | Q(kind=Written.ANSWER, next_at__isnull=False, sent_at=None, failed_at=None)
                | Q(kind=Written.ANSWER, next_at=None, sent_at__isnull=False, failed_at=None)
                | Q(kind=Written.ANSWER, next_at=None, sent_at=None, failed_at__isnull=False),
                name="letter_waits_or_is_sent_or_failed",
            ),
        )

    def __str__(self) -> str:
        return f"{self.enquiry_id} {self.kind}"
