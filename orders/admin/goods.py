"""What may be done with goods of a class; for operators. Whoever keeps a product says which class it is of."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from aftersales.lifecycle.admin import ByRole
from aftersales.models import User
from orders.admin.fields import HumanDurationField, human
from orders.models import GoodsRule
from orders.states import GOODS_KINDS


class GoodsRuleForm(forms.ModelForm[GoodsRule]):
    class Meta:
        model = GoodsRule
        fields = ("code", "label_en", "label_zh", *GOODS_KINDS, "window", "in_use")
        field_classes = {"window": HumanDurationField}
        help_texts = {
            "window": gettext_lazy("Replaces the policy’s where it is shorter, e.g. 48 h. Empty: the policy’s."),
            "in_use": gettext_lazy("A rule out of use can be given to no further product; those that have it keep it."),
        }


@admin.register(GoodsRule)
class GoodsRuleAdmin(ByRole[GoodsRule]):
    operator_may = frozenset({"view", "add", "change"})
    form = GoodsRuleForm
    list_display = ("label_en", "label_zh", "code", *GOODS_KINDS, "shown_window", "in_use")
    list_filter = ("in_use",)
    search_fields = ("label_en", "label_zh", "code")
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("code", "label_en", "label_zh", "in_use")}),
        (gettext_lazy("What buyers may ask for"), {"fields": (*GOODS_KINDS, "window")}),
    )

    def narrow(self, rows: Any, user: User) -> QuerySet[GoodsRule]:
        return cast("QuerySet[GoodsRule]", rows)

    def get_readonly_fields(self, request: HttpRequest, obj: GoodsRule | None = None) -> tuple[str, ...]:
        """Products of other systems are sorted by the code."""
        return ("code",) if obj else ()

    @admin.display(description=gettext_lazy("after-sale window"), ordering="window")
    def shown_window(self, rule: GoodsRule) -> str:
        return human(rule.window)
