"""What operators write."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from aftersales.help.models import Article, Category
from aftersales.lifecycle.admin import ByRole
from aftersales.models import User
from refunds.models import Reason
from refunds.states import Side


def _reasons() -> list[tuple[str, str]]:
    return [(reason.code, str(reason)) for reason in Reason.objects.filter(side=Side.BUYER)]


class ArticleForm(forms.ModelForm[Article]):
    reasons = forms.MultipleChoiceField(
        label=_("Suggested for"),
        choices=_reasons,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("While somebody applies for one of these reasons."),
    )

    class Meta:
        model = Article
        fields = (
            "category", "slug", "title_en", "body_en", "title_zh", "body_zh", "is_frequent", "reasons", "position",
            "published",
        )  # fmt: skip
        help_texts = {  # noqa: RUF012
            "body_en": _("Empty lines part paragraphs. Lists: “- ” or “1. ”. Links: [words](/address/)."),
            "body_zh": _("A language that is left empty shows the other one, and says so."),
            "is_frequent": _("Stands on the first page of help."),
        }


class _OfOperators(ByRole[Any]):
    """Operators only. Nothing is deleted: what is no longer wanted is not published."""

    operator_may = frozenset({"view", "add", "change"})

    def narrow(self, rows: Any, user: User) -> QuerySet[Any]:
        return cast("QuerySet[Any]", rows)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Other pages link to the address for ever."""
        return ("slug", *self.readonly_fields) if obj else tuple(self.readonly_fields)


@admin.register(Category)
class CategoryAdmin(_OfOperators):
    list_display = ("__str__", "title_en", "title_zh", "position")
    fields = ("slug", "title_en", "title_zh", "position")


@admin.register(Article)
class ArticleAdmin(_OfOperators):
    form = ArticleForm
    list_display = ("__str__", "category", "is_frequent", "published", "helped", "not_helped", "updated_at", "preview")
    list_filter = ("category", "published", "is_frequent")
    list_select_related = ("category",)
    search_fields = ("title_en", "title_zh", "slug")
    readonly_fields = ("preview", "updated_at")
    view_on_site = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Article]:
        rows = super().get_queryset(request).defer("search")
        helpful, not_helpful = Q(votes__helpful=True), Q(votes__helpful=False)
        found: QuerySet[Article] = rows.annotate(
            yes=Count("votes", filter=helpful), no=Count("votes", filter=not_helpful)
        )
        return found

    @admin.display(description=_("helped"), ordering="yes")
    def helped(self, row: Any) -> int:
        return int(row.yes)

    @admin.display(description=_("did not help"), ordering="no")
    def not_helped(self, row: Any) -> int:
        return int(row.no)

    @admin.display(description=_("page"))
    def preview(self, row: Article) -> str:
        """Operators see an article before it is published."""
        if row.pk is None:
            return "–"
        return format_html('<a href="{}">{}</a>', row.get_absolute_url(), _("Look at it"))
