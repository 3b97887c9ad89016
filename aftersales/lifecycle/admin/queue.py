"""What stands above a list that people work through: tabs with capped counts, and filters in one form that says what is
wrong with what was sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from typing import Any, ClassVar, TypeVar, cast

from django import forms
from django.contrib.admin.views.main import SEARCH_VAR
from django.db.models import Count, IntegerField, Model, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from aftersales.counts import capped
from aftersales.lifecycle.admin.keyset import KeysetChangeList, KeysetPage
from aftersales.lifecycle.admin.rights import person
from aftersales.lifecycle.table import Lifecycle, State
from aftersales.models import User

M = TypeVar("M", bound=Model)

# What is more than this is shown as "999+": nobody waits for a full count.
MOST_COUNTED = 999
TAB = "queue"


@dataclass(frozen=True)
class Tab:
    """
    where   which rows it shows, perhaps according to the reader
    parts   tabs of a second row, which share its rows between them
    endless holds what nobody has to work on, and too much of it to be counted unless a search has narrowed it
    """

    key: str
    label: Any
    where: Q | Callable[[User], Q]
    parts: tuple[Tab, ...] = ()
    endless: bool = False

    def of(self, rows: QuerySet[Any], user: User) -> QuerySet[Any]:
        return rows.filter(self.where if isinstance(self.where, Q) else self.where(user))


EVERYTHING = Tab("all", _("Everything"), Q(), endless=True)


def tab_of(
    life: Lifecycle,
    key: str,
    label: Any,
    which: Callable[[State], Any],
    *,
    endless: bool = False,
    also: Q | None = None,
) -> Tab:
    """The rows in some states of a table, and a part for each state where there are several. `also` holds for all of
    them anyway, and helps the planner."""
    states = [state for state in life.states.all() if which(state)]
    parts = tuple(Tab(str(state), state.label, Q(state=str(state)), endless=endless) for state in states)
    if len(states) == 1:
        return replace(parts[0], key=key, label=label)
    whole = Q(state__in=[str(state) for state in states]) & (also or Q())
    return Tab(key, label, whole, parts, endless)


class Capped(Subquery):
    """How many rows a query finds, up to one more than is shown."""

    template = "(SELECT count(*) FROM (%(subquery)s) capped)"
    output_field = IntegerField()
    empty_result_set_value = 0

    def __init__(self, rows: QuerySet[Any]) -> None:
        super().__init__(rows.order_by().values("pk")[: MOST_COUNTED + 1])


def capped_counts(queries: Mapping[str, QuerySet[Any]], user: User) -> dict[str, int]:
    """How many rows each query finds, all of them in one statement."""
    reader = User._base_manager.filter(pk=user.pk)
    counts = reader.values_list(*(Capped(rows) for rows in queries.values())).get()
    return dict(zip(queries, counts, strict=True))


def counts_of_some(rows: QuerySet[Any], tabs: list[Tab], user: User) -> tuple[dict[str, int], bool]:
    """How many of the first rows that a search or a filter finds are in each tab, and whether there are more: what is
    hard to find is looked for once, not once a tab."""
    wheres = {tab.key: tab.where if isinstance(tab.where, Q) else tab.where(user) for tab in tabs}
    anywhere = reduce(or_, wheres.values()) if all(wheres.values()) else Q()
    some = rows.filter(anywhere).order_by().select_related(None).values("pk")[: MOST_COUNTED + 1]
    counts = {key: Count("pk", filter=where) if where else Count("pk") for key, where in wheres.items()}
    found = rows.model._base_manager.filter(pk__in=some).aggregate(whole=Count("pk"), **counts)
    return found, found.pop("whole") > MOST_COUNTED


class FilterForm(forms.Form):
    """What a list is narrowed by, sent in its address. Every field may be left out."""

    def __init__(self, request: HttpRequest) -> None:
        self.request, self.user = request, person(request)
        super().__init__(request.GET, use_required_attribute=False)
        for field in self.fields.values():
            field.required = False

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Of a valid form."""
        return rows

    def sent(self) -> list[str]:
        """The names of the fields with something in them."""
        return [name for name in self.fields if self.data.get(name)]

    def says(self, name: str) -> str:
        """What a field narrows by, as a reader reads it."""
        field, value = self.fields[name], self.data.get(name, "")
        if isinstance(field, forms.BooleanField):
            return str(field.label)
        choices = dict(cast("Any", field).choices) if hasattr(field, "choices") else {}
        words = {str(key): str(label) for key, label in choices.items()}
        return f"{field.label}: {words.get(value, value)}"


