"""The books are compared regularly: tickets, payouts, ledger and payments with each other, and the ledger with what the
channels say. Differences are rows, which vanish by themselves when the books agree again.

The channels' books are read page by page and kept, no transaction open during a call; the comparison is then a few
statements over sets. While a channel is away its numbers are judged by what was read of it until then.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max, Q, QuerySet
from django.db.models.functions import Now

from aftersales.lifecycle.errors import Refused
from aftersales.models import Heartbeat, User
from payments import base
from refunds.errors import RefundError
from refunds.models import Difference, StatementLine

log = logging.getLogger(__name__)
# A worker leaves the rest of a long statement to the next time.
BUDGET = 120.0
# What one side has booked so lately may not have reached the other.
GRACE = timedelta(minutes=15)
_KEPT = ("line", "number", "amount", "currency")
# More differences than these are one trouble, not many: the rest is found when they have been mended.
MOST = 1_000


class _Found(NamedTuple):
    """One number about which two books differ, in minor units of the currency."""

    books: str
    number: str
    order_id: int | None
    currency: str
    ours: int
    theirs: int


# `settlements` above 0: given back, whatever the channel took back since; counters are not the less for that.
_COMPARISONS = (
    """
    SELECT 'received', y.number, y.order_id, y.received_currency, y.received, coalesce(sum(l.amount), 0)
    FROM orders_payment y
    LEFT JOIN orders_posting t ON t.kind = 'received' AND t.reference = y.number
    LEFT JOIN orders_leg l ON l.posting_id = t.id AND l.account = 'channel' AND l.currency = y.received_currency
    WHERE y.received_at IS NOT NULL
    GROUP BY y.id HAVING y.received <> coalesce(sum(l.amount), 0)
    """,
    """
    SELECT 'payment', y.number, y.order_id, y.received_currency, y.settled, coalesce(sum(p.amount), 0)
    FROM orders_payment y LEFT JOIN refunds_payout p ON p.payment_id = y.id AND p.settlements > 0
    GROUP BY y.id HAVING y.settled <> coalesce(sum(p.amount), 0)
    """,
    """
    SELECT 'order', o.number, o.id, o.currency, o.settled, coalesce(sum(p.amount), 0)
    FROM orders_order o
    LEFT JOIN refunds_payout p ON p.order_id = o.id AND p.cause IN ('ticket', 'seller_cancelled') AND p.settlements > 0
    GROUP BY o.id HAVING o.settled <> coalesce(sum(p.amount), 0)
    """,
    """
    SELECT 'ticket', t.number, t.order_id, o.currency, t.amount, coalesce(p.amount, 0)
    FROM refunds_ticket t JOIN orders_order o ON o.id = t.order_id
    LEFT JOIN refunds_payout p ON p.ticket_id = t.id AND p.cause = 'ticket'
    WHERE t.state IN ('refunding', 'succeeded') AND t.amount <> coalesce(p.amount, 0)
    """,
    """
    SELECT 'posting', t.kind || ' ' || t.reference, t.order_id, l.currency, sum(l.amount), 0
    FROM orders_leg l JOIN orders_posting t ON t.id = l.posting_id
    GROUP BY t.id, l.currency HAVING sum(l.amount) <> 0
    """,
)
# Every number that either side knows. What was booked here since the channel's books were read, or within the grace on
# either side, is not judged yet.
_WITH_CHANNEL = """
    WITH ours AS (
        SELECT split_part(t.reference, '/', 1) AS number, l.currency, min(t.order_id) AS order_id,
               sum(l.amount) AS amount, max(t.at) AS at
        FROM orders_leg l JOIN orders_posting t ON t.id = l.posting_id WHERE l.account = 'channel'
        GROUP BY split_part(t.reference, '/', 1), l.currency
    ), theirs AS (
        SELECT number, currency, sum(amount) AS amount, max(read_at) AS at FROM refunds_statementline
        GROUP BY number, currency
    )
    SELECT 'channel', number, coalesce(ours.order_id, y.order_id, p.order_id), currency,
           coalesce(ours.amount, 0), coalesce(theirs.amount, 0)
    FROM ours FULL JOIN theirs USING (number, currency)
    LEFT JOIN (SELECT number, order_id FROM orders_payment) y USING (number)
    LEFT JOIN (SELECT number, order_id FROM refunds_payout) p USING (number)
    WHERE coalesce(ours.amount, 0) <> coalesce(theirs.amount, 0)
      AND coalesce(ours.at, '-infinity') < least(%s, statement_timestamp()) - %s
      AND coalesce(theirs.at, '-infinity') < statement_timestamp() - %s
