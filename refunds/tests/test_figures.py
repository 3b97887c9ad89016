"""Figures are what a person would count row by row, and their pages show each shop its own only."""

import csv
import io
import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from aftersales.testing import auditor, make_cast
from orders.models import Order, OrderLine
from refunds.figures import desk, shop
from refunds.figures.period import Period, Step
from refunds.models import Payout, Ruling, Ticket, TicketEvent, TicketLine
from refunds.tests import situations

SHANGHAI = ZoneInfo("Asia/Shanghai")
LAST = date(2026, 3, 20)
SOME = ("asked", "rejected", "offered", "asked_unshipped", "disputed", "refunding", "to_inspect", "exchange_to_return",
        "completed", "cancelled")  # fmt: skip


@pytest.fixture(scope="module")
def year(shared):
    """Tickets of every kind, at random moments around the period; the money of some of them is back."""
    with shared():
        yield furnish(make_cast())


@pytest.fixture
def busy(year, db):
    return year


def furnish(cast):
    cases = [getattr(situations, name)(situations.stocked(cast) if not n else cast) for n, name in enumerate(SOME * 2)]
    dice = random.Random(7)
    end = datetime(2026, 3, 22, tzinfo=UTC)

    def moment():
        return end - timedelta(seconds=dice.randrange(50 * 86_400))

    for case in cases:
        Order.objects.filter(pk=case.order.pk, paid_at__isnull=False).update(paid_at=moment())
        Ticket.objects.filter(order=case.order).update(opened_at=moment())
        for payout in Payout.objects.filter(order=case.order)[:1]:
            Payout.objects.filter(pk=payout.pk).update(settled_at=moment())
    return cast


def inside(period, moment):
    return moment is not None and period.first <= moment.astimezone(period.zone).date() <= period.last


def percentile(values, part):
    """Between two values, as SQL:2003 says."""
    values = sorted(values)
    if not values:
        return None
    at = part * (len(values) - 1)
    low, high = values[int(at)], values[min(int(at) + 1, len(values) - 1)]
    return low + (high - low) * (at - int(at))


def near(one, other):
    return one == other or abs(one - other) < timedelta(milliseconds=1)


def counted(cast, period):
    """The same figures, by loops."""
    tickets = [t for t in Ticket.objects.filter(order__shop=cast.shop) if inside(period, t.opened_at)]
    orders = [o for o in Order.objects.filter(shop=cast.shop) if inside(period, o.paid_at)]
    first: dict[int, datetime] = {}
    for event in TicketEvent.objects.filter(role="seller").order_by("at"):
        first.setdefault(event.ticket_id, event.at)
    answered = [first[t.pk] - t.opened_at for t in tickets if t.pk in first and not t.by_seller]
    ended = [t.entered_at - t.opened_at for t in tickets if t.state in ("succeeded", "closed")]
    return {
        "orders": len(orders),
        "refunded": sum(o.settled > 0 for o in orders),
        "tickets": len(tickets),
        "disputed": sum(t.disputes.exists() for t in tickets),
        "automatic": sum(t.decisions.exists() for t in tickets),
        "answered": [percentile(answered, 0.5), percentile(answered, 0.9)],
        "ended": [percentile(ended, 0.5), percentile(ended, 0.9)],
        "back": sum(p.amount for p in Payout.objects.filter(state="settled", ticket__isnull=False)
                    if inside(period, p.settled_at)),
    }  # fmt: skip


def same(summary, wanted):
    for name in ("orders", "refunded", "tickets", "disputed", "automatic", "back"):
        assert getattr(summary, name) == wanted[name], name
    for name in ("answered", "ended"):
        spread = getattr(summary, name)
        assert all(map(near, (spread.median, spread.p90), wanted[name])), name


