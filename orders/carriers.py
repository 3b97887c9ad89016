"""Carriers: what their numbers look like, which digit of a number proves the others, and where a parcel is followed.

Any carrier may be named; these are the ones that are known. A check digit is judged only where its rule is published:

- post parcels of every country: UPU technical standard S10, weights 8 6 4 2 3 5 9 7, modulo 11
- UPS 1Z numbers: UPS, "Guide to Labeling", modulo 10 over letters taken as digits
- FedEx Express (12 digits) and Ground (15 digits), DHL Express (10 digits, modulo 7), USPS (22 digits, modulo 10, USPS
  Publication 199): as collected with real numbers in github.com/jkeen/tracking_number_data (MIT)

Chinese carriers publish none. Their parcels are followed at kuaidi100.com, which takes the number in its address.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from aftersales.readers import reads_chinese

_KUAIDI100: Final = "https://www.kuaidi100.com/chaxun?com={code}&nu={{number}}"


@dataclass(frozen=True)
class Carrier:
    """
    names  how people write it beside its names, in lower case
    looks  what its numbers look like, as far as is known
    sure   numbers that are nobody else's: the carrier is known by them; "" for none
    page   where a parcel is followed, with {number} in it; "" where that is not known
    """

    name_en: str
    name_zh: str
    names: tuple[str, ...]
    looks: str
    sure: str = ""
    page: str = ""

    def __str__(self) -> str:
        return self.name_zh if reads_chinese() else self.name_en


def _china(code: str) -> str:
    return _KUAIDI100.format(code=code)


_POST_URL: Final = "https://globaltracktrace.ptc.post/gtt.web/Search.aspx?itemid={number}"
_S10: Final = r"[A-Z]{2}\d{9}"

CARRIERS: Final[Sequence[Carrier]] = (
    Carrier("SF Express", "顺丰速运", ("sf", "shunfeng", "顺丰"), r"SF\d{12,13}|\d{12}|\d{15}", r"SF\d{12,13}",
            _china("shunfeng")),
    Carrier("JD Logistics", "京东物流", ("jd", "jdl", "京东", "京东快递"), r"JD[A-Z]{0,2}\d{9,16}(-\d+-\d+-?)?",
            r"JD[A-Z]{0,2}\d{9,16}(-\d+-\d+-?)?", _china("jd")),
    Carrier("YTO Express", "圆通速递", ("yto", "yuantong", "圆通"), r"YT\d{13}|[A-Z]?\d{9,13}", r"YT\d{13}",
            _china("yuantong")),
    Carrier("ZTO Express", "中通快递", ("zto", "zhongtong", "中通"), r"(ZT)?\d{12,15}", "", _china("zhongtong")),
    Carrier("STO Express", "申通快递", ("sto", "shentong", "申通"), r"(STO)?\d{12,15}", r"STO\d{12,15}",
            _china("shentong")),
    Carrier("Yunda Express", "韵达快递", ("yunda", "韵达"), r"\d{13,15}", "", _china("yunda")),
    Carrier("J&T Express", "极兔速递", ("j&t", "jt", "极兔"), r"JT\d{13}|\d{12,15}", r"JT\d{13}", _china("jtexpress")),
    Carrier("EMS / China Post", "邮政EMS", ("ems", "china post", "邮政", "中国邮政", "邮政快递"), rf"{_S10}CN|\d{{13}}",
            rf"{_S10}CN", _china("ems")),
    Carrier("Deppon Express", "德邦快递", ("deppon", "德邦"), r"DPK\d{10,14}|\d{8,15}", r"DPK\d{10,14}",
            _china("debangkuaidi")),
    Carrier("UPS", "UPS", ("united parcel service",), r"1Z[0-9A-Z]{16}|[A-Z]\d{10}|\d{9}|\d{12}|\d{18}",
            r"1Z[0-9A-Z]{15}\d", "https://www.ups.com/track?tracknum={number}"),
    Carrier("FedEx", "联邦快递", ("fed ex", "联邦"), r"\d{12}|\d{15}|\d{20}|\d{22}|\d{32}|\d{34}", "",
            "https://www.fedex.com/fedextrack/?trknbr={number}"),
    Carrier("DHL", "DHL", ("dhl express", "敦豪"), r"\d{10,14}|\d{20}|J[A-Z]{2,3}\d{9,20}|[A-Z]{2}[0-9A-Z]{10,39}",
            r"JJD\d{9,20}", "https://www.dhl.com/global-en/home/tracking.html?tracking-id={number}"),
    Carrier("USPS", "美国邮政", ("us postal service",), rf"(420\d{{5}}(\d{{4}})?)?\d{{20,26}}|{_S10}US",
            rf"9[1-5]\d{{20}}|{_S10}US", "https://tools.usps.com/go/TrackConfirmAction?tLabels={number}"),
    Carrier("Royal Mail", "英国皇家邮政", ("parcelforce",), rf"{_S10}GB|[0-9A-Z]{{11,21}}", rf"{_S10}GB",
            "https://www.royalmail.com/track-your-item#/tracking-results/{number}"),
    Carrier("Post", "邮政（国际）", ("mail", "post office"), rf"{_S10}[A-Z]{{2}}|[0-9A-Z]{{8,39}}",
            rf"{_S10}(?!CN|US|GB)[A-Z]{{2}}", _POST_URL),
)  # fmt: skip


def _mod10(digits: Sequence[int], odd: int, even: int) -> int:
    """The digit that fills up to ten; `odd` weighs the first digit, `even` the second, and so on."""
    return -sum(digit * (even if place % 2 else odd) for place, digit in enumerate(digits)) % 10


def _s10(number: str) -> int:
    weights = (8, 6, 4, 2, 3, 5, 9, 7)
    found = 11 - sum(int(digit) * weight for digit, weight in zip(number[2:10], weights, strict=True)) % 11
    return {10: 0, 11: 5}.get(found, found)


def _ups(number: str) -> int:
    """Letters count from A = 2; after 9 comes 0."""
    digits = [int(sign) if sign.isdigit() else (ord(sign) - 63) % 10 for sign in number[2:17]]
    return _mod10(digits, 1, 2)


def _fedex_express(number: str) -> int:
    weights = (3, 1, 7) * 4
    return sum(int(digit) * weight for digit, weight in zip(number[:11], weights, strict=False)) % 11 % 10


def _fedex_ground(number: str) -> int:
    return _mod10([int(digit) for digit in number[:14]], 1, 3)


def _dhl(number: str) -> int:
    return int(number[:-1]) % 7


def _usps(number: str) -> int:
    return _mod10([int(digit) for digit in number[:-1]], 3, 1)


# (carrier or None for all that send by post, pattern, place of the check digit, what it has to be)
_CHECKS: Final[Sequence[tuple[str | None, str, int, Callable[[str], int]]]] = (
    (None, rf"{_S10}[A-Z]{{2}}", 10, _s10),
    (None, r"1Z[0-9A-Z]{15}\d", -1, _ups),
    ("FedEx", r"\d{12}", -1, _fedex_express),
    ("FedEx", r"\d{15}", -1, _fedex_ground),
    ("DHL", r"\d{10}", -1, _dhl),
    ("USPS", r"9[1-5]\d{20}", -1, _usps),
)


def normal(number: str) -> str:
    """The number as carriers print it: no spaces, capitals, plain digits and hyphens."""
    plain = unicodedata.normalize("NFKC", number).upper()
    return re.sub(r"\s+", "", re.sub(r"[\u2010-\u2015\u2212]", "-", plain))


def named(text: str) -> Carrier | None:
    """The carrier that a person wrote, in either language or as it is abbreviated; None for any other."""
    words = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return next((c for c in CARRIERS if words in (c.name_en.casefold(), c.name_zh.casefold(), *c.names)), None)


def recognised(number: str) -> Carrier | None:
    """The carrier whose number this can only be; None where it may be several ones'."""
    return next((c for c in CARRIERS if c.sure and re.fullmatch(c.sure, normal(number))), None)


def is_mistyped(carrier: str, number: str) -> bool:
    """Whether the check digit says that this is no number of the carrier's: a digit is wrong or two have changed."""
    known, text = named(carrier), normal(number)
    for owner, pattern, place, digit in _CHECKS:
        its = owner is None or (known is not None and known.name_en == owner)
        if its and text.isascii() and re.fullmatch(pattern, text):
            return int(text[place]) != digit(text)
    return False


def looks_odd(carrier: str, number: str) -> bool:
    """Whether the carrier is known and its numbers usually look otherwise."""
    known = named(carrier)
    return known is not None and not re.fullmatch(known.looks, normal(number))


def tracking_page(carrier: str, number: str) -> str:
    """Where a parcel is followed; "" where nobody knows."""
    known = named(carrier) or recognised(number)
    return known.page.format(number=quote(normal(number), safe="")) if known and known.page else ""
