"""The order's page with the verbs that give money back."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy

from aftersales.actors import Actor, Role
from aftersales.lifecycle.admin import Way
from aftersales.lifecycle.admin.actions import Offer
from orders.admin.order import OrderAdmin
from orders.models import Order
from orders.states import OrderState
from refunds import actions
from refunds.admin.forms import CancelForm, GiveBackForm, ShipAnywayForm, ends_by_shipping
from refunds.rules import FILING_STATES

# What a seller does on an order's page that only the life of a ticket knows.
BESIDE_ORDER = frozenset({"ship_anyway", "give_back"})


def _give_back(orders: QuerySet[Order], by: Actor, form: GiveBackForm) -> object:
    data = form.cleaned_data
    return actions.give_back(orders, by, form.amounts(), data.get("freight") or 0, data["reason"], data["note"])


@admin.register(Order)
class OrderWithRefundsAdmin(OrderAdmin):
    ways: ClassVar[dict[str, Way]] = {
        **OrderAdmin.ways,
        "seller_cancel": Way(
            lambda rows, by, form: actions.seller_cancel(rows, by, form.cleaned_data["note"]), CancelForm
        ),
        # The life of a ticket has this one, but it is orders that are shipped.
        "ship_anyway": Way(lambda rows, by, form: actions.ship_anyway(rows, by, form.parcel()), ShipAnywayForm),
        # A ticket begins with this one, which is no move of the order either.
        "give_back": Way(_give_back, GiveBackForm),
    }
    fieldsets = (
        *OrderAdmin.fieldsets,
        (gettext_lazy("After-sales"), {"fields": ("shown_tickets",)}),
    )

    def granted(self, action: str, roles: list[Role]) -> bool:
        return super().granted(action, roles) or (action in BESIDE_ORDER and Role.SELLER in roles)

    def offers(self, request: HttpRequest, row: Order) -> dict[str, Offer]:
        found = super().offers(request, row)
        if Role.SELLER not in self.roles(request, row):
            return found
        if row.state == OrderState.AWAITING_SHIPMENT and ends_by_shipping(row).exists():
            found["ship_anyway"] = self.offer(row, "ship_anyway", gettext_lazy("Ship anyway"), Role.SELLER)
        if row.state in FILING_STATES and row.total > row.settled + row.reserved:
            found["give_back"] = self.offer(row, "give_back", gettext_lazy("Give money back"), Role.SELLER)
        return found

    @admin.display(description=gettext_lazy("tickets"))
    def shown_tickets(self, row: Order) -> Any:
        links = (
            (reverse("admin:refunds_ticket_change", args=[ticket.pk]), ticket.number, ticket.get_kind_display())
            for ticket in row.tickets.order_by("pk")
        )
        return format_html_join("", '<a href="{}">{}</a> {}<br>', links) or "–"
