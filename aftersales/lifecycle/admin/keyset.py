"""Lists that are paged by where the last row stood, not by how many rows came before.

A page far down costs what the first one costs, nothing is counted, and rows that come or go meanwhile make no other row
appear twice or not at all.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar, cast

from django.core import signing
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import F, Field, Model, OrderBy, Q, QuerySet
from django.db.models.expressions import Combinable
from django.http import HttpRequest

from aftersales.lifecycle.admin.rights import ByRole
from aftersales.skin import ChangeList

M = TypeVar("M", bound=Model)
AFTER, BEFORE = "after", "before"


class Walk:
    """The order of a list, as a way along its rows.

    `ordering` names the primary key, behind which nothing matters. Nothing in it is null, since null has no place in a
    comparison: a column that may be null is ordered by an expression such as lifecycle.rows.DUE.
    """

    def __init__(self, ordering: list[Any]) -> None:
        keys: list[OrderBy] = []
        for item in ordering:
            keys.append(_order_by(item))
            if keys[-1].expression == F("pk"):
                break
        self.down = [key.descending for key in keys]
        self.keys: dict[str, Any] = {f"walk_{number}": key.expression for number, key in enumerate(keys)}

    def of(self, rows: QuerySet[M], *, backwards: bool = False) -> QuerySet[M]:
        """The rows with the values they are ordered by, in order or the other way round."""
        ways = [down != backwards for down in self.down]
        names = [f"-{name}" if down else name for name, down in zip(self.keys, ways, strict=True)]
        return cast("QuerySet[M]", rows.annotate(**self.keys).order_by(*names))

    def beyond(self, place: list[Any], *, backwards: bool = False) -> Q:
        """What comes after a place, or before it: equal in the first columns, further on in the next one. The first
        column is bounded by itself too, since that is where an index begins to read."""
        found, same = Q(), Q()
        ways = ["lt" if down != backwards else "gt" for down in self.down]
        for name, way, value in zip(self.keys, ways, place, strict=True):
            found |= same & Q((f"{name}__{way}", value))
            same &= Q((name, value))
        first = next(iter(self.keys))
        return Q((f"{first}__{ways[0]}e", place[0])) & found

    def place(self, row: Model) -> list[Any]:
        """Where a row stands, as a cursor carries it."""
        values = [getattr(row, name) for name in self.keys]
        return [value.isoformat() if isinstance(value, datetime) else value for value in values]

    def read(self, rows: QuerySet[Any], place: list[Any]) -> list[Any]:
        """The values of a cursor. Raises ValidationError or ValueError for what stands in no such column."""
        if len(place) != len(self.keys):
            raise ValueError(place)
        annotations = rows.annotate(**self.keys).query.annotations
        fields = [cast("Field[Any, Any]", annotations[name].output_field) for name in self.keys]
        return [field.to_python(value) for field, value in zip(fields, place, strict=True)]


def _order_by(item: Any) -> OrderBy:
    if isinstance(item, OrderBy):
        return item
    if isinstance(item, Combinable):
        return cast("Any", item).asc()  # type: ignore[no-any-return]
    return OrderBy(F(str(item).lstrip("-")), descending=str(item).startswith("-"))


class KeysetChangeList(ChangeList):
    """
    first, previous, next  addresses of other pages; "" where there is none
    """

    first = previous = next = ""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        # Every link of this page leads to the first page of what it shows.
        for name in (AFTER, BEFORE):
            self.params.pop(name, None)
            self.filter_params.pop(name, None)
        found = super().get_queryset(request, exclude_parameters)
        if not found.query.distinct:
            return found
        # A search in other tables finds a row more than once: here each stands once, and has its place.
        once = self.root_queryset.filter(pk__in=found.order_by().values("pk"))
        return self.apply_select_related(once).order_by(*found.query.order_by)

    def listed(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """One page of rows, with what its columns show of other tables."""
        return rows

    def get_results(self, request: HttpRequest) -> None:
        self.walk = Walk(list(self.queryset.query.order_by))
        rows, more, backwards = self._page(request)
        began = AFTER not in request.GET and not backwards
        if rows:
            self.previous = "" if began or (backwards and not more) else self._link(BEFORE, rows[0])
            self.next = self._link(AFTER, rows[-1]) if more or backwards else ""
        self.first = "" if began else self.get_query_string()
        self.result_list = rows
        self.result_count = len(rows)
        self.full_result_count = None
        self.show_full_result_count = self.can_show_all = self.multi_page = False
        self.show_admin_actions = True
        self.paginator = Paginator(rows, self.list_per_page)

    def _page(self, request: HttpRequest) -> tuple[list[Any], bool, bool]:
        """The rows, whether there are more in the direction of reading, and whether that is backwards. A cursor that is
        none, and a way back that leads to less than a page, lead to the first page."""
        size = self.list_per_page
        for name in (BEFORE, AFTER):
            place = self._place(request.GET.get(name, ""))
            if place is None:
                continue
            backwards = name == BEFORE
            beyond = self.walk.beyond(place, backwards=backwards)
            found = self._read(self.walk.of(self.queryset, backwards=backwards).filter(beyond), backwards=backwards)
            if backwards and len(found) < size:
                break
            rows = found[:size]
            return (rows[::-1] if backwards else rows), len(found) > size, backwards
        found = self._read(self.walk.of(self.queryset))
        return found[:size], len(found) > size, False

    def _read(self, way: QuerySet[Any], *, backwards: bool = False) -> list[Any]:
        """A page and one row more. Which rows they are is asked of the table alone, and first: with everything that the
        columns show joined, the planner has too many ways to choose from, and reads whole tables."""
        keys = list(way.select_related(None).values_list("pk", flat=True)[: self.list_per_page + 1])
        page = self.root_queryset.filter(pk__in=keys)
        return list(self.walk.of(self.listed(self.apply_select_related(page)), backwards=backwards))

    def _salt(self) -> str:
        """A place in one order means nothing in another."""
        return f"{self.opts.label_lower} {self.params.get('o', '')}"

    def _link(self, name: str, row: Model) -> str:
        cursor = signing.dumps(self.walk.place(row), salt=self._salt())
        return self.get_query_string({name: cursor})

    def _place(self, cursor: str) -> list[Any] | None:
        """Where a cursor says to go on; None for one that this list has not written."""
        try:
            return self.walk.read(self.queryset, signing.loads(cursor, salt=self._salt())) if cursor else None
        except (signing.BadSignature, ValidationError, ValueError):
            return None


class KeysetPage(ByRole[M]):
    """A list that is paged so. Its `ordering`, and what else it may be sorted by, is never null."""

    change_list_template = "admin/lifecycle/paged_list.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[KeysetChangeList]:
        return KeysetChangeList
