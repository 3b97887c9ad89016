"""The page of what was set aside: everything that waits for a person, what to do, and that it is done once."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from aftersales.attention.sections import SECTIONS
from aftersales.changes.models import Change
from aftersales.jobs.models import Job
from aftersales.testing import agent, auditor, file, one, pay, place
from orders.models import Order
from refunds import actions
from refunds.models import Difference, Notice, Payout, Ticket
from refunds.money import refuse
from refunds.notices import announce

PAGE = reverse("admin:attention")


def act(slug):
    return reverse("admin:attention_act", args=[slug])


def aside(row):
    one(row).update(set_aside_at=Now(), set_aside_error="division by zero")


@pytest.fixture
def troubles(cast):
    """One of nearly everything that can wait."""
    from aftersales import actors
    from aftersales.actors import CLOCK
    from aftersales.lifecycle.move import move, story
    from refunds.lifecycle import PAYOUT

    order = pay(place(cast))
    ticket = file(order, {order.lines.first().pk: 1})
    announce()
    Notice.objects.filter(channel="email").update(next_at=None, failed_at=Now(), tries=9, trouble="550 no mailbox")
    actions.agree(one(ticket), actors.seller(cast.bob), version=1)
    payout = Payout.objects.get()
    with story(CLOCK):
        move(PAYOUT, "send", one(payout), CLOCK)
    refuse(one(payout), "closed_account: gone")
    aside(order)
    aside(ticket)
    Difference.objects.create(books="channel", number="P-LOST", currency="CNY", ours=0, theirs=500)
    Job.objects.create(kind="x", by=cast.bob, ready_at=Now(), ended_at=Now(), outcome="failed", trouble="boom")
    return order


def test_everything_that_waits_is_shown(cast, client, troubles):
    client.force_login(cast.operator)
    page = client.get(PAGE)
    shown = {each["section"].slug: len(each["items"]) for each in page.context["sections"]}
    notices = Notice.objects.failed().count()
    assert shown == {"order": 1, "ticket": 1, "failed": 1, "books": 1, "notices": notices, "jobs": 1}
    words = page.content.decode()
    for seen in ("division by zero", "closed_account: gone", "P-LOST", "550 no mailbox", "boom"):
        assert seen in words
    assert len(page.context["quiet"]) == len(SECTIONS) - len(shown)


def test_it_costs_the_same_with_more(cast, client, troubles):
    client.force_login(cast.operator)

    def cost():
        with CaptureQueriesContext(connection) as seen:
            assert client.get(PAGE).status_code == 200
        return len(seen)

    few = cost()
    for number in range(8):
        Difference.objects.create(books="order", number=f"O{number}", currency="CNY", ours=1, theirs=2)
        aside(place(cast))
    assert cost() == few
    assert few <= 25


@pytest.mark.parametrize("slug", ["ticket", "order"])
def test_it_is_put_back_and_written_down(cast, client, troubles, slug):
    client.force_login(cast.operator)
    row = troubles if slug == "order" else Ticket.objects.get()
    assert client.get(act(slug)).status_code == 200
    assert type(row).objects.get(pk=row.pk).set_aside_at
    assert client.post(act(slug), {"key": row.pk}).status_code == 302
    assert type(row).objects.get(pk=row.pk).set_aside_at is None
    change = Change.objects.get()
    assert (change.person, change.act, change.key, change.before) == (
        cast.operator, "put_back", row.pk, {"why": "division by zero"}
    )  # fmt: skip
    client.post(act(slug), {"key": row.pk})
    assert Change.objects.count() == 1


def test_payouts_and_e_mails_are_sent_again(cast, client, troubles):
    client.force_login(cast.operator)
    client.post(act("failed"))
    assert Payout.objects.get().state == "sent"
    notices = Notice.objects.failed().count()
    client.post(act("notices"))
    assert (Notice.objects.failed().count(), Change.objects.filter(act="sent_again").count()) == (0, notices)


def test_a_difference_is_explained_with_words(cast, client, troubles):
    client.force_login(cast.operator)
    address = reverse("admin:refunds_difference_explain", args=[Difference.objects.get().pk])
    assert client.post(address, {"note": " "}).status_code == 422
    assert Difference.objects.unexplained().count() == 1
    assert client.post(address, {"note": "A payment of a test."}).status_code == 302
    assert not Difference.objects.unexplained().exists()
    assert Change.objects.get().reason == "A payment of a test."


def test_others_change_nothing(cast, client, troubles):
    difference = Difference.objects.get()
    explain = reverse("admin:refunds_difference_explain", args=[difference.pk])
    for user, sees in ((auditor(), 200), (cast.bob, 403), (agent(), 403)):
        client.force_login(user)
        assert client.get(PAGE).status_code == sees
        for slug in ("order", "failed", "notices"):
            assert client.get(act(slug)).status_code == 403
            assert client.post(act(slug)).status_code == 403
        assert client.post(explain, {"note": "x"}).status_code in (403, 404)
    client.force_login(cast.operator)
    for address, key in ((act("nonsense"), ""), (act("jobs"), ""), (act("order"), "x"), (act("order"), "9" * 30)):
        assert client.post(address, {"key": key}).status_code == 404
    assert Order.objects.get().set_aside_at
    assert Payout.objects.get().state == "failed"
    assert not Change.objects.exists()
    assert Difference.objects.unexplained().count() == 1


def test_the_menu_counts_it(cast, client, troubles):
    client.force_login(cast.operator)
    Payout.objects.update(entered_at=Now() - timedelta(days=1))
    page = client.get(reverse("admin:index")).content.decode()
    assert PAGE in page
    client.force_login(cast.bob)
    assert PAGE not in client.get(reverse("admin:index")).content.decode()
