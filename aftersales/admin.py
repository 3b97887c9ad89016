"""People, and the pulse of the periodic tasks; for operators."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from aftersales.lifecycle.admin import ByRole
from aftersales.models import Heartbeat, User

# Rights follow from roles and shops; nobody is given single permissions.
admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(ByRole[User], DjangoUserAdmin[User]):
    """Operators only. A person who leaves is made inactive; history keeps the name."""

    operator_may = frozenset({"view", "add", "change"})
    ordering = ("email",)
    list_display = ("email", "name", "is_staff", "is_customer_service", "is_superuser", "is_active")
    list_filter = ("is_staff", "is_customer_service", "is_superuser", "is_active")
    search_fields = ("email__startswith", "name")
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("email", "name", "password", "language", "time_zone")}),
        (_("Rights"), {"fields": ("is_active", "is_staff", "is_customer_service", "is_superuser")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "name", "usable_password", "password1", "password2", "is_staff")}),)

    def narrow(self, rows: Any, user: User) -> QuerySet[User]:
        found: QuerySet[User] = rows
        return found


@admin.register(Heartbeat)
class HeartbeatAdmin(ByRole[Heartbeat]):
    list_display = ("name", "at")
    ordering = ("name",)

    def narrow(self, rows: Any, user: User) -> QuerySet[Heartbeat]:
        found: QuerySet[Heartbeat] = rows
        return found
