"""Every way in which the channel can misbehave: what the client says then, and what the books say."""

import time

import pytest

import payments.sandbox
from payments.base import Absent, Pending, Refused, Settled, Started, Unknown
from payments.sandbox import Sandbox
from payments.testing import SandboxProcess
from payments.tests.conftest import NOON, attempt, paid, until, wish


@pytest.mark.parametrize("kind", ["drop_before", "error_before"])
def test_lost_before_it_was_done(channel: SandboxProcess, client: Sandbox, kind: str) -> None:
    paid(client)
    channel.fault(kind, "refund")
    assert isinstance(client.refund(**wish()), Unknown)
    assert client.refund_status("REF-1") == Absent()
    assert channel.moved("REF-1") == []
    assert isinstance(client.refund(**wish()), Settled)
    assert channel.moved("REF-1") == [-300]


@pytest.mark.parametrize("kind", ["drop_after", "error_after", "bad_signature"])
def test_lost_after_it_was_done(channel: SandboxProcess, client: Sandbox, kind: str) -> None:
    paid(client)
    channel.fault(kind, "refund")
    assert isinstance(client.refund(**wish()), Unknown)
    assert channel.moved("REF-1") == [-300]
    assert isinstance(client.refund_status("REF-1"), Settled)
    assert isinstance(client.refund(**wish()), Settled)
    assert channel.moved("REF-1") == [-300]


def test_slow_is_unknown_and_done_later(
    channel: SandboxProcess, client: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid(client)
    monkeypatch.setattr(payments.sandbox, "TIMEOUT", 0.5)
    channel.fault("slow", "refund", seconds=1.5)
    assert isinstance(client.refund(**wish()), Unknown)
    assert client.refund_status("REF-1") == Absent()
    until(lambda: channel.moved("REF-1") == [-300])


def test_slow_within_patience_is_answered(channel: SandboxProcess, client: Sandbox) -> None:
    paid(client)
    channel.fault("slow", "refund", seconds=0.3)
    began = time.monotonic()
    assert isinstance(client.refund(**wish()), Settled)
    assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "error_before", "error_after", "bad_signature"])
def test_a_disturbed_question_is_unknown(channel: SandboxProcess, client: Sandbox, kind: str) -> None:
    paid(client)
    client.refund(**wish())
    channel.fault(kind, "query", times=2)
    assert isinstance(client.refund_status("REF-1"), Unknown)
    assert isinstance(client.payment("PAY-1"), Unknown)
    assert isinstance(client.refund_status("REF-1"), Settled)


@pytest.mark.parametrize("kind", ["drop_after", "error_after", "bad_signature"])
def test_a_start_that_was_lost_is_found_again(channel: SandboxProcess, client: Sandbox, kind: str) -> None:
    order = attempt()
    channel.fault(kind, "payment")
    assert isinstance(client.start_payment(**order), Unknown)
    assert client.payment("PAY-1") == Pending()
    assert isinstance(client.start_payment(**order), Started)


def test_a_registration_that_was_lost_is_made_once(channel: SandboxProcess, client: Sandbox) -> None:
    channel.fault("drop_after", "payment")
    assert isinstance(client.register_payment(number="PAY-1", amount=5, currency="CNY", paid_at=NOON), Unknown)
    assert isinstance(client.register_payment(number="PAY-1", amount=5, currency="CNY", paid_at=NOON), Settled)
    assert channel.moved("PAY-1") == [5]


def test_refuse_refuses_then_pays_the_same_number(channel: SandboxProcess, client: Sandbox) -> None:
    paid(client)
    channel.fault("refuse", "refund", code="account_closed")
    assert client.refund(**wish()) == Refused("account_closed", "The channel does not pay this back.")
    assert client.refund_status("REF-1") == Refused("account_closed", "The channel does not pay this back.")
    assert channel.moved("REF-1") == []
    assert isinstance(client.refund(**wish()), Settled)
    assert channel.moved("REF-1") == [-300]


def test_refuse_does_not_touch_a_settled_refund(channel: SandboxProcess, client: Sandbox) -> None:
    paid(client)
    settled = client.refund(**wish())
    channel.fault("refuse", "refund")
    assert client.refund(**wish()) == settled


def test_a_refused_start_leaves_no_trace(channel: SandboxProcess, client: Sandbox) -> None:
    channel.fault("refuse", "payment")
    answer = client.start_payment(**attempt())
    assert isinstance(answer, Refused)
    assert answer.code == "refused_by_channel"
    assert client.payment("PAY-1") == Absent()


def test_pending_settles_at_the_next_question(channel: SandboxProcess, client: Sandbox) -> None:
    paid(client)
    channel.fault("pending", "refund")
    assert client.refund(**wish()) == Pending()
    assert client.refund(**wish()) == Pending()
    assert channel.moved("REF-1") == []
    assert isinstance(client.refund_status("REF-1"), Settled)
    assert channel.moved("REF-1") == [-300]


