"""A refund number pays once, all refunds together never exceed the payment, and the books say so."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from payments.base import Absent, Pending, Refused, Settled, Unknown
from payments.sandbox import Sandbox
from payments.testing import SandboxProcess
from payments.tests.conftest import KEY, attempt, paid, wish


def _code(answer: object) -> str:
    assert isinstance(answer, Refused)
    return answer.code


def test_a_number_pays_once(channel: SandboxProcess, client: Sandbox) -> None:
    paid(client)
    first = client.refund(**wish())
    assert isinstance(first, Settled)
    assert (first.amount, first.currency) == (300, "CNY")
    assert client.refund(**wish()) == first
    assert client.refund_status("REF-1") == first
    assert channel.moved("REF-1") == [-300]


@pytest.mark.parametrize("changed", [{"amount": 301}, {"payment": "PAY-2"}, {"currency": "USD"}])
def test_a_settled_number_takes_no_other_wish(
    channel: SandboxProcess, client: Sandbox, changed: dict[str, object]
) -> None:
    paid(client)
    paid(client, "PAY-2")
    settled = client.refund(**wish())
    assert _code(client.refund(**{**wish(), **changed})) == "number_reused"
    assert client.refund_status("REF-1") == settled
    assert [movement["amount"] for movement in channel.ledger()["movements"]] == [1000, 1000, -300]


@pytest.mark.parametrize("amount", [0, -1, -1000])
def test_nothing_or_less_is_refused(channel: SandboxProcess, client: Sandbox, amount: int) -> None:
    paid(client)
    assert _code(client.refund(**wish(amount=amount))) == "bad_amount"
    assert client.refund_status("REF-1") == Absent()
    assert channel.moved("REF-1") == []


def test_another_currency_is_refused(channel: SandboxProcess, client: Sandbox) -> None:
    paid(client)
    assert _code(client.refund(**wish(currency="USD"))) == "other_currency"
    assert channel.moved("REF-1") == []


def test_an_unknown_payment_is_not_given_back(channel: SandboxProcess, client: Sandbox) -> None:
    assert _code(client.refund(**wish())) == "payment_absent"
    assert channel.ledger()["movements"] == []


def test_an_unpaid_payment_is_not_given_back(channel: SandboxProcess, client: Sandbox) -> None:
    client.start_payment(**attempt())
    assert _code(client.refund(**wish())) == "payment_not_paid"
    assert channel.ledger()["movements"] == []


def test_refunds_never_exceed_the_payment(channel: SandboxProcess, client: Sandbox) -> None:
    paid(client)
    assert isinstance(client.refund(**wish("REF-1", 700)), Settled)
    assert _code(client.refund(**wish("REF-2", 301))) == "above_payment"
    assert _code(client.refund_status("REF-2")) == "above_payment"
    assert isinstance(client.refund(**wish("REF-3", 300)), Settled)
    assert channel.ledger()["payments"]["PAY-1"] == {"currency": "CNY", "paid": 1000, "refunded": 1000, "balance": 0}


def test_a_promised_refund_counts_against_the_payment(channel: SandboxProcess, client: Sandbox) -> None:
    paid(client)
    channel.fault("pending", "refund", seconds=60)
    assert client.refund(**wish("REF-1", 700)) == Pending()
    assert _code(client.refund(**wish("REF-2", 301))) == "above_payment"
    assert channel.moved("REF-1") == []


def test_a_refused_refund_is_judged_anew(channel: SandboxProcess, client: Sandbox) -> None:
    paid(client)
    client.refund(**wish("REF-1", 1000))
    assert _code(client.refund(**wish("REF-2", 500))) == "above_payment"
    channel.reverse("REF-1")
    assert isinstance(client.refund(**wish("REF-2", 500)), Settled)
    assert channel.moved("REF-2") == [-500]


def test_a_reversed_refund_may_be_sent_again(channel: SandboxProcess, client: Sandbox) -> None:
    paid(client)
    first = client.refund(**wish())
    channel.reverse("REF-1")
    assert _code(client.refund_status("REF-1")) == "reversed"
    second = client.refund(**wish())
    assert isinstance(first, Settled)
    assert isinstance(second, Settled)
    assert second.reference != first.reference
    assert channel.moved("REF-1") == [-300, 300, -300]
    assert channel.ledger(payment="PAY-1")["payments"]["PAY-1"]["refunded"] == 300


def test_only_a_settled_refund_is_reversed(channel: SandboxProcess, client: Sandbox) -> None:
    paid(client)
    client.refund(**wish())
    channel.reverse("REF-1")
    with pytest.raises(RuntimeError, match="not_settled"):
        channel.reverse("REF-1")
    with pytest.raises(RuntimeError, match="absent"):
        channel.reverse("REF-2")
    assert channel.moved("REF-1") == [-300, 300]


def test_twenty_calls_with_one_number_move_once(channel: SandboxProcess, client: Sandbox) -> None:
    paid(client)
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: client.refund(**wish()), range(20)))
    assert isinstance(answers[0], Settled)
    assert set(answers) == {answers[0]}
    assert channel.moved("REF-1") == [-300]


def test_twenty_rivals_never_exceed_the_payment(channel: SandboxProcess, client: Sandbox) -> None:
    paid(client, amount=1000)
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda i: client.refund(**wish(f"REF-{i}", 150)), range(20)))
    assert sum(isinstance(answer, Settled) for answer in answers) == 6
    assert {_code(answer) for answer in answers if not isinstance(answer, Settled)} == {"above_payment"}
    assert channel.ledger()["payments"]["PAY-1"]["refunded"] == 900


def test_a_lax_channel_pays_too_much_but_once(tmp_path: Path) -> None:
    with SandboxProcess(tmp_path / "books.sqlite", KEY, lax=True) as channel:
        client = channel.client()
        paid(client)
        assert isinstance(client.refund(**wish("REF-1", 5000)), Settled)
        assert isinstance(client.refund(**wish("REF-1", 5000)), Settled)
        assert isinstance(client.refund(**wish("REF-2", 300, payment="NEVER-PAID")), Settled)
        assert _code(client.refund(**wish("REF-1", 5001))) == "number_reused"
        assert _code(client.refund(**wish("REF-3", 0))) == "bad_amount"
        assert channel.moved("REF-1") == [-5000]
        assert channel.ledger()["payments"]["PAY-1"]["balance"] == -4000


def test_the_books_survive_a_power_cut(tmp_path: Path) -> None:
    with SandboxProcess(tmp_path / "books.sqlite", KEY) as channel:
        client = channel.client()
        paid(client)
        settled = client.refund(**wish())
        before = channel.ledger()
        address = channel.url

        channel.restart()

        assert channel.url == address
        assert channel.ledger() == before
        assert client.refund(**wish()) == settled
        assert channel.moved("REF-1") == [-300]


def test_the_channel_ends_at_once_when_asked(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with SandboxProcess(tmp_path / "books.sqlite", KEY) as channel:
        assert channel.terminate() == 0
    assert capfd.readouterr().err == ""


def test_the_ledger_narrows_by_number_and_payment(channel: SandboxProcess, client: Sandbox) -> None:
    paid(client, "PAY-1")
    paid(client, "PAY-2")
    client.refund(**wish("REF-1", 100, "PAY-1"))
    client.refund(**wish("REF-2", 200, "PAY-2"))
    assert [one["number"] for one in channel.ledger()["movements"]] == ["PAY-1", "PAY-2", "REF-1", "REF-2"]
    assert [one["number"] for one in channel.ledger(payment="PAY-2")["movements"]] == ["PAY-2", "REF-2"]
    assert [one["kind"] for one in channel.ledger(number="REF-1")["movements"]] == ["refund"]
    assert channel.ledger(number="REF-1", payment="PAY-2")["movements"] == []


def test_the_statement_is_read_page_by_page(channel: SandboxProcess, client: Sandbox) -> None:
    paid(client)
    client.refund(**wish())
    lines = client.statement(0)
    assert not isinstance(lines, Unknown)
    assert [(line.number, line.amount, line.currency) for line in lines] == [
        ("PAY-1", 1000, "CNY"),
        ("REF-1", -300, "CNY"),
    ]
    assert client.statement(lines[0].line) == lines[1:]
    assert client.statement(lines[1].line) == ()
    channel.fault("bad_signature", on="query")
    assert isinstance(client.statement(0), Unknown)
