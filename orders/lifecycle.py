"""The life of an order. This table is the rule; buttons, diagrams, database guards and random tests come from it."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from aftersales.actors import Role
from aftersales.lifecycle.table import Lifecycle, Set, Transition, hold, lengthen, release, shorten
from orders import clocks, effects
from orders.models import Order, OrderEvent, OrderLine, Payment, Policy
from orders.states import ClosedReason
from orders.states import OrderState as S

# How long past its time an order waits for the channel's word on an open attempt to pay.
WAIT_FOR_CHANNEL: Final = timedelta(minutes=10)
BUYER, SELLER, SYSTEM = (Role.BUYER,), (Role.SELLER,), (Role.SYSTEM,)


def policy(column: str) -> Subquery:
    """A duration, or the calendar, of the policy that the order was placed under."""
    return Subquery(Policy.objects.filter(pk=OuterRef("policy_id")).values(column)[:1])


_LINES = OrderLine.objects.filter(order=OuterRef("pk"))
# Units in an open ticket still count as to be shipped: only the ticket's end decides on them.
TO_SHIP = Q(Exists(_LINES.filter(quantity__gt=F("shipped") + F("cancelled"))))
SHIPPED = Q(Exists(_LINES.filter(shipped__gt=0)))
HAS_TICKETS = Q(open_tickets__gt=0)
REFUNDED = Q(total__gt=0, settled=F("total"))
# An open attempt to pay is asked about first, but nobody waits for the channel longer than this.
ASKED = ~Q(Exists(Payment.objects.open().filter(order=OuterRef("pk")))) | Q(due_at__lte=Now() - WAIT_FOR_CHANNEL)

ORDER: Final = Lifecycle(
    name="order",
    label=_("Order"),
    model=Order,
    event=OrderEvent,
    states=S,
    # An imported order was paid and shipped elsewhere.
    born=(S.AWAITING_PAYMENT, S.AWAITING_RECEIPT),
    clocks={"payment": policy("payment"), "receipt": policy("receipt")},
    ends=clocks.due(policy("calendar_id")),
    reminders=(policy("remind_first"), policy("remind_last")),
    transitions=(
        Transition("pay", _("Paid"), S.AWAITING_PAYMENT, S.AWAITING_SHIPMENT, SYSTEM,
                   sets={"paid_at": Now(), "ship_by": Now() + policy("promise")}),
        Transition("cancel", _("Cancel"), S.AWAITING_PAYMENT, S.CLOSED, BUYER,
                   effects=(effects.cancel_rest, effects.give_coupon_back),
                   sets={"closed_reason": ClosedReason.BUYER_CANCELLED}),
        Transition("expire", _("Not paid in time"), S.AWAITING_PAYMENT, S.CLOSED, SYSTEM, guard=ASKED,
                   effects=(effects.cancel_rest, effects.give_coupon_back),
                   sets={"closed_reason": ClosedReason.PAYMENT_TIMEOUT}),
        Transition("ship", _("Ship"), S.AWAITING_SHIPMENT, S.AWAITING_SHIPMENT, SELLER, guard=TO_SHIP),
        Transition("ship", _("Ship"), S.AWAITING_SHIPMENT, S.AWAITING_RECEIPT, SELLER, guard=~TO_SHIP & ~HAS_TICKETS),
        Transition("ship", _("Ship"), S.AWAITING_SHIPMENT, S.AWAITING_RECEIPT, SELLER, guard=~TO_SHIP & HAS_TICKETS,
                   clock=Set.HELD),
        Transition("rest_cancelled", _("Rest cancelled"), S.AWAITING_SHIPMENT, S.AWAITING_RECEIPT, SYSTEM,
                   guard=~TO_SHIP & SHIPPED & ~HAS_TICKETS),
        Transition("rest_cancelled", _("Rest cancelled"), S.AWAITING_SHIPMENT, S.AWAITING_RECEIPT, SYSTEM,
                   guard=~TO_SHIP & SHIPPED & HAS_TICKETS, clock=Set.HELD),
        Transition("seller_cancel", _("Cancel and pay back"), S.AWAITING_SHIPMENT, S.CLOSED, SELLER, guard=~SHIPPED,
                   effects=(effects.cancel_rest,), sets={"closed_reason": ClosedReason.SELLER_CANCELLED}),
        Transition("deliver", _("Delivered"), S.AWAITING_RECEIPT, S.AWAITING_RECEIPT, (Role.SELLER, Role.SYSTEM),
                   clock=shorten(policy("after_delivery"))),
        Transition("extend", _("Extend"), S.AWAITING_RECEIPT, S.AWAITING_RECEIPT, BUYER,
                   guard=Q(extended_at__isnull=True), clock=lengthen(policy("receipt")), sets={"extended_at": Now()}),
        Transition("extend", _("Extend"), S.AWAITING_RECEIPT, S.AWAITING_RECEIPT, SELLER,
                   clock=lengthen(policy("receipt"))),
        Transition("hold", _("Clock held"), S.AWAITING_RECEIPT, S.AWAITING_RECEIPT, SYSTEM,
                   guard=HAS_TICKETS & Q(held_left__isnull=True), clock=hold()),
        Transition("release", _("Clock goes on"), S.AWAITING_RECEIPT, S.AWAITING_RECEIPT, SYSTEM,
                   guard=~HAS_TICKETS & Q(held_left__isnull=False), clock=release(policy("receipt_floor"))),
        Transition("receive", _("Confirm receipt"), S.AWAITING_RECEIPT, S.COMPLETED, BUYER,
                   sets={"completed_at": Now()}),
        Transition("auto_receive", _("Received by itself"), S.AWAITING_RECEIPT, S.COMPLETED, SYSTEM,
                   sets={"completed_at": Now()}),
        Transition("refunded", _("Fully refunded"), (S.AWAITING_SHIPMENT, S.AWAITING_RECEIPT, S.COMPLETED), S.CLOSED,
                   SYSTEM, guard=REFUNDED | (~TO_SHIP & ~SHIPPED), effects=(effects.cancel_rest,),
                   sets={"closed_reason": ClosedReason.FULLY_REFUNDED}),
    ),
)  # fmt: skip
