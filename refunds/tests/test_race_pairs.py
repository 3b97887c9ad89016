"""Every two acts that are possible at the same time, at the same row at the same moment, on real connections.

Exactly one takes effect on what it has read; the other one finds the row as it is now, or acts on that where the table
lets it; nothing is half done. Each pair has an order of its own, in one database for all the pairs of a part.

Every fifth pair is raced, and with RACE_PAIRS=all each of them.
"""

import os
from dataclasses import replace
from itertools import combinations, islice

import pytest

from orders.models import Sku
from refunds.tests import situations as at
from refunds.tests.acts import act_at
from refunds.tests.racing import race

pytestmark = pytest.mark.django_db(transaction=True)

EVERY = 1 if os.environ.get("RACE_PAIRS") == "all" else 5
# How it is built: (what is possible there, what is refused there and meets the first one that is possible).
ORDERS = {
    at.unpaid: (["money comes", "cancel", "order clock"], []),
    at.to_ship: (["file", "ship all", "seller cancels", "give back"], ["receive"]),
    at.to_receive: (["receive", "file", "extend", "deliver", "give back", "order clock"], []),
    at.paying: (["settle", "refuse", "give back", "receive", "payout clock"], ["withdraw"]),
}
APPLICATIONS = {
    at.asked: (
        ["agree", "reject", "offer", "amend", "withdraw", "seller calls", "write", "receive", "ticket clock"],
        ["ship anyway", "accept goods"],
    ),
    at.asked_unshipped: (
        ["ship anyway", "seller cancels", "ship", "agree", "offer", "amend", "withdraw", "ticket clock"],
        ["send waybill"],
    ),
    at.exchange_asked: (["agree", "offer", "amend", "withdraw", "ticket clock"], []),
    at.offered: (
        ["accept offer", "decline offer", "withdraw", "buyer calls", "write", "ticket clock"],
        ["agree", "amend"],
    ),
    at.offered_unshipped: (["accept offer", "ship anyway", "seller cancels", "ticket clock"], []),
    at.rejected: (["amend", "withdraw", "buyer calls", "write", "ticket clock"], ["agree", "seller calls"]),
}
GOODS = {
    at.exchange_to_return: (["send waybill", "withdraw", "buyer calls", "receive", "ticket clock"], ["accept goods"]),
    at.to_inspect: (
        ["accept goods", "fail goods", "stock in", "buyer calls", "seller calls"]
        + ["add parcel", "mend waybill", "sign for", "ticket clock"],
        ["withdraw"],
    ),
    at.failed: (
        ["offer", "send back", "accept goods", "buyer calls", "seller calls", "ticket clock"],
        ["stock in"],
    ),
    at.offered_after_inspection: (["accept offer", "decline offer", "buyer calls", "ticket clock"], ["withdraw"]),
    at.exchange_to_dispatch: (["dispatch", "offer", "buyer calls", "ticket clock"], ["withdraw", "confirm"]),
    at.repair_to_dispatch: (["dispatch", "offer", "ticket clock"], []),
    at.sent: (["confirm", "mend dispatch", "buyer calls", "ticket clock"], ["dispatch"]),
    at.sent_back: (["confirm", "buyer calls", "ticket clock"], ["offer"]),
}
DISPUTES = {
    at.disputed: (
        ["agree", "withdraw", "buyer rests", "seller rests", "claim", "write", "dispute clock"],
        ["rule", "amend", "confirm"],
    ),
    at.disputed_after_dispatch: (
        ["confirm", "buyer rests", "seller rests", "dispute clock"],
        ["withdraw", "agree"],
    ),
    at.under_review: (["agree", "withdraw", "rule", "ask", "hand over", "dispute clock"], ["buyer rests"]),
    at.to_confirm: (["agree", "withdraw", "confirm ruling", "object", "dispute clock"], ["rule"]),
    at.ruled: (
        ["buyer accepts", "seller accepts", "buyer appeals", "seller appeals", "dispute clock"],
        ["agree", "withdraw"],
    ),
    at.appealed: (["agree", "withdraw", "dispute clock"], ["claim"]),
    at.ruled_and_accepted: (
        ["seller accepts", "seller appeals", "dispute clock"],
        ["buyer accepts", "buyer appeals"],
    ),
}


def pairs(possible, refused):
    """Each with each; the first one with itself, as two clicks are, and with what is refused."""
    yield from combinations(possible, 2)
    yield from ((name, possible[0]) for name in [possible[0], *refused])


@pytest.mark.long
@pytest.mark.parametrize("part", [ORDERS, APPLICATIONS, GOODS, DISPUTES], ids=["orders", "asked", "goods", "disputes"])
def test_two_at_once_leave_one_story(cast, settings, subtests, part):
    settings.TICKETS_PER_DAY = 10_000
    at.stocked(cast)
    for build, (possible, refused) in part.items():
        for pair in islice(pairs(possible, refused), 0, None, EVERY):
            with subtests.test(f"{build.__name__}: {' and '.join(pair)}"):
                full = dict(Sku.objects.values_list("pk", "stock"))
                case = replace(build(cast), cannot=tuple(refused))
                race(case, [act_at(case, name) for name in pair], full)
