"""Staff prove a second factor before anything else opens, on every road in; a session ends with the rights it had."""

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, validate_totp_code
from django.core import mail
from django.db import IntegrityError, transaction
from django.db.models import F
from django.test import Client

from aftersales.changes.models import Change
from aftersales.dev.code import SECRET, code
from aftersales.models import User
from aftersales.testing import auditor, one
from aftersales.tests.test_account_page import CONFIRM, TWO, confirm, turn_on
from aftersales.tests.test_accounts import code_in_mail, is_in, log_in
from orders.models import ShopStaff
from orders.states import ShopRole

ON, AGAIN = f"{TWO}on/", f"{TWO}confirm/"
PAGES = (
    "/", "/orders/", "/cart/", "/inbox/", "/help/", "/account/", "/account/email/", "/account/password/",
    "/account/addresses/", f"{TWO}codes/", f"{TWO}codes/file/", f"{TWO}codes/new/", f"{TWO}off/", "/evidence/1/",
    "/uploads/", "/admin/", "/admin/refunds/ticket/", "/admin/orders/order/export/", "/admin/autocomplete/",
    "/admin/jsi18n/", "/admin/nothing/",
)  # fmt: skip
FLAGS = ("is_active", "is_staff", "is_superuser", "is_customer_service", "is_auditor")


def works(cast, user, role=ShopRole.AGENT):
    return ShopStaff.objects.create(shop=cast.shop, user=user, role=role)


@pytest.fixture
def bob(client, cast):
    """Logged in by password, and nothing else."""
    log_in(client, cast.bob.email)
    return client


@pytest.fixture
def app(cast):
    """Bob's app."""
    return TOTP.activate(cast.bob, SECRET)


def now(ahead=0):
    return code(SECRET, time.time() + 30 * ahead)


# --- the gate ---------------------------------------------------------------------------------------------------------


def test_nothing_else_opens(bob):
    for page in PAGES:
        answer = bob.get(page)
        assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (302, ON), page
        assert "no-store" in answer.headers["Cache-Control"]
        answer = bob.post(page)
        assert (answer.status_code, answer.headers["Location"]) == (303, ON), page
    assert bob.get("/orders/?state=closed").headers["Location"] == f"{ON}?next=%2Forders%2F%3Fstate%3Dclosed"


def test_scripts_pictures_and_programs_are_refused(bob):
    page = {"HX-Request": "true", "HX-Current-URL": "http://testserver/admin/refunds/ticket/?q=1"}
    answer = bob.get("/admin/refunds/ticket/1/change/", headers=page)
    there = f"{ON}?next=%2Fadmin%2Frefunds%2Fticket%2F%3Fq%3D1"
    assert (answer.status_code, answer.headers["HX-Redirect"], answer.content) == (403, there, b"")
    foreign = bob.get("/inbox/", headers=page | {"HX-Current-URL": "https://evil.example/"})
    assert foreign.headers["HX-Redirect"] == ON
    for headers in ({"Sec-Fetch-Mode": "no-cors"}, {"Sec-Fetch-Mode": "cors"}, {"Accept": "application/json"}):
        answer = bob.post("/uploads/", headers=headers)
        assert (answer.status_code, answer.json()) == (403, {"error": "Prove your second factor first."})


@pytest.mark.parametrize("flag", [name for name in FLAGS if name != "is_active"])
def test_every_flag_makes_staff(cast, flag):
    User.objects.filter(pk=cast.carol.pk).update(**{flag: True})
    client = Client()
    log_in(client, cast.carol.email)
    assert client.get("/").headers["Location"].startswith(ON)


def test_staff_of_a_shop_are_staff_and_buyers_are_not(cast):
    client = Client()
    log_in(client, cast.carol.email)
    assert is_in(client)
    job = works(cast, cast.carol)
    log_in(client, cast.carol.email)
    assert client.get("/orders/").headers["Location"].startswith(ON)
    job.delete()
    log_in(client, cast.carol.email)
    assert is_in(client)


def test_what_opens_without(bob):
    assert bob.post("/language/", {"language": "zh-hans", "next": ON}).status_code == 302
    assert bob.get("/health").status_code in (200, 503)
    assert bob.get(ON).headers["Location"].startswith(CONFIRM)
    assert bob.get(CONFIRM).status_code == 200
    assert bob.post("/logout/").status_code == 303
    assert not is_in(bob)


# --- the first second factor ------------------------------------------------------------------------------------------


def test_the_first_one_opens_the_admin(bob):
    confirm(bob)
    assert "Before anything else opens" in bob.get(ON).text
    assert "在打开其他页面之前" in bob.get(ON, headers={"Accept-Language": "zh-hans"}).text
    assert "Back to two-factor" not in bob.get(ON).text
    turn_on(bob)
    assert 'href="/admin/"' in bob.get(f"{TWO}codes/").text
    assert bob.get("/admin/").status_code == 200


