"""Which rule of a shop answers an application by itself."""

from __future__ import annotations

from datetime import timedelta

from django.db.models.functions import Now

from orders.models import Order
from orders.states import OrderState
from refunds.models import AutoRule, Ticket
from refunds.states import Automatic, Kind


def fitting(ticket: Ticket, worth: int) -> AutoRule | None:
    """The first rule, by position, that fits the ticket's present version; `worth` in minor units."""
    rules = AutoRule.objects.filter(shop=ticket.order.shop_id, in_use=True, most__gte=worth)
    found = [rule for rule in rules.prefetch_related("reasons") if _answers(rule, ticket) and _names(rule, ticket)]
    return next((rule for rule in found if _trusts(rule, ticket)), None) if found else None


def _answers(rule: AutoRule, ticket: Ticket) -> bool:
    """Keeping the goods is about goods that would come back for money."""
    return rule.effect != Automatic.KEEP_GOODS or ticket.kind == Kind.RETURN_REFUND


def _names(rule: AutoRule, ticket: Ticket) -> bool:
    reasons = {reason.pk for reason in rule.reasons.all()}
    return (not rule.kinds or ticket.kind in rule.kinds) and (not reasons or ticket.reason_id in reasons)


def _trusts(rule: AutoRule, ticket: Ticket) -> bool:
    """The buyer's history, over all shops."""
    buyer = ticket.order.buyer
    if rule.least_orders:
        completed = Order.objects.of_buyer(buyer).filter(state=OrderState.COMPLETED)
        if completed.count() < rule.least_orders:
            return False
    recent = Ticket.objects.of_buyer(buyer).filter(by_seller=False, opened_at__gt=Now() - timedelta(days=90))
    return rule.most_tickets is None or recent.count() <= rule.most_tickets
