"""A job, and the rows that it is about."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

# After a step that failed a job is left alone for a while, and given up after so many of them in a row.
PAUSE: Final = timedelta(seconds=10)
TRIES: Final = 5


class Outcome(models.TextChoices):
    FINISHED = "finished", pgettext_lazy("job", "Finished")
    CANCELLED = "cancelled", pgettext_lazy("job", "Cancelled")
    FAILED = "failed", pgettext_lazy("job", "Failed")


class JobError(models.TextChoices):
    """Why a row, or the whole of a job, was not done, beside the reasons of its kind."""

    BUSY = "busy", _("Somebody else was working on it at that moment.")
    CHANGED = "changed", _("It has changed meanwhile.")
    BROKEN = "broken", _("A mistake on our side; this one was not changed.")
    NO_RIGHTS = "no_rights", _("The person who asked for it may not do this any more.")


class JobQuerySet(models.QuerySet["Job"]):
    def of(self, user: Any) -> JobQuerySet:
        """What a person sees: their own and those of their shops; all of them for operators and auditors."""
        if user.sees_everything:
            return self
        # Not by a join: a job would be found once for each colleague.
        of_shops = self.model._base_manager.filter(shop__staff__user=user).values("pk")
        return self.filter(Q(by=user) | Q(pk__in=of_shops))

    def open(self) -> JobQuerySet:
        """Released and not ended: what the worker has to do."""
        return self.filter(ready_at__isnull=False, ended_at__isnull=True)


class Job(models.Model):
    """Something that a worker does for a person, in steps that each commit; whatever kills the worker, the next one
    goes on after the last step that committed. A person's press of a button writes it; only the worker moves it on.

    token     names it, so that a form sent twice makes one job
    kind      which registered Kind carries it out
    shop      whose rows it is about; null for work across shops
    params    what its kind was told, such as a reason and words
    cursor    where a job that has no rows of its own has come to
    planned   how many rows there are to do; null while nobody has counted
    ready_at  when it was released to the worker; null while it waits for somebody's confirmation
    released_by  who confirmed it
    worked_at the last step's time: the proof that it goes on
    tries     steps that failed in a row, the last one with `trouble`
    file      what it made, under private names; given to `by` alone as `file_name`, until `expires_at`
    """

    token = models.UUIDField(unique=True, default=uuid4, editable=False)
    kind = models.CharField(_("kind of work"), max_length=40)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("asked for by"), related_name="+")
    shop = models.ForeignKey("orders.Shop", models.PROTECT, verbose_name=_("shop"), null=True, related_name="+")
    params: Any = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    cursor: Any = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    planned = models.PositiveIntegerField(_("rows"), null=True)
    done = models.PositiveIntegerField(_("done"), default=0)
    failed = models.PositiveIntegerField(_("not done"), default=0)
    created_at = models.DateTimeField(_("asked for"), db_default=Now())
    ready_at = models.DateTimeField(_("released"), null=True)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("confirmed by"), null=True, related_name="+"
    )
    started_at = models.DateTimeField(_("begun"), null=True)
    worked_at = models.DateTimeField(_("last step"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    trouble = models.TextField(_("trouble"), blank=True)
    file = models.CharField(max_length=200, blank=True)
    file_name = models.CharField(_("file"), max_length=100, blank=True)
    expires_at = models.DateTimeField(_("kept until"), null=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        verbose_name = _("background job")
        verbose_name_plural = _("background jobs")
        ordering = ("-pk",)
        indexes = (
            models.Index(
                F("worked_at").asc(nulls_first=True),
                F("id"),
                name="job_open",
                condition=Q(ready_at__isnull=False, ended_at__isnull=True),
            ),
            models.Index(fields=("by", "-id"), name="job_of_person"),
            models.Index(fields=("shop", "-id"), name="job_of_shop"),
        )
        constraints = (
            models.CheckConstraint(condition=Q(ended_at__isnull=True) ^ ~Q(outcome=""), name="job_ended_somehow"),
            models.CheckConstraint(
                condition=Q(started_at__isnull=True) | Q(ready_at__isnull=False), name="job_begun_ready"
            ),
            models.CheckConstraint(
                condition=Q(planned__isnull=True) | Q(planned__gte=F("done") + F("failed")), name="job_at_most_planned"
            ),
            models.CheckConstraint(condition=Q(file="") | Q(expires_at__isnull=False), name="job_files_expire"),
        )

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def seen(self) -> int:
        """Rows that have a result."""
        return self.done + self.failed

    @property
    def stands_at(self) -> tuple[str, Any]:
        """Colour and word of where it is."""
        if self.ended_at:
            colour = {Outcome.FINISHED: "green", Outcome.CANCELLED: "grey", Outcome.FAILED: "red"}
            return colour[Outcome(self.outcome)], Outcome(self.outcome).label
        if self.ready_at is None:
            return "amber", pgettext_lazy("job", "To be confirmed")
        if self.tries:
            return "amber", pgettext_lazy("job", "Held up")
        return "blue", pgettext_lazy("job", "Running") if self.started_at else pgettext_lazy("job", "Waiting")


class JobRow(models.Model):
    """One row that a job is about, and what became of it.

    key      the row's primary key
    version  of the row, as the person read it, where it has one
    label    what it is called, so that a result can be read without its row
    code     why it was not done: of the kind's own errors or of JobError, with the figures of the sentence in `params`
    """

    job = models.ForeignKey(Job, models.CASCADE, related_name="rows")
    key = models.BigIntegerField()
    version = models.PositiveIntegerField(null=True)
    label = models.CharField(max_length=100, blank=True)
    done_at = models.DateTimeField(null=True)
    ok = models.BooleanField(null=True)
    code = models.CharField(max_length=40, blank=True)
    params: Any = models.JSONField(default=dict, encoder=DjangoJSONEncoder)

    class Meta:
        verbose_name = _("row of a job")
        verbose_name_plural = _("rows of a job")
        ordering = ("pk",)
        indexes = (models.Index(fields=("job", "id"), name="jobrow_to_do", condition=Q(done_at__isnull=True)),)
        constraints = (
            models.UniqueConstraint(fields=("job", "key"), name="jobrow_once"),
            models.CheckConstraint(condition=Q(done_at__isnull=True, ok__isnull=True)
                                   | Q(done_at__isnull=False, ok__isnull=False), name="jobrow_done_somehow"),
        )  # fmt: skip

    def __str__(self) -> str:
        return self.label or str(self.key)

    def succeed(self) -> None:
        self.ok, self.code, self.params = True, "", {}

    def fail(self, code: str, **params: Any) -> None:
        self.ok, self.code, self.params = False, str(code), params
