"""Carriers: numbers are read as people type them, mistyped ones are found, and parcels can be followed."""

import pytest
from django.utils import translation

from orders import carriers

VALID = [
    ("EMS", "EA123456785CN"),
    ("Royal Mail", "RB123456785GB"),
    ("anybody", "RB123456785CV"),
    ("UPS", "1Z5R89390357567127"),
    ("UPS", "1Z879E930346834440"),
    ("", "1Z410E7W0392751591"),
    ("FedEx", "986578788855"),
    ("FedEx", "477179081230"),
    ("FedEx", "799531274483"),
    ("FedEx", "041441760228964"),
    ("FedEx", "568283610012000"),
    ("DHL", "3318810025"),
    ("DHL", "8487135506"),
    ("USPS", "9400111206206406260787"),
    ("USPS", "9400111201080805483016"),
]


@pytest.mark.parametrize(("carrier", "number"), VALID)
def test_real_numbers_pass(carrier, number):
    assert not carriers.is_mistyped(carrier, number)
    assert not carriers.looks_odd(carrier, number)


@pytest.mark.parametrize(("carrier", "number"), VALID)
def test_a_wrong_digit_is_found(carrier, number):
    place = max(place for place, sign in enumerate(number) if sign.isdigit())
    wrong = number[:place] + str((int(number[place]) + 1) % 10) + number[place + 1 :]
    assert carriers.is_mistyped(carrier, wrong)


def test_only_published_rules_are_strict():
    """Twelve digits are FedEx's rule, and nobody else's."""
    assert not carriers.is_mistyped("ZTO", "986578788850")
    assert not carriers.is_mistyped("a cousin", "986578788850")
    assert carriers.is_mistyped("FedEx", "986578788850")


@pytest.mark.parametrize(
    ("typed", "number"),
    [(" sf 1234 5678 9012 ", "SF123456789012"), ("ＳＦ１２３", "SF123"), ("jd1–1", "JD1-1"), ("１ 2\t3", "123")],
)
def test_numbers_are_read_as_typed(typed, number):
    assert carriers.normal(typed) == number


@pytest.mark.parametrize("text", ["SF Express", "sf  express", "顺丰速运", "顺丰", "ＳＦ", "ShunFeng"])
def test_a_carrier_has_many_names(text):
    assert carriers.named(text) is carriers.CARRIERS[0]


def test_names_are_each_carriers_own():
    names = [name for c in carriers.CARRIERS for name in {c.name_en.casefold(), c.name_zh.casefold(), *c.names}]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("number", "name"),
    [
        ("SF1234567890123", "SF Express"),
        ("jdva0123456789", "JD Logistics"),
        ("YT1234567890123", "YTO Express"),
        ("EA123456785CN", "EMS / China Post"),
        ("RB123456785GB", "Royal Mail"),
        ("RB123456785CV", "Post"),
        ("1Z5R89390357567127", "UPS"),
        ("9400111206206406260787", "USPS"),
    ],
)
def test_some_numbers_name_their_carrier(number, name):
    assert str(carriers.recognised(number)) == name


@pytest.mark.parametrize("number", ["", "1", "986578788855", "123456789012345", "<b>"])
def test_others_do_not(number):
    assert carriers.recognised(number) is None


def test_odd_numbers_of_known_carriers_only():
    assert carriers.looks_odd("SF", "12345")
    assert not carriers.looks_odd("the neighbour", "12345")


def test_tracking_pages_are_safe():
    for carrier in carriers.CARRIERS:
        page = carriers.tracking_page(carrier.name_en, "1&x=<b>")
        assert page.startswith("https://")
        assert "1%26X%3D%3CB%3E" in page
    assert carriers.tracking_page("the neighbour", "1") == ""
    assert carriers.tracking_page("", "1Z5R89390357567127").startswith("https://www.ups.com/")


def test_names_follow_the_language():
    assert str(carriers.CARRIERS[0]) == "SF Express"
    with translation.override("zh-hans"):
        assert str(carriers.CARRIERS[0]) == "顺丰速运"
