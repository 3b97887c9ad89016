"""Lines of a CSV file, each judged by itself. Nothing here reads the database."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import IO, Final

from babel.numbers import list_currencies

from aftersales.lifecycle.errors import Refused
from aftersales.money import LARGEST
from orders.importing.problems import FileProblem, LineProblem

COLUMNS: Final = (
    "order_no", "buyer", "shop", "paid_at", "currency", "sku", "title", "department",
    "quantity", "list_cents", "discount_cents", "paid_cents",
)  # fmt: skip
MOST_UNITS: Final = 100_000
# A line is read at most this far, so that a file without line ends takes no more memory than another.
LONGEST_LINE: Final = 64 * 1024
OLDEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
CURRENCIES: Final = frozenset(list_currencies())
# Channels take these characters in a payment's number, and a page's address needs no escape for them.
_ORDER_NO: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.|*@-]*")
_SHOP: Final = re.compile(r"[A-Za-z0-9_-]+")
# Control characters, line separators, and those that turn the direction of the text around them.
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Row:
    """A sound line. Amounts are the line's totals in minor units."""

    line: int
    order_no: str
    buyer: str
    shop: str
    paid_at: datetime
    currency: str
    sku: str
    title: str
    department: str
    quantity: int
    list_total: int
    discount: int
    paid: int

    @property
    def shown(self) -> str:
        return self.order_no


@dataclass(frozen=True, slots=True)
class Bad:
    """A line that cannot be imported. `order_no` is "" where it names no order that could exist; `shown` is what the
    report shows in its place."""

    line: int
    order_no: str
    shown: str
    problem: str


ROW_FIELDS: Final = tuple(field.name for field in fields(Row))
Positions = dict[str, int]


def read(file: IO[bytes], now: datetime) -> Iterator[Row | Bad]:
    """Every line after the header; blank ones are passed by. One line of the file is one order line.

    Raises Refused with a FileProblem when the file as a whole cannot be read.
    """
    lines = _lines(file)
    header = next(lines, None)
    if header is None:
        raise Refused(FileProblem.EMPTY)
    names = _split(_decoded(*header).removeprefix("\ufeff"))
    positions = _positions([name.strip() for name in names or ()])
    for number, raw in lines:
        yield _read_line(number, raw, positions, len(names or ()), now)


def _lines(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Lines that are not blank, numbered from 1; the rest of one that is too long is passed by."""
    number = 0
    while raw := file.readline(LONGEST_LINE):
        number += 1
        more = raw
        while len(more) == LONGEST_LINE and not more.endswith(b"\n"):
            more = file.readline(LONGEST_LINE)
        if raw.strip():
            yield number, raw


def _decoded(number: int, raw: bytes) -> str:
    try:
        return raw.decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        # The limit may have cut a character in two.
        if len(raw) == LONGEST_LINE and error.start > LONGEST_LINE - 4:
            return raw[: error.start].decode()
        raise Refused(FileProblem.ENCODING, line=number) from error


def _split(text: str) -> list[str] | None:
    try:
        return next(csv.reader([text], strict=True))
    except csv.Error:
        return None


def _positions(names: Sequence[str]) -> Positions:
    if missing := [column for column in COLUMNS if column not in names]:
        raise Refused(FileProblem.COLUMNS, columns=", ".join(missing))
    if twice := [column for column in COLUMNS if names.count(column) > 1]:
        raise Refused(FileProblem.TWICE, columns=", ".join(twice))
    return {column: names.index(column) for column in COLUMNS}


def _read_line(number: int, raw: bytes, positions: Positions, width: int, now: datetime) -> Row | Bad:
    text = _decoded(number, raw)
    found = _split(text)
    try:
        if len(raw) == LONGEST_LINE:
            raise Refused(LineProblem.TOO_LONG, most=LONGEST_LINE - 1)
        if found is None:
            raise Refused(LineProblem.MALFORMED)
        if len(found) != width:
            raise Refused(LineProblem.FIELDS, found=len(found), wanted=width)
        return _row(number, {column: found[at].strip() for column, at in positions.items()}, now)
    except Refused as refused:
        return _bad(number, found or text.split(","), positions["order_no"], str(refused))


def _bad(number: int, found: Sequence[str], at: int, problem: str) -> Bad:
    """The order that a bad line belongs to is refused with it, so its number is read wherever it can be."""
    shown = found[at].strip() if at < len(found) else ""
    usable = len(shown) <= 40 and _ORDER_NO.fullmatch(shown)
    return Bad(number, shown if usable else "", _CONTROL.sub("\ufffd", shown[:100]), problem)


def _row(number: int, given: dict[str, str], now: datetime) -> Row:
    """Raises Refused for the first field that cannot be."""
    for column, value in given.items():
        if _CONTROL.search(value):
            raise Refused(LineProblem.CONTROL, column=column)
    row = Row(
        line=number,
        order_no=_matching(given, "order_no", 40, _ORDER_NO, LineProblem.ORDER_NO),
        buyer=_words(given, "buyer", 100),
        shop=_matching(given, "shop", 50, _SHOP, LineProblem.SHOP),
        paid_at=_moment(given["paid_at"], now),
        currency=_currency(given["currency"]),
        sku=_words(given, "sku", 50),
        title=_words(given, "title", 200),
        department=_words(given, "department", 100, least=0),
        quantity=_units(given["quantity"]),
        list_total=_amount(given, "list_cents"),
        discount=_amount(given, "discount_cents"),
        paid=_amount(given, "paid_cents"),
    )
    if row.discount > row.list_total:
        raise Refused(LineProblem.DISCOUNT)
    if row.paid != row.list_total - row.discount:
        raise Refused(LineProblem.PAID)
    return row


def _words(given: dict[str, str], column: str, most: int, *, least: int = 1) -> str:
    value = given[column]
    if len(value) < least:
        raise Refused(LineProblem.MISSING, column=column)
    if len(value) > most:
        raise Refused(LineProblem.LONG, column=column, most=most)
    return value


def _matching(given: dict[str, str], column: str, most: int, pattern: re.Pattern[str], code: LineProblem) -> str:
    value = _words(given, column, most)
    if not pattern.fullmatch(value):
        raise Refused(code)
    return value


def _whole(value: str, least: int, most: int, refused: Callable[[], Refused]) -> int:
    """ASCII digits only: int() would also take signs, underscores and other scripts' digits."""
    if not re.fullmatch(r"[0-9]{1,18}", value) or not least <= int(value) <= most:
        raise refused()
    return int(value)


def _units(value: str) -> int:
    return _whole(value, 1, MOST_UNITS, lambda: Refused(LineProblem.QUANTITY, most=MOST_UNITS))


def _amount(given: dict[str, str], column: str) -> int:
    return _whole(given[column], 0, LARGEST, lambda: Refused(LineProblem.AMOUNT, column=column, most=LARGEST))


def _currency(value: str) -> str:
    if value not in CURRENCIES:
        raise Refused(LineProblem.CURRENCY, currency=value[:10] or "–")
    return value


def _moment(value: str, now: datetime) -> datetime:
    try:
        # Dates by themselves and other scripts' digits are not times.
        moment = datetime.fromisoformat(value if value.isascii() and len(value) > 12 else "")
        if moment.tzinfo is None:
            raise Refused(LineProblem.NO_ZONE)
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Refused(LineProblem.PAID_AT) from error
    if moment < OLDEST:
        raise Refused(LineProblem.PAID_AT)
    if moment > now:
        raise Refused(LineProblem.FUTURE)
    return moment
