"""Policies: saving one makes a new version, after a page that shows what it will touch. Orders placed before stay under
the version they were placed under."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import DurationField, Q, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales.lifecycle.admin import person
from aftersales.models import User
from orders.admin.fields import HumanDurationField, WholeNumberField, human
from orders.admin.policy_check import counted, touched
from orders.admin.rights import OfShop
from orders.models import Order, Policy, Shop

_EXISTS = gettext_lazy("Version %(version)s of this policy exists already. Open it and change that one.")
SERIES = ("profile", "shop", "promotion")
DURATIONS = tuple(f.name for f in Policy._meta.get_fields() if isinstance(f, DurationField))
RULES = ("confirm_above", "calendar")
RETURNS = ("return_goods", "inspection", "after_failed_inspection")
DISPATCH = ("dispatch", "buyer_receipt")
# What tells that the page of what will be touched has been read.
CONFIRMED = "confirmed"


class PolicyForm(forms.ModelForm[Policy]):
    """The next version of a series, or the first of a new one."""

    class Meta:
        model = Policy
        fields = (*SERIES, "starts_at", "ends_at", "withdrawn", *DURATIONS, *RULES)
        field_classes = {**dict.fromkeys(DURATIONS, HumanDurationField), "confirm_above": WholeNumberField}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self._check_together(data, RETURNS, _("Returns need all three of their durations, or none."))
        self._check_together(data, DISPATCH, _("Sending goods to the buyer needs both of its durations, or none."))
        self._check_dispatch(data)
        self._check_reminders(data)
        self._check_dates(data)
        self._check_newest(data)
        return data

    def _check_together(self, data: dict[str, Any], names: tuple[str, ...], words: str) -> None:
        missing = [name for name in names if name in data and data[name] is None]
        if 0 < len(missing) < len(names):
            for name in missing:
                self.add_error(name, words)

    def _check_dispatch(self, data: dict[str, Any]) -> None:
        if data.get("return_goods") and "dispatch" in data and not data["dispatch"]:
            self.add_error("dispatch", _("Returns need it: goods that fail the inspection travel back to the buyer."))

    def _check_reminders(self, data: dict[str, Any]) -> None:
        first, last = data.get("remind_first"), data.get("remind_last")
        if last and "remind_first" in data and not (first and last < first):
            self.add_error("remind_last", _("The last reminder has to come after a first one: give it a shorter time."))

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
            raise ValidationError(_EXISTS % {"version": newest.version})


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
        return cast("QuerySet[Policy]", rows if user.sees_everything else rows.filter(mine))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Policy]:
        newest = Policy.objects.current().values("pk")
        return super().get_queryset(request).select_related("shop").annotate(is_newest=Q(pk__in=newest))

    def has_change_permission(self, request: HttpRequest, obj: Policy | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or getattr(obj, "is_newest", True))

    def get_fieldsets(self, request: HttpRequest, obj: Policy | None = None) -> Any:
        head: dict[str, Any] = {"fields": (*SERIES, "starts_at", "ends_at", "withdrawn")}
        rules: dict[str, Any] = {"fields": RULES if person(request).sees_everything else ("calendar",)}
        if obj is None:
            return (
                (None, head), (gettext_lazy("Durations"), {"fields": DURATIONS}), (gettext_lazy("Rules"), rules)
            )  # fmt: skip
        # How much the whole platform sells is no seller's business.
        head["fields"] += ("version", "created_at", *(("orders_under",) if person(request).sees_everything else ()))
        body = DURATIONS if self.has_change_permission(request, obj) else ("terms",)
        return ((None, head), (gettext_lazy("Durations"), {"fields": body}), (gettext_lazy("Rules"), rules))

    def get_readonly_fields(self, request: HttpRequest, obj: Policy | None = None) -> tuple[str, ...]:
        """The series of a version is what it belongs to; another series is a policy of its own."""
        return (*SERIES, "version", "created_at", "orders_under", "terms") if obj else ()

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """A policy that could be saved is first shown with what it will touch; what is `confirmed` is saved. A page of
        a version that was replaced meanwhile, or a second press of the button, leads to the newest one."""
        newest = self._newer(request, object_id) if request.method == "POST" and object_id else None
        if newest:
            self.message_user(request, _EXISTS % {"version": newest.version}, messages.WARNING)
            return HttpResponseRedirect(reverse("admin:orders_policy_change", args=[newest.pk]))
        checked = None
        if request.method == "POST" and CONFIRMED not in request.POST:
            checked = self._check(request, object_id)
        return checked or super().changeform_view(request, object_id, form_url, extra_context)

    def _newer(self, request: HttpRequest, object_id: str) -> Policy | None:
        """What has replaced a version that this person could have changed."""
        read = self.get_object(request, unquote(object_id))
        if read is None or not self.has_change_permission(request) or getattr(read, "is_newest", True):
            return None
        series = {name: getattr(read, name) for name in SERIES}
        return self.get_queryset(request).filter(**series).order_by("-version").first()

    def _check(self, request: HttpRequest, object_id: str | None) -> TemplateResponse | None:
        """The page of what will be touched; None where there is a refusal or an error to be shown instead."""
        present = self.get_object(request, unquote(object_id)) if object_id else None
        may = self.has_change_permission(request, present) if object_id else self.has_add_permission(request)
        if not may or (object_id and present is None):
            return None
        # The instance takes the form's values over; what they replace is read apart.
        policy = Policy.objects.select_related("shop").get(pk=present.pk) if present else Policy()
        with transaction.atomic():
            form = self.get_form(request, present, change=bool(present))(request.POST, instance=policy)
            if not form.is_valid():
                return None
            context = self._touched(request, present, form)
        return TemplateResponse(request, "admin/orders/policy/check.html", context)

    def _touched(self, request: HttpRequest, present: Policy | None, form: Any) -> dict[str, Any]:
        columns = ("starts_at", "ends_at", "withdrawn", *DURATIONS, *RULES)
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Check before saving"),
            "form": form,
            "confirmed": CONFIRMED,
            "policy": form.instance,
            "version": present.version + 1 if present else 1,
            "touched": touched(present, form.instance, columns),
        }

    def save_model(self, request: HttpRequest, obj: Policy, form: Any, change: bool) -> None:
        """Always a new row: versions never change. The form has made the writers take turns."""
        if change:
            obj.version += 1
        obj.pk, obj._state.adding, obj.created_at = None, True, Now()
        obj.save(force_insert=True)
        obj.refresh_from_db()

    @admin.display(description=gettext_lazy("orders"))
    def orders_under(self, policy: Policy) -> str:
        words = _("%(count)s orders were placed under this version. Saving makes a new one; they keep theirs.")
        return words % {"count": counted(Order.objects.filter(policy=policy.pk))}

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
