"""Rules by which a shop answers by itself, and the log of what they did."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet, Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_lazy

from aftersales.money import shown
from orders.admin.fields import AmountField, WholeNumberField
from orders.admin.forms import AmountsForm
from orders.admin.rights import OfShop, OfShopChild, ShopFilter
from refunds.admin.reason import kinds_field
from refunds.models import AutoDecision, AutoRule, Reason
from refunds.states import Automatic, Kind, Side

ALL = frozenset({"view", "add", "change"})


class AutoRuleForm(AmountsForm):
    most = AmountField(
        label=gettext_lazy("Worth at most"), help_text=gettext_lazy("In the shop’s currency, e.g. 20.00.")
    )
    kinds = kinds_field(gettext_lazy("None for all that the rule can answer."))

    class Meta:
        model = AutoRule
        fields = (
            "shop", "name", "effect", "most", "kinds", "reasons", "least_orders", "most_tickets", "in_use", "position",
        )  # fmt: skip
        field_classes = {"least_orders": WholeNumberField, "most_tickets": WholeNumberField}  # noqa: RUF012
        widgets = {"reasons": forms.CheckboxSelectMultiple}  # noqa: RUF012
        help_texts = {  # noqa: RUF012
            "reasons": gettext_lazy("None for all."),
            "in_use": gettext_lazy("A rule out of use answers nothing any more; its decisions stay."),
            "position": gettext_lazy("The first rule that fits, by position, answers."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if reasons := cast("forms.ModelMultipleChoiceField[Reason] | None", self.fields.get("reasons")):
            reasons.queryset = Reason.objects.filter(side=Side.BUYER)

    def clean(self) -> dict[str, Any]:
        """Refuses a rule that no application could fit."""
        data = super().clean() or {}
        kinds = data.get("kinds")
        if data.get("effect") == Automatic.KEEP_GOODS and kinds and Kind.RETURN_REFUND not in kinds:
            words = gettext("Goods can only be left with the buyer where they would come back: choose “%(kind)s” too.")
            self.add_error("kinds", words % {"kind": Kind.RETURN_REFUND.label})
        return data


@admin.register(AutoRule)
class AutoRuleAdmin(OfShopChild[AutoRule]):
    """The owners of a shop keep its rules. One that is no longer wanted goes out of use."""

    operator_may = ALL
    owner_may = ALL
    form = AutoRuleForm
    list_display = ("name", "shop", "effect", "shown_most", "in_use", "position", "tickets", "paid_by_it")
    list_filter = (ShopFilter, "effect", "in_use")
    list_select_related = ("shop",)
    search_fields = ("name",)
    ordering = ("shop", "position", "pk")

    def get_queryset(self, request: HttpRequest) -> QuerySet[AutoRule]:
        rows = super().get_queryset(request).select_related("shop")
        return rows.annotate(tickets=Count("decisions"), worth=Sum("decisions__worth"))

    def get_readonly_fields(self, request: HttpRequest, obj: AutoRule | None = None) -> tuple[str, ...]:
        """What a rule has decided was decided for its shop."""
        return ("shop", "tickets", "paid_by_it") if obj else ()

    def get_fields(self, request: HttpRequest, obj: AutoRule | None = None) -> tuple[str, ...]:
        return (*AutoRuleForm.Meta.fields, *(("tickets", "paid_by_it") if obj else ()))

    @admin.display(description=gettext_lazy("worth at most"), ordering="most")
    def shown_most(self, rule: AutoRule) -> str:
        return shown(rule.most, rule.shop.currency)

    @admin.display(description=gettext_lazy("tickets answered"))
    def tickets(self, rule: AutoRule) -> int:
        return int(getattr(rule, "tickets", 0))

    @admin.display(description=gettext_lazy("worth together"))
    def paid_by_it(self, rule: AutoRule) -> str:
        return shown(getattr(rule, "worth", 0) or 0, rule.shop.currency)


@admin.register(AutoDecision)
class AutoDecisionAdmin(OfShop[AutoDecision]):
    """What the rules did, read-only."""

    list_display = ("at", "rule", "effect", "shown_ticket", "version", "shown_worth")
    list_display_links = ("at",)
    list_filter = ("effect",)
    list_select_related = ("rule", "ticket__order")
    search_fields = ("ticket__number__startswith", "rule__name")
    fields = ("at", "rule", "effect", "shown_ticket", "version", "shown_worth")
    ordering = ("-pk",)

    @admin.display(description=gettext_lazy("ticket"))
    def shown_ticket(self, decision: AutoDecision) -> str:
        link = reverse("admin:refunds_ticket_change", args=[decision.ticket_id])
        return format_html('<a href="{}">{}</a>', link, decision.ticket)

    @admin.display(description=gettext_lazy("worth"), ordering="worth")
    def shown_worth(self, decision: AutoDecision) -> str:
        return shown(decision.worth, decision.ticket.order.currency)
