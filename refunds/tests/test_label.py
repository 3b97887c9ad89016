"""The label for a parcel that goes back: what is on it, what its codes say, and where they lead."""

import re

import pytest
import segno
from barcode.charsets import code128  # type: ignore[import-untyped]
from django.urls import reverse

from aftersales.testing import one
from refunds import actions
from refunds.tests import situations
from refunds.tests.situations import stocked
from refunds.views import label


@pytest.fixture
def case(cast):
    return situations.to_return(stocked(cast))


def address(ticket, name="label"):
    return reverse(f"refunds:{name}", args=(ticket.number,))


def decoded(modules: str) -> str:
    """Code 128 read as a scanner does: by its table of bars, with its check sum."""
    codes = [code128.CODES.index(modules[at : at + 11]) for at in range(0, len(modules) - 13, 11)]
    assert modules.endswith("1100011101011")
    *data, check = codes
    assert check == (data[0] + sum(place * code for place, code in enumerate(data))) % 103
    sets = {103: "A", 104: "B", 105: "C", 101: "A", 100: "B", 99: "C"}
    now, text = sets[data[0]], ""
    for code in data[1:]:
        if code in (99, 100, 101) and not (now == "C" and code == 99):
            now = sets[code]
        else:
            text += f"{code:02}" if now == "C" else chr(code + 32)
    return text


def dark(svg: str) -> set[tuple[int, int]]:
    """The dark modules of a drawn QR code: its path is a pen that moves (m) and draws (h) to the right."""
    found, x, y = set(), 0, 0.0
    for move, first, second in re.findall(r"([Mmh])(-?[\d.]+) ?(-?[\d.]+)?", re.findall(r' d="([^"]+)"', svg)[0]):
        if move == "h":
            found |= {(x + step, int(y)) for step in range(int(first))}
            x += int(first)
        else:
            x, y = (int(first), float(second)) if move == "M" else (x + int(first), y + float(second))
    return found


def test_label_says_from_to_and_what(client, cast, case):
    client.force_login(cast.alice)
    ticket = case.ticket
    page = client.get(address(ticket)).text
    for words in ("Alice 1", "2 Home Street", "1 Return Road", "Mug × 1", ticket.number, case.order.number, "寄件人"):
        assert words in page
    assert "style=" not in page[page.index("<article") :]


def test_bars_say_the_number(case):
    assert decoded(label.bars(case.ticket.number)) == case.ticket.number


def test_square_leads_to_the_scan(settings, case):
    settings.PUBLIC_URL = "https://shop.example"
    url = label.scan_url(case.ticket.number)
    assert url == f"https://shop.example/tickets/{case.ticket.number}/scan/"
    drawn = label.square(url)
    assert 'style="' not in drawn
    wanted = segno.make(url, error="m", micro=False).matrix_iter(border=4)
    assert dark(drawn) == {(x, y) for y, row in enumerate(wanted) for x, module in enumerate(row) if module}


@pytest.mark.parametrize("name", ["asked", "refunded", "sent"])
def test_no_label_when_nothing_goes_back(client, cast, name):
    found = getattr(situations, name)(stocked(cast)).ticket
    client.force_login(cast.alice)
    answer = client.get(address(found))
    assert answer.status_code == 409
    assert "1 Return Road" not in answer.text


def test_label_is_on_the_page_while_goods_go_back(client, cast, case):
    client.force_login(cast.alice)
    assert address(case.ticket) in client.get(address(case.ticket, "ticket")).text
    actions.withdraw(one(case.ticket), case.buyer)
    assert address(case.ticket) not in client.get(address(case.ticket, "ticket")).text


@pytest.mark.parametrize(
    ("who", "page"),
    [
        ("alice", "ticket"),
        ("bob", "admin"),
        ("operator", "admin"),
        ("sam", None),
        ("carol", None),
        ("dave", None),
    ],
)
def test_scan_leads_everybody_to_their_page(client, cast, case, who, page):
    client.force_login(getattr(cast, who))
    answer = client.get(address(case.ticket, "scan"))
    if page is None:
        assert answer.status_code == 404
        assert client.get(reverse("refunds:scan", args=("T0",))).status_code == 404
        return
    admin = reverse("admin:refunds_ticket_change", args=(case.ticket.pk,))
    assert (answer.status_code, answer.url) == (302, admin if page == "admin" else address(case.ticket, "ticket"))
    assert client.get(answer.url).status_code == 200


def test_customer_service_scans_what_was_brought_to_it(client, cast, case):
    actions.call_cs(one(case.ticket), case.buyer, "The address is wrong.")
    client.force_login(cast.sam)
    assert client.get(address(case.ticket, "scan")).url.startswith("/admin/")


def test_scan_asks_who_it_is(client, case):
    assert client.get(address(case.ticket, "scan")).url.startswith(reverse("login"))