class QueueChangeList(KeysetChangeList):
    """
    tabs     as the template shows them: address, label, count or "", whether it is the present one
    parts    the second row of tabs, empty where the present one has none
    form     the filters
    chips    what narrows the list now: words, and the address without it
    """

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        """Tabs and filters are no lookups."""
        found = super().get_filters_params(params)
        return {name: value for name, value in found.items() if name != TAB and name not in self.form.fields}

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        page = cast("Any", self.model_admin)
        self.form: FilterForm = page.filters(request)
        found = super().get_queryset(request, exclude_parameters)
        self.sound = self.form.is_valid()
        found = self.form.narrow(found) if self.sound else found.none()
        self.has_active_filters = bool(self.form.sent())
        self.every_tab, self.beneath = page.tabs_for(request), found
        self.tab, self.above = self.chosen()
        return self.tab.of(found, person(request))

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        user = person(request)
        counted = [tab for tab in _leaves(self.every_tab) if self.query or not tab.endless]
        counts: dict[str, int] = {}
        self.more = False
        if self.sound and len(self.every_tab) > 1:
            if self.query or self.form.sent():
                counts, self.more = counts_of_some(self.beneath, counted, user)
            else:
                counts = capped_counts({tab.key: tab.of(self.beneath, user) for tab in counted}, user)
        self.tabs = [self._shown(tab, counts, tab is self.above) for tab in self.every_tab]
        self.parts = [self._shown(part, counts, part is self.tab) for part in self.above.parts]

    def listed(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return cast("QuerySet[Any]", cast("Any", self.model_admin).listed(rows))

    def chosen(self) -> tuple[Tab, Tab]:
        """The tab that the address names, and the one above it; without a name the first one, or the last one for who
        searches."""
        asked = self.filter_params.get(TAB, [""])[-1]
        for tab in self.every_tab:
            for one in (tab, *tab.parts):
                if one.key == asked:
                    return one, tab
        standing = self.every_tab[-1 if self.query or self.form.sent() else 0]
        return standing, standing

    def _shown(self, tab: Tab, counts: Mapping[str, int], present: bool) -> dict[str, Any]:
        found = [counts[leaf.key] for leaf in (tab.parts or (tab,)) if leaf.key in counts]
        number = sum(found)
        words = capped(number, MOST_COUNTED) if found else ""
        if self.more:
            words = f"{min(number, MOST_COUNTED)}+" if number else ""
        return {"label": tab.label, "url": self.get_query_string({TAB: tab.key}), "count": words, "present": present}

    @property
    def chips(self) -> list[tuple[str, str]]:
        return [(self.form.says(name), self.get_query_string({name: None})) for name in self.form.sent()]

    @property
    def unfiltered(self) -> str:
        return self.get_query_string(dict.fromkeys(self.form.fields))

    @property
    def unsearched(self) -> str:
        return self.get_query_string({SEARCH_VAR: None})

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What the filters' form carries along from the address."""
        names = [name for name in self.filter_params if name not in self.form.fields]
        return [(TAB, self.tab.key)] + [(n, v) for n in names if n != TAB for v in self.filter_params[n]]


def _leaves(tabs: tuple[Tab, ...]) -> Iterator[Tab]:
    for tab in tabs:
        yield from tab.parts or (tab,)


class QueuePage(KeysetPage[M]):
    """A list of rows that people work through.

    tabs         the standing one first, the last one for who searches
    filter_form  what the list is narrowed by
    """

    tabs: ClassVar[tuple[Tab, ...]] = (EVERYTHING,)
    filter_form: ClassVar[type[FilterForm]] = FilterForm
    change_list_template = "admin/lifecycle/change_list.html"
    list_before_template = "admin/lifecycle/queue.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[QueueChangeList]:
        return QueueChangeList

    def listed(self, rows: QuerySet[M]) -> QuerySet[M]:
        """One page of rows, with what its columns show of other tables."""
        return rows

    def filters(self, request: HttpRequest) -> FilterForm:
        return self.filter_form(request)

    def tabs_for(self, request: HttpRequest) -> tuple[Tab, ...]:
        """The tabs of this person."""
        return self.tabs

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """As the stock page, but a filter that cannot be is answered as such."""
        response = super().changelist_view(request, extra_context)
        shown = getattr(response, "context_data", None) or {}
        if "cl" in shown and not shown["cl"].sound:
            response.status_code = 422
        return response
