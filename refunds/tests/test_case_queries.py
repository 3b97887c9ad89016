"""What the pages of a ticket and of a case cost: a fixed number of statements, however much came together on one."""

import pytest

from aftersales import actors
from aftersales.testing import make_cast, one
from refunds import actions
from refunds.rules import Decision
from refunds.tests.at_admin import change
from refunds.tests.fullest import fullest
from refunds.tests.service import staffed

# Session, person and unread count included. The first two of the case are a side's, who reads no rules; the agent who
# has it reads them with the form of the ruling, the supervisor without one.
TICKET = {"agent": 33, "owner": 33, "sam": 33, "sid": 33}
CASE = {"agent": 14, "owner": 14, "sam": 22, "sid": 18}
SECOND = 20


@pytest.fixture(scope="module")
def cases(shared):
    """One with one of everything, one with three."""
    with shared():
        cast = staffed(make_cast(), confirm_above=0)
        cast.people = {"agent": cast.agent_of_shop(), "owner": cast.bob, "sam": cast.sam, "sid": cast.sid}
        yield cast, fullest(cast, 1, called="few"), fullest(cast, 3, called="many")


@pytest.mark.parametrize("who", TICKET)
def test_a_ticket_costs_the_same_with_one_and_many(cases, client, db, django_assert_num_queries, who):
    cast, few, many = cases
    client.force_login(cast.people[who])
    _cost(client, change(few.ticket), change(many.ticket), TICKET[who], django_assert_num_queries)


@pytest.mark.parametrize("who", CASE)
def test_a_case_costs_the_same_with_one_and_many(cases, client, db, django_assert_num_queries, who):
    cast, few, many = cases
    client.force_login(cast.people[who])
    _cost(client, change(few.dispute), change(many.dispute), CASE[who], django_assert_num_queries)


def test_so_it_does_for_the_second_agent(cases, client, db, django_assert_num_queries):
    """Whose form, to confirm the ruling, stands on the page."""
    cast, few, many = cases
    for case in (few, many):
        actions.rule(one(case.dispute), actors.agent(cast.sam), Decision("refund", 500, note="So be it."))
    client.force_login(cast.sid)
    assert client.get(change(few.dispute)).context["form_here"]["offer"].name == "confirm"
    _cost(client, change(few.dispute), change(many.dispute), SECOND, django_assert_num_queries)


def _cost(client, few, many, number, exactly):
    """The same statement is not sent twice either."""
    client.get(few)
    for page in (few, many):
        with exactly(number) as sent:
            assert client.get(page).status_code == 200
        told = [query["sql"] for query in sent.captured_queries]
        assert [sql for sql in told if told.count(sql) > 1] == []
