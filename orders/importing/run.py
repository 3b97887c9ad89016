"""The whole import of one file: stage, check, write in batches, report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from typing import IO, Final, Protocol

from django.db import reset_queries, transaction
from django.utils import timezone

from aftersales.wake import wake
from orders.actions import PURSUE_PAYMENTS
from orders.importing import staging
from orders.importing.checks import Incoming, Refusal, check
from orders.importing.rows import Bad, Row, read
from orders.importing.writing import Counts, Importer

BATCH: Final = 200
# Orders of many lines make smaller batches.
BATCH_LINES: Final = 4000
# Bytes read so far, lines written so far of how many.
Reading = Callable[[int], None]
Writing = Callable[[int, int], None]


class Report(Protocol):
    """Where refused lines go; `discard` when the import broke off."""

    def add(self, refusals: Iterable[Refusal]) -> None: ...
    def discard(self) -> None: ...


def run(
    file: IO[bytes],
    report: Report,
    *,
    return_address: str = "",
    dry_run: bool = False,
    reading: Reading,
    writing: Writing,
) -> Counts:
    """Import a file and return what was done. Every batch commits by itself; a dry run does the same in one
    transaction that is rolled back.

    Raises Refused with a FileProblem, before anything is written, when the file cannot be read.
    """
    importer = Importer(return_address)
    try:
        with transaction.atomic() if dry_run else nullcontext():
            _import(file, report, importer, reading, writing)
            if dry_run:
                transaction.set_rollback(True)
    except BaseException:
        report.discard()
        raise
    if importer.counts.imported and not dry_run:
        wake(PURSUE_PAYMENTS)
    return importer.counts


def _import(file: IO[bytes], report: Report, importer: Importer, reading: Reading, writing: Writing) -> None:
    with staging.table():
        importer.counts.lines = staging.stage(_watched(file, reading))
        for batch in _batches(importer.counts, report, writing):
            report.add(importer.write(batch))
            # With DEBUG on Django keeps the text of every statement.
            reset_queries()


def _watched(file: IO[bytes], reading: Reading) -> Iterator[Row | Bad]:
    for number, item in enumerate(read(file, timezone.now())):
        if not number % 1000:
            reading(file.tell())
        yield item
    reading(file.tell())


def _batches(counts: Counts, report: Report, writing: Writing) -> Iterator[list[Incoming]]:
    """Orders that may be written; the others go to the report."""
    batch: list[Incoming] = []
    done = held = 0
    for group in staging.orders():
        done += len(group.items)
        found = check(group.items)
        if isinstance(found, Incoming):
            batch.append(found)
            held += len(group.items)
        else:
            report.add(found)
            counts.refused += group.opens
            counts.refused_lines += len(found)
        if len(batch) >= BATCH or held >= BATCH_LINES:
            yield batch
            batch, held = [], 0
            writing(done, counts.lines)
    if batch:
        yield batch
    writing(done, counts.lines)
