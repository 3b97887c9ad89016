"""Operators see what could not be sent, and have it sent again; nobody else sees notices there."""

import pytest
from django.db.models.functions import Now
from django.urls import reverse

from aftersales.testing import pay, place
from refunds.models import Notice
from refunds.notices import announce

LIST = reverse("admin:refunds_notice_changelist")


@pytest.fixture
def failed(cast):
    pay(place(cast))
    announce()
    notices = Notice.objects.filter(channel="email")
    notices.update(next_at=None, failed_at=Now(), tries=12, trouble="550 no such mailbox")
    return notices.get()


@pytest.fixture
def operator(client, cast):
    client.force_login(cast.operator)
    return client


def again(row):
    return reverse("admin:refunds_notice_send_again", args=[row.pk])


def change(row):
    return reverse("admin:refunds_notice_change", args=[row.pk])


def listed(page):
    return len(page.context["cl"].result_list)


def test_what_could_not_be_sent_is_seen(operator, failed):
    page = operator.get(LIST, {"sending": "failed"})
    assert listed(page) == 1
    assert "550 no such mailbox" in page.text
    for other in ("waiting", "sent", "untried"):
        assert listed(operator.get(LIST, {"sending": other})) == 0
    assert listed(operator.get(LIST, {"sending": "inbox"})) == 1
    assert listed(operator.get(LIST)) == 2


@pytest.mark.parametrize("term", ["bob@exam", "O2"])
def test_it_is_found_by_person_and_number(operator, failed, term):
    assert listed(operator.get(LIST, {"q": term})) == 2
    assert listed(operator.get(LIST, {"q": "nobody"})) == 0


def test_it_is_sent_again(operator, failed, woken, django_capture_on_commit_callbacks):
    assert again(failed) in operator.get(change(failed)).text
    with django_capture_on_commit_callbacks(execute=True):
        answer = operator.post(again(failed))
    assert (answer.status_code, answer.headers["Location"]) == (302, change(failed))
    failed.refresh_from_db()
    assert (failed.failed_at, failed.tries) == (None, 0)
    assert failed.next_at
    assert woken == ["refunds.tasks.send_notices"]


def test_only_what_was_given_up_is_sent_again(operator, failed):
    inbox = Notice.objects.get(channel="inbox")
    assert again(inbox) not in operator.get(change(inbox)).text
    before = list(Notice.objects.order_by("pk").values())
    operator.get(again(failed))
    operator.post(again(inbox))
    assert list(Notice.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("who", ["alice", "bob", "dave"])
def test_nobody_else_sees_notices(client, cast, failed, who):
    client.force_login(getattr(cast, who))
    before = list(Notice.objects.order_by("pk").values())
    for address in (LIST, change(failed), again(failed)):
        assert client.get(address).status_code in (302, 403, 404)
    assert client.post(again(failed)).status_code in (302, 403, 404)
    assert list(Notice.objects.order_by("pk").values()) == before


def test_nothing_is_written_or_deleted_by_hand(operator, failed):
    assert operator.get(reverse("admin:refunds_notice_add")).status_code == 403
    assert operator.post(reverse("admin:refunds_notice_delete", args=[failed.pk])).status_code == 403
    operator.post(change(failed), {"trouble": "", "person": "1"})
    failed.refresh_from_db()
    assert failed.trouble == "550 no such mailbox"


def test_health_counts_what_waits_and_what_failed(client, cast, failed):
    place(cast)
    announce()
    notices = client.get("/health").json()["notices"]
    assert notices == {"waiting": 0, "failed": 1, "oldest_unannounced_seconds": 0}

    pay(place(cast))
    assert client.get("/health").json()["notices"]["oldest_unannounced_seconds"] >= 0
    announce()
    Notice.objects.filter(pk=failed.pk).update(tries=0)
    assert client.get("/health").json()["notices"] == {
        "waiting": 1,
        "failed": 0,
        "oldest_unannounced_seconds": 0,
    }
