"""The columns of a row that has a lifecycle, and of the events that tell its history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import DateTimeField, Q, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from aftersales.actors import Role
from aftersales.lifecycle.table import States

# By deadline, rows without a running clock behind all others: never null, so that one index serves the order and a
# place in it. An index serves a query only when both are written alike.
NEVER: Final = datetime(9999, 1, 1, tzinfo=UTC)
DUE: Final = Coalesce("due_at", Value(NEVER, output_field=DateTimeField()))


class Row(models.Model):
    """A row that `begin` creates and only `move` moves.

    due_at        when silence has its consequence (UTC); null in an untimed state or while the clock is held
    held_left     how much is left of a held clock
    remind_at     when its owner is reminded of the clock the next time; null when there is no more reminder
    entered_at    since when the row is in its state
    set_aside_at  a sweep could not move it; a person has to look at set_aside_error
    """

    state = models.CharField(_("state"), max_length=30, editable=False)
    due_at = models.DateTimeField(_("due"), null=True, editable=False)
    held_left = models.DurationField(_("time left while held"), null=True, editable=False)
    remind_at = models.DateTimeField(null=True, editable=False)
    entered_at = models.DateTimeField(_("in this state since"), editable=False)
    set_aside_at = models.DateTimeField(_("set aside"), null=True, editable=False)
    set_aside_error = models.TextField(_("why it was set aside"), blank=True, editable=False)

    class Meta:
        abstract = True


class Event(models.Model):
    """One thing that happened to one row; append-only, its birth included.

    `fk` names the foreign key to the row. `announced_at is null` is the queue of what the people concerned have not
    been told yet.
    """

    action = models.CharField(_("action"), max_length=40)
    from_state = models.CharField(_("from"), max_length=30, blank=True)
    to_state = models.CharField(_("to"), max_length=30)
    role = models.CharField(_("role"), max_length=10, choices=Role.choices)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("by"), null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField(_("at"), db_default=models.functions.Now())
    due_at = models.DateTimeField(_("clock afterwards"), null=True)
    note = models.TextField(_("note"), blank=True)
    data = models.JSONField(_("data"), default=dict, encoder=DjangoJSONEncoder)
    announced_at = models.DateTimeField(_("announced"), null=True)

    fk: ClassVar[str]

    class Meta:
        abstract = True
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.action

    @property
    def row_id(self) -> int:
        """The primary key of the row that moved."""
        return int(getattr(self, f"{self.fk}_id"))


def state_checks(name: str, states: type[States]) -> tuple[models.CheckConstraint, ...]:
    """CHECKs of a life: known states; in a timed state exactly one of due_at and held_left, otherwise neither."""
    running = Q(due_at__isnull=False, held_left__isnull=True) | Q(due_at__isnull=True, held_left__isnull=False)
    still = Q(due_at__isnull=True, held_left__isnull=True)
    timed = states.timed()
    return (
        models.CheckConstraint(condition=Q(state__in=[str(s) for s in states.all()]), name=f"{name}_state_known"),
        models.CheckConstraint(
            condition=(Q(state__in=timed) & running) | (~Q(state__in=timed) & still), name=f"{name}_clock_when_timed"
        ),
        models.CheckConstraint(
            condition=Q(held_left__isnull=True) | Q(held_left__gte=timedelta(0)),
            name=f"{name}_held_left_positive",
        ),
        models.CheckConstraint(
            condition=Q(remind_at__isnull=True) | Q(due_at__isnull=False), name=f"{name}_reminds_of_a_clock"
        ),
    )


def clock_indexes(name: str) -> tuple[models.Index, ...]:
    """What the sweeps read: the timed rows in the order in which they fall due, and in that of their reminders; and
    what they have set aside."""
    return (
        models.Index(
            fields=("state", "due_at", "id"),
            name=f"{name}_due",
            condition=Q(due_at__isnull=False, set_aside_at__isnull=True),
        ),
        models.Index(fields=("remind_at",), name=f"{name}_remind", condition=Q(remind_at__isnull=False)),
        models.Index(fields=("set_aside_at",), name=f"{name}_set_aside", condition=Q(set_aside_at__isnull=False)),
    )


def event_indexes(name: str) -> tuple[models.Index]:
    """What the announcer reads: the events that nobody has been told of yet."""
    return (models.Index(fields=("id",), name=f"{name}_outbox", condition=Q(announced_at__isnull=True)),)
