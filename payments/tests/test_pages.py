"""The hosted page: what a buyer sees and what two buttons do."""

from typing import Any

import pytest

from payments.base import Pending
from payments.sandbox import Sandbox
from payments.sandbox_channel.pages import language, money
from payments.testing import SandboxProcess
from payments.tests.conftest import BACK, attempt, paid


def _page(channel: SandboxProcess, target: str = "/pay/PAY-1", **headers: str) -> str:
    status, _, raw = channel.call("GET", target, b"", **headers)
    assert status == 200
    return raw.decode()


def test_the_page_shows_what_is_paid(channel: SandboxProcess, client: Sandbox) -> None:
    client.start_payment(**attempt(amount=123456, currency="CNY"))
    page = _page(channel)
    assert '<html lang="en">' in page
    assert "Green tea" in page
    assert "CNY 1,234.56" in page
    assert "Pay before" in page
    assert page.count("<button") == 2


def test_looking_changes_nothing(channel: SandboxProcess, client: Sandbox) -> None:
    client.start_payment(**attempt())
    _page(channel, "/pay/PAY-1?action=pay")
    assert client.payment("PAY-1") == Pending()


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (1200, "JPY", "JPY 1,200"),
        (1234, "KWD", "KWD 1.234"),
        (5, "CNY", "CNY 0.05"),
        (100, "USD", "USD 1.00"),
        (1, "BHD", "BHD 0.001"),
        (1_000_000, "KRW", "KRW 1,000,000"),
    ],
)
def test_each_currency_has_its_decimals(amount: int, currency: str, shown: str) -> None:
    assert money(amount, currency) == shown


@pytest.mark.parametrize(
    ("asked", "accepted", "chosen"),
    [
        ("zh", "en", "zh"),
        ("zh-hans", "", "zh"),
        ("en", "zh-CN", "en"),
        (None, "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        (None, "en;q=0.5, zh;q=0.9", "zh"),
        (None, "de, fr;q=0.9", "en"),
        (None, "zh;q=0, en;q=0.1", "en"),
        ("xx", "zh;q=oops", "en"),
        (None, "", "en"),
    ],
)
def test_the_language_is_the_buyers(asked: str | None, accepted: str, chosen: str) -> None:
    assert language(asked, accepted) == chosen


def test_the_page_speaks_chinese(channel: SandboxProcess, client: Sandbox) -> None:
    client.start_payment(**attempt())
    for page in (_page(channel, "/pay/PAY-1?lang=zh"), _page(channel, Accept_Language="zh-CN")):
        assert '<html lang="zh-Hans">' in page
        assert "确认支付" in page


def test_a_subject_is_text_and_nothing_else(channel: SandboxProcess, client: Sandbox) -> None:
    order = attempt() | {"subject": '<script>alert("1")</script>'}
    client.start_payment(**order)
    page = _page(channel)
    assert "<script" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("url", ["javascript:alert(1)", "http://shop/\r\nX: y", "//shop", "ftp://shop/", "http://[::1"])
def test_the_way_back_is_a_web_address(channel: SandboxProcess, client: Sandbox, url: str) -> None:
    answer: Any = client.start_payment(**(attempt() | {"return_url": url}))
    assert answer.code == "bad_return_url"


def test_a_click_pays_and_leads_back(channel: SandboxProcess, client: Sandbox) -> None:
    client.start_payment(**attempt())
    for _ in range(2):
        status, headers, raw = channel.call("POST", "/pay/PAY-1?lang=zh", b"action=pay")
        assert (status, headers["location"]) == (303, BACK)
        assert f'href="{BACK}"' in raw.decode()
    assert channel.moved("PAY-1") == [1000]


def test_a_finished_payment_has_no_buttons(channel: SandboxProcess, client: Sandbox) -> None:
    client.start_payment(**attempt())
    channel.decline("PAY-1")
    page = _page(channel)
    assert "<button" not in page
    assert "Declined: nothing was paid" in page
    assert f'href="{BACK}"' in page


def test_without_a_way_back_the_page_stays(channel: SandboxProcess, client: Sandbox) -> None:
    client.start_payment(**(attempt() | {"return_url": ""}))
    status, headers, _ = channel.call("POST", "/pay/PAY-1", b"action=pay")
    assert (status, headers["location"]) == (303, "/pay/PAY-1")


def test_a_registered_payment_has_a_page_too(channel: SandboxProcess, client: Sandbox) -> None:
    paid(client)
    assert "<h1>Paid</h1>" in _page(channel)


def test_an_unknown_payment_has_a_page_that_says_so(channel: SandboxProcess) -> None:
    status, _, raw = channel.call("GET", "/pay/NOBODY?lang=zh")
    assert status == 404
    assert "支付单不存在" in raw.decode()
    assert channel.call("POST", "/pay/NOBODY", b"action=pay")[0] == 404


def test_a_click_on_nothing_does_nothing(channel: SandboxProcess, client: Sandbox) -> None:
    client.start_payment(**attempt())
    for body in (b"", b"action=gift", b"\xff\xfe", b"action=pay&action=decline"[:6]):
        assert channel.call("POST", "/pay/PAY-1", body)[0] == 400
    assert client.payment("PAY-1") == Pending()
