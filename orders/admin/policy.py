"""Policies: saving one makes a new version, after a page that shows what it will touch. Orders placed before stay under
the version they were placed under."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales.lifecycle.admin import ByRole, person
from aftersales.models import User
from orders.admin.fields import HumanDurationField, human
from orders.admin.policy_check import counted, touched
from orders.admin.policy_form import EXISTS, RULES, SERIES, PolicyForm
from orders.admin.rights import OfShop
from orders.admin.shop_policy import ShopPolicyForm, open_clocks
from orders.models import Order, Policy, PolicyBound, Shop
from orders.models.bound import DURATIONS

# What tells that the page of what will be touched has been read.
CONFIRMED = "confirmed"


@admin.register(Policy)
class PolicyAdmin(OfShop[Policy]):
    operator_may = frozenset({"view", "add", "change"})
    owner_may = frozenset({"add", "change"})
    form = PolicyForm
    list_display = ("__str__", "version", "force", "starts_at", "ends_at", "payment_time", "created_at")
    list_filter = ("profile", "withdrawn")
    list_select_related = ("shop",)
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

    def is_owner(self, request: HttpRequest, row: Policy | None = None) -> bool:
        """The platform's own policies are no shop's."""
        return super().is_owner(request, row) and (row is None or row.shop_id is not None)

    def get_autocomplete_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return ("shop",) if person(request).is_superuser else ()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Operators write any policy; owners decide what the platform has opened to shops."""
        if person(request).is_superuser:
            return super().get_form(request, obj, change, **kwargs)
        form = super().get_form(request, obj, change, **{"form": ShopPolicyForm, **kwargs})
        return type("ShopPolicyForm", (form,), {"owned": self.shops(request)})

    def has_change_permission(self, request: HttpRequest, obj: Policy | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or getattr(obj, "is_newest", True))

    def get_fieldsets(self, request: HttpRequest, obj: Policy | None = None) -> Any:
        head: dict[str, Any] = {"fields": (*SERIES, "starts_at", "ends_at", "withdrawn")}
        if not person(request).is_superuser and (self.has_change_permission(request, obj) if obj else True):
            return self._of_owner(request, obj, head)
        rules: dict[str, Any] = {"fields": RULES if person(request).sees_everything else ("calendar",)}
        if obj is None:
            return (
                (None, head), (gettext_lazy("Durations"), {"fields": DURATIONS}), (gettext_lazy("Rules"), rules)
            )  # fmt: skip
        # How much the whole platform sells is no seller's business.
        head["fields"] += ("version", "created_at", *(("orders_under",) if person(request).sees_everything else ()))
        body = DURATIONS if self.has_change_permission(request, obj) else ("terms",)
        return ((None, head), (gettext_lazy("Durations"), {"fields": body}), (gettext_lazy("Rules"), rules))

    def _of_owner(self, request: HttpRequest, obj: Policy | None, head: dict[str, Any]) -> Any:
        """The clocks that are open to the person's shops; of a version the whole of it to be read, too."""
        shops = self.shops(request).filter(**({"pk": obj.shop_id} if obj else {}))
        clocks = open_clocks(shops.values_list("profile", flat=True))
        head["fields"] = (*(SERIES if obj else SERIES[1:]), "starts_at", "ends_at", "withdrawn")
        mine = {"fields": tuple(name for name in DURATIONS if name in clocks)}
        if obj is None:
            return ((None, head), (gettext_lazy("What your shop decides"), mine))
        head["fields"] += ("version", "created_at")
        return (
            (None, head),
            (gettext_lazy("What your shop decides"), mine),
            (gettext_lazy("This version in full"), {"fields": ("terms", "calendar")}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Policy | None = None) -> tuple[str, ...]:
        """The series of a version is what it belongs to; another series is a policy of its own."""
        taken = () if person(request).is_superuser else ("calendar",)
        return (*SERIES, "version", "created_at", "orders_under", "terms", *taken) if obj else ()

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """A policy that could be saved is first shown with what it will touch; what is `confirmed` is saved. A page of
        a version that was replaced meanwhile, or a second press of the button, leads to the newest one."""
        newest = self._newer(request, object_id) if request.method == "POST" and object_id else None
        if newest:
            self.message_user(request, EXISTS % {"version": newest.version}, messages.WARNING)
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


class BoundForm(forms.ModelForm[PolicyBound]):
    class Meta:
        model = PolicyBound
        fields = ("is_open", "least", "most")
        field_classes = {"least": HumanDurationField, "most": HumanDurationField}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("least") and data.get("most") and data["least"] > data["most"]:
            self.add_error("most", _("The longest cannot be shorter than the shortest."))
        return data


@admin.register(PolicyBound)
class PolicyBoundAdmin(ByRole[PolicyBound]):
    """How far shops may go by themselves. Policies that exist are not changed by a new bound."""

    operator_may = frozenset({"view", "change"})
    form = BoundForm
    list_display = ("label", "profile", "is_open", "shortest", "longest")
    list_filter = ("profile", "is_open")
    fields = ("profile", "label", "is_open", "least", "most")
    readonly_fields = ("profile", "label")
    list_per_page = 100

    def narrow(self, rows: Any, user: User) -> QuerySet[PolicyBound]:
        return cast("QuerySet[PolicyBound]", rows)

    @admin.display(description=gettext_lazy("clock"))
    def label(self, bound: PolicyBound) -> str:
        return bound.label

    @admin.display(description=gettext_lazy("at least"), ordering="least")
    def shortest(self, bound: PolicyBound) -> str:
        return human(bound.least)

    @admin.display(description=gettext_lazy("at most"), ordering="most")
    def longest(self, bound: PolicyBound) -> str:
        return human(bound.most)
