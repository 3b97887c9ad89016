"""Notices: signed, repeated until they are taken, believed only when they are genuine and fresh."""

import hashlib
import hmac
import json
import socket
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from payments.base import BadNotice, Notice, Refused, Settled
from payments.sandbox import Sandbox
from payments.testing import SandboxProcess
from payments.tests.conftest import KEY, Door, attempt, paid, until, wish

NOTICE = {
    "id": "ntc_1",
    "kind": "refund",
    "number": "REF-1",
    "state": "settled",
    "amount": 300,
    "currency": "CNY",
    "at": "2026-11-20T12:00:00+00:00",
    "reference": "RFD-1",
    "sent_at": "2026-11-20T12:00:01+00:00",
}


def _sealed(body: bytes, stamp: str) -> dict[str, str]:
    """What the channel's documents say about a notice's headers, computed independently."""
    signature = hmac.new(KEY.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"X-Sandbox-Timestamp": stamp, "X-Sandbox-Signature": signature}


def _read(data: object, *, age: int = 0) -> Notice:
    body = json.dumps(data).encode()
    return _reader().read_notice(_sealed(body, str(int(time.time()) - age)), body)


def _reader() -> Sandbox:
    return Sandbox(url="http://127.0.0.1:1", secret=KEY, notify_url="")


def test_a_notice_is_read() -> None:
    at, sent_at = datetime(2026, 11, 20, 12, tzinfo=UTC), datetime(2026, 11, 20, 12, 0, 1, tzinfo=UTC)
    settled = Settled(amount=300, currency="CNY", at=at, reference="RFD-1")
    assert _read(NOTICE) == Notice(id="ntc_1", kind="refund", number="REF-1", answer=settled, sent_at=sent_at)


@pytest.mark.parametrize(("state", "code"), [("failed", "reversed"), ("refused", "refused"), ("declined", "declined")])
def test_bad_news_is_read(state: str, code: str) -> None:
    assert _read({**NOTICE, "state": state}).answer == Refused(code, "")


@pytest.mark.parametrize("age", [-299, 0, 298])
def test_a_fresh_notice_is_taken(age: int) -> None:
    assert _read(NOTICE, age=age).id == "ntc_1"


@pytest.mark.parametrize("age", [302, -302, 86400])
def test_a_stale_notice_is_rejected(age: int) -> None:
    with pytest.raises(BadNotice, match="stale"):
        _read(NOTICE, age=age)


def test_the_headers_case_does_not_matter() -> None:
    body = json.dumps(NOTICE).encode()
    headers = {name.upper(): value for name, value in _sealed(body, str(int(time.time()))).items()}
    assert _reader().read_notice(headers, body).number == "REF-1"


@pytest.mark.parametrize("changed", [{"X-Sandbox-Signature": "0" * 64}, {"X-Sandbox-Signature": "\udcff"}])
def test_a_forged_signature_is_rejected(changed: dict[str, str]) -> None:
    body = json.dumps(NOTICE).encode()
    headers = _sealed(body, str(int(time.time())))
    with pytest.raises(BadNotice, match="signature"):
        _reader().read_notice({**headers, **changed}, body)
    with pytest.raises(BadNotice, match="signature"):
        _reader().read_notice({}, body)


def test_a_changed_body_or_time_is_rejected() -> None:
    body = json.dumps(NOTICE).encode()
    headers = _sealed(body, str(int(time.time())))
    with pytest.raises(BadNotice, match="signature"):
        _reader().read_notice(headers, body.replace(b"300", b"900"))
    with pytest.raises(BadNotice, match="signature"):
        _reader().read_notice({**headers, "X-Sandbox-Timestamp": str(int(time.time()) - 1)}, body)


@pytest.mark.parametrize("stamp", ["", "now", "-1", "1e9", "٣", "9" * 400])
def test_a_timestamp_that_is_none_is_rejected(stamp: str) -> None:
    body = json.dumps(NOTICE).encode()
    with pytest.raises(BadNotice, match="stale"):
        _reader().read_notice(_sealed(body, stamp), body)


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": "gift"},
        {"kind": ["refund"]},
        {"state": "maybe"},
        {"state": None},
        {"number": 7},
        {"id": ""},
        {"amount": "300"},
        {"amount": 3.5},
        {"amount": True},
        {"amount": -300},
        {"currency": None},
        {"at": "yesterday"},
        {"at": "2026-11-20T12:00:00"},
        {"sent_at": None},
    ],
)
def test_a_malformed_notice_is_rejected(changed: dict[str, object]) -> None:
    with pytest.raises(BadNotice):
        _read({**NOTICE, **changed})


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"[" * 100_000, b"1" * 10_000])
def test_a_signed_notice_that_is_no_object_is_rejected(body: bytes) -> None:
    with pytest.raises(BadNotice):
        _reader().read_notice(_sealed(body, str(int(time.time()))), body)


def test_a_payment_is_notified(channel: SandboxProcess, door: Door) -> None:
    client = channel.client(door.url)
    client.start_payment(**attempt())
    channel.pay("PAY-1")
    (notice,) = door.notices(1, client)
    assert (notice.kind, notice.number, notice.answer) == ("payment", "PAY-1", client.payment("PAY-1"))


