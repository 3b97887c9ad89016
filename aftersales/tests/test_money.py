"""Splitting, reading and showing amounts, for currencies with 0, 2 and 3 decimals."""

import re
from fractions import Fraction

import pytest
from django.utils import translation
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aftersales.money import LARGEST, allocate, exponent, parse, plain, shown

CURRENCIES = st.sampled_from(["JPY", "CNY", "KWD"])
AMOUNTS = st.one_of(st.integers(0, 5000), st.integers(0, LARGEST))
WEIGHTS = st.lists(st.one_of(st.integers(0, 5), st.integers(0, 10**9)), min_size=1, max_size=12)
TEN = "\N{ARABIC-INDIC DIGIT ONE}\N{ARABIC-INDIC DIGIT ZERO}"
FULL_WIDTH = "\N{FULLWIDTH DIGIT ONE}\N{FULLWIDTH DIGIT TWO}"


@pytest.mark.parametrize(("currency", "digits"), [("JPY", 0), ("CNY", 2), ("USD", 2), ("KWD", 3)])
def test_decimals_of_a_currency(currency, digits):
    assert exponent(currency) == digits


# --- allocate ---------------------------------------------------------------------------------------------------------


@given(AMOUNTS, WEIGHTS)
@example(10, [0, 0])
@example(0, [3])
@settings(deadline=None)
def test_parts_sum_exactly_and_are_fair(total, weights):
    parts = allocate(total, weights)

    assert sum(parts) == total
    fair = weights if any(weights) else [1] * len(weights)
    for part, weight in zip(parts, fair, strict=True):
        exact = Fraction(total * weight, sum(fair))
        assert part >= 0
        assert abs(part - exact) < 1


@given(AMOUNTS, WEIGHTS)
@settings(deadline=None)
def test_the_heavier_never_gets_less(total, weights):
    parts = allocate(total, weights)

    for i, (part, weight) in enumerate(zip(parts, weights, strict=True)):
        assert all(part >= parts[j] for j in range(len(weights)) if weight > weights[j])
        # Of two that weigh the same the earlier one is never the poorer.
        assert all(part >= parts[j] for j in range(i + 1, len(weights)) if weight == weights[j])


@given(AMOUNTS, WEIGHTS, st.integers(1, 7))
@settings(deadline=None)
def test_only_the_proportion_counts(total, weights, factor):
    assert allocate(total, weights) == allocate(total, [weight * factor for weight in weights])


@given(AMOUNTS, st.integers(1, 999))
@settings(deadline=None)
def test_equal_shares_fall_by_at_most_one(total, number):
    parts = allocate(total, [1] * number)

    assert parts == sorted(parts, reverse=True)
    assert parts[0] - parts[-1] <= 1


@pytest.mark.parametrize(("total", "weights"), [(-1, [1]), (1, []), (0, []), (5, [2, -1])])
def test_what_cannot_be_split_is_refused(total, weights):
    with pytest.raises(ValueError, match="cannot split"):
        allocate(total, weights)


# --- parse, plain, shown ----------------------------------------------------------------------------------------------


@given(AMOUNTS, CURRENCIES)
@example(LARGEST, "KWD")
@settings(deadline=None)
def test_plain_is_read_back(amount, currency):
    text = plain(amount, currency)

    assert parse(text, currency) == amount
    assert parse(f"  {text}\n", currency) == amount
    assert len(text.partition(".")[2]) == exponent(currency)


@given(AMOUNTS, CURRENCIES)
@settings(deadline=None)
def test_a_negative_amount_keeps_its_figures(amount, currency):
    assert plain(-amount, currency).lstrip("-") == plain(amount, currency)


@given(AMOUNTS, CURRENCIES, st.sampled_from(["en", "zh-hans"]))
@settings(deadline=None)
def test_shown_has_the_same_figures(amount, currency, language):
    with translation.override(language):
        figures = re.sub(r"[^0-9.]", "", shown(amount, currency))

    assert parse(figures, currency) == amount
    assert figures == plain(amount, currency)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [(1250, "CNY", "CN¥12.50"), (5, "CNY", "CN¥0.05"), (1250, "JPY", "¥1,250"), (-5, "CNY", "-CN¥0.05")],
)
def test_shown_to_an_english_reader(amount, currency, text):
    with translation.override("en"):
        assert shown(amount, currency) == text


def test_shown_to_a_chinese_reader():
    with translation.override("zh-hans"):
        assert shown(123456, "CNY") == "¥1,234.56"


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [("12.5", "CNY", 1250), ("12", "CNY", 1200), ("007", "CNY", 700), ("0.05", "CNY", 5), ("12", "JPY", 12)]
    + [("1.005", "KWD", 1005), ("1.5", "KWD", 1500), ("0", "JPY", 0), ("100000000000", "CNY", LARGEST)],
)
def test_what_a_person_types_is_read(text, currency, amount):
    assert parse(text, currency) == amount


@pytest.mark.parametrize("currency", ["JPY", "CNY", "KWD"])
@pytest.mark.parametrize(
    "text",
    ["", " ", ".", "12.", ".5", "+1", "-1", "-0", "NaN", "nan", "inf", "Infinity", "1e5", "1E5", "0x10", "1_000"]
    + ["1 000", "1\u00a0000", "1 .5", "1,000", "1,50", "1.2.3", "1.2345", "100000000000000000000", "1" * 19]
    + [TEN, FULL_WIDTH, f"1.{TEN}", "1²", "½", "¥12", "12元", "1\x000", "1\n2", "twelve", "١", "Ⅻ"],
)
def test_what_is_not_an_amount_is_refused(text, currency):
    with pytest.raises(ValueError, match=r"^"):
        parse(text, currency)


@pytest.mark.parametrize(("text", "currency"), [("1.5", "JPY"), ("1.0", "JPY"), ("1.005", "CNY"), ("1.0005", "KWD")])
def test_more_decimals_than_the_currency_has(text, currency):
    with pytest.raises(ValueError, match=re.escape(text)):
        parse(text, currency)


@given(CURRENCIES)
@settings(deadline=None, max_examples=3)
def test_above_the_largest_is_refused(currency):
    with pytest.raises(ValueError, match=r"\d"):
        parse(plain(LARGEST + 1, currency), currency)


@given(st.text(max_size=12), CURRENCIES)
@settings(deadline=None, max_examples=300)
def test_any_text_is_an_amount_or_refused(text, currency):
    try:
        amount = parse(text, currency)
    except ValueError:
        return
    assert 0 <= amount <= LARGEST
    assert re.fullmatch(r"[0-9]+(\.[0-9]+)?", text.strip())
