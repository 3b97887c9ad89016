"""How orders speak to a buyer: the badge, and what silence leads to."""

from __future__ import annotations

from django import template
from django.utils.translation import gettext_lazy as _

from aftersales.lifecycle.table import State
from orders.lifecycle import ORDER
from orders.models import Order
from orders.states import OrderState

register = template.Library()

_CONSEQUENCES = {
    OrderState.AWAITING_PAYMENT: _("Then the order is closed and nothing is charged."),
    OrderState.AWAITING_RECEIPT: _("Then receipt is confirmed by itself."),
}


@register.filter
def order_state(order: Order) -> State:
    """`{% state_badge order|order_state %}`"""
    return ORDER.state(order.state)


@register.filter
def order_consequence(order: Order) -> str:
    """What happens to the order when its clock runs out: `{% deadline order order|order_consequence %}`"""
    return str(_CONSEQUENCES.get(ORDER.state(order.state), ""))