def test_a_declined_payment_is_notified(channel: SandboxProcess, door: Door) -> None:
    client = channel.client(door.url)
    client.start_payment(**attempt())
    channel.decline("PAY-1")
    (notice,) = door.notices(1, client)
    assert notice.answer == Refused("declined", "")


def test_a_refund_and_its_reversal_are_notified(channel: SandboxProcess, door: Door) -> None:
    client = channel.client(door.url)
    paid(client)
    settled = client.refund(**wish())
    channel.reverse("REF-1")
    first, second = door.notices(2, client)
    assert first.answer == settled
    assert second.answer == Refused("reversed", "")
    assert first.id != second.id


def test_a_refusal_in_the_call_is_not_notified_again(channel: SandboxProcess, door: Door) -> None:
    client = channel.client(door.url)
    assert isinstance(client.refund(**wish()), Refused)
    assert channel.notices() == []


def test_a_pending_refund_is_notified_when_it_ends(channel: SandboxProcess, door: Door) -> None:
    client = channel.client(door.url)
    paid(client)
    channel.fault("pending", "refund", seconds=0.1, code="abnormal")
    client.refund(**wish())
    (notice,) = door.notices(1, client)
    assert notice.answer == Refused("abnormal", "")


def test_a_notice_is_repeated_until_it_is_taken(channel: SandboxProcess, door: Door) -> None:
    client = channel.client(door.url)
    paid(client)
    door.say = [500, 302]
    began = time.monotonic()
    client.refund(**wish())
    notices = door.notices(3, client)
    assert len({notice.id for notice in notices}) == 1
    assert time.monotonic() - began >= 3, "after 1 s, then after 2 s"
    until(lambda: channel.notices(number="REF-1")[0]["state"] == "delivered")
    assert channel.notices(number="REF-1")[0]["tries"] == 3


def test_undelivered_notices_survive_a_power_cut(tmp_path: Path, door: Door) -> None:
    with SandboxProcess(tmp_path / "books.sqlite", KEY) as channel:
        client = channel.client(door.url)
        paid(client)
        door.say = [503]
        client.refund(**wish())
        until(lambda: channel.notices()[0]["tries"] == 1)

        channel.restart()

        first, second = door.notices(2, client)
        assert first.id == second.id


def test_a_dead_receiver_does_not_stop_the_others(channel: SandboxProcess, door: Door) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as deaf:
        stuck = channel.client(f"http://127.0.0.1:{deaf.getsockname()[1]}/")
        client = channel.client(door.url)
        paid(client)
        for i in range(8):
            stuck.refund(**wish(f"DEAF-{i}", 10))
        began = time.monotonic()
        client.refund(**wish())
        assert door.notices(1, client)[0].number == "REF-1"
        assert time.monotonic() - began < 1


def test_duplicate_sends_the_same_notice_twice(channel: SandboxProcess, door: Door) -> None:
    client = channel.client(door.url)
    paid(client)
    channel.fault("duplicate", "notice")
    client.refund(**wish())
    first, second = door.notices(2, client)
    assert (first.id, first.answer) == (second.id, second.answer)


def test_late_comes_late_and_freshly_signed(channel: SandboxProcess, door: Door) -> None:
    client = channel.client(door.url)
    paid(client)
    channel.fault("late", "notice", seconds=1)
    settled = client.refund(**wish())
    time.sleep(0.3)
    assert door.got == []
    assert door.notices(1, client)[0].answer == settled


def test_reorder_lets_the_next_one_pass(channel: SandboxProcess, door: Door) -> None:
    client = channel.client(door.url)
    paid(client)
    channel.fault("reorder", "notice")
    settled = client.refund(**wish())
    channel.reverse("REF-1")
    first, second = door.notices(2, client)
    assert first.answer == Refused("reversed", "")
    assert second.answer == settled


def test_forge_sends_a_false_copy_as_well(channel: SandboxProcess, door: Door) -> None:
    client = channel.client(door.url)
    paid(client)
    channel.fault("forge", "notice")
    settled = client.refund(**wish())
    (false, genuine) = door.wait(2)
    assert json.loads(false[1])["amount"] == 400
    assert json.loads(false[1])["id"] == json.loads(genuine[1])["id"]
    with pytest.raises(BadNotice, match="signature"):
        client.read_notice(*false)
    assert client.read_notice(*genuine).answer == settled


def test_lose_sends_nothing(channel: SandboxProcess, door: Door) -> None:
    client = channel.client(door.url)
    paid(client)
    channel.fault("lose", "notice")
    client.refund(**wish("REF-1"))
    client.refund(**wish("REF-2"))
    assert [notice.number for notice in door.notices(1, client)] == ["REF-2"]
    assert [row["state"] for row in channel.notices(number="REF-1")] == ["lost"]


def test_many_notices_go_out_once_each(channel: SandboxProcess, door: Door) -> None:
    client = channel.client(door.url)
    paid(client)
    numbers = [f"REF-{i}" for i in range(100)]
    for number in numbers:
        client.refund(**wish(number, 10))
    door.wait(100)
    until(lambda: {row["state"] for row in channel.notices()} == {"delivered"})
    assert sorted(notice.number for notice in door.notices(100, client)) == sorted(numbers)
