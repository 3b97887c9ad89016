"""What lists of rows with a life show: the state's badge, the deadline, and the filters of a queue."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aftersales.lifecycle.rows import Row
from aftersales.lifecycle.table import Lifecycle, Owner, State
from aftersales.templatetags.aftersales import duration


def badge(state: State) -> str:
    return format_html('<span class="badge badge-{}">{}</span>', state.colour, state.label)


def deadline(row: Row) -> str:
    """When silence has its consequence, as a person reads it."""
    if row.set_aside_at:
        return format_html('<span class="late">{}</span>', gettext("set aside: somebody has to look"))
    if row.due_at:
        return until(row.due_at)
    if row.held_left is not None:
        return gettext("held, %(time)s left") % {"time": duration(row.held_left)}
    return "–"


def until(moment: Any) -> str:
    """Due in or overdue by how long; the exact time is in the tooltip."""
    left = moment - timezone.now()
    late = left <= timedelta(0)
    words = gettext("overdue by %(time)s") if late else gettext("due in %(time)s")
    exact = date_format(timezone.localtime(moment), "DATETIME_FORMAT")
    colour = "late" if late else "soon" if left < timedelta(hours=2) else "calm"
    return format_html('<span class="{}" title="{}">{}</span>', colour, exact, words % {"time": duration(abs(left))})


def state_filter(life: Lifecycle) -> type[admin.SimpleListFilter]:
    """A filter by the states of a table."""

    class StateFilter(admin.SimpleListFilter):
        title = _("state")
        parameter_name = "state"

        def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> list[tuple[str, Any]]:
            return life.states.choices()

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            return queryset.filter(state=self.value()) if self.value() else queryset

    return StateFilter


class QueueFilter(admin.SimpleListFilter):
    """What waits for somebody of `owner`, unless a search or another filter asks for more.

    It stands first among a list's filters: each takes its own parameter away, and this one looks at all of them.
    """

    title = _("queue")
    parameter_name = "queue"
    life: ClassVar[Lifecycle]
    owner: ClassVar[Owner]
    waits: ClassVar[Any]

    def __init__(self, request: HttpRequest, params: dict[str, Any], *rest: Any) -> None:
        self.everywhere = bool(request.GET.get(SEARCH_VAR) or params.keys() - {self.parameter_name})
        super().__init__(request, params, *rest)

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> list[tuple[str, Any]]:
        return [("waiting", self.waits), ("all", _("Everything"))]

    def chosen(self) -> str:
        chosen = self.value()
        return chosen if chosen in {"waiting", "all"} else "all" if self.everywhere else "waiting"

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        for value, title in self.lookup_choices:
            query = changelist.get_query_string({self.parameter_name: value})
            yield {"selected": self.chosen() == value, "query_string": query, "display": title}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.chosen() == "waiting":
            return queryset.filter(state__in=[state for state in self.life.states.all() if state.owner is self.owner])
        return queryset


def queue_of(table: Lifecycle, waits_for: Owner, title: Any) -> type[QueueFilter]:
    """The queue of what stands with `waits_for` in a table."""

    class Queue(QueueFilter):
        life, owner, waits = table, waits_for, title

    return Queue


class SetAsideFilter(admin.SimpleListFilter):
    """Rows that a sweep could not move."""

    title = _("set aside")
    parameter_name = "set_aside"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> list[tuple[str, Any]]:
        return [("yes", _("Yes"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(set_aside_at__isnull=False) if self.value() == "yes" else queryset
