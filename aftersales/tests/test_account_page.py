"""What a person changes about themselves: name, language, zone, address, password, second step."""

import re
import time

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from django.test import Client
from django.utils import translation

from aftersales.accounts import zones
from aftersales.models import User
from aftersales.readers import time_zones
from aftersales.testing import PASSWORD
from aftersales.tests.test_accounts import code_in_mail, is_in, log_in, wrong

ACCOUNT, EMAIL, CONFIRM, TWO = "/account/", "/account/email/", "/account/confirm/", "/account/two-factor/"
NEW = "a staple of batteries"


@pytest.fixture
def alice(client, cast):
    log_in(client)
    return client


def confirm(client):
    return client.post(f"{CONFIRM}?next={ACCOUNT}", {"password": PASSWORD})


def app_code(secret, ahead=0):
    """What the app shows now, or on a phone whose clock is ahead by so many half minutes."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + ahead))


def turn_on(client):
    """Two-factor on; returns the app's secret and the recovery codes."""
    confirm(client)
    page = client.get(f"{TWO}on/")
    [secret] = re.findall(r'select-all">([A-Z2-7]+)<', page.text)
    assert 'src="data:image/svg+xml;base64,' in page.text
    answer = client.post(f"{TWO}on/", {"code": app_code(secret)})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{TWO}codes/")
    codes = re.findall(r"<li>(\d{8})</li>", client.get(f"{TWO}codes/").text)
    return secret, codes


def test_a_wrong_first_code_promises_no_recovery_codes(alice):
    confirm(alice)
    alice.get(f"{TWO}on/")
    answer = alice.post(f"{TWO}on/", {"code": "12345x"})
    assert answer.status_code == 422
    assert "Wait for the next one in your app, then type it at once." in answer.text
    assert "recovery codes" not in answer.text
    assert "Two-factor is on" not in alice.get(TWO).text


# --- name, language, zone ---------------------------------------------------------------------------------------------


def test_name_language_and_zone_are_saved(alice, cast):
    sent = {
        "name": "李梅",
        "language": "zh-hans",
        "time_zone": "Asia/Shanghai",
        "email": "x@example.com",
        "is_staff": "on",
    }
    answer = alice.post(ACCOUNT, sent)
    assert (answer.status_code, answer.headers["Location"]) == (303, ACCOUNT)
    user = User.objects.get(pk=cast.alice.pk)
    assert (user.name, user.language, user.time_zone) == ("李梅", "zh-hans", "Asia/Shanghai")
    assert (user.email, user.is_staff) == ("alice@example.com", False)
    page = alice.get(ACCOUNT).text
    assert '<html lang="zh-hans">' in page
    assert 'data-zone="Asia/Shanghai"' in page


def test_as_my_browser_is_no_choice_kept(alice, cast):
    alice.post(ACCOUNT, {"name": "Alice", "language": "zh-hans", "time_zone": "UTC"})
    alice.post(ACCOUNT, {"name": "Alice", "language": "", "time_zone": ""})
    user = User.objects.get(pk=cast.alice.pk)
    assert (user.language, user.time_zone) == ("", "")
    page = alice.get(ACCOUNT, headers={"accept-language": "en"}).text
    assert '<html lang="en">' in page
    assert "data-zone" not in page


@pytest.mark.parametrize("sent", [{"time_zone": "Mars/Olympus"}, {"language": "fr"}, {"name": "x" * 101}])
def test_what_is_not_offered_is_refused(alice, cast, sent):
    before = User.objects.filter(pk=cast.alice.pk).values().get()
    answer = alice.post(ACCOUNT, {"name": "Mallory", "language": "", "time_zone": ""} | sent)
    assert answer.status_code == 422
    assert f'id="id_{next(iter(sent))}_error"' in answer.text
    assert User.objects.filter(pk=cast.alice.pk).values().get() == before


def test_every_zone_offered_is_one():
    groups = [choice for choice in zones.choices() if isinstance(choice[1], list)]
    offered = [name for _, group in groups for name, _ in group]
    assert set(offered) <= time_zones()
    assert len(offered) > 400
    with translation.override("en"):
        assert [str(groups[0][0]), groups[0][1][0][0]] == ["Common", "Asia/Shanghai"]


def test_the_page_is_behind_the_login_and_reads_what_it_needs(client, cast, django_assert_num_queries):
    for address in (ACCOUNT, EMAIL, "/account/password/", TWO, f"{TWO}codes/"):
        assert client.get(address).status_code == 302, address
    log_in(client)
    # session, reader, second step, unread
    with django_assert_num_queries(4):
        assert "no-store" in client.get(ACCOUNT).headers["Cache-Control"]


# --- address and password ---------------------------------------------------------------------------------------------


