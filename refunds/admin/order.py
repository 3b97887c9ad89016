"""The order's page with the verbs that give money back."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy

from aftersales.actors import Role
from aftersales.lifecycle.admin import Way
from aftersales.lifecycle.admin.actions import Offer
from orders.admin.order import OrderAdmin
from orders.models import Order
from orders.states import OrderState
from refunds import actions
from refunds.admin.forms import CancelForm, ShipAnywayForm, ends_by_shipping


@admin.register(Order)
class OrderWithRefundsAdmin(OrderAdmin):
    ways: ClassVar[dict[str, Way]] = {
        **OrderAdmin.ways,
        "seller_cancel": Way(
            lambda rows, by, form: actions.seller_cancel(rows, by, form.cleaned_data["note"]), CancelForm
        ),
        # The life of a ticket has this one, but it is orders that are shipped.
        "ship_anyway": Way(lambda rows, by, form: actions.ship_anyway(rows, by, form.parcel()), ShipAnywayForm),
    }
    fieldsets = (
        *OrderAdmin.fieldsets,
        (gettext_lazy("After-sales"), {"fields": ("shown_tickets",)}),
    )

    def granted(self, action: str, roles: list[Role]) -> bool:
        return super().granted(action, roles) or (action == "ship_anyway" and Role.SELLER in roles)

    def offers(self, request: HttpRequest, row: Order) -> dict[str, Offer]:
        found = super().offers(request, row)
        selling = row.state == OrderState.AWAITING_SHIPMENT and Role.SELLER in self.roles(request, row)
        if selling and ends_by_shipping(row).exists():
            found["ship_anyway"] = self.offer(row, "ship_anyway", gettext_lazy("Ship anyway"), Role.SELLER)
        return found

    @admin.display(description=gettext_lazy("tickets"))
    def shown_tickets(self, row: Order) -> Any:
        links = (
            (reverse("admin:refunds_ticket_change", args=[ticket.pk]), ticket.number, ticket.get_kind_display())
            for ticket in row.tickets.order_by("pk")
        )
        return format_html_join("", '<a href="{}">{}</a> {}<br>', links) or "–"
