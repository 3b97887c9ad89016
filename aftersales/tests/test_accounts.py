"""Signing up, logging in and out, and resetting the password: for whom, and what a stranger learns from it."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client

from aftersales.models import User
from aftersales.testing import PASSWORD

LOGIN, SIGN_UP, CODE, RESET = "/login/", "/account/sign-up/", "/account/code/", "/account/password/reset/"
NEW = "a staple of batteries"


@pytest.fixture
def newcomer():
    return {"name": "Nora", "email": "Nora@Example.com", "password1": PASSWORD}


def log_in(client, email="alice@example.com", password=PASSWORD, **more):
    return client.post(LOGIN, {"login": email, "password": password, **more})


def is_in(client):
    return client.get("/account/").status_code == 200


def code_in_mail():
    [code] = re.findall(r"^\d{4}-\d{4}$", str(mail.outbox[-1].body), re.MULTILINE)
    return code


def wrong(code):
    return "1111-1111" if code != "1111-1111" else "2222-2222"


def seen(answer):
    """An answer without what differs in every answer."""
    text = re.sub(r'(csrfmiddlewaretoken" value="|CSRFToken": ")[^"]+', "", answer.content.decode())
    return answer.status_code, answer.headers.get("Location"), text


def test_who_signs_up_is_in_after_the_code(client, cast, newcomer):
    answer = client.post(f"{SIGN_UP}?next=/checkout/", newcomer)
    assert (answer.status_code, answer.headers["Location"]) == (303, CODE)
    assert not is_in(client)
    [message] = mail.outbox
    assert message.to == ["nora@example.com"]

    answer = client.post(CODE, {"code": code_in_mail()})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/checkout/")
    assert is_in(client)
    user = User.objects.get(email="nora@example.com")
    assert (user.name, user.language, user.is_staff, user.is_customer_service) == ("Nora", "en", False, False)


def test_an_address_is_nobodys_before_the_code(client, cast, newcomer):
    """given: somebody signs up with another person's address; then: neither that session nor a login gets in"""
    client.post(SIGN_UP, newcomer)
    code = code_in_mail()
    assert client.post(CODE, {"code": wrong(code)}).status_code == 422
    other = Client()
    answer = log_in(other, "nora@example.com")
    assert answer.headers.get("Location") != "/orders/"
    assert not is_in(client)
    assert not is_in(other)
    assert not EmailAddress.objects.get().verified


def test_three_wrong_codes_end_it(client, cast, newcomer):
    client.post(SIGN_UP, newcomer)
    code = code_in_mail()
    answers = [client.post(CODE, {"code": wrong(code)}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [422, 422, 303]
    assert "This is not the code." in answers[0].text
    client.post(CODE, {"code": code})
    assert not is_in(client)


def test_signing_up_tells_no_stranger_who_has_an_account(cast, newcomer):
    """given: an address with an account and one without; then: pages are the same, the owner alone is told"""
    ours, free = Client(), Client()
    told = []
    for client, email in ((ours, "alice@example.com"), (free, "ALICE@example.org")):
        answers = [client.post(SIGN_UP, newcomer | {"email": email}), client.get(CODE)]
        answers += [client.post(CODE, {"code": "1111-1111"}), client.post(CODE, {"action": "resend"})]
        told.append([(*seen(a)[:2], seen(a)[2].replace(email.lower(), "ADDRESS")) for a in answers])
    assert told[0] == told[1]
    owner = [message for message in mail.outbox if message.to == ["alice@example.com"]]
    assert "There is one already." in owner[0].body
    assert not re.search(r"\d{4}-\d{4}", "".join(str(message.body) for message in owner))
    assert User.objects.get(email="alice@example.com").check_password(PASSWORD)
    assert User.objects.filter(email="alice@example.com").count() == 1


def test_the_same_sign_up_twice_at_once(client, cast, newcomer, monkeypatch):
    """given: a rival took the address after the form was checked; then: as for any address that has an account"""
    from aftersales.accounts.forms import SignupForm

    def clean(form):
        User.objects.create_user("nora@example.com")
        return checked(form)

    checked = SignupForm.clean
    monkeypatch.setattr(SignupForm, "clean", clean)
    answer = client.post(SIGN_UP, newcomer)
    assert (answer.status_code, answer.headers["Location"]) == (303, CODE)
    assert User.objects.filter(email="nora@example.com").count() == 1
    assert not EmailAddress.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("password1", "12345678"),
        ("password1", "nora@example.com"),
        ("email", "nora"),
        ("email", "buyer7@import.Invalid"),
        ("name", ""),
        ("name", "a\0b"),
    ],
)
def test_a_form_that_will_not_do(client, cast, newcomer, field, value):
    everybody = list(User.objects.all())
    answer = client.post(SIGN_UP, newcomer | {field: value})
    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in answer.text
    assert not User.objects.exclude(pk__in=[person.pk for person in everybody]).exists()
    assert mail.outbox == []


