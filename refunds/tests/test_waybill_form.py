"""The waybill that a buyer types: read as carriers print it, checked where a rule is published, looked at where odd."""

import pytest
from django.urls import reverse

from refunds.tests import situations
from refunds.tests.filling import world


@pytest.fixture
def case(cast):
    return situations.to_return(cast)


@pytest.fixture
def send(client, cast, case):
    client.force_login(cast.alice)

    def post(**fields):
        return client.post(reverse("refunds:send_waybill", args=(case.ticket.number,)), fields)

    return post


def waybill(case):
    parcel = case.ticket.parcels.get()
    return (parcel.carrier, parcel.number)


@pytest.mark.parametrize(
    ("carrier", "number", "kept"),
    [
        ("SF", "sf 1234 5678 9012 3", ("SF", "SF1234567890123")),
        ("", "ＳＦ１２３４５６７８９０１２３", ("SF Express", "SF1234567890123")),
        ("", "rb123456785gb", ("Royal Mail", "RB123456785GB")),
        ("My brother", "1", ("My brother", "1")),
        ("FedEx", "9865 7878 8855", ("FedEx", "986578788855")),
    ],
)
def test_number_is_kept_as_carriers_print_it(case, send, carrier, number, kept):
    assert send(carrier=carrier, number=number).status_code == 303
    assert waybill(case) == kept


@pytest.mark.parametrize(
    ("carrier", "number"), [("FedEx", "986578788850"), ("UPS", "1Z5R89390357567128"), ("Royal Mail", "RB123456784GB")]
)
def test_wrong_check_digit_is_refused(case, send, carrier, number):
    """Nobody can insist on it."""
    before = world(case.order)
    answer = send(carrier=carrier, number=number, as_it_is="on")
    errors = answer.context["sent"].errors.as_data()
    assert (answer.status_code, {name: [e.code for e in found] for name, found in errors.items()}) == (
        422,
        {"number": ["check_digit"]},
    )
    assert f'value="{number}"' in answer.text
    assert world(case.order) == before


def test_odd_number_is_looked_at_once(case, send):
    before = world(case.order)

    answer = send(carrier="顺丰", number="12345")

    assert [e.code for e in answer.context["sent"].errors.as_data()["number"]] == ["odd_number"]
    assert "Numbers of SF Express usually look different." in answer.text
    assert 'name="as_it_is"' in answer.text
    assert world(case.order) == before
    assert send(carrier="顺丰", number="12345", as_it_is="on").status_code == 303
    assert waybill(case) == ("顺丰", "12345")


def test_nobody_is_asked_to_insist_before(client, cast, case):
    client.force_login(cast.alice)
    page = client.get(reverse("refunds:ticket", args=(case.ticket.number,))).text
    assert 'name="as_it_is"' not in page
    assert page.count('id="carriers"') == 1


def test_unknown_number_needs_a_carrier(case, send):
    answer = send(carrier="", number="12345")
    assert (answer.status_code, list(answer.context["sent"].errors)) == (422, ["carrier"])
