"""What an imported order is, and what stays as it was."""

import csv
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Sum

from aftersales.models import User
from aftersales.testing import books_sum_to_zero, file, one, place
from orders.defaults import install_policies
from orders.importing.parties import email
from orders.importing.rows import COLUMNS
from orders.importing.writing import payment_number
from orders.models import Leg, Order, OrderEvent, OrderLine, Payment, Policy, Posting, Product, Shop, Sku

EXCERPT = Path(__file__).parent / "data" / "orders.csv"
pytestmark = pytest.mark.django_db
# What the latest run said, also when it raised.
SUMMARY: dict[str, int] = {}


@pytest.fixture(autouse=True)
def _policies(db):
    """A test with real commits flushes what migrations wrote."""
    install_policies(Policy)


def rows(*orders):
    """Lines as the file has them; each order is (order_no, {column: value} of each line)."""
    for number, *lines in orders:
        for changes in lines:
            plain = {
                "order_no": number,
                "buyer": "household-7",
                "shop": "store-1",
                "paid_at": "2026-03-01T08:00:00Z",
                "currency": "CNY",
                "sku": "TEA",
                "title": "Tea",
                "department": "GROCERY",
                "quantity": "3",
                "list_cents": "1000",
                "discount_cents": "100",
                "paid_cents": "900",
            }
            yield list((plain | changes).values())


@pytest.fixture
def path(tmp_path):
    return tmp_path / "orders.csv"


def write(path, lines):
    with path.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened).writerows([COLUMNS, *lines])


def run(path, *options):
    """The summary as {label: number}. Raises CommandError when a line was refused."""
    out, err = StringIO(), StringIO()
    try:
        call_command("import_orders", str(path), *options, "-v0", stdout=out, stderr=err)
    finally:
        texts = (text.rpartition(" ") for text in out.getvalue().splitlines())
        SUMMARY.clear()
        SUMMARY.update({label.strip(): int(number) for label, _, number in texts if number.isdigit()})
    return dict(SUMMARY)


def refused(path, *options):
    """The report's lines {line: reason} of an import that refuses some."""
    with pytest.raises(CommandError, match="refused"):
        run(path, *options)
    report = path.with_name(f"{path.stem}.refused.csv")
    with report.open(encoding="utf-8-sig", newline="") as opened:
        return {int(row["line"]): row["reason"] for row in csv.DictReader(opened)}


def everything():
    models = (User, Shop, Product, Sku, Order, OrderLine, OrderEvent, Payment, Posting, Leg)
    return {model: list(model.objects.order_by("pk").values()) for model in models}


def test_the_excerpt_is_imported_whole(woken):
    assert run(EXCERPT) == {
        "Orders imported": 18,
        "Orders unchanged": 0,
        "Orders refused": 0,
        "Lines read": 60,
        "Lines refused": 0,
        "Shops created": 3,
        "Buyers created": 4,
        "Products created": 20,
    }
    assert OrderLine.objects.count() == 60
    assert books_sum_to_zero()
    received = Leg.objects.filter(account="channel").aggregate(sum=Sum("amount"))["sum"]
    assert received == sum(Order.objects.values_list("total", flat=True))
    assert not EXCERPT.with_name("orders.refused.csv").exists()


def test_an_imported_order_is_paid_shipped_and_on_its_clock(path):
    write(path, rows(("EX1", {}, {"sku": "POT", "title": "Pot", "quantity": "1"})))
    run(path, "--return-address", "1 Return Road")

    order = Order.objects.get()
    assert order.due_at
    paid_at = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
    assert (order.number, order.state, order.imported, order.paid_at) == ("EX1", "awaiting_receipt", True, paid_at)
    assert (order.total, order.freight, order.currency, order.policy.profile) == (1800, 0, "CNY", "marketplace")
    assert order.due_at - order.entered_at == pytest.approx(timedelta(days=10), abs=timedelta(seconds=1))
    [event] = order.events.all()
    assert (event.action, event.role, event.to_state) == ("begin", "system", "awaiting_receipt")
    tea, pot = order.lines.all()
    assert (tea.quantity, tea.shipped, tea.list_total, tea.discount, tea.paid) == (3, 3, 1000, 100, 900)
    assert (pot.sku.price, tea.sku.price, tea.sku.stock, tea.sku.product.department) == (1000, 333, 0, "GROCERY")
    assert not Product.objects.on_sale().filter(skus=tea.sku).exists()
    assert (order.shop.name, order.shop.currency, order.shop.return_address) == ("store-1", "CNY", "1 Return Road")
    assert (order.buyer.email, order.buyer.has_usable_password()) == ("household-7@import.invalid", False)


