"""What the tables of tickets and disputes share: roles, and the policy that a row's order was placed under."""

from __future__ import annotations

from typing import Final

from django.db.models import OuterRef, Subquery

from aftersales.actors import Role
from orders.clocks import due
from orders.models import Policy

BUYER, SELLER, CS, SYSTEM = (Role.BUYER,), (Role.SELLER,), (Role.CS,), (Role.SYSTEM,)
SELLER_OR_CLOCK, BUYER_OR_CLOCK = (Role.SELLER, Role.SYSTEM), (Role.BUYER, Role.SYSTEM)


def policy(column: str) -> Subquery:
    """A duration or a rule of the policy that the row's order was placed under."""
    return Subquery(Policy.objects.filter(orders=OuterRef("order_id")).values(column)[:1])


ENDS: Final = due(policy("calendar_id"))
REMINDERS: Final = (policy("remind_first"), policy("remind_last"))
