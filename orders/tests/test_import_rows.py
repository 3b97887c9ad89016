"""Each line of an imported file by itself."""

import io
from datetime import UTC, datetime

import pytest

from aftersales.lifecycle.errors import Refused
from orders.importing.rows import COLUMNS, LONGEST_LINE, Bad, Row, read

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HEADER = ",".join(COLUMNS)
GOOD = {
    "order_no": "EX1",
    "buyer": "household-7",
    "shop": "store-1",
    "paid_at": "2026-03-01T08:00:00Z",
    "currency": "CNY",
    "sku": "TEA",
    "title": "龙井绿茶",
    "department": "",
    "quantity": "3",
    "list_cents": "1000",
    "discount_cents": "100",
    "paid_cents": "900",
}


def line(**changes):
    return ",".join((GOOD | changes).values())


def items(*lines, header=HEADER, encoding="utf-8", end="\n"):
    return list(read(io.BytesIO(end.join([header, *lines]).encode(encoding)), NOW))


def problem(**changes):
    [item] = items(line(**changes))
    assert isinstance(item, Bad)
    return item.problem


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_sound_line_is_read_exactly(encoding, end):
    [row] = items(line(), encoding=encoding, end=end)
    paid_at = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
    assert row == Row(
        2, "EX1", "household-7", "store-1", paid_at, "CNY", "TEA", "龙井绿茶", "", 3, 1000, 100, 900
    )  # fmt: skip


def test_columns_may_come_in_any_order_with_others():
    header = ",".join(["remark", *reversed(COLUMNS)])
    [row] = items(",".join(["x", *reversed(GOOD.values())]), header=header)
    assert (row.order_no, row.paid) == ("EX1", 900)


def test_blank_lines_are_passed_by_and_still_count():
    assert [item.line for item in items("", line(), "   ", line(), "")] == [3, 5]


def test_an_offset_is_brought_to_utc():
    [row] = items(line(paid_at="2026-03-01T08:00:00+08:00"))
    assert row.paid_at == datetime(2026, 3, 1, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"order_no": ""}, "order_no is empty"),
        ({"order_no": "E" * 41}, "order_no is longer than 40"),
        ({"order_no": "../admin"}, "order_no has only"),
        ({"order_no": "=1+1"}, "order_no has only"),
        ({"title": "Tea\0pot"}, "title has a character"),
        ({"title": "Tea\u202epot"}, "title has a character"),
        ({"title": ""}, "title is empty"),
        ({"title": "x" * 201}, "title is longer than 200"),
        ({"buyer": " "}, "buyer is empty"),
        ({"shop": "store 1"}, "shop has only"),
        ({"sku": "s" * 51}, "sku is longer than 50"),
        ({"quantity": "0"}, "quantity has to be a whole number from 1 to 100000"),
        ({"quantity": "-1"}, "quantity has to be"),
        ({"quantity": "1.5"}, "quantity has to be"),
        ({"quantity": "1e3"}, "quantity has to be"),
        ({"quantity": "100001"}, "quantity has to be"),
        ({"quantity": "３"}, "quantity has to be"),
        ({"quantity": "1_0"}, "quantity has to be"),
        ({"list_cents": "-1"}, "list_cents has to be"),
        ({"list_cents": "10000000000001"}, "list_cents has to be"),
        ({"list_cents": "9" * 5000}, "list_cents has to be"),
        ({"paid_cents": "９００"}, "paid_cents has to be"),
        ({"discount_cents": "nan"}, "discount_cents has to be"),
        ({"discount_cents": "1001", "paid_cents": "0"}, "discount_cents is more"),
        ({"paid_cents": "901"}, "paid_cents is not"),
        ({"currency": "cny"}, "cny is not a currency"),
        ({"currency": "ZZZ"}, "ZZZ is not a currency"),
        ({"currency": ""}, "is not a currency"),
        ({"paid_at": "2026-03-01T08:00:00"}, "time zone"),
        ({"paid_at": "2026-03-01"}, "paid_at is not"),
        ({"paid_at": "yesterday"}, "paid_at is not"),
        ({"paid_at": "2026-02-30T08:00:00Z"}, "paid_at is not"),
        ({"paid_at": "0001-01-01T00:00:00+14:00"}, "paid_at is not"),
        ({"paid_at": "1969-12-31T23:59:59Z"}, "paid_at is not"),
        ({"paid_at": "2026-11-23T12:00:01Z"}, "paid_at lies in the future"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(changes, words):
    assert words in problem(**changes)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (line() + ",more", "13 fields instead of 12"),
        ("EX1,household-7", "2 fields instead of 12"),
        (line(title='"open'), "not a line of CSV"),
        (line(title='"a"b'), "not a line of CSV"),
        (line(title="x" * LONGEST_LINE), "longer than 65535 bytes"),
        (line(title="龙" * LONGEST_LINE), "longer than 65535 bytes"),
    ],
)
def test_a_broken_line_spoils_only_itself_and_its_order(text, words):
    bad, good = items(text, line())
    assert words in bad.problem
    assert bad.order_no == "EX1"
    assert (good.line, good.order_no) == (3, "EX1")


def test_a_broken_order_number_is_shown_but_names_no_order():
    [bad] = items(line(order_no="a/b\0"))
    assert (bad.order_no, bad.shown) == ("", "a/b\ufffd")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty."),
        (b"\n \n", "The file is empty."),
        (b"order_no,buyer\n", "missing here: shop, paid_at"),
        (f"{HEADER},sku\n".encode(), "a column twice: sku"),
        (f"{HEADER}\n{line()}".encode("gbk"), "Line 2 is not UTF-8"),
        (f"{HEADER}\n".encode("utf-16"), "Line 1 is not UTF-8"),
    ],
)
def test_an_unreadable_file_is_refused_as_a_whole(content, words):
    with pytest.raises(Refused) as refused:
        list(read(io.BytesIO(content), NOW))
    assert words in str(refused.value)
