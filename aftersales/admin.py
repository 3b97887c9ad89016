"""People, and the pulse of the periodic tasks; for operators."""

from __future__ import annotations

from typing import Any, cast

from allauth.account.admin import EmailAddress
from allauth.mfa.admin import Authenticator
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from aftersales import masks
from aftersales.accounts.addresses import forget
from aftersales.changes.models import Act
from aftersales.changes.record import record
from aftersales.lifecycle.admin import ByRole, Unmasks, person
from aftersales.models import Heartbeat, User, end_sessions

# Rights follow from roles and shops; nobody is given single permissions.
admin.site.unregister(Group)
# Addresses follow from the account and its codes.
admin.site.unregister((EmailAddress, Authenticator))


RIGHTS = ("is_active", "is_staff", "is_customer_service", "is_supervisor", "is_superuser", "is_auditor")


@admin.register(User)
class UserAdmin(Unmasks[User], DjangoUserAdmin[User]):
    """Operators only. A person who leaves is made inactive; history keeps the name. Whose rights are changed has to log
    in again."""

    operator_may = frozenset({"view", "add", "change"})
    ordering = ("email",)
    list_display = ("shown_email", "shown_name", *RIGHTS)
    list_filter = RIGHTS
    search_fields = ("email__startswith", "name")
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("email", "name", "password", "language", "time_zone")}),
        (_("Rights"), {"fields": RIGHTS}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "name", "usable_password", "password1", "password2", "is_staff")}),)

    @admin.display(description=_("e-mail"), ordering="email")
    def shown_email(self, user: User) -> str:
        return user.email if user.is_staff else masks.email(user.email)

    @admin.display(description=_("name"), ordering="name")
    def shown_name(self, user: User) -> str:
        return user.name if user.is_staff else masks.text(user.name)

    def sees(self, request: HttpRequest, row: User) -> bool:
        """Colleagues are no secret."""
        return row.is_staff or super().sees(request, row)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> User | None:
        """To be looked at, a masked person is one from head to foot: the page says the name in many places. What is
        changed is the row as it is."""
        row: Any = super().get_object(request, object_id, from_field)
        if row is not None and request.method in ("GET", "HEAD") and not row.unmasked:
            row.email, row.name = masks.email(row.email), masks.text(row.name)
        return cast("User | None", row)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """What is not shown cannot be changed."""
        hidden = obj is not None and not getattr(obj, "unmasked", True)
        return (*self.readonly_fields, *(("email", "name") if hidden else ()))

    def narrow(self, rows: Any, user: User) -> QuerySet[User]:
        found: QuerySet[User] = rows
        return found

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Who only reads has no business with the hash of a password, not even a part of it."""
        if self.may(request, "change"):
            return super().get_fieldsets(request, obj)
        plain = tuple(name for name in self.fieldsets[0][1]["fields"] if name != "password")
        return ((None, {"fields": plain}), *self.fieldsets[1:])

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and "email" in form.changed_data:
            forget(obj)


@admin.register(Authenticator)
class AuthenticatorAdmin(ByRole[Any]):
    """Second factors. Whoever has lost phone and recovery codes, and proves who they are, has theirs deleted, and their
    sessions with it: of staff the next login asks for a new one."""

    list_display = ("shown_user", "type", "created_at", "last_used_at")
    list_filter = ("type",)
    search_fields = ("user__email__startswith",)
    fields = list_display
    ordering = ("-pk",)

    def narrow(self, rows: Any, user: User) -> QuerySet[Any]:
        found: QuerySet[Any] = rows.select_related("user")
        return found

    @admin.display(description=_("user"))
    def shown_user(self, row: Any) -> str:
        return masks.called(row.user)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.delete_queryset(request, type(obj).objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        with transaction.atomic():
            end_sessions(User.objects.filter(pk__in=list(queryset.values_list("user", flat=True))))
            super().delete_queryset(request, queryset)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Whose it was is written down, and nothing of the secret."""
        return [
            record(person(request), Act.REMOVED, row, {"user": str(row.user), "type": row.type}) for row in queryset
        ]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_active and request.user.is_staff and request.user.is_superuser)


@admin.register(Heartbeat)
class HeartbeatAdmin(ByRole[Heartbeat]):
    list_display = ("name", "at")
    ordering = ("name",)

    def narrow(self, rows: Any, user: User) -> QuerySet[Heartbeat]:
        found: QuerySet[Heartbeat] = rows
        return found
