"""Many orders: statements, memory, rivals."""

import io
import threading
import tracemalloc
from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from orders.defaults import install_policies
from orders.importing import parties, staging
from orders.importing import run as running
from orders.importing.checks import Incoming, check
from orders.importing.report import Report
from orders.importing.rows import COLUMNS, Row, read
from orders.importing.writing import Importer
from orders.models import Order, OrderLine, Payment, Policy, Posting

PAID_AT = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _policies(db):
    """A test with real commits flushes what migrations wrote."""
    install_policies(Policy)


def incoming(start, count, lines=3):
    """Orders of three shops and seven buyers."""
    return [
        Incoming(
            [
                Row(0, f"EX{n}", f"buyer-{n % 7}", f"store-{n % 3}", PAID_AT, "CNY", f"S{n}-{m}", "Tea", "", 1, 9, 1, 8)
                for m in range(lines)
            ]
        )
        for n in range(start, start + count)
    ]


def statements(orders):
    importer = Importer()
    # The policies of the three shops are asked for once an import; everybody is known afterwards.
    importer.write(incoming(10_000 + len(orders), 7))
    with CaptureQueriesContext(connection) as captured:
        assert importer.write(orders) == []
    return len(captured)


def test_a_batch_takes_the_same_statements_however_big(db):
    small, big = statements(incoming(0, 7)), statements(incoming(100, 200))
    assert small == big
    assert big <= 30
    assert Order.objects.count() == 221


def test_a_refused_row_does_not_take_its_batch_along(db, monkeypatch):
    """One that the database refuses: the others of the batch are written order by order."""
    create = Importer._create

    def picky(self, orders, counts, refusals):
        create(self, orders, counts, refusals)
        if any(order.number == "EX2" for order in orders):
            raise IntegrityError("new row violates something\nDETAIL: secret")

    monkeypatch.setattr(Importer, "_create", picky)
    importer = Importer()
    refusals = importer.write(incoming(0, 5))

    assert {refusal.order_no for refusal in refusals} == {"EX2"}
    assert {refusal.reason for refusal in refusals} == {
        "The database does not take this order: new row violates something"
    }
    assert (importer.counts.imported, importer.counts.refused, importer.counts.refused_lines) == (4, 1, 3)
    assert set(Order.objects.values_list("number", flat=True)) == {"EX0", "EX1", "EX3", "EX4"}
    assert OrderLine.objects.count() == 12


@pytest.mark.django_db(transaction=True)
def test_two_imports_at_once_import_each_order_once(cast):
    barrier, importers = threading.Barrier(2), [Importer(), Importer()]
    refusals = []

    def work(importer, orders):
        barrier.wait()
        try:
            for start in range(0, len(orders), 20):
                refusals.extend(importer.write(orders[start : start + 20]))
        finally:
            connection.close()

    orders = incoming(0, 100)
    rivals = [
        threading.Thread(target=work, args=(importers[0], orders)),
        threading.Thread(target=work, args=(importers[1], orders[::-1])),
    ]
    for rival in rivals:
        rival.start()
    for rival in rivals:
        rival.join(60)

    assert refusals == []
    counts = [importer.counts for importer in importers]
    assert sum(count.imported for count in counts) == 100
    assert sum(count.unchanged for count in counts) == 100
    assert (Order.objects.count(), OrderLine.objects.count()) == (100, 300)
    assert (Payment.objects.count(), Posting.objects.count()) == (100, 100)


@pytest.mark.django_db(transaction=True)
def test_a_rival_that_commits_first_is_found_unchanged(cast, monkeypatch):
    """The rival's order appears after this import looked for it and before it writes."""
    shops = parties.shops
    rival: list[threading.Thread] = []

    def late(orders, return_address):
        if not rival:
            rival.append(threading.Thread(target=_import_elsewhere))
            rival[0].start()
            rival[0].join(30)
        return shops(orders, return_address)

    monkeypatch.setattr(parties, "shops", late)
    importer = Importer()
    assert importer.write(incoming(0, 2)) == []
    assert (importer.counts.imported, importer.counts.unchanged) == (1, 1)
    assert Order.objects.count() == 2


def _import_elsewhere():
    try:
        Importer().write(incoming(0, 1))
    finally:
        connection.close()


def test_batches_are_bounded_by_lines_too(db, tmp_path, monkeypatch):
    monkeypatch.setattr(running, "BATCH_LINES", 10)
    sizes = []

    def write(importer, orders):
        sizes.append(len(orders))
        return []

    monkeypatch.setattr(Importer, "write", write)
    report = Report(tmp_path / "report.csv", always=False)
    running.run(_file(9, lines=4), report, reading=lambda done: None, writing=lambda done, whole: None)
    assert sizes == [3, 3, 3]


def _file(orders, lines):
    """Lines of different orders take turns."""
    text = [",".join(COLUMNS)]
    text += [
        f"EX{n},buyer-{n},store-1,2026-03-01T08:00:00Z,CNY,S{m},Tea,GROCERY,1,9,1,8"
        for m in range(lines)
        for n in range(orders)
    ]
    return io.BytesIO("\n".join(text).encode())


def _peak(orders):
    """The most memory that staging and reading back took, in bytes."""
    file = _file(orders, lines=10)
    tracemalloc.start()
    try:
        with staging.table():
            assert staging.stage(read(file, datetime.now(UTC))) == orders * 10
            assert sum(isinstance(check(group.items), Incoming) for group in staging.orders()) == orders
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_file(db):
    small, big = _peak(300), _peak(2400)
    assert big < small * 1.3
