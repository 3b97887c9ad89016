"""Why buyers file and sellers reject."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy, pgettext

from aftersales.lifecycle.admin import ByRole
from aftersales.models import User
from refunds.models import Reason
from refunds.states import Kind


def kinds_field(help_text: Any) -> forms.MultipleChoiceField:
    """Kinds of tickets, as boxes to tick."""
    return forms.MultipleChoiceField(
        label=gettext_lazy("Kinds"),
        choices=Kind.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=help_text,
    )


class ReasonForm(forms.ModelForm[Reason]):
    kinds = kinds_field(gettext_lazy("It is offered for these; none for all of them."))

    class Meta:
        model = Reason
        fields = (
            "side", "code", "label_en", "label_zh", "kinds", "needs_proof", "not_arrived", "freight_by",
            "sellers_fault", "in_use", "position",
        )  # fmt: skip
        help_texts = {  # noqa: RUF012
            "not_arrived": gettext_lazy("Yes: only for goods that have not arrived. No: only for those that have."),
        }


@admin.register(Reason)
class ReasonAdmin(ByRole[Reason]):
    """Operators only. A reason that is no longer wanted goes out of use; history keeps it."""

    operator_may = frozenset({"view", "add", "change"})
    form = ReasonForm
    list_display = (
        "label_en", "label_zh", "side", "code", "shown_kinds", "needs_proof", "freight_by", "sellers_fault", "in_use",
        "position",
    )  # fmt: skip
    list_filter = ("side", "in_use", "needs_proof", "sellers_fault")
    search_fields = ("label_en", "label_zh", "code")

    def narrow(self, rows: Any, user: User) -> QuerySet[Reason]:
        return cast("QuerySet[Reason]", rows)

    def get_readonly_fields(self, request: HttpRequest, obj: Reason | None = None) -> tuple[str, ...]:
        """Tickets refer to the code for ever."""
        return ("side", "code") if obj else ()

    @admin.display(description=gettext_lazy("kinds"))
    def shown_kinds(self, reason: Reason) -> str:
        return pgettext("list", ", ").join(str(Kind(kind).label) for kind in reason.kinds) or "–"
