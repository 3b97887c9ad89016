"""The inbox: one's own notices only, unread until marked by a POST, in the reader's language."""

import re
from copy import deepcopy

import pytest
from django.test import Client
from django.urls import reverse

from aftersales import actors
from aftersales.testing import file, make_cast, one, pay, place, ship
from refunds import actions
from refunds.models import Notice
from refunds.notices import announce

INBOX, READ = "/inbox/", "/inbox/read/"


@pytest.fixture(scope="module")
def built(shared):
    with shared():
        cast = make_cast()
        yield cast, agreed(cast)


@pytest.fixture
def cast(db, built):
    return deepcopy(built[0])


@pytest.fixture
def ticket(db, built):
    return deepcopy(built[1])


def agreed(cast):
    order = ship(pay(place(cast)), cast)
    ticket = file(order, {order.lines.get(sku=cast.mug).pk: 1}, kind="return_refund")
    actions.agree(one(ticket), actors.seller(cast.bob), version=1)
    announce()
    return ticket


@pytest.fixture
def alice(client, cast):
    client.force_login(cast.alice)
    return client


def unread(user):
    return Notice.objects.in_inbox(user).unread().count()


def newest(user):
    return Notice.objects.in_inbox(user).order_by("-pk").first()


def many(user, number):
    row = {"role": "buyer", "channel": "inbox", "life": "ticket", "action": "agree", "state": "refunding"}
    Notice.objects.bulk_create(
        Notice(person=user, event_id=10_000 + i, number=f"T{i}", path="/", about="O1", **row) for i in range(number)
    )


def test_what_concerns_the_reader_newest_first(alice, cast, ticket):
    page = alice.get(INBOX)
    assert page.status_code == 200
    subjects = re.findall(r'<a [^>]*href="([^"]+)">((?:Ticket|Order) [^<]+)</a>', page.text)
    order = ticket.order.number
    assert subjects == [
        (f"/tickets/{ticket.number}/", f"Ticket {ticket.number}: Agreed"),
        (f"/orders/{order}/", f"Order {order}: Parcel sent"),
    ]
    assert "If you have not sent the goods back by then, the ticket is withdrawn." in page.text


def test_a_seller_is_led_to_the_admin(client, cast, ticket):
    client.force_login(cast.bob)
    page = client.get(INBOX)
    assert f'href="/admin/refunds/ticket/{ticket.pk}/change/"' in page.text
    assert client.get(f"/admin/refunds/ticket/{ticket.pk}/change/").status_code == 200
    assert re.search(r'<a href="/inbox/"[^>]*>\s*Inbox \(2\)\s*</a>', client.get("/admin/").text)


def test_it_reads_in_the_readers_language(alice, ticket):
    alice.cookies["django_language"] = "zh-hans"
    page = alice.get(INBOX)
    assert 'lang="zh-hans"' in page.text
    assert re.search(r"[\u4e00-\u9fff]", page.text.partition("<main")[2].partition("</main>")[0])


def test_nothing_is_read_by_looking(alice, cast, ticket):
    before = unread(cast.alice)
    alice.get(INBOX)
    alice.get(READ)
    alice.get(newest(cast.alice).path)
    assert unread(cast.alice) == before == 2


def test_one_is_marked(alice, cast, ticket):
    notice = newest(cast.alice)
    answer = alice.post(READ, {"id": notice.pk})
    assert (answer.status_code, answer.headers["Location"]) == (303, INBOX)
    assert unread(cast.alice) == 1
    notice.refresh_from_db()
    assert notice.read_at


def test_all_that_was_shown_is_marked(alice, cast, ticket):
    """given: one more comes while the page is open; then: that one stays unread"""
    [upto] = re.findall(r'name="upto" value="(\d+)"', alice.get(INBOX).text)
    many(cast.alice, 1)
    alice.post(READ, {"upto": upto})
    assert unread(cast.alice) == 1
    assert newest(cast.alice).read_at is None


def test_marking_twice_keeps_the_first_time(alice, cast, ticket):
    alice.post(READ, {"id": newest(cast.alice).pk})
    first = newest(cast.alice).read_at
    alice.post(READ, {"id": newest(cast.alice).pk})
    assert newest(cast.alice).read_at == first


@pytest.mark.parametrize("field", ["id", "upto"])
def test_foreign_notices_cannot_be_marked(client, cast, ticket, field):
    client.force_login(cast.carol)
    before = list(Notice.objects.order_by("pk").values())
    assert client.post(READ, {field: newest(cast.alice).pk}).status_code == 303
    assert list(Notice.objects.order_by("pk").values()) == before
    assert ticket.number not in client.get(INBOX).text


