"""Every address that a buyer can open, over the demo shop's rows: one order and one ticket in each state."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import get_resolver, reverse

from aftersales.help.models import Article, Category
from aftersales.models import User
from orders.models import Order, Product
from refunds.lifecycle import TICKET
from refunds.models import Ticket

# (name of the address, further words of the address): lists that show different things.
LISTS = [
    ("orders:shop", ""),
    ("orders:shop", "?q=茶"),
    ("orders:shop", "?q=nothing-like-it"),
    ("orders:list", ""),
    ("orders:list", "?state=awaiting_receipt"),
    ("refunds:tickets", ""),
    ("refunds:tickets", "?tab=ended"),
    ("refunds:inbox", ""),
    ("orders:cart", ""),
    ("orders:addresses", ""),
    ("orders:new_address", ""),
    ("help:home", ""),
    ("help:search", "?q=退款"),
    ("help:contact", ""),
    ("help:enquiries", ""),
]
OF_ORDER = ("orders:order", "refunds:apply", "orders:invoice", "orders:print_invoice")
OF_TICKET = ("refunds:ticket", "refunds:amend", "refunds:label")


def of_buyer(user: User) -> Iterator[tuple[str, str]]:
    """(name of the picture, address) of each page of theirs."""
    for name, query in LISTS:
        yield f"{name}{query}", reverse(name) + query
    yield "orders:product", reverse("orders:product", args=[Product.objects.on_sale().order_by("pk")[0].pk])
    yield "help:category", reverse("help:category", args=[Category.objects.all()[0].slug])
    yield "help:article", reverse("help:article", args=[Article.objects.all()[0].slug])
    for order in _one_a_state(Order.objects.of_buyer(user).order_by("pk")):
        for name in OF_ORDER:
            yield f"{name}-{order.state}", reverse(name, args=[order.number])
    for ticket in _one_a_state(Ticket.objects.of_buyer(user).order_by("pk")):
        yield f"refunds:ticket-{ticket.state}", reverse("refunds:ticket", args=[ticket.number])
        if any(ticket.state in transition.sources for transition in TICKET.named("amend")):
            yield f"refunds:amend-{ticket.state}", reverse("refunds:amend", args=[ticket.number])


def _one_a_state(rows):
    return {row.state: row for row in rows}.values()


def names() -> set[str]:
    """All named addresses of the buyers' apps."""
    found = set()
    for space in ("orders", "refunds", "help"):
        found |= {
            f"{space}:{name}" for name in get_resolver().namespace_dict[space][1].reverse_dict if isinstance(name, str)
        }
    return found
