"""The sellers' queue: pages by where the last row stood, tabs with capped counts, filters, search."""

from datetime import timedelta

import pytest
from django.contrib import admin
from django.db.models.functions import Now
from django.urls import reverse

from aftersales import actors
from aftersales.lifecycle.admin import keyset, queue
from aftersales.lifecycle.admin.keyset import KeysetChangeList
from aftersales.models import User
from aftersales.testing import file, one, pay, place, ship
from aftersales.tests.many import many_tickets
from orders.models import Product, Shop, ShopStaff, Sku
from refunds import actions
from refunds.admin.ticket import TicketAdmin
from refunds.models import Reason, Ticket

QUEUE = reverse("admin:refunds_ticket_changelist")


def seen(client, query=""):
    return client.get(QUEUE + query).context["cl"]


def numbers(client, query=""):
    return [ticket.number for ticket in seen(client, query).result_list]


def filed(cast, units=None, **more):
    order = pay(place(cast, units, buyer=more.pop("buyer", None)))
    return file(order, {order.lines.first().pk: 1}, **more)


@pytest.fixture
def pages_of_three(monkeypatch):
    monkeypatch.setattr(TicketAdmin, "list_per_page", 3)


@pytest.fixture
def eight(cast, client, pages_of_three):
    """Tickets of which each is due an hour after the one before, but for two that are due at once; bob looks on."""
    tickets = list(many_tickets(cast, 8).order_by("pk"))
    for hours, ticket in enumerate(tickets):
        one(ticket).update(due_at=Now() + timedelta(hours=min(hours, 6) + 1))
    tickets[6:] = tickets[:5:-1]  # of two that are due at once, the newer one first
    Ticket.objects.filter(pk__in=[tickets[6].pk, tickets[7].pk]).update(due_at=one(tickets[7]).get().due_at)
    client.force_login(cast.bob)
    return [ticket.number for ticket in tickets]


def walk(client, query, way):
    """The pages from one on, along its links."""
    pages = []
    while query is not None:
        page = seen(client, query)
        pages.append([ticket.number for ticket in page.result_list])
        query = getattr(page, way) or None
    return pages


def test_pages_show_every_row_once(eight, client):
    assert walk(client, "?queue=all", "next") == [eight[:3], eight[3:6], eight[6:]]
    last = seen(client, seen(client, seen(client, "?queue=all").next).next)
    assert walk(client, last.previous, "previous") == [eight[3:6], eight[:3]]
    assert numbers(client, last.first) == eight[:3]
    assert (seen(client, "?queue=all").first, seen(client, "?queue=all").previous, last.next) == ("", "", "")


def test_rows_that_move_hide_no_other(eight, client):
    """The last row of the page that was read goes, and one of the next page comes before it."""
    following = seen(client, "?queue=all").next
    Ticket.objects.filter(number__in=(eight[2], eight[4])).update(due_at=Now())
    assert numbers(client, following) == [eight[3], *eight[5:7]]
    assert numbers(client, seen(client, following).previous)[1:] == eight[:2]
    # The way back to less than a page is the way to the first page.
    Ticket.objects.filter(number__in=eight[1:3]).update(due_at=Now() + timedelta(days=9))
    first = numbers(client, "?queue=all")
    assert (numbers(client, seen(client, following).previous), len(first)) == (first, 3)


@pytest.mark.parametrize("cursor", ["x", "1:2:3", "9" * 3000, ""])
@pytest.mark.parametrize("way", ["after", "before"])
def test_a_cursor_that_is_none_leads_to_the_first_page(cast, client, cursor, way):
    ticket = filed(cast)
    client.force_login(cast.bob)
    assert numbers(client, f"?{way}={cursor}") == [ticket.number]


def test_a_cursor_of_another_order_leads_to_the_first_page(eight, client):
    by_amount = seen(client, "?queue=all&o=5").next
    assert "o=5" in by_amount
    assert numbers(client, by_amount.replace("o=5", "o=3")) == eight[:3]


def sorts(page):
    """What a list may be sorted by: nothing but what it names, or every column that has a sort."""
    for name in page.list_display if page.sortable_by is None else page.sortable_by:
        column = getattr(page, name, None)
        if column is None or hasattr(column, "admin_order_field"):
            yield getattr(column, "admin_order_field", name)


