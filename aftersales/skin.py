"""The looks of the admin: what its pages are made of, in one place so that it can be swapped.

Typed as Django's own classes, of which the skin's are; it ships no types.
"""

from typing import TYPE_CHECKING, Any, TypeVar

from django.db.models import Model
from django.forms.utils import pretty_name
from django.http import HttpRequest

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite, ModelAdmin, StackedInline
    from django.contrib.admin import TabularInline as BareTabularInline
    from django.contrib.admin.views.main import ChangeList
else:
    from unfold.admin import ModelAdmin, StackedInline
    from unfold.admin import TabularInline as BareTabularInline
    from unfold.sites import UnfoldAdminSite as AdminSite
    from unfold.views import ChangeList

__all__ = ["AdminSite", "ChangeList", "ModelAdmin", "StackedInline", "TabularInline"]

C = TypeVar("C", bound=Model)
P = TypeVar("P", bound=Model)


class TabularInline(BareTabularInline[C, P]):
    """Rows of a form as a table. The heads of its columns label no field: each one says its own name."""

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        made = super().get_formset(request, obj, **kwargs)
        for name, field in made.form.base_fields.items():
            field.widget.attrs["aria-label"] = field.label or pretty_name(name)
        return made
