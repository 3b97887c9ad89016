"""The buyer's orders: the list, one order, and what the buyer may do with it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from aftersales import actors
from aftersales.actors import Role
from aftersales.lifecycle.errors import Conflict
from aftersales.lifecycle.table import Transition
from orders import actions
from orders.filters import OrderFilter
from orders.lifecycle import ORDER
from orders.models import Order
from orders.states import OrderState
from orders.views.pages import conflict_page, page_of, personal, reader, see_other
from orders.views.payment import in_vain, payable, waiting

PAGE = 20
# The buyer's own verbs, by the name of their action, and what is said when they are done.
VERBS = {
    "cancel": (actions.cancel, _("The order is cancelled.")),
    "extend": (actions.extend, _("You have more time now.")),
    "receive": (actions.receive, _("You have confirmed the receipt.")),
}


def order_of(request: HttpRequest, number: str) -> tuple[QuerySet[Order], Order]:
    """The reader's order, as a queryset of one and as it stands. Raises Http404 for everybody else's."""
    rows = Order.objects.of_buyer(reader(request)).filter(number=number)
    return rows, get_object_or_404(rows.select_related("shop", "policy", "coupon"))


@personal
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    mine = Order.objects.of_buyer(reader(request))
    found = OrderFilter(request.GET, mine.select_related("shop").prefetch_related("lines"))
    sound = found.is_valid()
    context = {
        "filter": found,
        "page": page_of(request, found.qs if sound else mine.none(), PAGE),
        "tabs": _tabs(mine),
        "state": request.GET.get("state", ""),
    }
    return render(request, "orders/list.html", context, status=200 if sound else 422)


def _tabs(mine: QuerySet[Order]) -> list[tuple[str, Any, int]]:
    """(value of the filter, label, how many); all of them first."""
    counts = dict(mine.order_by().values_list("state").annotate(Count("pk")))
    states = [(str(state), state.label, counts.get(state, 0)) for state in OrderState.all()]
    return [("", _("All"), sum(counts.values())), *states]


@personal
@require_safe
def detail(request: HttpRequest, number: str) -> HttpResponse:
    rows, order = order_of(request, number)
    context = {
        "order": order,
        "lines": order.lines.all(),
        "shipments": order.shipments.prefetch_related("lines__line"),
        "events": order.events.order_by("-pk"),
        "actions": _actions(rows, order),
        "payable": payable(order),
        "payment": in_vain(order),
        "late": order.ship_by is not None and order.ship_by < timezone.now(),
    }
    wait = waiting(order)
    response = render(request, "orders/order.html", context | {"wait": wait})
    if wait and wait.seconds:
        response["Refresh"] = str(wait.seconds)
    return response


def _actions(rows: QuerySet[Order], order: Order) -> list[Transition]:
    """What the table gives the buyer here and its guard lets through now."""
    offered = [action for action in ORDER.actions_of(Role.BUYER, order.state) if action.name in VERBS]
    return [action for action in offered if not action.guard or rows.filter(action.guard).exists()]


@personal
@require_http_methods(["GET", "HEAD", "POST"])
def act(request: HttpRequest, number: str, action: str) -> HttpResponse:
    """POST does it. GET, where a login leads back to, changes nothing and shows the order."""
    rows, _order = order_of(request, number)
    page = reverse("orders:order", args=[number])
    if request.method != "POST":
        return redirect(page)
    verb, words = VERBS[action]
    try:
        verb(rows, actors.buyer(reader(request)))
    except Conflict as conflict:
        return conflict_page(request, conflict, ORDER, number, page)
    messages.success(request, words)
    return see_other(page)
