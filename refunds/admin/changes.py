"""The list of what staff changed."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy

from aftersales.changes.models import Change
from aftersales.lifecycle.admin import KeysetPage
from orders.admin.rights import OfShop


class KindFilter(admin.SimpleListFilter):
    """By the kind of row."""

    title = gettext_lazy("kind of row")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return sorted((model._meta.label_lower, model._meta.verbose_name) for model in admin.site._registry)

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Change)
class ChangeAdmin(KeysetPage[Change], OfShop[Change]):
    """Operators and auditors read everything, an owner what was changed in the shop. Nobody changes it."""

    seller_may = frozenset()
    owner_may = frozenset({"view"})
    list_display = ("at", "person", "act", "shown_kind", "name", "shop")
    list_display_links = ("at",)
    ordering: ClassVar[Any] = ("-pk",)
    sortable_by = ("at",)
    list_filter = ("act", KindFilter, "at")
    list_select_related = ("person", "shop")
    search_fields = ("name__startswith", "person__email__startswith")
    search_help_text = gettext_lazy("Name of the row, or e-mail of the person, from its beginning")
    fields: ClassVar[Any] = ("at", "person", "act", "shown_kind", "name", "shop", "reason", "shown_differences")

    @admin.display(description=gettext_lazy("kind of row"))
    def shown_kind(self, change: Change) -> str:
        return change.kind_name

    @admin.display(description=gettext_lazy("before and after"))
    def shown_differences(self, change: Change) -> Any:
        rows = format_html_join("", "<dt>{}</dt><dd>{} → {}</dd>", change.differences)
        return format_html('<dl class="facts">{}</dl>', rows) if change.differences else "–"