def test_its_payment_waits_to_be_made_known_to_the_channel(path, woken, django_capture_on_commit_callbacks):
    write(path, rows(("EX1", {})))
    with django_capture_on_commit_callbacks(execute=True):
        run(path)

    payment = Payment.objects.get()
    assert (payment.number, payment.channel, payment.amount, payment.received) == ("P-EX1", "sandbox", 900, 900)
    assert (payment.pays_order, payment.received_currency, payment.expires_at) == (True, "CNY", None)
    assert (payment.started_at, payment.received_at) == (None, datetime(2026, 3, 1, 8, 0, tzinfo=UTC))
    assert payment.next_at is not None
    posting = Posting.objects.get()
    assert (posting.kind, posting.reference) == ("received", "P-EX1")
    legs = set(posting.legs.values_list("account", "amount", "currency"))
    assert legs == {("channel", 900, "CNY"), ("sales", -900, "CNY")}
    assert woken == ["refunds.tasks.pursue_payments"]


def test_an_order_with_nothing_to_pay_has_no_payment(path):
    write(path, rows(("EX1", {"discount_cents": "1000", "paid_cents": "0"})))
    run(path)
    assert (Order.objects.get().state, Payment.objects.count(), Posting.objects.count()) == ("awaiting_receipt", 0, 0)


def test_an_imported_order_can_have_a_return(path, cast):
    write(path, rows(("EX1", {})))
    run(path)
    order = Order.objects.get()
    ticket = file(order, {order.lines.get().pk: 2}, kind="return_refund")
    order.refresh_from_db()
    assert (ticket.amount, order.reserved, order.held_left is None) == (600, 600, False)


def test_lines_of_an_order_need_not_stand_together(path):
    first, second = list(rows(("EX1", {}, {"sku": "POT"}))), list(rows(("EX2", {}, {"sku": "CUP"})))
    write(path, [first[0], second[0], first[1], second[1]])
    assert run(path)["Orders imported"] == 2
    assert [order.lines.count() for order in Order.objects.order_by("pk")] == [2, 2]
    assert list(Order.objects.order_by("pk").values_list("number", flat=True)) == ["EX1", "EX2"]


def test_a_second_run_changes_nothing(path, woken):
    write(path, rows(("EX1", {}), ("EX2", {"currency": "CNY"})))
    run(path)
    before = everything()
    assert run(path)["Orders unchanged"] == 2
    assert everything() == before


def test_an_order_that_went_on_is_still_unchanged(path, cast):
    write(path, rows(("EX1", {})))
    run(path)
    order = Order.objects.get()
    file(order, {order.lines.get().pk: 1})
    assert run(path)["Orders unchanged"] == 1


def test_a_dry_run_says_the_same_and_changes_nothing(path, django_capture_on_commit_callbacks):
    write(path, rows(("EX1", {}), ("EX2", {}, {"quantity": "0", "sku": "POT"})))
    before = everything()
    with django_capture_on_commit_callbacks() as callbacks:
        reasons = refused(path, "--dry-run")
    dry = dict(SUMMARY)
    assert everything() == before
    assert callbacks == []
    assert refused(path) == reasons
    assert dry == SUMMARY
    assert (dry["Orders imported"], dry["Orders refused"], dry["Shops created"]) == (1, 1, 1)


def test_one_bad_line_refuses_its_order_and_no_other(path):
    write(path, rows(("EX1", {}, {"sku": "POT", "quantity": "0"}, {"sku": "CUP"}), ("EX2", {})))
    reasons = refused(path)
    assert list(reasons) == [2, 3, 4]
    assert "quantity has to be" in reasons[3]
    assert reasons[2] == reasons[4] == "Line 3 of the same order is refused, so the whole order is."
    assert list(Order.objects.values_list("number", flat=True)) == ["EX2"]
    assert SUMMARY["Orders refused"] == 1
    assert Product.objects.count() == 1


