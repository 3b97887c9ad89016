"""What channels tell us: believed when signed, for the number only; it never moves anything itself."""

import hashlib
import hmac
import json
import time

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse

from aftersales import actors
from aftersales.testing import file, one, pay, place, ship
from orders.actions import start_payment
from refunds import actions
from refunds.models import Payout
from refunds.tests.filling import world

ADDRESS = "/notices/sandbox/"
TOLD = {
    "id": "ntc_1",
    "kind": "refund",
    "number": "R1",
    "state": "settled",
    "amount": 1000,
    "currency": "CNY",
    "at": "2026-11-20T12:00:00+00:00",
    "reference": "RFD-1",
    "sent_at": "2026-11-20T12:00:01+00:00",
}


def knock(body, *, secret=None, age=0, address=ADDRESS, client=None, **headers):
    """A notice as the channel's documents say it is sent."""
    body = json.dumps(body).encode() if isinstance(body, dict) else body
    stamp = str(int(time.time()) - age)
    secret = (secret or django_settings.CHANNELS["sandbox"]["secret"]).encode()
    signature = hmac.new(secret, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    sealed = {"X-Sandbox-Timestamp": stamp, "X-Sandbox-Signature": signature} | headers
    # The channel has no session and no CSRF token.
    client = client or Client(enforce_csrf_checks=True)
    return client.post(address, body, content_type="application/json", headers=sealed)


@pytest.fixture
def payout(cast):
    order = ship(pay(place(cast)), cast)
    ticket = file(order, {order.lines.get(sku=cast.mug).pk: 1})
    actions.agree(one(ticket), actors.seller(cast.bob), version=1)
    return Payout.objects.get()


@pytest.fixture
def attempt(cast):
    order = place(cast)
    payment = start_payment(one(order), actors.buyer(cast.alice))
    type(payment).objects.filter(pk=payment.pk).update(next_at=None)
    return payment


def test_address_is_what_the_channel_is_told():
    assert reverse("refunds:notices", args=("sandbox",)) == ADDRESS


def test_refund_notice_has_the_channel_asked(payout, woken, django_capture_on_commit_callbacks):
    before = Payout.objects.values("state", "amount", "settled_at", "due_at").get()

    with django_capture_on_commit_callbacks(execute=True):
        answer = knock({**TOLD, "number": payout.number})

    assert answer.status_code == 200
    payout.refresh_from_db()
    assert payout.ask_at is not None
    assert Payout.objects.values("state", "amount", "settled_at", "due_at").get() == before
    assert payout.events.count() == 1
    assert "refunds.tasks.pursue_payouts" in woken


def test_payment_notice_has_the_channel_asked(attempt, woken, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        answer = knock({**TOLD, "kind": "payment", "state": "paid", "number": attempt.number, "amount": 1})

    assert answer.status_code == 200
    attempt.refresh_from_db()
    attempt.order.refresh_from_db()
    assert attempt.next_at is not None
    assert (attempt.received, attempt.received_at, attempt.order.state) == (0, None, "awaiting_payment")
    assert "refunds.tasks.pursue_payments" in woken


@pytest.mark.parametrize("changed", [{"amount": 1}, {"amount": 10**12}, {"currency": "USD"}, {"state": "failed"}])
def test_what_a_notice_says_moves_nothing(payout, changed):
    before = world(payout.order)[:2]
    assert knock({**TOLD, "number": payout.number, **changed}).status_code == 200
    assert world(payout.order)[:2] == before
    payout.refresh_from_db()
    assert payout.state == "created"


def test_repeats_are_taken(payout):
    assert [knock({**TOLD, "number": payout.number}).status_code for _ in range(3)] == [200, 200, 200]
    assert payout.events.count() == 1


@pytest.mark.parametrize("number", ["R-nobody", "\x00", "R\ud800", "x" * 5000, "' or 1=1 --", "退款"])
@pytest.mark.parametrize("kind", ["refund", "payment"])
def test_unknown_numbers_are_taken_and_logged(db, caplog, number, kind):
    answer = knock({**TOLD, "kind": kind, "number": number})
    assert answer.status_code == 200
    assert "is not ours" in caplog.text


def test_number_of_another_channel_is_not_ours(payout, settings, caplog):
    settings.CHANNELS = {**settings.CHANNELS, "other": {**settings.CHANNELS["sandbox"], "secret": "another"}}
    answer = knock({**TOLD, "number": payout.number}, secret="another", address="/notices/other/")
    payout.refresh_from_db()
    assert (answer.status_code, payout.ask_at) == (200, None)
    assert "is not ours" in caplog.text


@pytest.mark.parametrize("age", [400, -400, 86400])
def test_stale_notice_is_not_believed(payout, age):
    assert knock({**TOLD, "number": payout.number}, age=age).status_code == 400
    payout.refresh_from_db()
    assert payout.ask_at is None


@pytest.mark.parametrize("headers", [{"X-Sandbox-Signature": "0" * 64}, {"X-Sandbox-Signature": ""}])
def test_forged_notice_is_not_believed(payout, headers):
    assert knock({**TOLD, "number": payout.number}, **headers).status_code == 400
    assert knock({**TOLD, "number": payout.number}, secret="guess").status_code == 400
    assert Client().post(ADDRESS, {"number": payout.number}).status_code == 400
    payout.refresh_from_db()
    assert payout.ask_at is None


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"null", b"[" * 60_000])
def test_signed_nonsense_is_not_believed(db, body):
    assert knock(body).status_code == 400


def test_unknown_channel_is_not_found(db):
    assert knock(TOLD, address="/notices/alipay/").status_code == 404


def test_large_body_is_refused(db):
    assert knock(b"x" * (64 * 1024 + 1)).status_code == 413
    assert knock(b"x" * (64 * 1024)).status_code == 400


@pytest.mark.parametrize("method", ["get", "head", "put", "delete", "patch"])
def test_only_post_is_allowed(db, method):
    assert getattr(Client(), method)(ADDRESS).status_code == 405
