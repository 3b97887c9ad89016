"""What clocks do to many tickets and disputes takes as many statements as for one."""

import pytest

from aftersales import actors
from aftersales.actors import CLOCK
from aftersales.testing import one, overdue
from aftersales.tests.many import statements
from refunds import actions
from refunds.models import Dispute, Ticket
from refunds.rules import Terms
from refunds.tests.service import asked, found_wanting, rejected, ruled


def _offered(desk):
    ticket = asked(desk, units=2)
    actions.offer(one(ticket), actors.seller(desk.bob), Terms("refund_only", 900), "Half?")
    return ticket


def _ruled(verdict, **more):
    return lambda desk: ruled(desk, rejected(desk), verdict, **more)


CASES = [
    (Ticket, _offered, actions.decline_offer),
    (Ticket, found_wanting, actions.call_cs),
    (Dispute, _ruled("refund", amount=1000), actions.finalise),
    (Dispute, _ruled("return_first", amount=1000), actions.finalise),
    (Dispute, _ruled("refuse"), actions.finalise),
    (Dispute, _ruled("negotiate"), actions.finalise),
]


@pytest.mark.parametrize(("model", "bring", "verb"), CASES)
def test_one_and_many_take_the_same_statements(desk, model, bring, verb):
    found = set()
    for number in (1, 4):
        rows = [bring(desk) for _ in range(number)]
        for row in rows:
            overdue(row)
        with statements() as told:
            assert len(verb(model.objects.filter(pk__in=[row.pk for row in rows]), CLOCK)) == number
        found.add(len(told))
    assert len(found) == 1, found