@pytest.mark.parametrize(
    ("column", "value"),
    [("buyer", "other"), ("shop", "store-2"), ("paid_at", "2026-03-02T08:00:00Z"), ("currency", "USD")],
)
def test_lines_that_do_not_agree_refuse_the_order(path, column, value):
    write(path, rows(("EX1", {}, {"sku": "POT", column: value})))
    assert refused(path)[3] == f"{column} differs from that of line 2, the order's first."
    assert not Order.objects.exists()
    assert not Shop.objects.exists()


def test_the_same_sku_twice_refuses_the_order(path):
    write(path, rows(("EX1", {}, {})))
    assert refused(path)[3] == "The same sku stands in line 2 of this order."


def test_a_total_no_channel_takes_refuses_the_order(path):
    huge = {"list_cents": str(10**13), "discount_cents": "0", "paid_cents": str(10**13)}
    write(path, rows(("EX1", huge, huge | {"sku": "POT"})))
    assert "sum to more than 10000000000000" in refused(path)[2]


def test_too_many_lines_refuse_the_order_once(path):
    write(path, rows(("EX1", *({"sku": f"S{n}"} for n in range(1001)))))
    assert set(refused(path).values()) == {"The order has more than 1000 lines."}
    assert (SUMMARY["Orders refused"], SUMMARY["Lines refused"]) == (1, 1001)


def test_a_shop_keeps_its_currency(path, cast):
    write(path, rows(("EX1", {}), ("EX2", {"currency": "USD"}), ("EX3", {"shop": "shop", "currency": "EUR"})))
    reasons = refused(path)
    assert reasons == {
        3: "The shop sells in CNY, not in USD.",
        4: "The shop sells in CNY, not in EUR.",
    }
    # Now nothing of the file is new and fits.
    assert refused(path) == reasons
    assert (SUMMARY["Orders unchanged"], SUMMARY["Orders refused"], SUMMARY["Orders imported"]) == (1, 2, 0)


def test_a_number_placed_here_is_refused(path, cast):
    order = place(cast)
    write(path, rows((order.number, {})))
    assert refused(path) == {2: "An order with this number was placed here, not imported."}
    order.refresh_from_db()
    assert (order.state, order.imported) == ("awaiting_payment", False)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"shop": "store-2"}, "shop"),
        ({"buyer": "other"}, "buyer"),
        ({"currency": "USD"}, "currency"),
        ({"paid_at": "2026-03-02T08:00:00Z"}, "paid_at"),
        ({"discount_cents": "0", "paid_cents": "1000"}, "total"),
        ({"sku": "POT"}, "line"),
    ],
)
def test_an_imported_order_that_differs_is_refused(path, changes, what):
    write(path, rows(("EX1", {})))
    run(path)
    before = everything()
    write(path, rows(("EX1", changes)))
    assert refused(path) == {2: f"An order with this number was imported before, with another {what}."}
    assert everything() == before


def test_lines_without_an_order_are_refused_alone(path):
    write(path, rows(("", {}), ("a/b", {}), ("a/b", {}), ("EX1", {})))
    assert list(refused(path)) == [2, 3, 4]
    assert (SUMMARY["Orders imported"], SUMMARY["Orders refused"]) == (1, 0)


def test_buyers_whose_codes_look_alike_stay_two():
    codes = ["a-b", "A-b", "a b", "a_b", "a..b", "李雷", "韩梅梅", "", "a+b", "x" * 100]
    addresses = {email(code) for code in codes}
    assert len(addresses) == len(codes)
    assert all(address == address.lower() and len(address.split("@")[0]) <= 64 for address in addresses)


def test_payment_numbers_fit_and_stay_apart():
    longest = ["A" * 40, "A" * 39]
    numbers = {payment_number(number) for number in [*longest, "A" * 38]}
    assert len(numbers) == 3
    assert all(len(number) <= 40 for number in numbers)
    assert payment_number(longest[0]) == payment_number(longest[0])


def test_goods_that_a_shop_has_are_found_again(path, cast):
    write(path, rows(("EX1", {"shop": "shop", "sku": "mug"})))
    assert run(path)["Products created"] == 0
    sku = Order.objects.get().lines.get().sku
    assert (sku, sku.price, sku.stock) == (cast.mug, 1000, 1000)
    assert one(cast.shop).get().return_address == "1 Return Road"
