"""/health: is anything late or waiting for a person? Figures only, no names, so that a monitor may read it openly."""

from __future__ import annotations

from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Count, Min, Q
from django.db.models.functions import Now
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from aftersales.lifecycle.table import Lifecycle
from aftersales.lifecycles import ALL
from aftersales.models import Heartbeat
from refunds.models import Notice, Payout
from refunds.states import PayoutState

# Beat ticks every few seconds; a minute without is an outage (a clock has to fire within 60 s).
SILENT_SECONDS = 60
LATE_SECONDS = 60


@require_safe
@never_cache
def health(request: HttpRequest) -> JsonResponse:
    """200 while clocks fire in time, 503 when the database or the broker is away, beat is silent or a row is late."""
    try:
        figures = _figures()
    except DatabaseError:
        return JsonResponse({"ok": False, "database": False}, status=503)
    figures["broker"] = _broker()
    beat, late = figures["heartbeat_age_seconds"], figures["oldest_overdue_seconds"]
    ok = figures["broker"] and beat is not None and beat <= SILENT_SECONDS and late <= LATE_SECONDS
    return JsonResponse({"ok": ok, **figures}, status=200 if ok else 503)


def _figures() -> dict[str, Any]:
    now = _now()
    beat = Heartbeat.objects.filter(name="tick").values_list("at", flat=True).first()
    lives = {life.name: _life(life, now) for life in ALL}
    trouble = Payout.objects.aggregate(
        failed=Count("pk", filter=Q(state=PayoutState.FAILED)),
        unknown=Count("pk", filter=Q(state=PayoutState.UNKNOWN)),
    )
    return {
        "database": True,
        "heartbeat_age_seconds": round((now - beat).total_seconds(), 1) if beat else None,
        "oldest_overdue_seconds": max(life["oldest_overdue_seconds"] for life in lives.values()),
        "lives": lives,
        "payouts": trouble,
        "notices": _notices(now),
    }


def _notices(now: datetime) -> dict[str, Any]:
    """E-mails that wait and that were given up, and how old the oldest event is that nobody was told of."""
    oldest = [life.event._base_manager.filter(announced_at__isnull=True).order_by("pk").first() for life in ALL]
    ages = [(now - event.at).total_seconds() for event in oldest if event]
    return {
        "waiting": Notice.objects.filter(next_at__isnull=False).count(),
        "failed": Notice.objects.failed().count(),
        "oldest_unannounced_seconds": round(max(ages, default=0), 1),
    }


def _now() -> datetime:
    """The database's clock, which all deadlines are judged by."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        row: tuple[datetime] = cursor.fetchone()
    return row[0]


def _life(life: Lifecycle, now: datetime) -> dict[str, Any]:
    """How late the oldest row is that its clock should have moved by now, and how many rows were set aside."""
    rows = life.model._base_manager.all()
    late = rows.filter(_ripe(life), due_at__lte=Now(), set_aside_at__isnull=True)
    oldest = late.aggregate(at=Min("due_at"))["at"]
    return {
        "oldest_overdue_seconds": round((now - oldest).total_seconds(), 1) if oldest else 0,
        "set_aside": rows.filter(set_aside_at__isnull=False).count(),
    }


def _ripe(life: Lifecycle) -> Q:
    """Rows whose guard lets the clock move them: one that waits for the channel's word, say, is not late."""
    timed = [state for state in life.states.all() if state.on_due]
    ways = [(s, t.guard) for s in timed for t in life.named(s.on_due or "") if s in t.sources]
    return reduce(or_, (Q(state=state) & guard for state, guard in ways))


def _broker() -> bool:
    try:
        client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)
        try:
            return bool(client.ping())
        finally:
            client.close()
    except redis.RedisError:
        return False
