"""How orders speak to a buyer: the badge, what silence leads to, what an action means, what happened."""

from __future__ import annotations

from django import template
from django.utils.translation import gettext_lazy as _

from aftersales.actors import Role
from aftersales.lifecycle.table import State, Transition
from orders.lifecycle import ORDER
from orders.models import Order, OrderEvent, Sku
from orders.states import OrderState

register = template.Library()
FEW = 10

_CONSEQUENCES = {
    OrderState.AWAITING_PAYMENT: _("Then the order is closed and nothing is charged."),
    OrderState.AWAITING_RECEIPT: _("Then receipt is confirmed by itself."),
}
_MEANINGS = {
    "cancel": _("The order closes and nothing is charged. This cannot be undone."),
    "extend": _("You get more time before receipt is confirmed by itself. This is possible once."),
    "receive": _("Confirm only when everything has arrived. After-sale requests stay possible for a while."),
}
_HAPPENED = {
    "begin": _("Order placed"),
    "pay": _("Paid"),
    "cancel": _("Cancelled"),
    "expire": _("Closed, because it was not paid in time"),
    "ship": _("Parcel sent"),
    "rest_cancelled": _("Nothing left to ship"),
    "seller_cancel": _("Cancelled by the seller; what was paid goes back"),
    "deliver": _("Delivered"),
    "extend": _("Time to confirm receipt extended"),
    "hold": _("Time to confirm receipt stands while a ticket is open"),
    "release": _("Time to confirm receipt goes on"),
    "receive": _("Receipt confirmed"),
    "auto_receive": _("Receipt confirmed by itself"),
    "refunded": _("Everything has been refunded"),
    "remind": _("Reminded"),
}


@register.filter
def order_state(order: Order) -> State:
    """`{% state_badge order|order_state %}`"""
    return ORDER.state(order.state)


@register.filter
def order_consequence(order: Order) -> str:
    """What happens to the order when its clock runs out: `{% deadline order order|order_consequence %}`"""
    return str(_CONSEQUENCES.get(ORDER.state(order.state), ""))


@register.filter
def order_meaning(action: Transition) -> str:
    """What follows from the buyer's action."""
    return str(_MEANINGS[action.name])


@register.filter
def order_history(event: OrderEvent) -> dict[str, object]:
    """The event as components/timeline.html shows it."""
    return {
        "title": _HAPPENED.get(event.action, event.action),
        "who": "" if event.role == Role.SYSTEM else event.get_role_display(),
        "at": event.at,
        "note": event.note or f"{event.data.get('carrier', '')} {event.data.get('number', '')}".strip(),
    }


@register.filter
def histories(events: list[OrderEvent]) -> list[dict[str, object]]:
    return [order_history(event) for event in events]


@register.filter
def scarce(sku: Sku) -> bool:
    """Few enough left to say how many."""
    return 0 < sku.stock <= FEW
