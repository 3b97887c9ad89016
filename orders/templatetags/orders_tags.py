"""How orders speak to a buyer: the badge, what silence leads to, what an action means, what happened."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from django import template
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from aftersales.actors import Role
from aftersales.lifecycle.table import State, Transition
from aftersales.money import shown
from orders import carriers
from orders.lifecycle import ORDER
from orders.models import Order, OrderEvent, OrderLine, Shipment
from orders.rules import unit_shares
from orders.states import OrderState

register = template.Library()

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

_OFFERED = {
    "refund_only": _("Money back without sending anything"),
    "return_refund": _("Send it back for your money"),
    "exchange": _("Exchange it"),
    "repair": _("Have it repaired"),
    "reissue": _("What is missing is sent again"),
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
def order_tone(action: Transition) -> str:
    """The look of the button that confirms the buyer's action."""
    return {"cancel": "btn-error", "receive": "btn-primary"}.get(action.name, "")


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
def parcel_history(shipment: Shipment, order: Order) -> list[dict[str, object]]:
    """What is known of a parcel's way, as components/timeline.html shows it."""
    moments = [(_("Delivered"), shipment.delivered_at), (_("Parcel sent"), shipment.shipped_at),
               (_("Order placed"), order.placed_at)]  # fmt: skip
    return [{"title": title, "at": at} for title, at in moments if at]


@register.simple_tag
def tracking(carrier: str, number: str) -> str:
    """`{% tracking parcel.carrier parcel.number as page %}`: where a parcel is followed, "" where nobody knows."""
    return carriers.tracking_page(carrier, number)


@register.simple_tag
def known_carriers() -> Iterable[carriers.Carrier]:
    """`{% known_carriers as all %}`"""
    return carriers.CARRIERS


@register.filter
def offered_words(kind: str) -> str:
    """What a shop offers after a sale, by its code."""
    return str(_OFFERED[kind])


@register.filter
def next_step(order: Order) -> str:
    """The one thing that an order in a list is for now: pay, wait, receive, after_sale or again; "" for nothing."""
    if order.state == OrderState.AWAITING_PAYMENT:
        return "pay" if order.due_at and order.due_at > timezone.now() else ""
    if order.state in (OrderState.AWAITING_SHIPMENT, OrderState.AWAITING_RECEIPT):
        return "wait" if order.state == OrderState.AWAITING_SHIPMENT else "receive"
    return "after_sale" if order.window_ends and order.window_ends > timezone.now() else "again"


@register.filter
def unit_prices(line: OrderLine, currency: str) -> str:
    """What each of several units cost, in words where they differ: "2 × CN¥3.34, 1 × CN¥3.33"; "" for a single one."""
    shares = [(share, len(list(units))) for share, units in groupby(unit_shares(line.paid, line.quantity))]
    if len(shares) == 1:
        return shown(shares[0][0], currency) if line.quantity > 1 else ""
    return str(pgettext_lazy("list", ", ")).join(f"{number} × {shown(share, currency)}" for share, number in shares)


@register.filter
def order_steps(order: Order, parcels: list[tuple[Shipment, Any]]) -> list[dict[str, Any]]:
    """How far the order is, as components/steps.html shows it; one that closed ends there, saying why."""
    sent_at = parcels[0][0].shipped_at if parcels and order.state != OrderState.AWAITING_SHIPMENT else None
    closed = order.state == OrderState.CLOSED
    moments = [
        (_("Placed"), order.placed_at),
        (pgettext_lazy("step", "Paid"), order.paid_at),
        (pgettext_lazy("step", "Shipped"), sent_at),
        (pgettext_lazy("step", "Received"), order.completed_at),
    ]
    steps: list[dict[str, Any]] = [{"label": label, "at": at, "state": "done"} for label, at in moments if at]
    if closed:
        return [*steps, {"label": order_state(order).label, "note": order.get_closed_reason_display(),
                         "at": order.entered_at, "state": "failed"}]  # fmt: skip
    coming = [{"label": label, "state": "next"} for label, at in moments if not at]
    if coming:
        coming[0]["state"] = "now"
    return [*steps, *coming]


@register.filter
def more(lines: Any) -> str:
    """How many lines a card leaves out after the first two: "and 3 more"."""
    rest = len(lines) - 2
    return ngettext("and %(number)s more", "and %(number)s more", rest) % {"number": rest} if rest > 0 else ""
