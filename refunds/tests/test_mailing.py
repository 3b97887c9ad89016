"""Mails at a real mail server: in the reader's language, at least once, later when it did not work, seen at last."""

import signal
from datetime import timedelta

import pytest
from django.utils import timezone

from aftersales import actors
from aftersales.models import User
from aftersales.processes import until
from aftersales.testing import file, one, pay, place, ship
from aftersales.tests.rivals import Rival
from orders.models import ShopStaff
from refunds import actions, mailing
from refunds.mailing import MOST_TRIES, send_notices
from refunds.models import Notice, Reason
from refunds.notices import announce
from refunds.tests.mailbox import emails, make_due, parts
from refunds.tests.paying import time_passes


@pytest.fixture
def ticket(cast, post):
    """A return that alice has filed; only that is still to be told, to bob."""
    order = ship(pay(place(cast)), cast)
    announce()
    Notice.objects.all().delete()
    return file(order, {order.lines.get(sku=cast.mug).pk: 1}, kind="return_refund")


def sent_to(post):
    return [mail["To"] for mail in post.mails()]


def waits(notice):
    """How many seconds until the next try."""
    notice.refresh_from_db()
    return (notice.next_at - timezone.now()).total_seconds()


# --- what is sent -----------------------------------------------------------------------------------------------------


def test_a_mail_says_what_happened_and_where(ticket, post):
    announce()
    send_notices()

    [mail] = post.mails()
    [notice] = emails()
    assert (mail["To"], mail["Subject"]) == ("bob@example.com", f"Ticket {ticket.number}: Filed")
    assert mail["Message-ID"] == f"<notice.{notice.pk}.ticket.{notice.event_id}@shop.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    text, html = parts(mail)
    for part in (text, html):
        assert "Hello Bob," in part
        assert "The seller reads the application and agrees, makes an offer or says why not." in part
        assert "the return is agreed and the goods can be sent back." in part
        assert f"https://shop.example/admin/refunds/ticket/{ticket.pk}/change/" in part
        assert ticket.order.number in part
        assert "UTC" in part
    assert (notice.next_at, notice.failed_at, notice.tries, notice.trouble) == (None, None, 1, "")
    assert notice.sent_at


def test_the_html_loads_nothing_and_asks_nothing(ticket, post):
    announce()
    send_notices()
    html = parts(post.mails()[0])[1]
    assert [word for word in ("<img", "<script", "<link", "<form", "url(", "@import", " src=") if word in html] == []
    # The page it is about, and the way out of such mails.
    assert html.count("https://") == html.count('<a href="https://shop.example/') == 2


def test_a_mail_is_in_the_readers_language_and_zone(ticket, cast, post):
    User.objects.filter(pk=cast.alice.pk).update(language="zh-hans", time_zone="Asia/Shanghai", name="李梅")
    actions.reject(one(ticket), actors.seller(cast.bob), _rejection(), version=1)
    announce()
    send_notices()

    by_reader = {mail["To"]: mail for mail in post.mails()}
    mail = by_reader["alice@example.com"]
    ticket.refresh_from_db()
    local = ticket.due_at + timedelta(hours=8)
    assert ticket.number in mail["Subject"]
    assert any("\u4e00" <= letter <= "\u9fff" for letter in mail["Subject"])
    for part in parts(mail):
        assert "李梅" in part
        assert "超时未处理" in part
        assert f"{local.year}" in part
        assert "CST" in part
        assert f"https://shop.example/tickets/{ticket.number}/" in part
    assert 'lang="zh-hans"' in parts(mail)[1]
    assert by_reader["bob@example.com"]["Subject"] == f"Ticket {ticket.number}: Filed"


def _rejection():
    return actions.Rejection(Reason.objects.filter(side="seller", needs_proof=False).first(), "no")


def test_silence_is_named(ticket, post):
    time_passes(ticket)
    announce()
    send_notices()
    agreed = [mail for mail in post.mails() if "Agreed" in mail["Subject"]]
    assert sorted(mail["To"] for mail in agreed) == ["alice@example.com", "bob@example.com"]
    assert "Nobody answered in time." in parts(agreed[0])[0]
    assert "the address on the ticket’s page" in parts(agreed[0])[0]