def test_mails_are_not_in_the_inbox(alice, cast, ticket):
    mail = Notice.objects.get(person=cast.alice, channel="email", action="agree")
    assert alice.post(READ, {"id": mail.pk}).status_code == 303
    mail.refresh_from_db()
    assert mail.read_at is None


@pytest.mark.parametrize(
    "sent",
    [{}, {"id": "x"}, {"id": "0"}, {"id": "9" * 30}, {"upto": "-1"}, {"id": "1", "upto": "1"}, {"id": "\x00"}],
)
def test_what_makes_no_sense_is_refused(alice, cast, ticket, sent):
    assert alice.post(READ, sent).status_code == 400
    assert unread(cast.alice) == 2


def test_marking_needs_the_pages_token(cast, ticket):
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.alice)
    assert client.post(READ, {"upto": newest(cast.alice).pk}).status_code == 403
    assert unread(cast.alice) == 2


@pytest.mark.parametrize("address", [INBOX, READ])
def test_nobody_is_asked_to_log_in(client, ticket, address):
    answer = client.get(address)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/login/?next={address}")
    assert client.post(READ, {"upto": 10**6}).status_code == 302
    assert not Notice.objects.filter(read_at__isnull=False).exists()


def test_the_header_counts_what_is_unread(alice, cast, ticket):
    assert '>2<span class="sr-only"> unread</span>' in alice.get(reverse("orders:list")).text
    many(cast.alice, 97)
    assert 'badge-primary">99<span' in alice.get(INBOX).text
    alice.post(READ, {"upto": 10**6})
    assert "unread</span>" not in alice.get(INBOX).text


def test_the_count_is_capped(alice, cast, ticket):
    many(cast.alice, 98)
    assert 'badge-primary">99+<span' in alice.get(INBOX).text


def test_an_empty_inbox_says_so(client, cast):
    client.force_login(cast.carol)
    page = client.get(INBOX).text
    assert "Nothing has happened yet." in page
    assert READ not in page


def test_it_is_paged(alice, cast, ticket):
    many(cast.alice, 25)
    first, second = alice.get(INBOX).text, alice.get(f"{INBOX}?page=2").text
    assert "Page 1 of 2" in first
    assert (first.count("<article"), second.count("<article")) == (20, 7)


@pytest.mark.parametrize("query", ["?page=99", "?page=x", "?page=-1", "?page=%00", "?page=" + "9" * 30])
def test_any_page_is_taken(alice, ticket, query):
    assert alice.get(INBOX + query).status_code == 200


def test_queries_do_not_grow_with_notices(alice, cast, ticket, django_assert_num_queries):
    # session, reader, unread, count, notices
    with django_assert_num_queries(5):
        alice.get(INBOX)
    many(cast.alice, 15)
    with django_assert_num_queries(5):
        alice.get(INBOX)


def test_only_what_is_unread(alice, cast, ticket):
    many(cast.alice, 22)
    alice.post(READ, {"id": Notice.objects.in_inbox(cast.alice).earliest("pk").pk})
    page = alice.get(f"{INBOX}?show=unread&page=2").text
    assert page.count("<article") == 3
    assert 'action="/inbox/read/?show=unread&amp;page=2"' in page
    answer = alice.post(f"{READ}?show=unread&page=2", {"id": newest(cast.alice).pk})
    assert answer.headers["Location"] == f"{INBOX}?show=unread&page=2"
    alice.post(READ, {"upto": newest(cast.alice).pk})
    assert "You have read everything." in alice.get(f"{INBOX}?show=unread").text


def test_marking_in_place_brings_the_counts_along(alice, cast, ticket, django_assert_num_queries):
    key = newest(cast.alice).pk
    # session, reader, mark, count, notices, unread
    with django_assert_num_queries(6):
        answer = alice.post(f"{READ}?show=unread", {"id": key}, headers={"hx-request": "true"})
    assert answer.status_code == 200
    assert answer.text.count("<article") == 1
    assert "<html" not in answer.text
    for where in ("top", "dock"):
        assert re.search(rf'id="unread-{where}" hx-swap-oob="true"><span class="[^"]+">1<', answer.text)
    alice.post(READ, {"upto": newest(cast.alice).pk}, headers={"hx-request": "true"})
    assert unread(cast.alice) == 0


def test_after_the_login_has_ended_the_page_is_asked_for_whole(client, ticket):
    answer = client.post(READ, {"upto": 1}, headers={"HX-Request": "true"})
    assert (answer.headers["HX-Refresh"], answer.text) == ("true", "")
