"""Whatever a person types into any form, it is inert or refused: never a 5xx, never a tag or an attribute of ours."""

from html.parser import HTMLParser
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from aftersales.testing import file, make_cast, pay, place, ship
from orders.models import Order
from refunds.models import Ticket

SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)>"
WORDS = {
    "script": SCRIPT,
    "attribute": '" autofocus onfocus="alert(1)',
    "template": "{{ 7 }}{% now 'Y' %}%(name)s%s{0}",
    "emoji": "👩‍👩‍👧‍👦🙏🏽",
    "right to left": "\u202eevil\u202c\u200f\u2066",
    "nul": "a\0b",
    "lone surrogate": "a\ud800b",
    "control": "\x01\x1b[31m\u2028",
    "number": "9" * 400,
    # Mostly of letters that are sent as they are: to unwrap a million others takes longer than all the rest.
    "megabyte": "长" + "w" * 2**20,
}
FORMS = {
    "account": ({"name", "language", "time_zone"}, lambda: reverse("account")),
    "address": ({"recipient", "phone", "region", "address", "label"}, lambda: reverse("orders:new_address")),
    "checkout": (
        {"to", "recipient", "phone", "address", "coupon", "token", "promise"}, lambda: reverse("orders:checkout")
    ),
    "cart": ({"sku", "quantity"}, lambda: reverse("orders:cart")),
    "invoice": ({"kind", "title", "tax_number", "email", "note", "version"}, lambda: of_order("invoice")),
    "application": (
        {"goods", "kind", "reason", "description", "freight", "token", "promised", "photos_uploaded", "seen",
         "currency"},
        lambda: of_order("apply", "refunds"),
    ),
    "message": ({"note", "token", "photos_uploaded"}, lambda: of_ticket("message")),
    "waybill": ({"carrier", "number"}, lambda: of_ticket("send_waybill")),
    "call": ({"note", "photos_uploaded"}, lambda: of_ticket("call_cs")),
    "question": ({"topic", "text", "about", "token", "website"}, lambda: reverse("help:contact")),
    "advice": ({"text", "reason"}, lambda: reverse("help:suggest") + "?from=text"),
    "inbox": ({"id", "upto"}, lambda: reverse("refunds:read")),
    "notices": ({"groups"}, lambda: reverse("refunds:notice_settings")),
    "login": ({"login", "password", "next"}, lambda: reverse("login")),
    "sign-up": ({"name", "email", "password1"}, lambda: reverse("account_signup")),
    "reset": ({"email"}, lambda: reverse("account_reset_password")),
    "language": ({"language", "next"}, lambda: reverse("set_language")),
}  # fmt: skip
SEARCHES = {
    "orders:shop": ("q", "lowest", "highest", "in_stock", "order", "page"),
    "orders:list": ("q", "state", "placed_after", "placed_before", "page"),
    "refunds:tickets": ("q", "kind", "tab", "page"),
    "refunds:inbox": ("show", "page"),
    "help:search": ("q", "page"),
}


def of_order(name, app="orders"):
    return reverse(f"{app}:{name}", args=[Order.objects.earliest("pk").number])


def of_ticket(name):
    return reverse(f"refunds:{name}", args=[Ticket.objects.get().number])


@pytest.fixture(scope="module", autouse=True)
def _order_and_ticket(shared):
    with shared():
        cast = make_cast()
        order = ship(pay(place(cast)), cast)
        file(order, {order.lines.first().pk: 1})
        yield


@pytest.fixture
def alice(db):
    from aftersales.models import User

    client = Client(raise_request_exception=True)
    client.force_login(User.objects.get(email="alice@example.com"))
    return client


class Bad(HTMLParser):
    """Counts scripts with words of their own, and attributes that are scripts."""

    found = 0

    def handle_starttag(self, tag, attrs):
        self.found += sum(name.startswith("on") for name, _ in attrs) + (tag == "script" and "src" not in dict(attrs))


def inert(answer):
    """No answer is a failure of ours, and what was typed is nowhere a tag or an attribute of ours."""
    assert answer.status_code < 500
    page = Bad()
    page.feed(answer.content.decode(errors="replace"))
    assert page.found == 0


def send(client, url, words):
    """As a browser writes it; what is no text is written all the same."""
    body = urlencode({name: text.encode(errors="surrogatepass") for name, text in words.items()})
    answer = client.post(url, body, content_type="application/x-www-form-urlencoded")
    inert(answer)
    if answer.status_code in (302, 303):
        inert(client.get(answer.headers["Location"]))


@pytest.mark.parametrize("form", FORMS)
def test_forms(alice, form, subtests):
    fields, address = FORMS[form]
    client = Client() if form in ("login", "sign-up", "reset") else alice
    for kind in sorted(set(WORDS) - {"megabyte"}):
        with subtests.test(kind):
            # The attempts of one text are not those of the next.
            cache.clear()
            words = dict.fromkeys(fields, WORDS[kind])
            send(client, address(), words)
            send(client, address(), words | {"token": str(uuid4()), "email": "x@example.com", "topic": "other"})


@pytest.mark.parametrize("form", FORMS)
def test_a_megabyte_in_each_field(alice, form):
    fields, address = FORMS[form]
    for name in fields:
        send(alice, address(), {name: WORDS["megabyte"]})


@pytest.mark.parametrize("kind", sorted(set(WORDS) - {"megabyte"}))
@pytest.mark.parametrize("search", SEARCHES)
def test_searches(alice, search, kind):
    for name in SEARCHES[search]:
        words = urlencode({name: WORDS[kind].encode(errors="surrogatepass")})
        inert(alice.get(f"{reverse(search)}?{words}"))
