"""Policies: saving one makes a new version. Orders placed before stay under the version they were placed under."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import DurationField, Q, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales.lifecycle.admin.rights import MOST_COUNTED
from aftersales.models import User
from orders.admin.fields import HumanDurationField, human
from orders.admin.rights import OfShop
from orders.models import Order, Policy, Shop

SERIES = ("profile", "shop", "promotion")
DURATIONS = tuple(f.name for f in Policy._meta.get_fields() if isinstance(f, DurationField))
RETURNS = ("return_goods", "inspection", "after_failed_inspection", "sent_back")


class PolicyForm(forms.ModelForm[Policy]):
    """The next version of a series, or the first of a new one."""

    class Meta:
        model = Policy
        fields = (*SERIES, "starts_at", "ends_at", "withdrawn", *DURATIONS)
        field_classes = dict.fromkeys(DURATIONS, HumanDurationField)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self._check_returns(data)
        self._check_dates(data)
        self._check_newest(data)
        return data

    def _check_returns(self, data: dict[str, Any]) -> None:
        missing = [name for name in RETURNS if name in data and data[name] is None]
        if 0 < len(missing) < len(RETURNS):
            for name in missing:
                self.add_error(name, _("Returns need all four of their durations, or none."))

    def _check_dates(self, data: dict[str, Any]) -> None:
        begins, ends = data.get("starts_at"), data.get("ends_at")
        promotion = data.get("promotion", self.instance.promotion)
        if promotion and not begins and "starts_at" in data:
            self.add_error("starts_at", _("A promotion needs its dates."))
        if promotion and not ends and "ends_at" in data:
            self.add_error("ends_at", _("A promotion needs its dates."))
        if begins and ends and ends <= begins:
            self.add_error("ends_at", _("The end has to be after the beginning."))

    def _check_newest(self, data: dict[str, Any]) -> None:
        """Nobody replaces a version that they have not read. Writers of policies take turns; orders go on."""
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE orders_policy IN SHARE ROW EXCLUSIVE MODE")
        series = {name: data.get(name, getattr(self.instance, name)) for name in SERIES}
        newest = Policy.objects.filter(**series).order_by("-version").first()
        if newest and newest.pk != self.instance.pk:
            raise ValidationError(
                _("Version %(version)s of this policy exists already. Open it and change that one.")
                % {"version": newest.version}
            )


@admin.register(Policy)
class PolicyAdmin(OfShop[Policy]):
    operator_may = frozenset({"view", "add", "change"})
    form = PolicyForm
    list_display = ("__str__", "version", "force", "starts_at", "ends_at", "payment_time", "created_at")
    list_filter = ("profile", "withdrawn")
    list_select_related = ("shop",)
    autocomplete_fields = ("shop",)
    search_fields = ("shop__name", "promotion")
    ordering = ("profile", "shop", "promotion", "-version")

    def narrow(self, rows: Any, user: User) -> QuerySet[Policy]:
        """A seller sees the own shops' policies and the platform's for their business."""
        shops = Shop.objects.of_staff(user)
        mine = Q(shop__in=shops) | Q(shop=None, profile__in=shops.order_by().values("profile"))
        return cast("QuerySet[Policy]", rows if user.is_superuser else rows.filter(mine))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Policy]:
        newest = Policy.objects.current().values("pk")
        return super().get_queryset(request).select_related("shop").annotate(is_newest=Q(pk__in=newest))

    def has_change_permission(self, request: HttpRequest, obj: Policy | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or getattr(obj, "is_newest", True))

    def get_fieldsets(self, request: HttpRequest, obj: Policy | None = None) -> Any:
        head: dict[str, Any] = {"fields": (*SERIES, "starts_at", "ends_at", "withdrawn")}
        if obj is None:
            return ((None, head), (gettext_lazy("Durations"), {"fields": DURATIONS}))
        # How much the whole platform sells is no seller's business.
        head["fields"] += ("version", "created_at", *(("orders_under",) if request.user.is_superuser else ()))
        body = DURATIONS if self.has_change_permission(request, obj) else ("terms",)
        return ((None, head), (gettext_lazy("Durations"), {"fields": body}))

    def get_readonly_fields(self, request: HttpRequest, obj: Policy | None = None) -> tuple[str, ...]:
        """The series of a version is what it belongs to; another series is a policy of its own."""
        return (*SERIES, "version", "created_at", "orders_under", "terms") if obj else ()

    def save_model(self, request: HttpRequest, obj: Policy, form: Any, change: bool) -> None:
        """Always a new row: versions never change. The form has made the writers take turns."""
        if change:
            self.message_user(request, self._kept(obj), messages.INFO)
            obj.version += 1
        obj.pk, obj._state.adding, obj.created_at = None, True, Now()
        obj.save(force_insert=True)
        obj.refresh_from_db()

    def log_change(self, request: HttpRequest, obj: Policy, message: Any) -> Any:
        """A version that is made by changing another is still a row of its own."""
        return self.log_addition(request, obj, message)

    def _kept(self, policy: Policy) -> str:
        words = _("%(count)s orders were placed under version %(version)s and keep it; new orders get the new one.")
        return words % {"count": self._count(policy), "version": policy.version}

    def _count(self, policy: Policy) -> str:
        counted = Order.objects.filter(policy=policy.pk).order_by()[: MOST_COUNTED + 1].count()
        return f"{MOST_COUNTED}+" if counted > MOST_COUNTED else str(counted)

    @admin.display(description=gettext_lazy("orders"))
    def orders_under(self, policy: Policy) -> str:
        words = _("%(count)s orders were placed under this version. Saving makes a new one; they keep theirs.")
        return words % {"count": self._count(policy)}

    @admin.display(description=gettext_lazy("durations"))
    def terms(self, policy: Policy) -> str:
        rows = ((Policy._meta.get_field(name).verbose_name, human(getattr(policy, name))) for name in DURATIONS)  # type: ignore[union-attr]
        return format_html("<dl class='terms'>{}</dl>", format_html_join("", "<dt>{}</dt><dd>{}</dd>", rows))

    @admin.display(description=gettext_lazy("newest version"), boolean=True)
    def force(self, policy: Policy) -> bool:
        return bool(getattr(policy, "is_newest", False))

    @admin.display(description=gettext_lazy("buyer pays within"), ordering="payment")
    def payment_time(self, policy: Policy) -> str:
        return human(policy.payment)
