"""What an order costs and what a unit of it may get back, against figures of other systems and against chance."""

import json
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aftersales.lifecycle.errors import Refused
from aftersales.money import allocate
from aftersales.testing import file, pay, place, ship
from orders import actions
from orders.models import Coupon, Order, OrderLine, Product, Sku
from orders.rules import check_parcel, line_totals, refundable, unit_shares
from refunds.models import Reason, Ticket
from refunds.rules import Application, check

CASES = json.loads((Path(__file__).parent / "data" / "refund-cases.json").read_text())
PAID = st.one_of(st.integers(0, 200), st.integers(0, 10**12))


def _named(case):
    return case["source"]


def _line(paid, quantity, settled=0):
    return OrderLine(quantity=quantity, list_total=paid, paid=paid, settled=settled, shipped=quantity)


# --- figures of other systems -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES["allocation"], ids=_named)
def test_allocation_case(case):
    assert allocate(case["total"], case["weights"]) == case["expect"]


@pytest.mark.parametrize("case", CASES["refund"], ids=_named)
def test_refund_case(case):
    totals = line_totals(case["lines"], case["order_discount"])
    lines = [_line(paid, quantity) for paid, (_, quantity, _) in zip(totals, case["lines"], strict=True)]

    goods = sum(refundable(line, units) for line, units in zip(lines, case["return"], strict=True))

    assert goods + case["return_shipping"] == case["expect"]
    assert sum(totals) == sum((p - d) * n for p, n, d in case["lines"]) - case["order_discount"]


def _bought(cast, case):
    """The case's order, paid and shipped, built by the verbs."""
    cast.shop.freight = case["shipping"]
    cast.shop.save(update_fields=["freight"])
    units = {}
    for number, (price, quantity, discount) in enumerate(case["lines"]):
        product = Product.objects.create(shop=cast.shop, code=f"case-{number}", title=f"Case {number}")
        units[Sku.objects.create(product=product, code="1", price=price, discount=discount, stock=99)] = quantity
    if case["order_discount"]:
        Coupon.objects.create(shop=cast.shop, code="OFF", amount=case["order_discount"], left=1)
        checkout = actions.Checkout(
            {s.pk: n for s, n in units.items()}, recipient="A", address="2 Home St", coupon="OFF"
        )
        order = actions.place(cast.alice, checkout)[0]
    else:
        order = place(cast, units)
    order.refresh_from_db()
    return ship(pay(order) if order.total else order, cast)


@pytest.mark.parametrize("case", CASES["refund"], ids=_named)
def test_refund_case_by_the_verbs(cast, case):
    order = _bought(cast, case)
    units = {line.pk: number for line, number in zip(order.lines.all(), case["return"], strict=True) if number}

    ticket = file(order, units, freight=case["return_shipping"])

    assert ticket.amount == case["expect"]
    order.refresh_from_db()
    assert order.reserved == case["expect"]


@pytest.mark.parametrize("case", CASES["reject"], ids=lambda case: case["why"])
def test_reject_case_by_the_verbs(cast, case):
    order = _bought(cast, case)
    if already := case.get("already_refunded_shipping"):
        Order.objects.filter(pk=order.pk).update(settled=already, freight_settled=already)
    line = order.lines.get()
    amounts = {line.pk: case["amount"]} if "amount" in case else {}

    with pytest.raises(Refused):
        file(order, {line.pk: 1} if amounts else {}, amounts=amounts, freight=case.get("shipping_amount", 0))

    assert not Ticket.objects.exists()


def test_freight_alone_may_come_back(cast):
    order = ship(pay(place(cast)), cast)

    ticket = file(order, {}, freight=600)

    assert (ticket.amount, ticket.freight, ticket.lines.count()) == (600, 600, 0)


def test_a_return_of_nothing_but_freight_is_refused(cast):
    order = ship(pay(place(cast)), cast)

    with pytest.raises(Refused) as no:
        file(order, {}, kind="return_refund", freight=600)
    assert no.value.code == "nothing_chosen"


# --- what k units may get back ----------------------------------------------------------------------------------------


@given(PAID, st.integers(1, 999))
@settings(deadline=None)
def test_unit_shares_sum_to_what_was_paid(paid, quantity):
    shares = unit_shares(paid, quantity)

    assert sum(shares) == paid
    assert shares == sorted(shares, reverse=True)


@given(PAID, st.integers(1, 30))
@settings(deadline=None)
def test_more_units_never_get_less(paid, quantity):
    line = _line(paid, quantity)
    caps = [refundable(line, units) for units in range(quantity + 1)]

    assert caps == sorted(caps)
    assert (caps[0], caps[-1]) == (0, paid)


@given(PAID, st.lists(st.integers(1, 9), min_size=1, max_size=10))
@settings(deadline=None)
def test_all_units_in_any_partition_get_everything_back(paid, partition):
    line = _line(paid, sum(partition))

    for units in partition:
        line.settled += refundable(line, units)
        assert line.settled <= paid

    assert line.settled == paid


@given(PAID, st.integers(1, 9), st.lists(st.tuples(st.integers(0, 12), st.floats(0, 1)), max_size=20))
@settings(deadline=None)
def test_no_sequence_of_refunds_exceeds_what_was_paid(paid, quantity, wishes):
    line = _line(paid, quantity)

    for units, part in wishes:
        cap = refundable(line, units)
        assert 0 <= cap <= line.left
        line.settled += int(cap * part)
        assert line.settled <= paid


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 99), st.floats(0, 1)), min_size=1, max_size=9), PAID)
@settings(deadline=None)
def test_a_discount_never_makes_a_line_negative(goods, discount):
    lines = [(price, quantity, int(price * part)) for price, quantity, part in goods]
    before = [(price - off) * quantity for price, quantity, off in lines]

    totals = line_totals(lines, discount)

    assert sum(totals) == max(0, sum(before) - discount)
    assert all(0 <= total <= full for total, full in zip(totals, before, strict=True))


@given(PAID, st.integers(1, 9), st.data())
@settings(deadline=None, max_examples=50)
def test_the_check_grants_exactly_up_to_the_cap(paid, quantity, data):
    line = OrderLine(pk=1, quantity=quantity, list_total=paid, paid=paid, shipped=quantity, title="Mug")
    line.order = Order(currency="CNY")
    units = data.draw(st.integers(1, quantity))
    cap = refundable(line, units)

    def asked(amount):
        return Application("refund_only", Reason(side="buyer"), {1: units}, amounts={1: amount})

    order = Order(currency="CNY", freight=0)
    granted = check_lines(order, line, asked, cap)
    assert granted == (cap or ("nothing_to_refund" if paid else "nothing_left"))
    assert check_lines(order, line, asked, cap + 1) == "line_amount"
    assert check_lines(order, line, asked, -1) == "line_amount"


def check_lines(order, line, asked, amount):
    """The amount that the check grants, or why it does not."""
    with patch("refunds.rules.applying.kinds", return_value=["refund_only"]):
        try:
            return check(order, [line], asked(amount))[0].amount
        except Refused as no:
            return no.code


# --- parcels ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("units", "code"),
    [
        ({}, "nothing_to_ship"),
        ({1: 0}, "nothing_to_ship"),
        ({1: -1}, "nothing_to_ship"),
        ({1: 1, 9: 1}, "nothing_to_ship"),
        ({1: 3}, "too_many_units"),
    ],
)
def test_a_parcel_that_cannot_go(units, code):
    lines = [OrderLine(pk=1, quantity=3, cancelled=1, title="Mug")]

    with pytest.raises(Refused) as no:
        check_parcel(lines, units)
    assert no.value.code == code