def test_every_sort_is_by_what_is_never_null(rf):
    """Null has no place in a comparison: a list sorted by it would lose rows."""
    asked = rf.get(QUEUE)
    pages = [page for page in admin.site._registry.values() if issubclass(page.get_changelist(asked), KeysetChangeList)]
    assert {page.model.__name__ for page in pages} >= {"Ticket", "Dispute", "Order", "Payout", "Change"}
    for page in pages:
        for expression in (*(page.ordering or ()), *sorts(page)):
            rows = keyset.Walk([expression, "-pk"]).of(page.model._base_manager.all())
            column = rows.query.annotations["walk_0"]
            assert not getattr(getattr(column, "target", None), "null", False), (page, expression)


def test_a_search_in_other_tables_finds_a_row_once(cast, client):
    """An order is found by its payments, of which it may have several."""
    order = pay(place(cast))
    second = order.payments.get()
    second.pk, second.number, second.pays_order = None, f"{second.number}2", False
    second.save(force_insert=True)
    client.force_login(cast.operator)
    found = client.get(reverse("admin:orders_order_changelist"), {"q": second.number[:-1]}).context["cl"]
    assert [row.pk for row in found.result_list] == [order.pk]


def test_tabs_count_what_is_to_do_and_no_further(cast, client, monkeypatch):
    waiting, rejected, gone = filed(cast), filed(cast), filed(cast)
    reason = Reason.objects.get(side="seller", code="not_convincing")
    actions.reject(one(rejected), actors.seller(cast.bob), actions.Rejection(reason, "No."), version=1)
    actions.withdraw(one(gone), actors.buyer(cast.alice))
    client.force_login(cast.bob)

    def counts(query=""):
        page = seen(client, query)
        return {str(tab["label"]): tab["count"] for tab in page.tabs + page.parts}

    assert numbers(client) == [waiting.number]
    assert numbers(client, "?queue=rejected") == [rejected.number]
    assert numbers(client, "?queue=ended") == [gone.number]
    shown = counts("?queue=buyer")
    assert (shown["To do"], shown["With the buyer"], shown["Rejected by the seller"]) == ("1", "1", "1")
    # Nobody has to work on these, and there is no end of them.
    assert (shown["Ended"], shown["Everything"]) == ("", "")
    assert counts(f"?q={gone.number}")["Ended"] == "1"
    filed(cast)
    monkeypatch.setattr(queue, "MOST_COUNTED", 1)
    assert counts()["To do"] == "1+"


@pytest.fixture
def four(cast, client):
    """A cheap refund of today, a dear return of last week, one of a buyer with a name, one that is set aside."""
    teapot = Product.objects.create(shop=cast.shop, code="T-9", title="Blue teapot 蓝色茶壶")
    sku = Sku.objects.create(product=teapot, code="T-9-XL", variant="extra large", price=9900, stock=9)
    User.objects.filter(pk=cast.carol.pk).update(name="Carol 李")
    cheap = filed(cast)
    order = ship(pay(place(cast, {sku: 1})), cast)
    dear = file(order, {order.lines.get().pk: 1}, kind="return_refund")
    one(dear).update(opened_at=Now() - timedelta(days=5), due_at=Now() + timedelta(hours=1))
    carols = filed(cast, {cast.mug: 1}, buyer=cast.carol, reason="other")
    aside = filed(cast)
    one(aside).update(set_aside_at=Now(), set_aside_error="Why")
    client.force_login(cast.bob)
    names = {"cheap": cheap, "dear": dear, "carols": carols, "aside": aside}
    return {ticket.number: name for name, ticket in names.items()}


FILTERS = [
    ("kind=return_refund", "dear"),
    ("reason=other", "carols"),
    ("least=50", "dear"),
    ("most=50", "cheap carols aside"),
    ("least=90&most=99.00", "dear"),
    ("filed=day", "cheap carols aside"),
    ("filed=over_3", "dear"),
    ("filed=over_30", ""),
    ("due=late", ""),
    ("due=2", "dear"),
    ("product=teapot", "dear"),
    ("product=茶壶+blue", "dear"),
    ("product=t-9-xl", "dear"),
    ("product=mug", "cheap carols aside"),
    ("product=bicycle", ""),
    ("buyer=many", "cheap dear aside"),
    ("buyer=first", "carols"),
    ("buyer=share", ""),
    ("set_aside=on", "aside"),
    ("kind=refund_only&product=mug&buyer=first", "carols"),
]