@pytest.mark.parametrize("who", ["alice", "bob", "operator"])
def test_accounts_that_nobody_signed_up_for_log_in(client, cast, who):
    user = getattr(cast, who)
    assert not EmailAddress.objects.exists()
    answer = log_in(client, user.email.upper())
    assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/" if user.is_staff else "/orders/")
    assert client.session["_auth_user_id"] == str(user.pk)
    assert list(EmailAddress.objects.values_list("email", "verified", "primary")) == [(user.email, True, True)]
    assert mail.outbox == []


def test_an_imported_buyer_sets_a_first_password(client, cast):
    buyer = User.objects.create_user("imported@example.com")
    client.post(RESET, {"email": "Imported@example.com"})
    client.post(f"{RESET}code/", {"code": code_in_mail()})
    answer = client.post(f"{RESET}new/", {"password1": NEW})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/orders/")
    assert is_in(client)
    assert log_in(Client(), buyer.email, NEW).headers["Location"] == "/orders/"


def test_a_reset_ends_every_other_session(client, cast):
    elsewhere = Client()
    log_in(elsewhere)
    client.post(RESET, {"email": "alice@example.com"})
    assert client.post(f"{RESET}code/", {"code": wrong(code_in_mail())}).status_code == 422
    assert client.post(f"{RESET}new/", {"password1": NEW}).headers["Location"] == f"{RESET}code/"
    client.post(f"{RESET}code/", {"code": code_in_mail()})
    client.post(f"{RESET}new/", {"password1": NEW})
    assert is_in(client)
    assert not is_in(elsewhere)
    assert log_in(Client()).status_code == 422
    assert mail.outbox[-1].subject == "Your password was changed"


def test_resetting_tells_no_stranger_who_has_an_account(cast):
    told = []
    for email in ("alice@example.com", "nobody@example.com"):
        client = Client()
        answers = [client.post(RESET, {"email": email}), client.get(f"{RESET}code/")]
        answers.append(client.post(f"{RESET}code/", {"code": "1111-1111"}))
        told.append([(*seen(a)[:2], seen(a)[2].replace(email, "ADDRESS")) for a in answers])
    assert told[0] == told[1]
    assert mail.outbox[-1].to == ["nobody@example.com"]
    assert "There is no account for this address." in mail.outbox[-1].body


def test_a_wrong_login_says_the_same_of_everybody(client, cast):
    User.objects.filter(pk=cast.carol.pk).update(is_active=False)
    said = set()
    for name in ("alice", "carol", "nobody"):
        status, _, text = seen(log_in(client, f"{name}@example.com", "no"))
        said.add((status, text.replace(name, "NAME")))
    assert [status for status, _ in said] == [422]


def test_a_closed_account_stays_closed(client, cast):
    User.objects.filter(pk=cast.alice.pk).update(is_active=False)
    answer = log_in(client)
    assert answer.headers["Location"] == "/account/closed/"
    assert "This account is closed" in client.get("/account/closed/").text
    assert not is_in(client)


@pytest.mark.parametrize("remember", [True, False])
def test_staying_logged_in_is_a_choice(client, cast, remember):
    log_in(client, **({"remember": "on"} if remember else {}))
    assert client.session.get_expire_at_browser_close() is not remember


