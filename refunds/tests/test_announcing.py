"""Events become notices: at least once, never twice to a person for one event, and not without the move itself."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from aftersales import actors
from aftersales.actors import CLOCK, SYSTEM
from aftersales.lifecycle.move import begin, move, move_one, remind
from aftersales.models import User
from aftersales.testing import file, one, overdue, pay, place, ship
from aftersales.tests.many import many_orders, statements
from aftersales.tests.rivals import Rival
from orders import actions as orders
from orders.lifecycle import ORDER
from orders.models import Order, OrderEvent, Policy, ShopStaff
from orders.states import OrderState
from refunds import actions, notices
from refunds.lifecycle import TICKET
from refunds.models import Channel, Notice, PayoutEvent, Ticket, TicketEvent
from refunds.money import refuse
from refunds.notices import announce
from refunds.tests.paying import agreed, pay_out, sent, settled, time_passes
from refunds.tests.service import rejected, ruled, staffed

TABLES = (OrderEvent, TicketEvent, PayoutEvent)


def told(action=None):
    """(who, as whom, of what, over which channel), of one action or of all."""
    rows = Notice.objects.filter(action=action) if action else Notice.objects.all()
    return sorted(rows.values_list("person__email", "role", "life", "action", "channel"))


def inboxes(action):
    return [(email.split("@")[0], role) for email, role, _, _, channel in told(action) if channel == "inbox"]


def forget():
    announce()
    Notice.objects.all().delete()


@pytest.fixture
def order(cast):
    order = ship(pay(place(cast)), cast)
    forget()
    return order


@pytest.fixture
def ticket(order, cast):
    return file(order, {order.lines.get(sku=cast.mug).pk: 1}, kind="return_refund")


def test_a_filed_ticket_is_told_to_the_seller(ticket, cast):
    announce()

    assert told() == [
        ("bob@example.com", "seller", "ticket", "begin", "email"),
        ("bob@example.com", "seller", "ticket", "begin", "inbox"),
    ]
    notice = Notice.objects.get(channel="inbox")
    ticket.refresh_from_db()
    assert (notice.number, notice.about, notice.state) == (ticket.number, ticket.order.number, "awaiting_seller")
    assert (notice.kind, notice.due_at, notice.by_clock) == ("return_refund", ticket.due_at, False)
    assert notice.path == f"/admin/refunds/ticket/{ticket.pk}/change/"
    assert (notice.next_at, notice.tries) == (None, 0)
    assert Notice.objects.get(channel="email").next_at is not None


def test_the_buyer_is_led_to_the_ticket(ticket, cast):
    actions.agree(one(ticket), actors.seller(cast.bob), version=1)
    announce()

    assert inboxes("agree") == [("alice", "buyer")]
    assert set(Notice.objects.filter(action="agree").values_list("path", flat=True)) == {f"/tickets/{ticket.number}/"}


def test_silence_is_told_to_both(ticket, cast):
    time_passes(ticket)
    announce()

    assert inboxes("agree") == [("alice", "buyer"), ("bob", "seller")]
    assert set(Notice.objects.filter(action="agree").values_list("by_clock", flat=True)) == {True}


def test_announcing_again_finds_nothing(ticket):
    assert announce() > 0
    before = list(Notice.objects.order_by("pk").values())

    assert announce() == 0
    assert list(Notice.objects.order_by("pk").values()) == before


def test_what_is_told_to_nobody_is_announced_too(cast):
    place(cast)
    assert announce() == 1
    assert not Notice.objects.exists()
    assert not any(table.objects.filter(announced_at=None).exists() for table in TABLES)


def test_who_did_it_is_not_told(ticket, cast):
    """given: the buyer works in the shop as well; when: they file; then: only the colleague is told"""
    Notice.objects.all().delete()
    ShopStaff.objects.create(shop=cast.shop, user=cast.alice)
    announce()
    assert inboxes("begin") == [("bob", "seller")]


def test_who_stands_on_both_sides_is_told_once(ticket, cast):
    ShopStaff.objects.create(shop=cast.shop, user=cast.alice)
    time_passes(ticket)
    announce()
    assert inboxes("agree") == [("alice", "buyer"), ("bob", "seller")]


def test_staff_that_left_is_not_told(ticket, cast):
    gone = User.objects.create_user("gone@example.com", "x", is_staff=True, is_active=False)
    ShopStaff.objects.create(shop=cast.shop, user=gone)
    announce()
    assert inboxes("begin") == [("bob", "seller")]


def test_a_refused_payout_is_told_to_operators(order, cast):
    ticket = agreed(file(order, {order.lines.first().pk: 1}), cast)
    assert refuse(one(sent(ticket.payouts.get())), "account_closed")
    announce()
    assert inboxes("refuse") == [("olga", "operator")]


def test_money_of_a_ticket_is_told_by_the_ticket(order, cast):
    pay_out(agreed(file(order, {order.lines.first().pk: 1}), cast))
    announce()
    assert inboxes("succeed") == [("alice", "buyer"), ("bob", "seller")]
    assert inboxes("settle") == []


def test_money_without_a_ticket_is_told_to_the_buyer(cast):
    order = pay(place(cast))
    actions.seller_cancel(one(order), actors.seller(cast.bob), "sold out")
    settled(order.payouts.get())
    announce()
    assert inboxes("settle") == [("alice", "buyer")]
    assert Notice.objects.get(action="settle", channel="inbox").path == f"/orders/{order.number}/"


def test_an_import_is_no_news(cast):
    policy = Policy.objects.in_force(cast.shop)
    row = Order(buyer=cast.alice, shop=cast.shop, policy=policy, currency="CNY", total=600, freight=600, imported=True)
    begin(ORDER, [row], SYSTEM, state=OrderState.AWAITING_RECEIPT)
    assert announce() == 1
    assert not Notice.objects.exists()

    overdue(row)
    orders.auto_receive(one(row), CLOCK)
    announce()
    assert inboxes("auto_receive") == [("alice", "buyer"), ("bob", "seller")]


def test_a_reminder_goes_to_whoever_has_to_act(ticket):
    forget()
    one(ticket).update(remind_at=Now() - timedelta(seconds=1))
    assert remind(TICKET) == 1
    announce()
    assert inboxes("remind") == [("bob", "seller")]
    assert Notice.objects.get(channel="inbox").due_at == Ticket.objects.get(pk=ticket.pk).due_at


def test_a_late_confirmation_is_told_to_a_second_agent(cast):
    staffed(cast, confirm_above=999)
    dispute = ruled(cast, rejected(cast), "refund", amount=1000)
    actions.escalate(one(dispute), SYSTEM)
    announce()
    assert inboxes("escalate") == [("sid", "cs"), ("sue", "cs")]


def test_a_move_that_rolled_back_is_not_told(ticket, cast):
    forget()
    with transaction.atomic():
        move_one(TICKET, "reject", one(ticket), actors.seller(cast.bob))
        transaction.set_rollback(True)
    assert announce() == 0
    assert not Notice.objects.exists()


@pytest.mark.parametrize("number", [1, 300])
def test_a_batch_takes_as_many_statements_whatever_its_size(cast, number):
    rows = many_orders(cast, number, state=OrderState.AWAITING_RECEIPT, shipped=2)
    forget()
    with transaction.atomic():
        move(ORDER, "deliver", rows, SYSTEM)
    with statements() as sent_statements:
        assert announce(batch=500) == number
    # Lives of which nothing is new: one look each. Of this one: keys, events, staff, settings, notices, marks, one more
    # look.
    assert len(sent_statements) == 9
    assert Notice.objects.count() == 2 * number


def test_many_batches_are_announced_in_one_run(cast):
    many_orders(cast, 5, state=OrderState.AWAITING_RECEIPT)
    forget()
    with transaction.atomic():
        move(ORDER, "deliver", Order.objects.all(), SYSTEM)
    assert announce(batch=2) == 5
    assert Notice.objects.filter(channel="inbox").count() == 5


def test_the_sender_is_woken(ticket, woken, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        announce()
    assert woken == ["refunds.tasks.send_notices"]


def test_inbox_only(ticket, woken, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        announce((Channel.INBOX,))
    assert {channel for *_, channel in told()} == {"inbox"}
    assert woken == []


def test_nobody_is_told_twice_of_one_event(ticket):
    """given: one of the notices is there already; when: the event is announced; then: the rest comes, nothing twice"""
    event = ticket.events.get()
    known = {"channel": "inbox", "life": "ticket", "event_id": event.pk, "action": "begin", "number": "known"}
    Notice.objects.create(person=ticket.order.shop.staff.get().user, role="seller", path="/", about="O", **known)

    announce()

    assert [channel for *_, channel in told("begin")] == ["email", "inbox"]
    assert Notice.objects.get(channel="inbox").number == "known"


@pytest.mark.parametrize(
    "columns",
    [
        {"channel": "email"},
        {"channel": "sms"},
        {"sent_at": timezone.now()},
        {"channel": "email", "next_at": timezone.now(), "sent_at": timezone.now()},
        {"channel": "email", "next_at": timezone.now(), "read_at": timezone.now()},
    ],
)
def test_a_notice_that_cannot_be_is_refused(ticket, cast, columns):
    row = {"person": cast.carol, "role": "buyer", "channel": "inbox", "life": "ticket", "event_id": 1,
           "action": "agree", "number": "T1", "path": "/", "about": "O1"}  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        Notice.objects.create(**{**row, **columns})


@pytest.mark.django_db(transaction=True)
def test_two_announcers_share_the_work(transactional_db, cast):
    many_orders(cast, 30, state=OrderState.AWAITING_RECEIPT)
    forget()
    with transaction.atomic():
        move(ORDER, "deliver", Order.objects.all(), SYSTEM)

    rivals = [Rival(lambda: announce(batch=3)) for _ in range(3)]
    assert sum(rival.result() for rival in rivals) == 30
    assert Notice.objects.count() == 60
    assert not OrderEvent.objects.filter(announced_at=None).exists()


@pytest.mark.django_db(transaction=True)
def test_an_announcer_that_dies_has_done_nothing(transactional_db, cast, monkeypatch):
    """given: it is killed after the notices, before the mark; then: neither is there, and the next one does both"""
    order = pay(place(cast))
    with monkeypatch.context() as killed:
        killed.setattr(notices, "Now", _dies)
        with pytest.raises(KeyboardInterrupt):
            announce((Channel.INBOX,))
    assert not Notice.objects.exists()
    assert order.events.filter(announced_at=None).count() == 2

    announce()
    assert inboxes("pay") == [("bob", "seller")]


def _dies():
    raise KeyboardInterrupt


def test_an_update_does_not_mail_the_past(cast):
    """given: events of before there were notices; when: the database is updated; then: nobody is told of them"""
    order = pay(place(cast))
    [marking] = import_module("refunds.migrations.0007_past_is_announced").Migration.operations
    with connection.cursor() as cursor:
        for statement in marking.sql:
            cursor.execute(statement)

    assert announce() == 0
    ship(order, cast)
    assert announce() == 1
    assert inboxes("ship") == [("alice", "buyer")]
