"""Calendars in the admin: operators only, and what would move nothing any more is not changed."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from orders.models import Calendar, Holiday

DAY = timedelta(days=1)


@pytest.fixture
def calendar(cast, client):
    client.force_login(cast.operator)
    return Calendar.objects.create(name="Mainland China", region="CN")


def holiday(calendar, begins, ends):
    """From and to so many days from now."""
    now = timezone.now().replace(second=0, microsecond=0)
    times = {"starts_at": now + begins * DAY, "ends_at": now + ends * DAY}
    return Holiday.objects.create(calendar=calendar, name="Festival", **times)


def row(starts_at, ends_at, **more):
    """One line of the form."""
    parts: dict[str, str] = {}
    for name, moment in (("starts_at", starts_at), ("ends_at", ends_at)):
        local = timezone.localtime(moment)
        parts |= {f"{name}_0": f"{local:%Y-%m-%d}", f"{name}_1": f"{local:%H:%M:%S}"}
    return {"name": "Renamed", "in_use": "on", **parts, **more}


def save(client, calendar, *rows, initial=0):
    data = {"name": calendar.name, "region": "CN", "holidays-TOTAL_FORMS": len(rows), "holidays-INITIAL_FORMS": initial}
    for index, line in enumerate(rows):
        data |= {f"holidays-{index}-{name}": value for name, value in line.items()}
    return client.post(reverse("admin:orders_calendar_change", args=[calendar.pk]), data)


def test_operators_add_holidays(client, calendar):
    begins = timezone.now().replace(microsecond=0) + DAY
    assert save(client, calendar, row(begins, begins + 7 * DAY)).status_code == 302
    made = calendar.holidays.get()
    assert (made.name, made.starts_at, made.ends_at, made.in_use) == ("Renamed", begins, begins + 7 * DAY, True)


def test_a_holiday_ends_after_it_starts(client, calendar):
    begins = timezone.now() + DAY
    response = save(client, calendar, row(begins, begins))
    assert response.status_code == 422
    assert "The end has to be after the beginning." in response.text
    assert not calendar.holidays.exists()


@pytest.mark.parametrize(
    ("begins", "ends", "changed"),
    [
        (1, 3, {"name", "starts_at", "ends_at", "in_use"}),
        (-1, 3, {"name", "ends_at", "in_use"}),
        (-3, -1, set()),
    ],
)
def test_what_would_move_nothing_stays(client, calendar, begins, ends, changed):
    before = holiday(calendar, begins, ends)
    line = row(before.starts_at + 2 * DAY, before.ends_at + 4 * DAY, id=before.pk, in_use="")
    assert save(client, calendar, line, initial=1).status_code == 302
    after = calendar.holidays.get()
    assert {
        name for name in ("name", "starts_at", "ends_at", "in_use") if getattr(before, name) != getattr(after, name)
    } == changed


def test_no_holiday_is_deleted(client, calendar):
    coming = holiday(calendar, 1, 2)
    line = row(coming.starts_at, coming.ends_at, id=coming.pk, DELETE="on")
    assert save(client, calendar, line, initial=1).status_code == 302
    assert client.post(reverse("admin:orders_calendar_delete", args=[calendar.pk]), {"post": "yes"}).status_code == 403
    assert calendar.holidays.get().pk == coming.pk


def test_it_is_said_that_running_clocks_keep_their_time(client, calendar):
    text = client.get(reverse("admin:orders_calendar_change", args=[calendar.pk])).text
    assert "Clocks that run already keep their time" in text


def test_sellers_have_no_calendars(cast, client, calendar):
    client.force_login(cast.bob)
    assert client.get(reverse("admin:orders_calendar_changelist")).status_code == 403
    begins = timezone.now() + DAY
    assert save(client, calendar, row(begins, begins + DAY)).status_code == 403
    assert not calendar.holidays.exists()