@pytest.mark.parametrize("evil", ["x\r\nBcc: evil@example.com", "x\nSubject: evil", "a\u2028b\rc", '"<b>&'])
def test_no_name_and_no_number_writes_a_header(ticket, cast, post, evil):
    User.objects.filter(pk=cast.bob.pk).update(name=evil)
    announce()
    emails().update(number=evil[:40])
    send_notices()

    [mail] = post.mails()
    assert (mail["Bcc"], len(mail.get_all("Subject")), sent_to(post)) == (None, 1, ["bob@example.com"])
    assert mail["Subject"] == f"Ticket {' '.join(evil.split())}: Filed"
    assert "<b>" not in parts(mail)[1]


def test_an_address_that_breaks_the_header_is_given_up(ticket, cast, post):
    User.objects.filter(pk=cast.bob.pk).update(email="a@b\r\nbcc: c@example.com")
    announce()
    send_notices()
    assert post.mails() == []
    assert emails().get().failed_at


# --- at least once, and once where nothing goes wrong -----------------------------------------------------------------


def test_sending_again_sends_nothing(ticket, post):
    announce()
    for _ in range(3):
        send_notices()
        make_due()
    assert sent_to(post) == ["bob@example.com"]


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_one_mail_each(transactional_db, ticket, cast, post):
    for number in range(8):
        user = User.objects.create_user(f"staff{number}@example.com", "x", is_staff=True)
        ShopStaff.objects.create(shop=cast.shop, user=user)
    announce()

    for rival in [Rival(send_notices) for _ in range(3)]:
        rival.result()

    assert sorted(sent_to(post)) == sorted(["bob@example.com", *(f"staff{number}@example.com" for number in range(8))])
    assert set(emails().values_list("tries", flat=True)) == {1}


def test_the_claim_is_written_before_the_mail_is_sent(ticket, post, monkeypatch):
    announce()
    seen = []
    monkeypatch.setattr(mailing, "_deliver", lambda notice, line: seen.append(waits(notice)))
    send_notices()
    assert [295 < seconds <= 300 for seconds in seen] == [True]


def test_a_worker_killed_after_its_claim(ticket, post, monkeypatch):
    announce()
    with monkeypatch.context() as killed:
        killed.setattr(mailing, "_deliver", _dies)
        with pytest.raises(KeyboardInterrupt):
            send_notices()
    assert (post.mails(), emails().get().tries) == ([], 1)
    send_notices()
    assert post.mails() == []  # its lease runs

    make_due()
    send_notices()
    assert sent_to(post) == ["bob@example.com"]


def test_a_worker_killed_after_sending_repeats_the_mail(ticket, post, monkeypatch):
    announce()
    with monkeypatch.context() as killed:
        killed.setattr(mailing, "_settle", _dies)
        with pytest.raises(KeyboardInterrupt):
            send_notices()
    make_due()
    send_notices()

    first, second = post.mails()
    assert first["Message-ID"] == second["Message-ID"]
    assert emails().get().sent_at


def _dies(*_args, **_more):
    raise KeyboardInterrupt


def test_a_killed_process_loses_nothing(workplace, cast, mail_server):
    """given: a worker is killed -9 between claim and mail; when: the lease is over; then: another one sends it"""
    mail_server.empty()
    workplace.mail_url = mail_server.url
    workplace.worker(before=DIES_BEFORE_MAIL)
    pay(place(cast))
    worker = workplace.running[0]
    announce()
    until(lambda: worker.poll() is not None)
    assert worker.returncode == -signal.SIGKILL
    [notice] = emails()
    assert (notice.sent_at, notice.tries, mail_server.mails()) == (None, 1, [])

    make_due()
    workplace.worker()
    workplace.beat()
    until(lambda: emails().filter(sent_at__isnull=False).exists())
    assert sent_to(mail_server) == ["bob@example.com"]


