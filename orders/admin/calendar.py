"""Calendars and their holidays; for operators."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales.lifecycle.admin import ByRole, person
from aftersales.models import User
from aftersales.skin import TabularInline
from orders.models import Calendar, Holiday


class HolidayForm(forms.ModelForm[Holiday]):
    """What would move nothing any more cannot be changed: the beginning of one that has begun, one that is over."""

    class Meta:
        model = Holiday
        fields = ("name", "starts_at", "ends_at", "in_use")
        help_texts = {"in_use": gettext_lazy("A holiday out of use is not counted by clocks that start from now on.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        holiday, now = self.instance, timezone.now()
        if holiday.pk and holiday.starts_at <= now:
            for name in self.fields if holiday.ends_at <= now else ("starts_at",):
                self.fields[name].disabled = True

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        begins, ends = data.get("starts_at"), data.get("ends_at")
        if begins and ends and ends <= begins:
            self.add_error("ends_at", _("The end has to be after the beginning."))
        return data


class HolidayInline(TabularInline[Holiday, Calendar]):
    """Seen and changed by whoever may change their calendar. None is deleted; it goes out of use."""

    model = Holiday
    form = HolidayForm
    extra = 1
    can_delete = False

    def has_view_permission(self, request: HttpRequest, obj: Calendar | None = None) -> bool:
        return person(request).sees_everything

    def has_add_permission(self, request: HttpRequest, obj: Calendar | None = None) -> bool:
        return request.user.is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Calendar | None = None) -> bool:
        return request.user.is_superuser


@admin.register(Calendar)
class CalendarAdmin(ByRole[Calendar]):
    operator_may = frozenset({"view", "add", "change"})
    inlines = (HolidayInline,)
    list_display = ("name", "region")
    search_fields = ("name", "region")
    words = gettext_lazy(
        "Clocks that run already keep their time: what is changed here counts for those that start from now on."
    )
    fieldsets: ClassVar[Any] = ((None, {"fields": ("name", "region"), "description": words}),)

    def narrow(self, rows: Any, user: User) -> QuerySet[Calendar]:
        return cast("QuerySet[Calendar]", rows)
