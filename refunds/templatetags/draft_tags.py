"""What other pages say of an application that was left before it was sent."""

from __future__ import annotations

from django import template

from orders.models import Order
from refunds.models import Draft

register = template.Library()


@register.simple_tag
def draft_of(order: Order) -> Draft | None:
    """`{% draft_of order as draft %}`: what its buyer has entered and not sent, at `refunds:apply`; None for nothing.
    One query."""
    return Draft.objects.filter(order=order).unsent().first()
