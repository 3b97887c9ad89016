"""Every address that a buyer can open, over the demo shop's rows: one order and one ticket in each state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar
from uuid import uuid4

from django.core.management import call_command
from django.test import Client
from django.urls import get_resolver, reverse

from aftersales.help import actions
from aftersales.help.defaults import install_articles
from aftersales.help.models import Article, Category, Enquiry
from aftersales.models import User
from aftersales.testdb import install_standing
from orders import staffing
from orders.models import Address, Invitation, Order, Product, ShopStaff, Sku
from orders.states import ShopRole
from orders.views.order import VERBS
from refunds.lifecycle import TICKET
from refunds.models import Ticket
from refunds.views.ways import DISPUTE_WAYS, WAYS

R = TypeVar("R", Order, Ticket)
# (name of the address, further words of the address): lists that show different things.
LISTS = [
    ("orders:shop", ""),
    ("orders:shop", "?q=茶"),
    ("orders:shop", "?q=nothing-like-it"),
    ("orders:cart", ""),
    ("orders:checkout", ""),
    ("orders:to_pay", ""),
    ("orders:list", ""),
    ("orders:list", "?state=awaiting_receipt"),
    ("orders:addresses", ""),
    ("orders:new_address", ""),
    ("refunds:tickets", ""),
    ("refunds:tickets", "?tab=ended"),
    ("refunds:inbox", ""),
    ("refunds:notice_settings", ""),
    ("account", ""),
    ("account_email", ""),
    ("account_change_password", ""),
    ("mfa_index", ""),
    ("help:home", ""),
    ("help:search", "?q=退款"),
    ("help:contact", ""),
    ("help:sent", ""),
    ("help:enquiries", ""),
]
OF_ORDER = ("orders:order", "refunds:apply", "orders:invoice", "orders:print_invoice")
FOR_STRANGERS = [
    "/", "/login/", "/account/sign-up/", "/account/password/reset/", "/help/", "/help/contact/", "/nothing/here/",
]  # fmt: skip
# They answer a POST only, lead on, or give something else than a page.
NO_PAGES = (
    {f"orders:{name}" for name in (*VERBS, "again", "pay", "default_address")}
    | {f"refunds:{name}" for name in (*WAYS, *DISPUTE_WAYS, "scan", "news", "notices", "read", "unsubscribe")}
    | {f"refunds:{name}" for name in ("evidence", "thumbnail", "uploads", "upload", "drop_upload")}
    | {"help:suggest", "help:vote"}
)


def furnish(email: str) -> User:
    """The demo shop, and one of its people."""
    install_standing()
    install_articles(Category, Article)
    call_command("demo", "--force", verbosity=0)
    return furnish_person(email)


def furnish_person(email: str) -> User:
    """With an address and a question to customer service."""
    user = User.objects.get(email=email)
    Address.objects.create(owner=user, recipient="李梅", phone="13800001234", address="淮海中路 100 号")
    actions.ask(actions.Question(uuid4(), "other", "Where do I find my invoice?"), user)
    owner = ShopStaff.objects.filter(role=ShopRole.OWNER).select_related("shop", "user")[0]
    staffing.invite(owner.shop, user.email, ShopRole.AGENT, owner.user)
    return user


def enter(client: Client, user: User) -> None:
    """Log in, with something in the cart, and a question just sent."""
    client.force_login(user)
    sku = Sku.objects.filter(stock__gt=0).order_by("pk")[0]
    client.post(reverse("orders:product", args=[sku.product_id]), {"sku": sku.pk, "quantity": 1})
    session = client.session
    session["help_sent"] = Enquiry.objects.filter(person=user)[0].number
    session.save()


def of_buyer(user: User) -> Iterator[tuple[str, str]]:
    """(name of the picture, address) of each page of theirs."""
    for name, query in LISTS:
        yield f"{name}{query}", reverse(name) + query
    for name, key in _ones(user):
        yield name, reverse(name, args=[key])
    for order in one_a_state(Order.objects.of_buyer(user)):
        for name in OF_ORDER:
            if order.paid_at or name not in ("orders:invoice", "orders:print_invoice"):
                yield f"{name}-{order.state}", reverse(name, args=[order.number])
    for ticket in one_a_state(Ticket.objects.of_buyer(user)):
        yield f"refunds:ticket-{ticket.state}", reverse("refunds:ticket", args=[ticket.number])
        if any(ticket.state in transition.sources for transition in TICKET.named("amend")):
            yield f"refunds:amend-{ticket.state}", reverse("refunds:amend", args=[ticket.number])
        if ticket.state == "awaiting_return":
            yield "refunds:label", reverse("refunds:label", args=[ticket.number])


def _ones(user: User) -> list[tuple[str, object]]:
    address = Address.objects.of_buyer(user)[0].pk
    return [
        ("orders:product", Product.objects.on_sale().order_by("pk")[0].pk),
        ("orders:address", address),
        ("orders:delete_address", address),
        ("help:category", Category.objects.all()[0].slug),
        ("help:article", Article.objects.all()[0].slug),
        ("orders:join", Invitation.objects.get(email=user.email).link.split("/")[-2]),
        ("help:enquiry", Enquiry.objects.filter(person=user)[0].number),
    ]


def one_a_state(rows: Iterable[R]) -> Iterable[R]:
    return {row.state: row for row in rows}.values()


def names() -> set[str]:
    """All addresses of the buyers' apps that have a name."""
    spaces = get_resolver().namespace_dict
    found = [(space, spaces[space][1].reverse_dict) for space in ("orders", "refunds", "help")]
    return {f"{space}:{name}" for space, known in found for name in known if isinstance(name, str)}
