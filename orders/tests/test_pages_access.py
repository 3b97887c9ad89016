"""Who may see and do what on the buyer's pages, logging in, and the language of the reader."""

import pytest
from django.test import Client

from aftersales.models import User
from aftersales.testing import PASSWORD, counters, place
from orders.models import OrderEvent, Payment

PAGES = ["", "pay/", "invoice/", "invoice/print/"]
ACTIONS = ["cancel/", "extend/", "receive/", "pay/", "again/"]


@pytest.mark.parametrize("page", ["/orders/", "/checkout/", "/checkout/pay/", "/account/addresses/"])
def test_personal_page_asks_for_a_login(cast, client, page):
    answer = client.get(page)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/login/?next={page}")


@pytest.mark.parametrize("rest", PAGES + ACTIONS)
def test_order_of_nobody_logged_in(cast, client, rest):
    order = place(cast)
    before = counters(order)
    for method in (client.get, client.post):
        assert method(f"/orders/{order.number}/{rest}").status_code in {302, 405}
    assert counters(order) == before


@pytest.mark.parametrize("who", ["carol", "bob", "dave", "operator"])
@pytest.mark.parametrize("rest", PAGES + ACTIONS)
def test_foreign_order_looks_like_a_missing_one(cast, client, who, rest):
    order = place(cast)
    client.force_login(getattr(cast, who))
    before = counters(order), OrderEvent.objects.count()
    for method in (client.get, client.post):
        foreign, missing = method(f"/orders/{order.number}/{rest}"), method(f"/orders/{order.number[:-1]}/{rest}")
        assert foreign.status_code == missing.status_code
        assert foreign.status_code in {404, 405}
        assert order.number not in foreign.text.replace(f"/orders/{order.number}/", "")
    assert (counters(order), OrderEvent.objects.count()) == before
    assert not Payment.objects.exists()


def test_list_has_no_foreign_orders(cast, client):
    order = place(cast)
    client.force_login(cast.carol)
    page = client.get("/orders/", {"q": order.number})
    assert "No order matches this." in page.text
    assert f"/orders/{order.number}/" not in page.text
    assert {count for _url, _label, count, _now in page.context["tabs"]} == {0}


@pytest.mark.parametrize("number", ["%00", "O%00", "a" * 41, "..", "%F0%9F%8D%B5", "' OR 1=1"])
def test_number_that_cannot_be(cast, client, number):
    client.force_login(cast.alice)
    assert client.get(f"/orders/{number}/").status_code == 404


def test_post_without_token_is_refused(cast):
    order = place(cast)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(cast.alice)
    page = strict.post(f"/orders/{order.number}/cancel/")
    assert page.status_code == 403
    assert "Nothing has been changed." in page.text
    order.refresh_from_db()
    assert order.state == "awaiting_payment"


def test_personal_pages_are_in_no_cache(cast, client):
    order = place(cast)
    client.force_login(cast.alice)
    for page in ("/orders/", f"/orders/{order.number}/", "/cart/"):
        assert "no-store" in client.get(page).headers["Cache-Control"]


def test_failure_and_unreadable_request_have_pages_of_their_own(cast, client, monkeypatch):
    assert "This request could not be read" in client.get("/", headers={"host": "evil.example"}).text
    monkeypatch.setattr("orders.views.catalog.ProductFilter", None)
    client.raise_request_exception = False
    page = client.get("/")
    assert page.status_code == 500
    assert "Something went wrong on our side" in page.text


def test_login_by_e_mail_goes_where_it_was_wanted(cast, client):
    sent = {"login": "ALICE@example.com", "password": PASSWORD, "next": "/checkout/"}
    assert client.post("/login/", sent).headers["Location"] == "/checkout/"


@pytest.mark.parametrize("next_page", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_login_and_language_lead_nowhere_else(cast, client, next_page):
    sent = {"language": "en", "next": next_page, "login": "alice@example.com", "password": PASSWORD}
    assert client.post("/language/", sent).headers["Location"] == "/"
    assert client.post("/login/", sent).headers["Location"] == "/orders/"


def test_wrong_password_is_said(cast, client):
    page = client.post("/login/", {"login": "alice@example.com", "password": "no"})
    assert page.status_code == 422
    assert "The e-mail address or the password is wrong." in page.text


def test_logout_is_a_post(cast, client):
    client.force_login(cast.alice)
    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/").headers["Location"] == "/"
    assert client.get("/orders/").status_code == 302


def test_language_is_kept_in_the_browser(cast, client):
    assert client.post("/language/", {"language": "zh-hans", "next": "/cart/"}).headers["Location"] == "/cart/"
    assert '<html lang="zh-hans">' in client.get("/").text
    assert '<html lang="en">' in Client().get("/").text


def test_language_follows_a_person_to_another_browser(cast, client):
    client.force_login(cast.alice)
    client.post("/language/", {"language": "zh-hans", "next": "/"})
    other = Client()
    other.post("/login/", {"login": "alice@example.com", "password": PASSWORD})
    assert '<html lang="zh-hans">' in other.get("/orders/").text
    assert User.objects.get(pk=cast.alice.pk).language == "zh-hans"


@pytest.mark.parametrize("language", ["", "fr", "\x00", "x" * 100])
def test_language_that_is_not_offered(cast, client, language):
    client.force_login(cast.alice)
    assert client.post("/language/", {"language": language, "next": "/"}).status_code == 302
    assert User.objects.get(pk=cast.alice.pk).language == ""


def test_language_is_not_changed_by_reading(cast, client):
    assert client.get("/language/", {"language": "zh-hans"}).status_code == 405
