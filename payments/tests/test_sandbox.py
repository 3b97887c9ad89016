"""What the client makes of the channel's answers about payments, and of answers that deserve no trust."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

import payments.sandbox
from payments.base import Absent, Pending, Refused, Settled, Started, Unknown
from payments.sandbox import Sandbox
from payments.testing import SandboxProcess
from payments.tests.conftest import NOON, attempt, paid, wish


def test_a_payment_is_absent_then_pending_then_settled(channel: SandboxProcess, client: Sandbox) -> None:
    order = attempt()
    assert client.payment("PAY-1") == Absent()
    started = client.start_payment(**order)
    assert isinstance(started, Started)
    assert started.pay_url == f"{channel.url}/pay/PAY-1"
    assert client.payment("PAY-1") == Pending()
    assert channel.moved("PAY-1") == []

    channel.pay("PAY-1")

    answer = client.payment("PAY-1")
    assert isinstance(answer, Settled)
    assert (answer.amount, answer.currency, answer.reference) == (1000, "CNY", started.reference)
    assert abs(datetime.now(UTC) - answer.at) < timedelta(seconds=5)
    assert channel.moved("PAY-1") == [1000]


def test_starting_again_gives_the_same_attempt(client: Sandbox) -> None:
    order = attempt()
    assert client.start_payment(**order) == client.start_payment(**order)


@pytest.mark.parametrize("changed", [{"amount": 999}, {"currency": "USD"}, {"subject": "Coffee"}, {"return_url": ""}])
def test_a_number_is_for_one_attempt_only(client: Sandbox, changed: dict[str, object]) -> None:
    order = attempt()
    client.start_payment(**order)
    answer = client.start_payment(**{**order, **changed})
    assert isinstance(answer, Refused)
    assert answer.code == "number_reused"
    assert client.payment("PAY-1") == Pending()


def test_a_declined_attempt_is_final(channel: SandboxProcess, client: Sandbox) -> None:
    order = attempt()
    client.start_payment(**order)
    assert channel.decline("PAY-1") == "declined"
    assert channel.pay("PAY-1") == "declined"
    assert client.payment("PAY-1") == Refused("declined", "")
    assert client.start_payment(**order) == Refused("declined", "")
    assert channel.moved("PAY-1") == []


def test_an_expired_attempt_cannot_be_paid(channel: SandboxProcess, client: Sandbox) -> None:
    order = attempt(seconds=0.3)
    client.start_payment(**order)
    time.sleep(0.35)
    assert channel.pay("PAY-1") == "expired"
    assert client.payment("PAY-1") == Refused("expired", "")
    assert client.start_payment(**order) == Refused("expired", "")
    assert channel.moved("PAY-1") == []


def test_a_payment_from_before_us_is_registered_once(channel: SandboxProcess, client: Sandbox) -> None:
    fact = {"number": "PAY-1", "amount": 1000, "currency": "JPY", "paid_at": NOON}
    first = client.register_payment(**fact)  # type: ignore[arg-type]  # one dict of several types
    again = client.register_payment(**fact)  # type: ignore[arg-type]
    assert isinstance(first, Settled)
    assert (first.amount, first.currency, first.at) == (1000, "JPY", NOON)
    assert again == first
    assert client.payment("PAY-1") == first
    assert channel.moved("PAY-1") == [1000]
    assert channel.notices() == []


def test_another_registration_under_the_number_is_refused(channel: SandboxProcess, client: Sandbox) -> None:
    paid(client, amount=1000)
    answer = client.register_payment(number="PAY-1", amount=1001, currency="CNY", paid_at=NOON)
    assert isinstance(answer, Refused)
    assert answer.code == "number_reused"
    assert channel.moved("PAY-1") == [1000]


def test_a_naive_time_is_a_mistake_of_ours(client: Sandbox) -> None:
    naive = NOON.replace(tzinfo=None)
    with pytest.raises(ValueError, match="aware"):
        client.register_payment(number="PAY-1", amount=1, currency="CNY", paid_at=naive)


def test_an_address_that_is_none_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match=r"http://127\.0\.0\.1:8090"):
        Sandbox(url="", secret="", notify_url="")


def test_nobody_there_is_unknown() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    client = Sandbox(url=f"http://127.0.0.1:{port}", secret="", notify_url="")
    assert isinstance(client.payment("PAY-1"), Unknown)
    assert isinstance(client.refund(**wish()), Unknown)
    assert isinstance(client.refund_status("REF-1"), Unknown)
    assert isinstance(client.start_payment(**attempt()), Unknown)


def test_another_secret_is_unknown_and_does_nothing(channel: SandboxProcess, client: Sandbox) -> None:
    paid(client)
    stranger = Sandbox(url=channel.url, secret="another", notify_url="")  # noqa: S106 - a wrong one, on purpose
    assert isinstance(stranger.refund(**wish()), Unknown)
    assert isinstance(stranger.payment("PAY-1"), Unknown)
    assert client.refund_status("REF-1") == Absent()


def test_a_stale_request_does_nothing(client: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    paid(client)
    real = time.time()
    monkeypatch.setattr("payments.sandbox.time.time", lambda: real - 301)
    assert isinstance(client.refund(**wish()), Unknown)
    monkeypatch.undo()
    assert client.refund_status("REF-1") == Absent()


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 18\r\n\r\n" + b'{"error":"absent"}',
        b"HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n" + b'{"state":"settled"}',
        b"HTTP/1.1 200 OK\r\nX-Sandbox-Signature: \xff\r\n\r\n{}",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"",
    ],
)
def test_an_unsigned_answer_is_unknown(said: bytes) -> None:
    with _stranger(lambda connected: connected.sendall(said)) as url:
        client = Sandbox(url=url, secret="", notify_url="")
        assert isinstance(client.refund_status("REF-1"), Unknown)


def test_an_answer_drop_by_drop_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payments.sandbox, "TIMEOUT", 0.5)
    monkeypatch.setattr(payments.sandbox, "WHOLE_CALL", 1.0)

    def drip(connected: socket.socket) -> None:
        for _ in range(100):
            connected.sendall(b"H")
            time.sleep(0.05)

    with _stranger(drip) as url:
        began = time.monotonic()
        answer = Sandbox(url=url, secret="", notify_url="").payment("PAY-1")
        assert isinstance(answer, Unknown)
        assert time.monotonic() - began < 2


def test_an_old_answer_cannot_be_played_back(channel: SandboxProcess, client: Sandbox) -> None:
    """given: the signed answer "absent"; when: it answers a later question; then: nobody believes it"""
    heard = _eavesdrop(channel, client)

    def play(connected: socket.socket) -> None:
        connected.recv(65536)
        connected.sendall(heard)

    with _stranger(play) as url:
        imposter = Sandbox(url=url, secret=client._secret.decode(), notify_url="")
        assert isinstance(imposter.refund_status("REF-2"), Unknown)


def _eavesdrop(channel: SandboxProcess, client: Sandbox) -> bytes:
    """The channel's raw answer to a question about REF-1."""
    asked: list[bytes] = []
    with _stranger(lambda connected: asked.append(connected.recv(65536))) as url:
        Sandbox(url=url, secret=client._secret.decode(), notify_url="").refund_status("REF-1")
    answer = channel.raw(asked[0])
    assert b'"absent"' in answer
    return answer


@contextmanager
def _stranger(talk: Callable[[socket.socket], object]) -> Iterator[str]:
    """A server that is no channel: it says what `talk` says to the first who connects."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connected, _ = listening.accept()
            with connected:
                try:
                    talk(connected)
                except OSError:
                    return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread.join(timeout=2)