"""


def compare() -> None:
    """What beat runs: read on in every channel's books, then compare."""
    whole = [read_statement(name) for name in settings.CHANNELS]
    found = _found(with_channels=all(whole))
    write(found, judged_channels=all(whole))
    Heartbeat.objects.update_or_create(name="books", defaults={"at": Now()})


def read_statement(name: str) -> bool:
    """Keep what is new in a channel's books. Returns whether they were read to their end."""
    ends = time.monotonic() + BUDGET
    channel = base.channel(name)
    while time.monotonic() < ends:
        after = StatementLine.objects.filter(channel=name).aggregate(last=Max("line"))["last"] or 0
        page = channel.statement(after)
        if isinstance(page, base.Unknown):
            log.warning("the books of %s cannot be read: %s", name, page.why)
            return False
        if not page:
            Heartbeat.objects.update_or_create(name=f"books of {name}", defaults={"at": Now()})
            return True
        StatementLine.objects.bulk_create(
            [StatementLine(channel=name, **{field: getattr(line, field) for field in _KEPT}) for line in page],
            ignore_conflicts=True,
        )
    return False


def _found(*, with_channels: bool) -> list[_Found]:
    read_to_end = Heartbeat.objects.filter(name__startswith="books of ").order_by("at").values_list("at", flat=True)
    statements: list[tuple[str, list[Any]]] = [(statement, []) for statement in _COMPARISONS]
    if with_channels and (oldest := read_to_end.first()):
        statements.append((_WITH_CHANNEL, [oldest, GRACE, GRACE]))
    found = []
    with connection.cursor() as cursor:
        for statement, values in statements:
            cursor.execute(f"{statement} LIMIT {MOST}", values)
            found += [_Found(*row) for row in cursor.fetchall()]
    return found


def write(found: list[_Found], *, judged_channels: bool) -> None:
    """New differences begin, present ones keep their figures current, those that are gone end. Those with a channel
    that could not be read stay as they are."""
    wanted = {(one.books, one.number, one.currency): one for one in found}
    with transaction.atomic():
        rows = Difference.objects.select_for_update().filter(resolved_at__isnull=True).order_by("pk")
        open_now = {(row.books, row.number, row.currency): row for row in rows}
        gone = [
            row.pk for key, row in open_now.items() if key not in wanted and (judged_channels or key[0] != "channel")
        ]
        Difference.objects.filter(pk__in=gone).update(resolved_at=Now())
        Difference.objects.filter(pk__in=[open_now[key].pk for key in wanted if key in open_now]).update(seen_at=Now())
        for key, row in open_now.items():
            if key in wanted and (row.ours, row.theirs) != (wanted[key].ours, wanted[key].theirs):
                _renew(row, wanted[key])
        Difference.objects.bulk_create(
            [Difference(**one._asdict()) for key, one in wanted.items() if key not in open_now], ignore_conflicts=True
        )


def _renew(row: Difference, one: _Found) -> None:
    """Another figure is another difference: what explained the former does not explain it."""
    Difference.objects.filter(pk=row.pk).update(
        ours=one.ours, theirs=one.theirs, explained_at=None, explained_by=None, note=""
    )


def explain(differences: QuerySet[Difference], by: User, note: str) -> int:
    """An operator knows why these differ, and says so: they wait for nobody any more. Raises Refused without a note.
    Returns how many there were."""
    if not note.strip():
        raise Refused(RefundError.NOTE, "note")
    waiting = differences.filter(Q(resolved_at__isnull=True, explained_at__isnull=True))
    return waiting.update(explained_at=Now(), explained_by=by, note=note.strip())
