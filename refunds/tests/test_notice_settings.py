"""Which notices come by e-mail: each person's choice, by the page or by the link in a mail; the inbox has them all."""

import pytest
from django.test import Client

from aftersales import actors
from aftersales.testing import file, one, pay, place, ship
from refunds import actions, unsubscribing
from refunds.mailing import message
from refunds.models import Notice, NoticeGroup, NoticeSettings
from refunds.notices import announce
from refunds.told import QUIET, REMIND, TOLD, group_of

PAGE = "/account/notices/"


@pytest.fixture
def alice(client, cast):
    client.force_login(cast.alice)
    return client


def events(cast):
    """Of an order and of a ticket, both told to alice."""
    order = ship(pay(place(cast)), cast)
    ticket = file(order, {order.lines.first().pk: 1})
    actions.offer(one(ticket), actors.seller(cast.bob), _half(), "half of it")


def _half():
    from refunds.rules import Terms

    return Terms("refund_only", 500)


def told(user):
    return sorted(Notice.objects.filter(person=user).values_list("action", "channel"))


def choice(user):
    row = NoticeSettings.objects.get(person=user)
    return {group.value for group in NoticeGroup if group not in row.silenced}


def test_what_is_silenced_lies_in_the_inbox_only(cast):
    NoticeSettings.objects.create(person=cast.alice, cases=False)
    NoticeSettings.objects.create(person=cast.bob)
    events(cast)
    announce()
    assert told(cast.alice) == [("offer", "inbox"), ("ship", "email"), ("ship", "inbox")]
    assert told(cast.bob) == [("begin", "email"), ("begin", "inbox"), ("pay", "email"), ("pay", "inbox")]


def test_every_group_can_be_silenced(cast):
    NoticeSettings.objects.create(person=cast.alice, **dict.fromkeys(NoticeGroup.values, False))
    events(cast)
    announce()
    assert told(cast.alice) == [("offer", "inbox"), ("ship", "inbox")]


@pytest.mark.parametrize(
    ("life", "action", "group"),
    [
        ("order", "ship", "orders"),
        ("ticket", "reject", "cases"),
        ("dispute", "rule", "cases"),
        ("ticket", "succeed", "money"),
        ("order", "refunded", "money"),
        ("payout", "settle", "money"),
        ("ticket", REMIND, "reminders"),
        ("order", REMIND, "reminders"),
    ],
)
def test_a_notice_belongs_to_a_group(life, action, group):
    assert group_of(life, action) == group


def test_every_notice_belongs_to_a_group():
    assert {group_of(*key[:2]) for key in [*TOLD, *QUIET, ("order", REMIND)]} == set(NoticeGroup)


def test_the_choice_is_saved(alice, cast):
    page = alice.get(PAGE).text
    assert page.count(" checked") == 4
    answer = alice.post(PAGE, {"orders": "on", "money": "on", "person": cast.carol.pk})
    assert (answer.status_code, answer.headers["Location"]) == (303, PAGE)
    assert choice(cast.alice) == {"orders", "money"}
    assert alice.get(PAGE).text.count(" checked") == 2
    assert not NoticeSettings.objects.exclude(person=cast.alice).exists()


def test_nobody_chooses_without_a_login(client, cast):
    assert client.post(PAGE, {}).headers["Location"] == f"/login/?next={PAGE}"
    assert not NoticeSettings.objects.exists()


# --- the link in a mail -----------------------------------------------------------------------------------------------


@pytest.fixture
def notice(cast):
    events(cast)
    announce()
    return Notice.objects.get(person=cast.alice, action="offer", channel="email")


def path(notice, settings):
    return unsubscribing.link(notice).removeprefix(settings.PUBLIC_URL)


def test_a_mail_program_needs_one_press(notice, cast, settings):
    """As RFC 8058 has it: a POST without cookies or a token, to the address in the header; twice does no harm."""
    headers = message(notice).extra_headers
    assert headers["List-Unsubscribe"] == f"<{unsubscribing.link(notice)}>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    program = Client(enforce_csrf_checks=True)
    for _ in range(2):
        assert program.post(path(notice, settings), {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert choice(cast.alice) == {"orders", "money", "reminders"}


def test_the_mail_leads_to_a_page_with_a_button(client, notice, cast, settings):
    mail = message(notice)
    for part in (mail.body, *(content for content, _ in mail.alternatives)):
        assert unsubscribing.link(notice) in str(part)
    page = client.get(path(notice, settings))
    assert "No more mails of this kind: After-sale cases." in page.text
    assert not NoticeSettings.objects.exists()
    assert "You get no more mails of this kind: After-sale cases." in client.post(path(notice, settings)).text
    assert choice(cast.alice) == {"orders", "money", "reminders"}


FORGED = [lambda token: token[:-2] + token[-1] * 2 + "x", lambda token: "x", lambda token: token.split(":")[0]]


@pytest.mark.parametrize("change", FORGED)
def test_a_token_that_is_not_ours(client, notice, settings, change):
    _, token = path(notice, settings).rstrip("/").rsplit("/", 1)
    for method in (client.get, client.post):
        assert method(f"/unsubscribe/{change(token)}/").status_code == 404
    assert not NoticeSettings.objects.exists()
