"""The buyer's orders: tabs, search, dates, and the next step of each."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from orders.filters import OrderFilter
from orders.models import Order
from orders.states import OrderState
from orders.views.pages import page_of, personal, reader, with_query

PAGE = 20


@personal
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    mine = Order.objects.of_buyer(reader(request))
    found = OrderFilter(request.GET, mine.select_related("shop", "policy").prefetch_related("lines"))
    sound = found.is_valid()
    context = {
        "filter": found,
        "page": page_of(request, found.qs if sound else mine.none(), PAGE),
        "tabs": _tabs(request.GET, mine),
        "presets": _presets(request.GET),
        "state": request.GET.get("state", ""),
        "narrowed": any(request.GET.get(name) for name in ("q", "after", "before")),
    }
    return render(request, "orders/list.html", context, status=200 if sound else 422)


def _tabs(query: QueryDict, mine: QuerySet[Order]) -> list[tuple[str, Any, int, bool]]:
    """As components/tabs.html shows them, all orders first; the counts are of what search and dates have left."""
    rest = query.copy()
    rest.pop("state", None)
    others = OrderFilter(rest, mine)
    left = others.qs if others.is_valid() else mine.none()
    counts = dict(left.order_by().values_list("state").annotate(Count("pk")))
    states = [(str(state), state.label, counts.get(state, 0)) for state in OrderState.all()]
    chosen = query.get("state", "")
    return [
        (with_query(query, state=value), label, count, value == chosen)
        for value, label, count in [("", _("All"), sum(counts.values())), *states]
    ]


def _presets(query: QueryDict) -> list[tuple[str, Any, bool]]:
    """(address, label, whether it is chosen) of spans of days that end today, in the reader's calendar."""
    today = timezone.localdate()
    spans: list[tuple[Any, date | None]] = [
        (_("Any time"), None),
        (_("Last 30 days"), today - timedelta(days=30)),
        (_("Last 3 months"), today - timedelta(days=91)),
        (_("This year"), today.replace(month=1, day=1)),
    ]
    chosen = (query.get("after", ""), query.get("before", ""))
    return [
        (with_query(query, after=first, before=""), label, chosen == (first, ""))
        for label, first in ((label, day.isoformat() if day else "") for label, day in spans)
    ]
