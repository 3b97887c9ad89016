"""How time and memory of an import grow with the file: 1,000,000 lines against 100,000.

`python bench/import_orders.py [SMALL BIG]` makes both files and a database of its own beside the configured one,
imports each into it in a process of its own, prints ratios, and drops the database. It takes several minutes.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
COLUMNS = (
    "order_no,buyer,shop,paid_at,currency,sku,title,department,quantity,list_cents,discount_cents,paid_cents"
)  # fmt: skip
DATABASE = "bench_import_orders"
LINES_AN_ORDER = 10


def lines(count: int) -> Iterator[str]:
    """Orders of ten lines over shops, buyers and goods; every second order's lines lie far apart."""
    chance = random.Random(count)
    late: list[str] = []
    yield COLUMNS
    for number in range(count // LINES_AN_ORDER):
        head = f"B{count}-{number},buyer-{chance.randrange(5000)},shop-{chance.randrange(140)},2026-03-01T08:00:00Z,USD"
        for sku in chance.sample(range(20_000), LINES_AN_ORDER):
            price = chance.randrange(100, 5000)
            line = f"{head},{sku},Something in a box,GROCERY,1,{price},{price // 10},{price - price // 10}"
            if number % 2 and chance.random() < 0.1:
                late.append(line)
            else:
                yield line
    yield from late


@contextmanager
def database() -> Iterator[str]:
    """The URL of an empty, migrated database on the configured server."""
    from aftersales import settings

    configured = urlsplit(settings.DATABASE_URL)
    admin = psycopg2.connect(settings.DATABASE_URL)
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        cursor.execute(f"CREATE DATABASE {DATABASE}")
        url = urlunsplit(configured._replace(path=f"/{DATABASE}"))
        try:
            measured(url, "migrate", "-v0")
            yield url
        finally:
            cursor.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")


def measured(url: str, *arguments: str) -> tuple[float, int]:
    """Seconds, and the most memory in KiB, of one management command."""
    begun = time.monotonic()
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    child = os.posix_spawn(sys.executable, command, os.environ | {"DATABASE_URL": url})
    _, status, usage = os.wait4(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0, arguments
    return time.monotonic() - begun, usage.ru_maxrss


def main(small: int, big: int) -> None:
    figures = {}
    with tempfile.TemporaryDirectory() as folder, database() as url:
        for count in (small, big):
            file = Path(folder) / f"{count}.csv"
            # Line by line: Linux counts what this process held when it started the child as the child's.
            with file.open("w", encoding="utf-8") as opened:
                opened.writelines(f"{line}\n" for line in lines(count))
            figures[count] = measured(url, "import_orders", str(file), "-v0")
            print(f"{count:>9,} lines: {figures[count][0]:8.1f} s, {figures[count][1] / 1024:7.1f} MiB")
    (seconds, memory), (more_seconds, more_memory) = figures[small], figures[big]
    print(f"lines ×{big / small:.1f}: time ×{more_seconds / seconds:.2f}, memory ×{more_memory / memory:.2f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3] or ("100000", "1000000")))
