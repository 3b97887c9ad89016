"""When a clock runs out under a calendar: holidays do not count, each minute of them once."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models import DateTimeField, DurationField, Value
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aftersales import actors
from aftersales.lifecycle.move import move_one
from aftersales.testing import one, pay, place, ship
from orders import clocks
from orders.lifecycle import ORDER
from orders.models import Calendar, Holiday, Policy

HOUR = timedelta(hours=1)
START = datetime(2026, 2, 10, tzinfo=UTC)
MOST = 60


@pytest.fixture
def calendar(db):
    return Calendar.objects.create(name="Mainland China", region="CN")


def _close(calendar, *holidays):
    """Holidays from and to so many hours after START."""
    Holiday.objects.bulk_create(
        Holiday(calendar=calendar, name="closed", starts_at=START + begins * HOUR, ends_at=START + ends * HOUR)
        for begins, ends in holidays
    )


def _due(calendar, hours):
    """How many hours after START a clock of that many hours runs out."""
    ends = clocks.due(Value(calendar and calendar.pk))
    due = ends(Value(START, DateTimeField()), Value(hours * HOUR, DurationField()))
    return (Policy.objects.annotate(due=due).values_list("due", flat=True)[0] - START) / HOUR


def test_without_a_calendar_every_hour_counts(calendar):
    _close(calendar, (2, 5))

    assert _due(None, 10) == 10


CASES = {
    "no holiday": ([], 10),
    "inside": ([(2, 5)], 13),
    "began before the start": ([(-5, 5)], 15),
    "over at the start": ([(-5, 0)], 10),
    "begins at the start": ([(0, 5)], 15),
    "two apart": ([(2, 5), (8, 9)], 14),
    "two that overlap": ([(2, 6), (4, 8)], 16),
    "one inside another": ([(2, 8), (4, 6)], 16),
    "the same twice": ([(2, 5), (2, 5)], 13),
    "two that overlap, begun before the start": ([(-9, 2), (-5, 4)], 14),
    "back to back": ([(2, 5), (5, 8)], 16),
    "after the due time": ([(11, 20)], 10),
    "from the due time on": ([(10, 20)], 10),
    "over the due time": ([(9, 20)], 21),
    "reached by an earlier one only": ([(2, 5), (12, 14)], 15),
    "just not reached": ([(2, 5), (13, 14)], 13),
}


@pytest.mark.parametrize(("holidays", "due"), CASES.values(), ids=CASES)
def test_holidays_do_not_count(calendar, holidays, due):
    _close(calendar, *holidays)

    assert _due(calendar, 10) == due


def test_only_the_own_calendar_counts(calendar):
    other = Calendar.objects.create(name="Elsewhere")
    _close(other, (2, 5))

    assert (_due(calendar, 10), _due(other, 10)) == (10, 13)


def test_a_holiday_out_of_use_does_not_count(calendar):
    _close(calendar, (2, 5), (7, 8))
    calendar.holidays.filter(starts_at=START + 2 * HOUR).update(in_use=False)

    assert _due(calendar, 10) == 11


def test_a_holiday_has_a_length(calendar):
    for ends in (2, 1):
        with pytest.raises(IntegrityError, match="holiday_ends_after_it_starts"), transaction.atomic():
            _close(calendar, (2, ends))
    assert not calendar.holidays.exists()


def _by_hours(holidays, hours):
    """The same hour by hour: one that lies in a holiday does not count; nothing is waited for once they have passed."""
    at = 0
    while hours:
        hours -= not any(begins <= at < ends for begins, ends in holidays)
        at += 1
    return at


_HOLIDAYS = st.lists(
    st.tuples(st.integers(-20, MOST), st.integers(1, 15)).map(lambda pair: (pair[0], pair[0] + pair[1])), max_size=8
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(holidays=_HOLIDAYS, hours=st.integers(1, MOST))
def test_the_same_as_counting_hours(calendar, holidays, hours):
    with transaction.atomic():
        _close(calendar, *holidays)
        assert _due(calendar, hours) == _by_hours(holidays, hours)
        transaction.set_rollback(True)


# --- in the life of an order ------------------------------------------------------------------------------------------


@pytest.fixture
def closed(cast, calendar):
    """The shop's own policy names a calendar with a holiday of two days that has begun: it ends in one day."""
    policy = Policy.objects.in_force(cast.shop)
    policy.pk, policy.version, policy.shop, policy.calendar, policy._state.adding = None, 1, cast.shop, calendar, True
    policy.save(force_insert=True)
    now = datetime.now(UTC)
    return Holiday.objects.create(calendar=calendar, name="now", starts_at=now - 24 * HOUR, ends_at=now + 24 * HOUR)


def _is_near(moment, expected):
    return abs(moment - expected) < timedelta(seconds=1)


def test_a_clock_that_starts_anew_is_stretched(cast, closed):
    order = place(cast)
    order.refresh_from_db()
    assert _is_near(order.due_at, closed.ends_at + order.policy.payment)
    assert _is_near(order.remind_at, order.due_at - order.policy.remind_first)

    order = ship(pay(order), cast)
    assert _is_near(order.due_at, closed.ends_at + order.policy.receipt)


def test_a_longer_clock_is_longer_by_its_length(cast, closed):
    order = ship(pay(place(cast)), cast)
    move_one(ORDER, "extend", one(order), actors.buyer(cast.alice))

    assert one(order).get().due_at == order.due_at + order.policy.receipt


def test_a_running_clock_keeps_its_time(cast, closed, calendar):
    order = place(cast)
    before = one(order).get().due_at
    Holiday.objects.create(calendar=calendar, name="more", starts_at=before - HOUR, ends_at=before + HOUR)
    calendar.holidays.filter(pk=closed.pk).update(in_use=False)

    assert one(order).get().due_at == before
