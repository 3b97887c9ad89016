"""What the tables of tickets and disputes share: roles, and the policy that a row's order was placed under."""

from __future__ import annotations

from typing import Final

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import Exists
from django.db.models.functions import Coalesce

from aftersales.actors import Role
from orders.clocks import due
from orders.models import Policy, Shop, Warehouse
from refunds.models import TicketLine

BUYER, SELLER, CS, SYSTEM = (Role.BUYER,), (Role.SELLER,), (Role.CS,), (Role.SYSTEM,)
SELLER_OR_CLOCK, BUYER_OR_CLOCK = (Role.SELLER, Role.SYSTEM), (Role.BUYER, Role.SYSTEM)


def policy(column: str) -> Subquery:
    """A duration or a rule of the policy that the row's order was placed under."""
    return Subquery(Policy.objects.filter(orders=OuterRef("order_id")).values(column)[:1])


ENDS: Final = due(policy("calendar_id"))
REMINDERS: Final = (policy("remind_first"), policy("remind_last"))


def _lines_from_it() -> QuerySet[TicketLine]:
    """Lines of the outer query's ticket; an exchanged article is of the product that was bought."""
    return TicketLine.objects.filter(ticket=OuterRef(OuterRef("pk")))


_ONE_PLACE: Final = Q(
    Exists(_lines_from_it().filter(line__sku__product__warehouse=OuterRef("pk"))),
    ~Exists(_lines_from_it().exclude(line__sku__product__warehouse=OuterRef("pk"))),
    in_use=True,
)
# Where a ticket's goods come back to: the place that all of them name, else the shop's own address. They come in one
# parcel, so goods of several warehouses cannot each go to their own.
RETURN_ADDRESS: Final = Coalesce(
    Subquery(Warehouse.objects.filter(_ONE_PLACE).values("return_address")[:1]),
    Subquery(Shop.objects.filter(pk=OuterRef("shop_id")).values("return_address")[:1]),
)