DIES_BEFORE_MAIL = """
import os, signal
from django.core.mail import EmailMultiAlternatives
EmailMultiAlternatives.send = lambda *args, **more: os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_broker_that_is_away_loses_nothing(workplace, cast, mail_server, monkeypatch):
    """given: no wake-up arrives anywhere; when: beat and a worker are there; then: everybody is told"""
    mail_server.empty()
    workplace.mail_url = mail_server.url
    monkeypatch.setattr("aftersales.wake._send", lambda task: None)
    pay(place(cast))
    workplace.broker.flushdb()
    workplace.worker()
    workplace.beat()
    until(lambda: emails().filter(sent_at__isnull=False).exists())
    assert sent_to(mail_server) == ["bob@example.com"]


# --- when it does not work --------------------------------------------------------------------------------------------


def test_a_refused_recipient_is_given_up_at_once(ticket, post):
    post.fault("recipient", None)
    announce()
    send_notices()
    notice = emails().get()
    assert (notice.next_at, notice.sent_at, notice.tries) == (None, None, 1)
    assert notice.failed_at
    assert notice.trouble == "550 5.1.1 no such mailbox here"


def test_a_refused_mail_is_given_up_at_once(ticket, post):
    post.fault("content")
    announce()
    send_notices()
    assert emails().get().trouble == "554 5.7.1 we do not like it"
    assert emails().get().failed_at


def test_one_refusal_does_not_stop_the_others(ticket, cast, post):
    ShopStaff.objects.create(shop=cast.shop, user=cast.operator)
    post.fault("recipient", 1)
    announce()
    send_notices()
    assert len(post.mails()) == 1
    assert emails().filter(failed_at__isnull=False).count() == 1
    assert emails().filter(sent_at__isnull=False).count() == 1


@pytest.mark.parametrize(
    ("kind", "words"),
    [("busy", "451 4.3.0 come back later"), ("drop", "SMTPServerDisconnected"), ("slow", "SMTPServerDisconnected")],
)
def test_a_disturbed_mail_is_sent_later(ticket, post, kind, words):
    post.fault(kind)
    announce()
    send_notices()
    notice = emails().get()
    assert (notice.sent_at, notice.failed_at, notice.tries) == (None, None, 1)
    assert notice.trouble.startswith(words)
    assert 8 < waits(notice) <= 10

    make_due()
    send_notices()
    notice.refresh_from_db()
    assert (notice.tries, notice.trouble) == (2, "")
    assert notice.sent_at
    assert "bob@example.com" in sent_to(post)


def test_a_mail_taken_without_an_answer_comes_again(ticket, post):
    post.fault("drop_after")
    announce()
    send_notices()
    make_due()
    send_notices()
    assert len({mail["Message-ID"] for mail in post.mails()}) == 1
    assert len(post.mails()) == 2


def test_tries_get_rarer_and_end_after_a_day(ticket, post):
    post.fault("busy", None)
    announce()
    notice = emails().get()
    found = []
    while notice.failed_at is None:
        make_due()
        send_notices()
        notice.refresh_from_db()
        if notice.next_at:
            found.append(round(waits(notice), -1))

    assert found == [10, 60, 600, 3600, *[10800] * 7]
    assert notice.tries == MOST_TRIES == 12
    assert notice.trouble == "451 4.3.0 come back later"
    assert 20 * 3600 < sum(found) < 26 * 3600


def test_a_server_that_is_away_ends_the_run(ticket, cast, post, settings):
    ShopStaff.objects.create(shop=cast.shop, user=cast.operator)
    settings.EMAIL_PORT = 9
    announce()
    send_notices()
    assert sorted(emails().values_list("tries", flat=True)) == [0, 1]
    assert "ConnectionRefusedError" in emails().get(tries=1).trouble

    settings.EMAIL_PORT = post.port
    make_due()
    send_notices()
    assert sorted(sent_to(post)) == ["bob@example.com", "olga@example.com"]


def test_a_run_ends_when_its_time_is_over(ticket, post, monkeypatch):
    announce()
    monkeypatch.setattr(mailing, "BUDGET", -1)
    send_notices()
    assert emails().get().tries == 0


@pytest.mark.parametrize("who", [{"is_active": False}, {"email": "b1@import.invalid"}])
def test_nobody_reads_there(ticket, cast, post, who):
    announce()
    User.objects.filter(pk=cast.bob.pk).update(**who)
    send_notices()
    notice = emails().get()
    assert (notice.next_at, notice.tries, bool(notice.failed_at)) == (None, 0, True)
    assert "nobody reads" in notice.trouble
    assert post.mails() == []
    assert Notice.objects.filter(channel="inbox").count() == 1


def test_a_reminder_after_its_clock_is_not_sent(ticket, post):
    announce()
    emails().update(action="remind", due_at=timezone.now() - timedelta(seconds=1))
    send_notices()
    notice = emails().get()
    assert (notice.trouble, notice.tries, post.mails()) == ("a reminder whose clock has run out", 0, [])