def test_filters(four, client, subtests):
    other = Reason.objects.get(side="buyer", code="other").pk
    for query, names in FILTERS:
        with subtests.test(query):
            page = seen(client, f"?queue=waiting&{query.replace('reason=other', f'reason={other}')}")
            assert {four[ticket.number] for ticket in page.result_list} == set(names.split())
            assert len(page.chips) == query.count("=")


BAD = [
    ("kind=gift", "kind"),
    ("reason=0", "reason"),
    ("reason=x", "reason"),
    ("reason=1;DROP", "reason"),
    ("least=lots", "least"),
    ("least=-1", "least"),
    ("least=10&most=9", "most"),
    ("most=1e9", "most"),
    ("filed=tomorrow", "filed"),
    ("due=3", "due"),
    (f"product={'x' * 101}", "product"),
    ("buyer=rude", "buyer"),
]


def test_a_filter_that_cannot_be_says_so_beside_it(cast, client, subtests):
    filed(cast)
    client.force_login(cast.bob)
    for query, field in BAD:
        with subtests.test(query):
            response = client.get(f"{QUEUE}?queue=waiting&{query}")
            page = response.context["cl"]
            assert (response.status_code, list(page.form.errors), list(page.result_list)) == (422, [field], [])
            assert f'id="id_{field}_error"' in response.text


def test_search(four, cast, client, subtests):
    carols, dear = (next(n for n, name in four.items() if name == wanted) for wanted in ("carols", "dear"))
    ticket = Ticket.objects.get(number=dear)
    parcel = ticket.order.shipments.get()
    searches = {
        dear: "dear",
        f"  {dear[:-3].lower()} ": "dear",
        ticket.order.number: "dear",
        parcel.number: "dear",
        "teapot": "dear",
        "壶 T-9": "dear",
        "carol 李": "carols",
        "CAROL@example.com": "carols",
        # Lists show people masked: nobody finds out the rest letter by letter.
        "carol": "",
        "carol@": "",
        "nothing such": "",
        "%": "",
        "'; --": "",
    }
    assert carols != dear
    for words, names in searches.items():
        with subtests.test(words):
            page = client.get(QUEUE, {"q": words}).context["cl"]
            assert {four[ticket.number] for ticket in page.result_list} == set(names.split())


def test_another_shop_finds_and_counts_nothing(four, cast, client):
    """Not by any filter or search, and not by naming the shop."""
    ticket = Ticket.objects.earliest("pk")
    client.force_login(cast.dave)
    queries = [f"queue=all&{query}" for query, _ in FILTERS] + ["queue=all", f"q={ticket.number}", "q=teapot"]
    for query in queries:
        if "reason" not in query:
            page = seen(client, f"?{query}")
            assert (list(page.result_list), {tab["count"] for tab in page.tabs} - {"", "0"}) == ([], set()), query
    second = Shop.objects.create(code="second", name="Second")
    ShopStaff.objects.create(shop=second, user=cast.dave)
    client.force_login(cast.dave)
    response = client.get(f"{QUEUE}?queue=all&shop={cast.shop.pk}")
    assert (response.status_code, list(response.context["cl"].result_list)) == (422, [])


# Session, person, their shops and colleagues, reasons to filter by, unread notices, keys and rows of the page, their
# lines, the counts.
STATEMENTS = 10


def test_the_queue_takes_the_same_statements_for_any_number(cast, client, django_assert_num_queries):
    many_tickets(cast, 2)
    client.force_login(cast.bob)
    client.get(QUEUE)
    with django_assert_num_queries(STATEMENTS):
        client.get(QUEUE)
    many_tickets(cast, 60)
    with django_assert_num_queries(STATEMENTS) as statements:
        response = client.get(QUEUE)
    assert len(response.context["cl"].result_list) == 50
    with django_assert_num_queries(STATEMENTS):
        client.get(QUEUE + response.context["cl"].next)
    with django_assert_num_queries(STATEMENTS + 1):
        client.get(QUEUE + "?q=mug&kind=refund_only")
    counting = [query["sql"] for query in statements if "capped" in query["sql"]]
    assert len(counting) == 1
    assert counting[0].count("LIMIT 1000") == 10
