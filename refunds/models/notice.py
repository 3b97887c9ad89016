"""What one person is told of one event, over one channel."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from aftersales.actors import Role
from aftersales.models import User

# An inbox says how many are unread up to here.
MOST_COUNTED = 99


class Channel(models.TextChoices):
    INBOX = "inbox", _("Inbox")
    EMAIL = "email", _("E-mail")


class NoticeGroup(models.TextChoices):
    """What notices are about; whether a group comes by e-mail as well is each person's choice."""

    ORDERS = "orders", _("Orders")
    CASES = "cases", _("After-sale cases")
    MONEY = "money", _("Money on its way back")
    REMINDERS = "reminders", _("Reminders before time runs out")


class NoticeQuerySet(models.QuerySet["Notice"]):
    def in_inbox(self, user: User) -> NoticeQuerySet:
        """The one place that narrows to a reader: everything that pages show or mark goes through it."""
        return self.filter(person=user, channel=Channel.INBOX)

    def unread(self) -> NoticeQuerySet:
        return self.filter(read_at__isnull=True)

    def failed(self) -> NoticeQuerySet:
        """E-mails that were given up after trying."""
        return self.filter(failed_at__isnull=False, tries__gt=0)

    def mark_read(self) -> int:
        return self.unread().update(read_at=Now())


class Notice(models.Model):
    """Written once with the mark on its event; only sending and reading change it.

    role      as whom the person is told: decides the page that `path` leads to
    life      name of the life whose event `event_id` is; there is an event table a life
    kind      what the row is about, where words depend on it; "" elsewhere
    by_clock  silence did it
    about     number of the order
    due_at    the clock after the event
    next_at   when the e-mail is tried the next time; null when there is nothing left to do
    tries     how often it was claimed; 0 for one that was given up: there was no use in trying
    trouble   the mail server's last words
    """

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("person"), related_name="notices"
    )
    role = models.CharField(_("role"), max_length=10, choices=Role.choices)
    channel = models.CharField(pgettext_lazy("notice", "channel"), max_length=10, choices=Channel)
    life = models.CharField(_("life"), max_length=20)
    event_id = models.BigIntegerField(_("event"))
    action = models.CharField(_("action"), max_length=40)
    state = models.CharField(_("state"), max_length=30, editable=False)
    kind = models.CharField(_("kind"), max_length=20, blank=True)
    by_clock = models.BooleanField(_("nobody answered in time"), default=False)
    number = models.CharField(_("number"), max_length=40)
    path = models.CharField(_("page"), max_length=200)
    about = models.CharField(_("order"), max_length=40)
    due_at = models.DateTimeField(_("due"), null=True)
    created_at = models.DateTimeField(_("created"), db_default=Now())
    next_at = models.DateTimeField(_("next try"), null=True)
    tries = models.PositiveIntegerField(_("tries"), default=0)
    sent_at = models.DateTimeField(pgettext_lazy("notice", "sent"), null=True)
    failed_at = models.DateTimeField(_("given up"), null=True)
    trouble = models.CharField(_("the mail server’s last complaint"), max_length=300, blank=True)
    read_at = models.DateTimeField(_("read"), null=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering = ("-pk",)
        indexes = (
            models.Index(fields=("next_at", "id"), name="notice_to_send", condition=Q(next_at__isnull=False)),
            models.Index(fields=("failed_at",), name="notice_failed", condition=Q(failed_at__isnull=False)),
            models.Index(fields=("person", "-id"), name="notice_inbox", condition=Q(channel="inbox")),
            models.Index(fields=("person",), name="notice_unread", condition=Q(channel="inbox", read_at__isnull=True)),
            models.Index(fields=("number",), name="notice_number", opclasses=("varchar_pattern_ops",)),
        )
        constraints = (
            models.UniqueConstraint(fields=("life", "event_id", "person", "channel"), name="notice_once"),
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="notice_channel_known"),
            models.CheckConstraint(
                condition=Q(channel=Channel.INBOX, next_at=None, sent_at=None, failed_at=None)
                | Q(channel=Channel.EMAIL, next_at__isnull=False, sent_at=None, failed_at=None)
                | Q(channel=Channel.EMAIL, next_at=None, sent_at__isnull=False, failed_at=None)
                | Q(channel=Channel.EMAIL, next_at=None, sent_at=None, failed_at__isnull=False),
                name="notice_waits_or_is_sent_or_failed",
            ),
            models.CheckConstraint(condition=Q(channel=Channel.INBOX) | Q(read_at=None), name="notice_read_in_inbox"),
        )

    def __str__(self) -> str:
        return f"{self.number} {self.action}"


class NoticeSettings(models.Model):
    """Which groups of notices a person gets by e-mail as well. All of them without a row; the inbox has all of them."""

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        primary_key=True,
        verbose_name=_("person"),
        related_name="notice_settings",
    )
    orders = models.BooleanField(NoticeGroup.ORDERS.label, default=True)
    cases = models.BooleanField(NoticeGroup.CASES.label, default=True)
    money = models.BooleanField(NoticeGroup.MONEY.label, default=True)
    reminders = models.BooleanField(NoticeGroup.REMINDERS.label, default=True)

    class Meta:
        verbose_name = _("notice settings")
        verbose_name_plural = _("notice settings")

    def __str__(self) -> str:
        return str(self.person)

    @property
    def silenced(self) -> frozenset[NoticeGroup]:
        return frozenset(group for group in NoticeGroup if not getattr(self, group))
