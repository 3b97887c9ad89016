"""Who works for a shop: its owners invite people, give them roles and let them go; its agents read."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales.keys import LARGEST_KEY
from aftersales.lifecycle.admin import person
from aftersales.lifecycle.errors import Refused
from aftersales.lifecycle.forms import refuse
from aftersales.models import User
from orders import staffing
from orders.admin.asking import ask
from orders.admin.rights import OfShopChild, ShopFilter
from orders.models import Invitation, ShopStaff


class RoleForm(forms.ModelForm[ShopStaff]):
    """The verb is called where the form is judged, so that its refusal stands beside the field; the admin's views are
    one transaction."""

    by: User

    class Meta:
        model = ShopStaff
        fields = ("role",)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "role" in self.changed_data and not self.errors:
            try:
                staffing.set_role(ShopStaff.objects.filter(pk=self.instance.pk), data["role"], self.by)
            except Refused as refused:
                self.add_error("role", str(refused))
        return data


class PeopleOfShop(OfShopChild[Any]):
    """Owners change rows, and a page of its own asks before it ends one.

    ending  the verb, and the page's address
    needs   the right to do it
    way     the column that leads there, for who has the right
    """

    operator_may = frozenset({"view", "change"})
    owner_may = frozenset({"change"})
    list_filter: ClassVar[Any] = (ShopFilter,)
    ending = ""
    needs = "change"
    way = ""
    ordering = ("shop", "-pk")

    def narrow(self, rows: Any, user: User) -> QuerySet[Any]:
        return cast("QuerySet[Any]", rows.of_shop(user))

    def get_urls(self) -> list[URLPattern]:
        name = f"orders_{self.opts.model_name}_{self.ending}"
        page = path(f"<int:key>/{self.ending}/", self.admin_site.admin_view(self.end), name=name)
        return [page, *super().get_urls()]

    def get_list_display(self, request: HttpRequest) -> Any:
        return self._possible(request, super().get_list_display(request))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self._possible(request, super().get_fields(request, obj), obj)

    def _possible(self, request: HttpRequest, names: Any, row: Any = None) -> tuple[str, ...]:
        return tuple(name for name in names if name != self.way or self.may(request, self.needs, row))

    def end(self, request: HttpRequest, key: int) -> HttpResponse:
        """GET asks, POST does; for who may change the row."""
        rows = self.get_queryset(request).filter(pk=min(key, LARGEST_KEY))
        row = rows.first()
        if row is None:
            raise Http404
        if not self.may(request, self.needs, row):
            raise PermissionDenied
        return self.asked(request, type(row).objects.filter(pk=row.pk), row)

    def asked(self, request: HttpRequest, rows: QuerySet[Any], row: Any) -> HttpResponse:
        raise NotImplementedError

    def link(self, row: Any, words: str) -> str:
        """To the page that asks."""
        url = reverse(f"admin:orders_{self.opts.model_name}_{self.ending}", args=[row.pk])
        return format_html('<a class="text-link" href="{}">{}</a>', url, words)


@admin.register(ShopStaff)
class ShopStaffAdmin(PeopleOfShop):
    form = RoleForm
    ending, way = "remove", "leave"
    list_display = ("user", "email", "shop", "role", "leave")
    list_select_related = ("user", "shop")
    search_fields = ("user__email__startswith", "user__name")
    fields = ("shop", "user", "role", "leave")

    def get_readonly_fields(self, request: HttpRequest, obj: ShopStaff | None = None) -> tuple[str, ...]:
        return ("shop", "user", "leave")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return type("RoleForm", (super().get_form(request, obj, change, **kwargs),), {"by": person(request)})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """The form has called the verb."""

    def asked(self, request: HttpRequest, rows: QuerySet[Any], row: Any) -> HttpResponse:
        words = (_("Let go"), _("They can open nothing of the shop any more."), _("The person has left."))
        return ask(self, request, row, words, lambda: staffing.remove(rows, person(request)))

    @admin.display(description=gettext_lazy("e-mail"))
    def email(self, row: ShopStaff) -> str:
        return row.user.email

    @admin.display(description=gettext_lazy("leaves"))
    def leave(self, row: ShopStaff) -> str:
        return self.link(row, _("Let go…"))


class InvitationForm(forms.ModelForm[Invitation]):
    """Calls the verb where it is judged, as RoleForm does."""

    by: User

    class Meta:
        model = Invitation
        fields = ("shop", "email", "role")
        help_texts = {"email": gettext_lazy("Who has this address gets a mail and accepts; it counts for seven days.")}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors:
            try:
                self.instance = staffing.invite(data["shop"], data["email"], data["role"], self.by)
            except Refused as refused:
                refuse(self, refused)
        return data

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()

    def validate_unique(self) -> None:
        """An address that was asked before is asked again."""

    def validate_constraints(self) -> None:
        """The same."""


@admin.register(Invitation)
class InvitationAdmin(PeopleOfShop):
    operator_may = frozenset({"view", "add"})
    owner_may = frozenset({"add"})
    form = InvitationForm
    ending, needs, way = "revoke", "add", "revoke"
    list_display = ("email", "shop", "role", "stands", "invited_by", "expires_at", "revoke")
    list_select_related = ("shop", "invited_by")
    search_fields = ("email__startswith",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        more = ("stands", "invited_by", "expires_at", "sent_at", "trouble", "revoke")
        return self._possible(request, ("shop", "email", "role", *(more if obj else ())), obj)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return type("InvitationForm", (super().get_form(request, obj, change, **kwargs),), {"by": person(request)})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """The form has called the verb."""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """The verb has written it down."""

    def asked(self, request: HttpRequest, rows: QuerySet[Any], row: Any) -> HttpResponse:
        words = (_("Revoke"), _("Its link counts no more."), _("It counts no more."))
        return ask(self, request, row, words, lambda: staffing.revoke(rows, person(request)))

    @admin.display(description=gettext_lazy("state"))
    def stands(self, row: Invitation) -> str:
        if row.accepted_at:
            return _("accepted")
        if row.revoked_at:
            return _("revoked")
        if not row.is_open:
            return _("expired")
        return _("the mail could not be sent") if row.failed_at else _("waits for an answer")

    @admin.display(description=gettext_lazy("revoke"))
    def revoke(self, row: Invitation) -> str:
        return self.link(row, _("Revoke…")) if row.is_open else "–"
