"""Amounts: integers of a currency's smallest unit, with the currency's code beside them."""

import re
from collections.abc import Sequence

from babel.numbers import format_currency, get_currency_precision
from django.utils import translation
from django.utils.translation import to_locale

# Far above any order, far below bigint: a sum of a thousand such amounts still fits.
LARGEST = 10**13


def exponent(currency: str) -> int:
    """How many decimals the currency has: CNY 2, JPY 0, KWD 3 (Unicode CLDR)."""
    return int(get_currency_precision(currency))


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """Split `total` in proportion to `weights`: largest remainder, ties to the earliest, equal weights when all are 0.

    The parts sum to `total` exactly. Raises ValueError for a negative figure or no weights.
    """
    if total < 0 or not weights or min(weights) < 0:
        raise ValueError(f"cannot split {total} by {list(weights)}")
    if not any(weights):
        weights = [1] * len(weights)
    whole = sum(weights)
    parts = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: -(total * weights[i] % whole))
    for i in by_remainder[: total - sum(parts)]:
        parts[i] += 1
    return parts


def shown(amount: int, currency: str) -> str:
    """The amount for a reader of the active language, e.g. ¥12.50 or CN¥12.50."""
    locale = to_locale(translation.get_language() or "en")
    digits = exponent(currency)
    # Decimal only for display; no sum is made of it.
    return str(format_currency(plain(amount, currency), currency, locale=locale, decimal_quantization=bool(digits)))


def plain(amount: int, currency: str) -> str:
    """The amount as a form shows it: ASCII digits and a point, e.g. 12.50."""
    digits = exponent(currency)
    sign, figures = ("-" if amount < 0 else ""), str(abs(amount)).rjust(digits + 1, "0")
    return f"{sign}{figures[:-digits]}.{figures[-digits:]}" if digits else f"{sign}{figures}"


def parse(text: str, currency: str) -> int:
    """Minor units of what a person typed: ASCII digits with at most the currency's decimals.

    Raises ValueError for anything else: signs, exponents, NaN, other scripts' digits, more than LARGEST.
    """
    digits = exponent(currency)
    pattern = rf"(\d{{1,18}})(?:\.(\d{{1,{digits}}}))?" if digits else r"(\d{1,18})()"
    found = re.fullmatch(pattern, text.strip(), re.ASCII)
    if not found:
        raise ValueError(text)
    amount: int = int(found[1]) * 10**digits + int((found[2] or "").ljust(digits, "0") or "0")
    if amount > LARGEST:
        raise ValueError(text)
    return amount
