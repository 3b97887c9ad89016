"""Where books differ: found by the comparison, explained by operators."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from aftersales.changes.models import Act
from aftersales.changes.record import record
from aftersales.lifecycle.admin import ByRole, person
from aftersales.lifecycle.errors import Refused
from aftersales.lifecycle.forms import refuse
from aftersales.money import shown
from refunds import books
from refunds.models import Difference


class ExplainForm(forms.Form):
    note = forms.CharField(
        label=pgettext_lazy("difference", "Explanation"),
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
        max_length=1000,
        help_text=gettext_lazy("Why these figures are right as they are. Another figure makes it wait again."),
    )


class OpenFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("wait", gettext_lazy("Waiting")), ("explained", gettext_lazy("Explained")),
                ("agree", gettext_lazy("They agree again"))]  # fmt: skip

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "wait":
            return queryset.filter(resolved_at=None, explained_at=None)
        if self.value() == "explained":
            return queryset.filter(resolved_at=None, explained_at__isnull=False)
        return queryset.filter(resolved_at__isnull=False) if self.value() == "agree" else queryset


@admin.register(Difference)
class DifferenceAdmin(ByRole[Difference]):
    """Read-only; an operator may explain one."""

    change_form_template = "admin/refunds/difference.html"
    list_display = (
        "number",
        "books",
        "shown_ours",
        "shown_theirs",
        "found_at",
        "seen_at",
        "explained_at",
        "resolved_at",
    )
    list_filter = (OpenFilter, "books")
    search_fields = ("number__startswith",)
    search_help_text = gettext_lazy("Number of the payment, payout, order or ticket, from its beginning")
    ordering: ClassVar[Any] = ("-pk",)
    fields = (
        "number", "books", "shown_order", "shown_ours", "shown_theirs", "found_at", "seen_at", "resolved_at",
        "explained_at", "explained_by", "note",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Difference]:
        return super().get_queryset(request).select_related("order", "explained_by")

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:key>/explain/", wrap(self.explain_view), name="refunds_difference_explain"),
            *super().get_urls(),
        ]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **rest: Any) -> Any:
        row: Difference | None = rest.get("obj")
        if row is not None and person(request).is_superuser and not row.resolved_at and not row.explained_at:
            context["explain"] = reverse("admin:refunds_difference_explain", args=[row.pk])
        return super().render_change_form(request, context, *args, **rest)

    def explain_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """GET asks for the words, POST writes them."""
        row = self.get_object(request, str(key))
        if row is None or not person(request).is_superuser:
            raise Http404
        form = ExplainForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                if books.explain(Difference.objects.filter(pk=row.pk), person(request), form.cleaned_data["note"]):
                    record(person(request), Act.CHANGED, row, reason=form.cleaned_data["note"])
                    self.message_user(request, _("The explanation is kept with it."), messages.SUCCESS)
                else:
                    self.message_user(request, _("Somebody has dealt with it already."), messages.WARNING)
                return HttpResponseRedirect(reverse("admin:refunds_difference_change", args=[row.pk]))
            except Refused as error:
                refuse(form, error)
        context = {**self.admin_site.each_context(request), "opts": self.opts, "row": row, "form": form}
        context |= {"title": _("Explain"), "says": self._says(row)}
        return TemplateResponse(request, "admin/refunds/explain.html", context, status=422 if form.errors else 200)

    def _says(self, row: Difference) -> str:
        return f"{row.get_books_display()}: {self.shown_ours(row)} / {self.shown_theirs(row)}"

    @admin.display(description=gettext_lazy("the first says"))
    def shown_ours(self, row: Difference) -> str:
        return shown(row.ours, row.currency)

    @admin.display(description=gettext_lazy("the second says"))
    def shown_theirs(self, row: Difference) -> str:
        return shown(row.theirs, row.currency)

    @admin.display(description=gettext_lazy("order"))
    def shown_order(self, row: Difference) -> str:
        if row.order is None:
            return "–"
        link = reverse("admin:orders_order_change", args=[row.order.pk])
        return format_html('<a class="text-link" href="{}">{}</a>', link, row.order)
