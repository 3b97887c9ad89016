"""What a search in the sellers' queue finds, each kind of thing by an index of its own.

Numbers are found from their start. Who the buyer is has to be written in full, since lists show it masked: a search
that answers to its beginning would tell the rest letter by letter.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, Q, QuerySet
from django.db.models.functions import Upper

from aftersales.models import User
from orders.filters import MOST_WORDS, goods_with
from orders.models import Order, Product, Shipment
from refunds.models import ReturnParcel, Ticket, TicketLine


def found(tickets: QuerySet[Ticket], term: str, reader: User, shops: list[int] | None) -> QuerySet[Ticket]:
    """Those of `tickets` that a search finds; they are of these shops, None for any.

    First one statement says which kinds of thing the words find at all. No index serves an OR over several tables, and
    words that find one kind alone, as nearly all do, leave the way to it to the planner: along the queue where many
    tickets fit, from the goods where few do.
    """
    kinds = _kinds(tickets.order_by(), term, shops)
    asked = {f"kind_{number}": Exists(rows) for number, rows in enumerate(kinds)}
    answers = User._base_manager.filter(pk=reader.pk).values_list(*asked.values()).get()
    keys = [rows for rows, finds in zip(kinds, answers, strict=True) if finds]
    if not keys:
        return tickets.none()
    first, *others = keys
    return tickets.filter(pk__in=first.union(*others) if others else first)


def _kinds(tickets: QuerySet[Ticket], term: str, shops: list[int] | None) -> list[QuerySet[Any]]:
    """Keys of the tickets by each kind of thing that the words may be."""
    number = term.upper()
    of_parcel = ReturnParcel.objects.filter(number__startswith=term).values("ticket")
    of_shipment = Shipment.objects.filter(number__startswith=term).values("order")
    of_order = Order.objects.filter(number__startswith=number).values("pk")
    people = User.objects.alias(upper=Upper("name")).filter(Q(upper=number) | Q(email=term.lower()))
    return [
        tickets.filter(number__startswith=number).values("pk"),
        tickets.filter(order__in=of_order).values("pk"),
        tickets.filter(pk__in=of_parcel).values("pk"),
        tickets.filter(order__in=of_shipment).values("pk"),
        tickets.filter(order__in=Order.objects.filter(buyer__in=people).values("pk")).values("pk"),
        with_goods(tickets, term, shops).values("pk"),
    ]


def with_goods(tickets: QuerySet[Ticket], words: str, shops: list[int] | None) -> QuerySet[Ticket]:
    """Tickets about a product whose title, department, code or variant has every word."""
    products = Product.objects.all() if shops is None else Product.objects.filter(shop__in=shops)
    for word in list(dict.fromkeys(words.split()))[:MOST_WORDS]:
        products = products.filter(pk__in=goods_with(word))
    lines = TicketLine.objects.filter(line__sku__product__in=products.order_by().values("pk"))
    return tickets.filter(pk__in=lines.values("ticket"))
