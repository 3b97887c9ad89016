"""Who sees and does what in the admin: decided by role and owner, never by assigned permissions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, TypeVar, cast

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.db.models.options import Options
from django.forms.models import _get_foreign_key  # as Django's own inlines find it
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from aftersales.changes.models import Act, Change
from aftersales.changes.record import record, snapshot
from aftersales.keys import key_of
from aftersales.models import User
from aftersales.skin import ModelAdmin, StackedInline, TabularInline

M = TypeVar("M", bound=Model)

# What stands behind the field's name in the address of a list filter.
FILTER_LOOKUPS = {"", "exact", "id__exact", "isnull", "in"}
# A list is for working through: nobody pages further than this, so nobody waits for a full count.
MOST_COUNTED = 10_000
# Of one row's history.
MOST_CHANGES = 200

# What changes nothing.
READING = {"view", "export"}


def person(request: HttpRequest) -> User:
    """Who is logged in; the admin lets nobody else come this far."""
    return cast("User", request.user)


class CappedPaginator(Paginator[Any]):
    @cached_property
    def count(self) -> int:
        """At most MOST_COUNTED, so that a big table is not counted."""
        rows = cast("QuerySet[Any]", self.object_list)
        return rows.order_by()[:MOST_COUNTED].count()


class ByRole(ModelAdmin[M]):
    """A page whose rows and rights follow from the person's role. Nothing is deleted; a foreign row is a missing one.

    operator_may    of "view", "add" and "change", and what pages beside have; an auditor may read what an operator may
    seller_may      what everybody of a shop may
    owner_may       what its owners may beside that
    cs_may          what everybody of customer service may
    supervisor_may  what its supervisors may beside that
    """

    operator_may: ClassVar[frozenset[str]] = frozenset({"view"})
    seller_may: ClassVar[frozenset[str]] = frozenset()
    owner_may: ClassVar[frozenset[str]] = frozenset()
    cs_may: ClassVar[frozenset[str]] = frozenset()
    supervisor_may: ClassVar[frozenset[str]] = frozenset()
    paginator = CappedPaginator
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def is_seller(self, request: HttpRequest, row: M | None = None) -> bool:
        """Whether the person sells, for the shop of the row if there is one; the app that knows shops says so."""
        return False

    def is_owner(self, request: HttpRequest, row: M | None = None) -> bool:
        """Whether the person owns a shop, the row's if there is one."""
        return False

    def narrow(self, rows: Any, user: User) -> QuerySet[M]:
        """The rows that this person may see."""
        return cast("QuerySet[M]", rows.of_shop(user))

    def may(self, request: HttpRequest, what: str, row: M | None = None) -> bool:
        if not (request.user.is_active and request.user.is_staff):
            return False
        user = person(request)
        if user.sees_everything:
            return what in self.operator_may and (user.is_superuser or what in READING)
        # A person may serve customers and sell in a shop at once.
        return (
            (what in self.cs_may and user.is_customer_service)
            or (what in self.supervisor_may and user.is_supervisor)
            or (what in self.seller_may and self.is_seller(request, row))
            or (what in self.owner_may and self.is_owner(request, row))
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[M]:
        return self.narrow(super().get_queryset(request), person(request))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.may(request, "view")

    def has_view_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return self.may(request, "view")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.may(request, "add")

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return self.may(request, "change", obj)

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Only what a filter of this list sends: an address is no way to ask about columns that are not shown."""
        filters = self.get_list_filter(request) if request else self.list_filter
        for name in _filter_names(filters):
            if lookup == name or (lookup.startswith(f"{name}__") and lookup[len(name) + 2 :] in FILTER_LOOKUPS):
                return True
        return False

    def response_action(self, request: HttpRequest, queryset: QuerySet[M], *rest: Any) -> Any:
        if None in map(key_of, request.POST.getlist(ACTION_CHECKBOX_NAME)):
            raise BadRequest("a row's key is a number")
        return super().response_action(request, queryset, *rest)

    # --- what people change is written down ---------------------------------------------------------------------------

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        """Before anything is written, the row as it is, under its lock."""
        kept = snapshot(*self._whole(request, form.instance.pk)) if change else {}
        request.row_before = kept  # type: ignore[attr-defined]  # read by log_change
        request.row_why = form.cleaned_data.get("why", "")  # type: ignore[attr-defined]
        return super().save_form(request, form, change)

    def _whole(self, request: HttpRequest, key: Any) -> tuple[Any, list[tuple[str, Any]]]:
        """The row as the database has it, and the rows that are changed with it."""
        row = self.model._base_manager.select_for_update(no_key=True, of=("self",)).get(pk=key)
        parts = []
        for inline in self.get_inline_instances(request, row):
            if inline.has_change_permission(request, row):
                link = _get_foreign_key(self.model, inline.model, fk_name=inline.fk_name)
                rows = inline.model._base_manager.filter(**{link.name: row}).order_by("pk")
                parts.append((str(inline.opts.verbose_name), rows))
        return row, parts

    def log_addition(self, request: HttpRequest, obj: M, message: Any) -> Any:
        return record(person(request), Act.ADDED, obj, {}, snapshot(*self._whole(request, obj.pk)))

    def log_change(self, request: HttpRequest, obj: M, message: Any) -> Any:
        """With what differs, and why where the form asks; a change without a form, such as a new password, by its
        name."""
        before = request.__dict__.pop("row_before", None)
        if before is None:
            return record(person(request), Act.CHANGED, obj, reason=str(message))
        after = snapshot(*self._whole(request, obj.pk))
        why = request.__dict__.pop("row_why") if after != before else ""
        return record(person(request), Act.CHANGED, obj, before, after, why)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        return [record(person(request), Act.REMOVED, row, snapshot(row)) for row in queryset]

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """What people changed of a row that the person may see, the latest first."""
        row = self.get_object(request, unquote(object_id))
        if row is None or not self.has_view_permission(request, row):
            raise Http404
        context = {**self.admin_site.each_context(request), "opts": self.opts, "row": row, "title": _("History")}
        context |= {"changes": self.changes_of(request, row)[:MOST_CHANGES], "original": row}
        return TemplateResponse(request, "admin/changes/history.html", context)

    def changes_of(self, request: HttpRequest, row: M) -> QuerySet[Change]:
        """What this person reads of what people changed of the row."""
        return Change.objects.of_row(row).select_related("person")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[M], search_term: str
    ) -> tuple[QuerySet[M], bool]:
        """Numbers are searched from their start, so that their index helps; spaces around a pasted one do no harm."""
        return super().get_search_results(request, queryset, search_term.strip())

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **rest: Any) -> Any:
        """As the stock page, but a form with errors is answered as one."""
        response: HttpResponse = super().render_change_form(request, context, *args, **rest)
        if context.get("errors"):
            response.status_code = 422
        return response

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Options[M], object_id: str) -> HttpResponse:
        raise Http404


def _filter_names(filters: Iterable[Any]) -> Iterable[str]:
    for item in filters:
        if isinstance(item, str):
            yield item
        elif isinstance(item, list | tuple):
            yield str(item[0])
        else:
            yield str(item.parameter_name)


class _ReadOnly:
    """Rows shown with the row they belong to, which has been narrowed already."""

    extra = 0
    max_num: int | None = 0
    can_delete = False
    show_change_link = False
    has_view_permission: Callable[..., bool] = lambda self, request, obj=None: True
    has_add_permission: Callable[..., bool] = lambda self, request, obj=None: False
    has_change_permission: Callable[..., bool] = lambda self, request, obj=None: False
    has_delete_permission: Callable[..., bool] = lambda self, request, obj=None: False


class ReadOnlyInline(_ReadOnly, TabularInline[Any, Any]):
    pass


class ReadOnlyStack(_ReadOnly, StackedInline[Any, Any]):
    pass
