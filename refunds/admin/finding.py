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

    First one statement says what the words are at all: no index serves an OR over several tables. Words that are one
    kind of thing, as nearly all are, leave the way to it to the planner: along the queue where many tickets fit, from
    the goods where few do. What has an @ is an address, and needs no asking.
    """
    if "@" in term:
        return tickets.filter(_of(_people(term)))
    kinds = _kinds(term, shops)
    asked = {f"kind_{number}": Exists(things) for number, (things, _fits) in enumerate(kinds)}
    answers = User._base_manager.filter(pk=reader.pk).values_list(*asked.values()).get()
    fitting = [fits for (_things, fits), there in zip(kinds, answers, strict=True) if there]
    if len(fitting) == 1:
        return tickets.filter(fitting[0])
    keys = [tickets.order_by().filter(fits).values("pk") for fits in fitting]
    return tickets.filter(pk__in=keys[0].union(*keys[1:])) if keys else tickets.none()


def _kinds(term: str, shops: list[int] | None) -> list[tuple[QuerySet[Any], Q]]:
    """What the words may be, each with the tickets that are about it."""
    number = term.upper()
    cases = Ticket.objects.filter(number__startswith=number)
    orders = Order.objects.filter(number__startswith=number)
    parcels = ReturnParcel.objects.filter(number__startswith=term)
    shipments = Shipment.objects.filter(number__startswith=term)
    people = _people(term)
    goods = _goods(term, shops)
    return [
        (cases, Q(number__startswith=number)),
        (orders, Q(order__in=orders.order_by().values("pk"))),
        (parcels, Q(pk__in=parcels.order_by().values("ticket"))),
        (shipments, Q(order__in=shipments.order_by().values("order"))),
        (people, _of(people)),
        (goods, about(goods)),
    ]


def _people(term: str) -> QuerySet[User]:
    return User.objects.alias(upper=Upper("name")).filter(Q(upper=term.upper()) | Q(email=term.lower()))


def _of(people: QuerySet[User]) -> Q:
    bought = Order.objects.filter(buyer__in=people.values("pk"))
    return Q(order__in=bought.order_by().values("pk"))


def with_goods(tickets: QuerySet[Ticket], words: str, shops: list[int] | None) -> QuerySet[Ticket]:
    """Tickets about a product whose title, department, code or variant has every word."""
    return tickets.filter(about(_goods(words, shops)))


def _goods(words: str, shops: list[int] | None) -> QuerySet[Product]:
    products = Product.objects.all() if shops is None else Product.objects.filter(shop__in=shops)
    for word in list(dict.fromkeys(words.split()))[:MOST_WORDS]:
        products = products.filter(pk__in=goods_with(word))
    return products.order_by()


def about(products: QuerySet[Product]) -> Q:
    lines = TicketLine.objects.filter(line__sku__product__in=products.values("pk"))
    return Q(pk__in=lines.order_by().values("ticket"))