def test_a_new_address_counts_once_its_code_is_typed(alice, cast):
    confirm(alice)
    answer = alice.post(EMAIL, {"email": "New@Example.com"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/account/code/")
    assert mail.outbox[-1].to == ["new@example.com"]
    code = code_in_mail()
    assert alice.post("/account/code/", {"code": wrong(code)}).status_code == 422
    assert User.objects.get(pk=cast.alice.pk).email == "alice@example.com"

    answer = alice.post("/account/code/", {"code": code})
    assert (answer.status_code, answer.headers["Location"]) == (303, ACCOUNT)
    assert User.objects.get(pk=cast.alice.pk).email == "new@example.com"
    assert list(EmailAddress.objects.values_list("email", "verified", "primary")) == [("new@example.com", True, True)]
    assert (mail.outbox[-1].to, mail.outbox[-1].subject) == (["alice@example.com"], "Your e-mail address was changed")
    assert log_in(Client()).status_code == 422
    assert log_in(Client(), "new@example.com").status_code == 303


def test_a_strangers_address_cannot_be_taken(alice, cast):
    """then: the page is as for a free one, and no code goes to anybody"""
    confirm(alice)
    answer = alice.post(EMAIL, {"email": "carol@example.com"})
    assert answer.headers["Location"] == "/account/code/"
    alice.post("/account/code/", {"code": alice.session["account_email_verification_code"]["code"]})
    assert User.objects.get(pk=cast.alice.pk).email == "alice@example.com"
    assert not EmailAddress.objects.filter(email="carol@example.com").exists()


def test_security_is_changed_only_by_who_knows_the_password(alice, cast):
    for address, sent in ((EMAIL, {"email": "new@example.com"}), (f"{TWO}on/", {"code": "123456"})):
        assert alice.post(address, sent).headers["Location"].startswith(f"{CONFIRM}?next=")
    answer = alice.post(f"{CONFIRM}?next={EMAIL}", {"password": "no"})
    assert answer.status_code == 422
    assert "This is not your password." in answer.text
    assert mail.outbox == []
    assert not Authenticator.objects.exists()


def test_an_interrupted_change_goes_on_after_the_password(alice):
    answer = alice.post(EMAIL, {"email": "new@example.com"})
    answer = alice.post(answer.headers["Location"], {"password": PASSWORD})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/account/code/")
    assert mail.outbox[-1].to == ["new@example.com"]


def test_looking_at_the_address_writes_nothing(client, cast):
    client.force_login(cast.alice)
    assert client.get(EMAIL).status_code == 200
    assert not EmailAddress.objects.exists()


def test_a_new_password_ends_every_other_session(alice, cast):
    elsewhere = Client()
    log_in(elsewhere)
    refused = alice.post("/account/password/", {"oldpassword": "no", "password1": NEW})
    assert refused.status_code == 422
    assert is_in(elsewhere)
    answer = alice.post("/account/password/", {"oldpassword": PASSWORD, "password1": NEW})
    assert (answer.status_code, answer.headers["Location"]) == (303, ACCOUNT)
    assert is_in(alice)
    assert not is_in(elsewhere)
    assert mail.outbox[-1].subject == "Your password was changed"


# --- the second step --------------------------------------------------------------------------------------------------


def test_with_two_factor_a_password_is_not_enough(alice, cast):
    secret, _ = turn_on(alice)
    client = Client()
    answer = log_in(client, next="/checkout/")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{TWO}login/")
    assert not is_in(client)
    assert client.post(f"{TWO}login/", {"code": "000000"}).status_code == 422
    assert not is_in(client)
    code = app_code(secret, ahead=1)
    answer = client.post(f"{TWO}login/", {"code": code})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/checkout/")
    assert is_in(client)
    over_the_shoulder = Client()
    log_in(over_the_shoulder)
    assert over_the_shoulder.post(f"{TWO}login/", {"code": code}).status_code == 422


def test_a_recovery_code_opens_once(alice, cast):
    _, codes = turn_on(alice)
    assert len(codes) == 10
    assert alice.get(f"{TWO}codes/file/").text.split() == codes
    for expected in (303, 422):
        client = Client()
        log_in(client)
        assert client.post(f"{TWO}login/", {"code": codes[0]}).status_code == expected
    assert not is_in(client)


def test_a_reset_password_does_not_pass_the_second_step(alice, cast):
    turn_on(alice)
    client = Client()
    client.post("/account/password/reset/", {"email": "alice@example.com"})
    client.post("/account/password/reset/code/", {"code": code_in_mail()})
    answer = client.post("/account/password/reset/new/", {"password1": NEW})
    assert answer.headers["Location"] == f"{TWO}login/"
    assert not is_in(client)


def test_two_factor_is_turned_off_again(alice, cast):
    turn_on(alice)
    assert "Turn off two-factor" in alice.get(TWO).text
    assert alice.post(f"{TWO}off/").headers["Location"] == TWO
    assert not Authenticator.objects.exists()
    assert mail.outbox[-1].subject == "Two-factor is off"
    assert log_in(Client()).headers["Location"] == "/orders/"


def test_an_operator_takes_away_what_was_lost(alice, cast, client):
    turn_on(alice)
    factor = Authenticator.objects.get(type="totp")
    for who, expected in (("bob", 403), ("operator", 200)):
        client = Client()
        client.force_login(getattr(cast, who))
        page = client.get(f"/admin/mfa/authenticator/{factor.pk}/change/")
        assert page.status_code == expected
        assert factor.data["secret"] not in page.text
        client.post(f"/admin/mfa/authenticator/{factor.pk}/delete/", {"post": "yes"})
        assert Authenticator.objects.filter(pk=factor.pk).exists() is (who == "bob")
