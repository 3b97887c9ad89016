"""Payouts: those that a person has to look at first, then the rest."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Case, Q, QuerySet, Value, When
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy

from aftersales.lifecycle.admin import KeysetPage, LifecycleAdmin, ReadOnlyInline, SetAsideFilter, Way, state_filter
from aftersales.lifecycle.rows import DUE
from aftersales.money import shown
from orders.admin.rights import OfShop, OrderShopFilter
from refunds import money, words
from refunds.admin.forms import ProofForm, RetryForm
from refunds.lifecycle import PAYOUT
from refunds.models import Payout, PayoutLine
from refunds.states import PayoutState

# Refused and set aside wait for a person; nobody knows yet what became of the unknown.
URGENCY = Case(
    When(Q(state=PayoutState.FAILED) | Q(set_aside_at__isnull=False), then=Value(0)),
    When(state=PayoutState.UNKNOWN, then=Value(1)),
    default=Value(2),
)


class LineInline(ReadOnlyInline):
    model = PayoutLine
    fields = ("line", "shown_amount")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[PayoutLine]:
        return super().get_queryset(request).select_related("line", "payout")

    @admin.display(description=gettext_lazy("amount"))
    def shown_amount(self, item: PayoutLine) -> str:
        return shown(item.amount, item.payout.currency)


@admin.register(Payout)
class PayoutAdmin(KeysetPage[Payout], OfShop[Payout], LifecycleAdmin[Payout]):
    life = PAYOUT
    staff_path = "order__shop__staff__user"
    ways: ClassVar[dict[str, Way]] = {
        "retry": Way(lambda rows, by, form: money.retry(rows, by), RetryForm),
        "settle_by_hand": Way(
            lambda rows, by, form: money.settle_by_hand(rows, by, form.cleaned_data["note"]), ProofForm
        ),
    }
    inlines = (LineInline,)
    list_display = ("number", "badge", "deadline", "shown_amount", "cause", "order", "tries", "trouble", "created_at")
    list_filter = (state_filter(PAYOUT), "cause", OrderShopFilter, SetAsideFilter)
    list_select_related = ("order",)
    search_fields = ("number__startswith", "order__number__startswith", "ticket__number__startswith")
    search_help_text = gettext_lazy("Number of the payout, order or ticket, from its beginning")
    ordering = (URGENCY.asc(), DUE.asc(), "-pk")
    fields = (
        "number", "shown_order", "shown_ticket", "payment", "cause", "shown_amount", "shown_freight", "badge",
        "deadline", "entered_at", "tries", "trouble", "settled_at", "reference", "created_at",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Payout]:
        return super().get_queryset(request).select_related("order", "ticket", "payment")

    def consequence(self, row: Payout) -> str:
        return words.where_the_money_is(row)

    def detail(self, event: Any, row: Payout) -> str:
        return str(event.data.get("reference", ""))

    @admin.display(description=gettext_lazy("amount"), ordering="amount")
    def shown_amount(self, row: Payout) -> str:
        return shown(row.amount, row.currency)

    @admin.display(description=gettext_lazy("of which freight"))
    def shown_freight(self, row: Payout) -> str:
        return shown(row.freight, row.currency)

    @admin.display(description=gettext_lazy("order"))
    def shown_order(self, row: Payout) -> str:
        return format_html('<a href="{}">{}</a>', reverse("admin:orders_order_change", args=[row.order_id]), row.order)

    @admin.display(description=gettext_lazy("ticket"))
    def shown_ticket(self, row: Payout) -> str:
        if row.ticket is None:
            return "–"
        return format_html(
            '<a href="{}">{}</a>', reverse("admin:refunds_ticket_change", args=[row.ticket.pk]), row.ticket
        )