def test_pending_settles_by_itself(channel: SandboxProcess, client: Sandbox) -> None:
    paid(client)
    channel.fault("pending", "refund", seconds=1)
    assert client.refund(**wish()) == Pending()
    assert client.refund_status("REF-1") == Pending()
    until(lambda: channel.moved("REF-1") == [-300])
    assert isinstance(client.refund_status("REF-1"), Settled)


def test_pending_may_end_refused(channel: SandboxProcess, client: Sandbox) -> None:
    paid(client)
    channel.fault("pending", "refund", code="abnormal")
    assert client.refund(**wish()) == Pending()
    assert client.refund_status("REF-1") == Refused("abnormal", "")
    assert channel.moved("REF-1") == []
    assert isinstance(client.refund(**wish()), Settled)


def test_a_pending_payment_outlives_its_expiry(channel: SandboxProcess, client: Sandbox) -> None:
    """given: the buyer paid in time; when: the channel takes longer; then: the money comes all the same"""
    client.start_payment(**attempt(seconds=1))
    channel.fault("pending", "payment", seconds=1.2)
    assert channel.pay("PAY-1") == "pending"
    assert channel.decline("PAY-1") == "pending"
    assert client.payment("PAY-1") == Pending()
    until(lambda: channel.moved("PAY-1") == [1000])
    assert isinstance(client.payment("PAY-1"), Settled)


def test_reverse_after_takes_the_money_back(channel: SandboxProcess, client: Sandbox) -> None:
    paid(client)
    channel.fault("reverse_after", "refund", seconds=0.2)
    assert isinstance(client.refund(**wish()), Settled)
    until(lambda: channel.moved("REF-1") == [-300, 300])
    assert client.refund_status("REF-1") == Refused("reversed", "The channel took the refund back.")
    assert isinstance(client.refund(**wish()), Settled)
    time.sleep(0.3)
    assert channel.moved("REF-1") == [-300, 300, -300]


def test_a_fault_happens_as_often_as_it_was_told(channel: SandboxProcess, client: Sandbox) -> None:
    paid(client)
    channel.fault("error_before", "refund", times=2)
    answers = [type(client.refund(**wish())) for _ in range(3)]
    assert answers == [Unknown, Unknown, Settled]


def test_a_fault_without_end_lasts_until_cleared(channel: SandboxProcess, client: Sandbox) -> None:
    paid(client)
    channel.fault("error_before", "any", times=None)
    assert {type(client.refund(**wish())) for _ in range(5)} == {Unknown}
    channel.clear()
    assert channel.json("GET", "/faults") == {"faults": []}
    assert isinstance(client.refund(**wish()), Settled)


def test_a_fault_for_one_number_spares_the_others(channel: SandboxProcess, client: Sandbox) -> None:
    paid(client)
    channel.fault("error_before", "refund", times=None, number="REF-2")
    assert isinstance(client.refund(**wish("REF-1")), Settled)
    assert isinstance(client.refund(**wish("REF-2")), Unknown)
    assert channel.moved("REF-2") == []


def test_two_faults_make_one_story(channel: SandboxProcess, client: Sandbox) -> None:
    paid(client)
    channel.fault("pending", "refund", seconds=0.2)
    channel.fault("drop_after", "refund")
    assert isinstance(client.refund(**wish()), Unknown)
    until(lambda: channel.moved("REF-1") == [-300])


def test_faults_are_used_in_their_order(channel: SandboxProcess, client: Sandbox) -> None:
    paid(client)
    channel.fault("error_before", "refund")
    channel.fault("refuse", "refund")
    answers = [type(client.refund(**wish())) for _ in range(3)]
    assert answers == [Unknown, Refused, Settled]


@pytest.mark.parametrize(
    "data",
    [
        {"kind": "explode"},
        {"kind": "refuse", "on": "query"},
        {"kind": "lose", "on": "query"},
        {"kind": "slow", "on": "nothing"},
        {"kind": "slow", "times": 0},
        {"kind": "slow", "times": True},
        {"kind": "slow", "seconds": -1},
        {"kind": "slow", "seconds": float("nan")},
        {"kind": "slow", "number": 7},
        {"kind": ["slow"]},
        {"kind": "slow", "on": ["refund"]},
        {"kind": "slow", "second": 1},
        {},
    ],
)
def test_a_senseless_fault_is_not_set(channel: SandboxProcess, data: dict[str, object]) -> None:
    with pytest.raises(RuntimeError, match="400.*bad_fault"):
        channel.json("POST", "/faults", data)
    assert channel.json("GET", "/faults") == {"faults": []}