def test_a_wrong_code_opens_nothing(bob):
    confirm(bob)
    bob.get(ON)
    assert bob.post(ON, {"code": "12345x"}).status_code == 422
    assert bob.get("/admin/").headers["Location"].startswith(ON)


# --- roads in ---------------------------------------------------------------------------------------------------------


def test_the_login_asks_for_the_code(cast, app, client):
    assert log_in(client, cast.bob.email, next="/admin/").headers["Location"] == f"{TWO}login/"
    assert not is_in(client)
    assert client.post(f"{TWO}login/", {"code": now()}).headers["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_a_reset_password_asks_for_it_too(cast, client):
    """given: staff without a second factor; then: the new password leads to the gate, as every login"""
    client.post("/account/password/reset/", {"email": cast.bob.email})
    client.post("/account/password/reset/code/", {"code": code_in_mail()})
    client.post("/account/password/reset/new/", {"password1": "a staple of batteries"})
    assert client.get("/admin/").headers["Location"].startswith(ON)


def test_a_session_of_before_proves_by_code_and_not_by_password(bob, app):
    """given: a session that began without a code; then: a password is not enough, a code is"""
    assert bob.get("/admin/").headers["Location"] == f"{AGAIN}?next=%2Fadmin%2F"
    bob.post(CONFIRM, {"password": "correct horse battery"})
    assert bob.get("/admin/").headers["Location"] == f"{AGAIN}?next=%2Fadmin%2F"
    assert bob.get(ON).headers["Location"] == f"{TWO}off/"
    assert bob.post(AGAIN, {"code": "000000"}).status_code == 422
    assert bob.post(f"{AGAIN}?next=/admin/", {"code": now()}).headers["Location"] == "/admin/"
    assert bob.get("/admin/").status_code == 200


def test_staff_keep_theirs(cast, client):
    log_in(client, cast.bob.email)
    turn_on(client)
    assert "Whoever works here keeps two-factor on." in client.get(f"{TWO}off/").text
    assert client.post(f"{TWO}off/").status_code == 422
    assert Authenticator.objects.filter(user=cast.bob, type="totp").exists()


def test_who_lost_it_is_out_and_begins_again(cast, app, client):
    log_in(client, cast.bob.email)
    client.post(f"{TWO}login/", {"code": now()})
    assert is_in(client)
    operator = Client()
    operator.force_login(cast.operator)
    operator.post(f"/admin/mfa/authenticator/{app.instance.pk}/delete/", {"post": "yes"})
    assert client.get("/admin/").headers["Location"] == "/admin/login/?next=/admin/"
    written = Change.objects.get()
    assert (written.act, written.before) == ("removed", {"user": "Bob", "type": "totp"})
    log_in(client, cast.bob.email)
    assert client.get("/admin/").headers["Location"].startswith(ON)


def test_the_demo_code_is_what_an_app_shows():
    assert validate_totp_code(SECRET, now())
    assert not validate_totp_code(SECRET, now(ahead=9))


# --- sessions ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flag", FLAGS)
def test_a_session_ends_with_the_rights_it_had(cast, flag):
    """when: a flag changes, by whatever writes it; then: the session has ended, and comes back by no way back"""
    client = Client()
    client.force_login(cast.carol)
    before = flag == "is_active"
    User.objects.filter(pk=cast.carol.pk).update(**{flag: not before})
    assert not is_in(client)
    User.objects.filter(pk=cast.carol.pk).update(**{flag: before})
    assert not is_in(client)


def test_a_session_ends_with_the_work_in_a_shop(cast):
    client = Client()
    for change in (
        lambda: works(cast, cast.carol),
        lambda: cast.carol.employments.update(role=ShopRole.OWNER),
        lambda: cast.carol.employments.all().delete(),
    ):
        client.force_login(cast.carol)
        assert is_in(client)
        change()
        assert not is_in(client)


def test_other_changes_end_no_session_and_an_old_row_brings_no_rights_back(cast):
    client = Client()
    client.force_login(cast.carol)
    stale = User.objects.get(pk=cast.carol.pk)
    one(cast.carol).update(name="Caroline", language="en")
    works(cast, cast.dave)
    assert is_in(client)
    one(cast.carol).update(rights_version=F("rights_version") + 1)
    stale.save()
    assert (one(cast.carol).get().rights_version, is_in(client)) == (1, False)


def test_an_auditor_is_nothing_else(cast):
    ada = auditor()
    for wrong in ({"is_superuser": True}, {"is_customer_service": True}, {"is_supervisor": True}):
        with pytest.raises(IntegrityError), transaction.atomic():
            one(ada).update(**wrong)
    with pytest.raises(IntegrityError), transaction.atomic():
        works(cast, ada)
    with pytest.raises(IntegrityError), transaction.atomic():
        one(cast.carol).update(is_supervisor=True)
    assert not ShopStaff.objects.filter(user=ada).exists()
    assert not mail.outbox