@pytest.mark.parametrize(
    "address", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_nobody_is_led_away(client, cast, newcomer, address):
    assert log_in(Client(), next=address).headers["Location"] == "/orders/"
    client.force_login(cast.alice)
    assert client.post("/logout/", {"next": address}).headers["Location"] == "/"
    client.post(SIGN_UP, newcomer | {"next": address})
    assert client.post(CODE, {"code": code_in_mail()}).headers["Location"] == "/orders/"


def test_too_many_attempts_are_refused(client, cast):
    """given: ten wrong passwords; then: the right one is not looked at any more, from this address or another one"""
    for _ in range(10):
        assert log_in(client, password="no").status_code == 422
    for client in (Client(), Client(REMOTE_ADDR="192.0.2.1")):
        answer = log_in(client)
        assert "Too many attempts." in answer.text
        assert not is_in(client)


def test_too_many_requests_have_a_page_of_their_own(client, cast, newcomer):
    answers = [client.post(SIGN_UP, newcomer | {"email": ""}) for _ in range(21)]
    assert answers[-1].status_code == 429
    assert "<title>Too many attempts</title>" in answers[-1].text
    assert 'class="sheet narrow"' in answers[-1].text


def test_a_proxy_is_believed_only_where_there_is_one(cast, settings):
    def addresses(count):
        settings.TRUSTED_PROXIES = count
        client, answers = Client(REMOTE_ADDR=f"10.0.0.{count}"), []
        for i in range(31):
            forwarded = {"x-forwarded-for": f"198.51.100.{i}, 203.0.113.{i}"}
            answers.append(client.post(LOGIN, {"login": "", "password": ""}, headers=forwarded).status_code)
        return answers[-1]

    assert addresses(1) == 422
    # Past the proxies: each is counted by the connection's own address.
    assert addresses(3) == 429
    assert addresses(0) == 429


def test_a_mail_server_that_is_away_is_no_error_page(client, cast, newcomer, monkeypatch):
    def away(*args, **kwargs):
        raise OSError("no answer")

    monkeypatch.setattr("django.core.mail.EmailMultiAlternatives.send", away)
    answer = client.post(SIGN_UP, newcomer, follow=True)
    assert answer.redirect_chain == [(CODE, 303)]
    assert "The mail could not be sent." in answer.text


def test_staff_come_in_by_the_same_door(client, cast):
    assert client.get("/admin/", follow=True).redirect_chain[-1] == ("/login/?next=%2Fadmin%2F", 302)
    assert client.post("/admin/login/", {"username": cast.bob.email, "password": PASSWORD}).status_code == 302
    assert not is_in(client)
    assert log_in(client, cast.bob.email, next="/admin/").headers["Location"] == "/admin/"
    client.force_login(cast.bob)
    assert client.get("/admin/").status_code == 200
    assert client.get("/admin/password_change/").headers["Location"] == "/account/password/"
    client.force_login(cast.alice)
    assert client.get("/admin/login/").status_code == 403


def test_an_address_set_by_an_operator_counts(client, cast):
    """given: an operator changes a person's address; then: the new one opens the account, the old one does not"""
    log_in(Client())
    client.force_login(cast.operator)
    # Who she is has to be shown before it can be changed.
    client.post(f"/admin/aftersales/user/{cast.alice.pk}/unmask/", {"why": "calling", "words": "a new address"})
    page = client.get(f"/admin/aftersales/user/{cast.alice.pk}/change/")
    fields = {k: v for k, v in page.context["adminform"].form.initial.items() if isinstance(v, str)} | {
        "is_active": "on"
    }
    answer = client.post(page.request["PATH_INFO"], fields | {"email": "alice@new.example"})
    assert answer.status_code == 302
    assert log_in(Client()).status_code == 422
    assert log_in(Client(), "alice@new.example").headers["Location"] == "/orders/"


def test_demo_mails_lie_in_a_folder_and_the_page_says_so(client, cast, newcomer, settings, tmp_path):
    client.post(SIGN_UP, newcomer)
    assert "This is a demo" not in client.get(CODE).text
    settings.DEBUG = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    assert "lies as a file in .dev/mail, the newest last." in client.get(CODE).text
    settings.DEBUG = False
    assert "This is a demo" not in client.get(CODE).text


def test_no_page_of_allauth_is_open_that_we_do_not_style(client):
    from aftersales.accounts.urls import urlpatterns

    assert len({pattern.name for pattern in urlpatterns}) == len(urlpatterns)
    for address in ("/accounts/login/", "/account/login/code/", "/account/two-factor/webauthn/", "/account/3rdparty/"):
        assert client.get(address).status_code == 404


def test_the_page_asked_for_comes_first(client, cast):
    assert log_in(client, "bob@example.com", next="/cart/").headers["Location"] == "/cart/"
