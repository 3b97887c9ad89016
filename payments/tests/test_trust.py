"""Answers with the channel's genuine signature that still decide nothing, or only what they say."""

import json
import socket
import threading

import pytest

from payments.base import Absent, Answer, Pending, Refused, Unknown
from payments.sandbox import Sandbox
from payments.sandbox_channel.signing import Signer, now_stamp
from payments.tests.conftest import KEY, wish

SETTLED = {
    "number": "REF-1",
    "state": "settled",
    "amount": 300,
    "currency": "CNY",
    "at": "2026-11-20T12:00:00+00:00",
    "reference": "RFD-1",
}


def _answers(status: int, data: object, *, ask: bool) -> Answer:
    """What the client makes of a signed answer, to a question or to a refund."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_say, args=(listening, status, json.dumps(data).encode()), daemon=True)
        thread.start()
        client = Sandbox(url=f"http://127.0.0.1:{listening.getsockname()[1]}", secret=KEY, notify_url="")
        answer = client.refund_status("REF-1") if ask else client.refund(**wish())
        thread.join(timeout=5)
        return answer


def _say(listening: socket.socket, status: int, body: bytes) -> None:
    connected, _ = listening.accept()
    with connected:
        request = _read(connected).decode()
        asked = request.lower().partition("x-sandbox-signature: ")[2][:64]
        stamp = now_stamp()
        signature = Signer(KEY).of_answer(stamp, status, asked, body)
        head = f"HTTP/1.1 {status} X\r\nX-Sandbox-Timestamp: {stamp}\r\nX-Sandbox-Signature: {signature}\r\n\r\n"
        connected.sendall(head.encode() + body)


def _read(connected: socket.socket) -> bytes:
    """The whole request: to close on unread bytes would reset the connection before the answer is read."""
    data = b""
    while True:
        data += connected.recv(65536)
        head, end, body = data.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        if end and len(body) >= int(length or 0):
            return data


def test_absent_answers_only_a_question() -> None:
    absent = {"error": "absent", "message": ""}
    assert _answers(404, absent, ask=True) == Absent()
    assert isinstance(_answers(404, absent, ask=False), Unknown)


def test_another_404_is_unknown() -> None:
    assert isinstance(_answers(404, {"error": "no_page", "message": ""}, ask=True), Unknown)


@pytest.mark.parametrize("status", [400, 409, 422])
def test_a_refused_question_says_nothing_about_the_money(status: int) -> None:
    no = {"error": "bad_number", "message": "No."}
    assert isinstance(_answers(status, no, ask=True), Unknown)
    assert _answers(status, no, ask=False) == Refused("bad_number", "No.")


@pytest.mark.parametrize("status", [301, 401, 403, 408, 429, 500, 503])
@pytest.mark.parametrize("ask", [True, False])
def test_a_status_that_is_no_decision_is_unknown(status: int, ask: bool) -> None:
    assert isinstance(_answers(status, {"error": "x", **SETTLED}, ask=ask), Unknown)


@pytest.mark.parametrize("ask", [True, False])
@pytest.mark.parametrize(
    "changed",
    [
        {"number": "REF-2"},
        {"number": None},
        {"state": "perhaps"},
        {"state": None},
        {"amount": "300"},
        {"amount": 0},
        {"at": None},
        {"at": "2026-11-20T12:00:00"},
        {"reference": None},
        {"currency": 156},
    ],
)
def test_an_answer_that_makes_no_sense_is_unknown(changed: dict[str, object], ask: bool) -> None:
    assert isinstance(_answers(200, {**SETTLED, **changed}, ask=ask), Unknown)


@pytest.mark.parametrize("data", [[], None, "settled", 1])
def test_an_answer_that_is_no_object_is_unknown(data: object) -> None:
    assert isinstance(_answers(200, data, ask=True), Unknown)


def test_pending_is_pending() -> None:
    assert _answers(200, {**SETTLED, "state": "pending"}, ask=True) == Pending()
