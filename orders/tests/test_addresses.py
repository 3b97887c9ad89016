"""The address book: what it keeps, whose it is, and what a checkout does with it."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from orders import addresses
from orders.models import Address, Order
from orders.tests.test_checkout import fill, form

HOME = {"recipient": "Alice", "phone": "1", "region": "Shanghai", "address": "1 Home Road"}
BOOK = "/account/addresses/"
TABLES = ("aftersales_user", "orders_sku")


@pytest.fixture
def alice(cast, client):
    client.force_login(cast.alice)
    return client


def kept(user, **more):
    return addresses.keep(user, Address(**HOME | more))


def defaults(user):
    return list(Address.objects.of_buyer(user).filter(is_default=True).values_list("address", flat=True))


def test_first_one_is_the_default_and_only_one_is(cast, alice):
    assert alice.post(f"{BOOK}new/", HOME).headers["Location"] == BOOK
    alice.post(f"{BOOK}new/", HOME | {"address": "2 Work Road"})
    assert defaults(cast.alice) == ["1 Home Road"]
    alice.post(f"{BOOK}new/", HOME | {"address": "3 Other Road", "is_default": "on"})
    assert defaults(cast.alice) == ["3 Other Road"]
    with pytest.raises(IntegrityError), transaction.atomic():
        Address.objects.update(is_default=True)


def test_sent_twice_is_kept_once(cast, alice):
    for _ in range(2):
        assert alice.post(f"{BOOK}new/", HOME).status_code == 303
    assert Address.objects.count() == 1


def test_twenty_are_enough(cast, alice):
    for number in range(20):
        kept(cast.alice, address=f"{number} Road")
    page = alice.post(f"{BOOK}new/", HOME)
    assert page.status_code == 422
    assert "20 addresses at most" in page.text
    assert Address.objects.count() == 20
    assert alice.post(f"{BOOK}new/", HOME | {"address": "7 Road"}).status_code == 303  # there already


def test_change_to_another_one_is_refused(cast, alice):
    kept(cast.alice)
    other = kept(cast.alice, address="2 Work Road")
    page = alice.post(f"{BOOK}{other.pk}/", HOME)
    assert page.status_code == 422
    assert 'id="id_address_error"' in page.text
    other.refresh_from_db()
    assert other.address == "2 Work Road"


def test_delete_asks_first_and_the_newest_takes_over(cast, alice):
    first, _second, third = (kept(cast.alice, address=f"{number} Road") for number in (1, 2, 3))
    assert alice.get(f"{BOOK}{first.pk}/delete/").status_code == 200
    assert Address.objects.count() == 3
    assert alice.post(f"{BOOK}{first.pk}/delete/").status_code == 303
    assert defaults(cast.alice) == [third.address]


def test_make_default(cast, alice):
    kept(cast.alice)
    other = kept(cast.alice, address="2 Work Road")
    assert alice.get(f"{BOOK}{other.pk}/default/").headers["Location"] == BOOK
    assert defaults(cast.alice) == ["1 Home Road"]
    alice.post(f"{BOOK}{other.pk}/default/")
    assert defaults(cast.alice) == ["2 Work Road"]


@pytest.mark.parametrize("rest", ["", "delete/", "default/"])
def test_foreign_address_is_a_missing_one(cast, alice, rest):
    theirs = kept(cast.carol)
    before = list(Address.objects.values())
    for key in (theirs.pk, 987654321, "9" * 25):
        assert alice.get(f"{BOOK}{key}/{rest}").status_code == 404
        assert alice.post(f"{BOOK}{key}/{rest}", HOME | {"address": "mine"}).status_code == 404
    assert list(Address.objects.values()) == before
    assert "1 Home Road" not in alice.get(BOOK).text


@pytest.mark.parametrize(
    ("field", "text"),
    [("recipient", " "), ("phone", "1" * 31), ("phone", "abc"), ("phone", "+-"), ("address", ""), ("label", "\x00")],
)
def test_bad_address_is_named_at_its_field(cast, alice, field, text):
    page = alice.post(f"{BOOK}new/", HOME | {field: text})
    assert page.status_code == 422
    assert f'id="id_{field}_error"' in page.text
    assert not Address.objects.exists()


# --- at the checkout ---


def test_checkout_picks_one_and_the_order_keeps_a_copy(cast, alice):
    entry = kept(cast.alice)
    fill(alice, {cast.mug: 1})
    blank = {"recipient": "", "phone": "", "address": ""}
    assert alice.post("/checkout/", form(alice, to=entry.pk, **blank)).status_code == 303
    entry.delete()
    order = Order.objects.get()
    assert (order.recipient, order.phone, order.address) == ("Alice", "1", "Shanghai 1 Home Road")


def test_checkout_with_a_foreign_address_places_nothing(cast, alice):
    theirs = kept(cast.carol)
    kept(cast.alice)
    fill(alice, {cast.mug: 1})
    page = alice.post("/checkout/", form(alice, to=theirs.pk))
    assert page.status_code == 422
    assert page.context["form"].errors["to"]
    assert not Order.objects.exists()


def test_checkout_keeps_a_new_one_when_asked(cast, alice):
    for save, number in (("", 0), ("on", 1)):
        fill(alice, {cast.mug: 1})
        alice.post("/checkout/", form(alice, to="new", region="Shanghai", save=save))
        assert Address.objects.of_buyer(cast.alice).count() == number
    assert set(Order.objects.values_list("address", flat=True)) == {"Shanghai 2 Home Street"}


def test_full_book_places_nothing_and_says_so(cast, alice):
    for number in range(20):
        kept(cast.alice, address=f"{number} Road")
    fill(alice, {cast.mug: 1})
    page = alice.post("/checkout/", form(alice, to="new", save="on"))
    assert page.status_code == 422
    assert page.context["form"].errors["save"]
    assert not Order.objects.exists()
    assert alice.session["cart"] == {str(cast.mug.pk): 1}


def test_checkout_locks_the_owner_before_the_goods(cast, alice):
    # As filing a ticket does, so that one does not wait for the other in a circle.
    fill(alice, {cast.mug: 1})
    sent = form(alice, to="new", save="on")
    with CaptureQueriesContext(connection) as asked:
        assert alice.post("/checkout/", sent).status_code == 303
    locks = [query["sql"] for query in asked if "FOR NO KEY UPDATE" in query["sql"] or "FOR UPDATE" in query["sql"]]
    owner, goods = (next(at for at, sql in enumerate(locks) if f'FROM "{table}"' in sql) for table in TABLES)
    assert owner < goods