@pytest.mark.parametrize(("step", "zone"), [(Step.DAY, UTC), (Step.WEEK, SHANGHAI), (Step.MONTH, SHANGHAI)], ids=str)
def test_figures_are_what_a_person_would_count(busy, step, zone, django_assert_num_queries):
    period = Period(LAST - timedelta(days=20), LAST, step, zone)
    with django_assert_num_queries(13):
        found = shop.of_shop(busy.shop, period)
    for summary, of in ((found.now, period), (found.before, period.before)):
        same(summary, counted(busy, of))
    assert found.now.tickets > 3
    assert [row.begins for row in found.steps] == list(period.steps())
    for row in found.steps:
        after = next((later for later in period.steps() if later > row.begins), period.last + timedelta(days=1))
        days = Period(max(row.begins, period.first), min(after - timedelta(days=1), period.last), step, zone)
        same(row, counted(busy, days))
    tickets = [t.pk for t in Ticket.objects.all() if inside(period, t.opened_at)]
    assert sum(row.tickets for row in found.reasons) == len(tickets)
    (mugs,) = found.products
    lines = TicketLine.objects.filter(ticket__in=tickets)
    assert (mugs.tickets, mugs.units) == (len(tickets), sum(line.quantity for line in lines))
    sold = [line.quantity for line in OrderLine.objects.filter(sku=busy.mug) if inside(period, line.order.paid_at)]
    assert mugs.sold == sum(sold)


def test_agents_are_measured_by_their_first_rulings(busy, django_assert_num_queries):
    case = situations.appealed(busy)
    (first,) = Ruling.objects.all()
    today = timezone.now().date()
    period = Period(today, today, Step.DAY, UTC)
    with django_assert_num_queries(3):
        rows = {row.agent: row for row in desk.by_agent(period)}
    assert (rows[busy.sam].ruled, rows[busy.sam].in_time, rows[busy.sam].overturned) == (1, 1, 0)
    assert near(rows[busy.sam].median, first.made_at - case.disputes.get().opened_at)
    # The appeal decides otherwise.
    Ruling.objects.create(dispute=case.disputes.get(), verdict="refuse", freight_by="buyer", note="No.", agent=busy.sue,
                          on_appeal=True)  # fmt: skip
    rows = {row.agent: row for row in desk.by_agent(period)}
    assert (rows[busy.sam].appealed, rows[busy.sam].overturned, rows[busy.sam].overturned_share) == (1, 1, 10_000)
    assert rows[busy.sue].ruled == 0


def page(client, **asked):
    return client.get(reverse("admin:figures"), asked)


def test_page_shows_every_chart_with_its_table(busy, client, django_assert_max_num_queries):
    client.force_login(busy.bob)
    days = {"first": "2026-02-20", "last": "2026-03-20", "step": "week"}
    with django_assert_max_num_queries(24):
        response = page(client, **days)
    names = [item["chart"].name for item in response.context["charts"]]
    assert names == ["tickets", "refund-rate", "first-answer", "end", "money", "reasons", "products"]
    for name in names:
        text = client.get(reverse("admin:figures_table", args=[name]), days).content.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text)))
        item = next(item for item in response.context["charts"] if item["chart"].name == name)
        assert len(rows) == len(item["rows"]) + 1
        assert {len(row) for row in rows} == {len(item["chart"].columns)}


BAD = [({"first": "2026-03-20", "last": "2026-03-19"}, "last"), ({"first": "2024-01-01"}, "last"),
       ({"first": "soon"}, "first"), ({"step": "hour"}, "step"), ({"shop": "x"}, "shop"),
       ({"first": "0001-01-01", "last": "0001-01-02"}, "first")]  # fmt: skip


@pytest.mark.parametrize(("asked", "field"), BAD, ids=str)
def test_days_that_cannot_be_are_named(busy, client, asked, field):
    client.force_login(busy.bob)
    response = page(client, **asked)
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert client.get(reverse("admin:figures_table", args=["money"]), asked).status_code == 404


def test_a_shops_figures_are_its_own(busy, client):
    client.force_login(busy.bob)
    assert page(client, shop=busy.other_shop.code).status_code == 422
    table = client.get(reverse("admin:figures_table", args=["money"]), {"shop": busy.other_shop.code})
    assert table.status_code == 404
    for user in (busy.operator, auditor()):
        client.force_login(user)
        assert page(client, shop=busy.other_shop.code).context["shop"] == busy.other_shop
    client.force_login(busy.agent_of_shop())
    assert page(client).context["shop"] == busy.shop
    client.force_login(busy.sam)
    assert page(client).status_code == 403
