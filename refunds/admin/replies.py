"""Answers ready to be used: a shop's owner keeps the shop's, supervisors those of customer service."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import ModelChoiceField
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from aftersales.lifecycle.admin import person
from aftersales.models import User
from orders.admin.rights import OfShop
from orders.models import Shop
from refunds.desk import replies
from refunds.models import Reply

ALL = frozenset({"view", "add", "change"})


def explained() -> str:
    """The variables that a reply may have, in words."""
    return " · ".join(f"{{{name}}} {words}" for name, (words, _value) in replies.VARIABLES.items())


class ReplyForm(forms.ModelForm[Reply]):
    class Meta:
        model = Reply
        fields = ("shop", "title", "body_en", "body_zh", "position", "in_use")
        labels = {"title": pgettext_lazy("reply", "name")}  # noqa: RUF012
        widgets = {  # noqa: RUF012
            "body_en": forms.Textarea(attrs={"rows": 5}),
            "body_zh": forms.Textarea(attrs={"rows": 5}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("body_en", "body_zh"):
            if name in self.fields:
                words = _("The buyer gets it in their language. It may say: %(variables)s")
                self.fields[name].help_text = words % {"variables": explained()}

    def _known(self, name: str) -> str:
        text = str(self.cleaned_data[name])
        if bad := replies.unknown(text):
            words = _("Nothing is known under %(names)s. Use one of: %(variables)s")
            names = ", ".join(f"{{{each}}}" for each in bad)
            known = ", ".join(f"{{{each}}}" for each in replies.VARIABLES)
            raise ValidationError(words % {"names": names, "variables": known})
        return text

    def clean_body_en(self) -> str:
        return self._known("body_en")

    def clean_body_zh(self) -> str:
        return self._known("body_zh")


@admin.register(Reply)
class ReplyAdmin(OfShop[Reply]):
    operator_may = ALL
    owner_may = ALL
    supervisor_may = ALL
    cs_may = frozenset({"view"})
    form = ReplyForm
    list_display = ("called", "whose", "in_use", "position")
    list_filter = ("in_use",)
    list_select_related = ("shop",)
    search_fields = ("title",)

    def narrow(self, rows: Any, user: User) -> QuerySet[Reply]:
        return cast("QuerySet[Reply]", rows.of_shop(user))

    def may(self, request: HttpRequest, what: str, row: Reply | None = None) -> bool:
        """A supervisor keeps customer service's replies, not a shop's; an owner the other way round."""
        if row is None or what == "view" or not super().may(request, what, row):
            return super().may(request, what, row)
        user = person(request)
        if user.is_superuser:
            return True
        return (
            user.is_supervisor if row.shop_id is None else Shop.objects.of_owner(user).filter(pk=row.shop_id).exists()
        )

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        """An owner chooses among the shops that they own; none is customer service, for who may write for it."""
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        user = person(request)
        if field is not None and not user.is_superuser:
            field.queryset = Shop.objects.of_owner(user)
            field.required = not user.is_supervisor
        if field is not None:
            field.empty_label = _("Customer service")
        return field

    def get_readonly_fields(self, request: HttpRequest, obj: Reply | None = None) -> tuple[str, ...]:
        return ("shop",) if obj else ()

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        first = None if person(request).is_supervisor else Shop.objects.of_owner(person(request)).first()
        return {**super().get_changeform_initial_data(request), **({"shop": first.pk} if first else {})}

    @admin.display(description=pgettext_lazy("reply", "name"), ordering="title")
    def called(self, reply: Reply) -> str:
        return reply.title

    @admin.display(description=gettext_lazy("whose"), ordering="shop")
    def whose(self, reply: Reply) -> str:
        return str(reply.shop or _("Customer service"))
