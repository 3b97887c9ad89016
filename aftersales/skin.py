"""The looks of the admin: what its pages are made of, in one place so that it can be swapped.

Typed as Django's own classes, of which the skin's are; it ships no types.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite, ModelAdmin, StackedInline, TabularInline
    from django.contrib.admin.views.main import ChangeList
else:
    from unfold.admin import ModelAdmin, StackedInline, TabularInline
    from unfold.sites import UnfoldAdminSite as AdminSite
    from unfold.views import ChangeList

__all__ = ["AdminSite", "ChangeList", "ModelAdmin", "StackedInline", "TabularInline"]
