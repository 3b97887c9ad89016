"""What the seller does with an order that ends its tickets."""

from __future__ import annotations

from django.db.models import QuerySet

from aftersales.actors import Actor
from aftersales.lifecycle.errors import Conflict, Refused
from aftersales.lifecycle.move import lock, move, move_one, story
from aftersales.lifecycle.rows import Event
from orders import actions as order_actions
from orders.lifecycle import ORDER
from orders.models import Order, OrderLine
from orders.states import OrderState
from refunds.actions.common import end_disputes, follow
from refunds.errors import RefundError
from refunds.lifecycle import TICKET
from refunds.models import Ticket
from refunds.money import pay_back_rest
from refunds.states import Outcome


def ship_anyway(orders: QuerySet[Order], by: Actor, parcel: order_actions.Parcel) -> Event:
    """The seller ships units although a ticket on them is open; the ticket closes as shipped_anyway."""
    with story(by):
        lock(orders, by)
        lines = OrderLine.objects.filter(order__in=orders, pk__in=[key for key, n in parcel.units.items() if n])
        tickets = Ticket.objects.filter(order__in=orders, lines__line__in=lines, lines__is_open=True)
        follow(move(TICKET, "ship_anyway", Ticket.objects.filter(pk__in=tickets.values("pk")), by))
        return order_actions.ship(orders, by, parcel)


def seller_cancel(orders: QuerySet[Order], by: Actor, note: str) -> Event:
    """The seller cannot deliver: open tickets and their disputes end, the order closes, what is left of the money goes
    back."""
    if not note.strip():
        raise Refused(RefundError.NOTE, "note")
    with story(by):
        lock(orders, by)
        order = orders.filter(state=OrderState.AWAITING_SHIPMENT).first()
        if order is None:
            raise Conflict("seller_cancel", orders.first())
        ended = move(TICKET, "seller_cancel", order.tickets.all(), by, note=note)
        end_disputes(ended, Outcome.SELLER_CANCELLED)
        event = move_one(ORDER, "seller_cancel", orders, by, note=note)
        pay_back_rest(order.pk)
        return event
