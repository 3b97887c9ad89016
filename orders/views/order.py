"""One order's page, and what the buyer may do with it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRefresh

from aftersales import actors
from aftersales.actors import Role
from aftersales.lifecycle.errors import Conflict
from aftersales.lifecycle.offers import open_to
from orders import actions, cart
from orders.lifecycle import ORDER
from orders.models import Order, OrderLine, Shipment, ShipmentLine
from orders.rules import may_be_invoiced
from orders.states import OrderState
from orders.views.pages import asking, conflict_page, is_fragment, personal, reader, see_other
from orders.views.payment import in_vain, payable, waiting

# The buyer's own verbs, by the name of their action, and what is said when they are done.
VERBS = {
    "cancel": (actions.cancel, _("The order is cancelled.")),
    "extend": (actions.extend, _("You have more time now.")),
    "receive": (actions.receive, _("You have confirmed the receipt.")),
}


def order_of(request: HttpRequest, number: str) -> tuple[QuerySet[Order], Order]:
    """The reader's order, as a queryset of one and as it stands. Raises Http404 for everybody else's."""
    rows = Order.objects.of_buyer(reader(request)).filter(number=number)
    return rows, get_object_or_404(rows.select_related("shop", "policy", "invoice"))


@asking
@require_safe
def detail(request: HttpRequest, number: str) -> HttpResponse:
    _rows, order = order_of(request, number)
    if is_fragment(request):
        return _still_waiting(request, order)
    lines = list(order.lines.select_related("sku__product__goods_rule"))
    context = {
        "order": order,
        "lines": lines,
        "parcels": _parcels(order, lines),
        "events": list(order.events.order_by("-pk")),
        "late": order.ship_by is not None and order.ship_by < timezone.now(),
        "invoiced": may_be_invoiced(order),
        "others": order.state == OrderState.AWAITING_SHIPMENT and _others_to_pay(request),
    }
    return render(request, "orders/order.html", context | _next(order))


def _others_to_pay(request: HttpRequest) -> bool:
    """Who has just paid one order of a checkout is led to the next."""
    return Order.objects.of_buyer(reader(request)).filter(state=OrderState.AWAITING_PAYMENT).exists()


def _next(order: Order) -> dict[str, Any]:
    """What the page says about the next step."""
    payments = list(order.payments.all()) if order.state == OrderState.AWAITING_PAYMENT else []
    return {
        "actions": [action for action in open_to(ORDER, order, Role.BUYER) if action.name in VERBS],
        "payable": payable(order),
        "wait": waiting(payments),
        "payment": in_vain(payments) if payable(order) else None,
    }


def _still_waiting(request: HttpRequest, order: Order) -> HttpResponse:
    """The part that waits for the channel's word, looked at again and again; when it has come, the whole page."""
    context = _next(order)
    if not context["wait"]:
        return HttpResponseClientRefresh()
    if request.GET.get("seen") == context["wait"].mark:
        return HttpResponse(status=204)
    return render(request, "orders/_wait.html", context | {"order": order})


def _parcels(order: Order, lines: list[OrderLine]) -> list[tuple[Shipment, list[ShipmentLine]]]:
    """What was sent in each parcel; no parcel is empty."""
    by_key = {line.pk: line for line in lines}
    parcels: dict[Shipment, list[ShipmentLine]] = {}
    sent = ShipmentLine.objects.filter(shipment__order=order).select_related("shipment")
    for item in sent.order_by("shipment_id", "pk"):
        item.line = by_key[item.line_id]
        parcels.setdefault(item.shipment, []).append(item)
    return list(parcels.items())


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


@personal
@require_http_methods(["GET", "HEAD", "POST"])
def again(request: HttpRequest, number: str) -> HttpResponse:
    """POST puts what can still be bought into the cart and says what cannot. GET, where a login leads back to, changes
    nothing and shows the order."""
    _rows, order = order_of(request, number)
    if request.method != "POST":
        return redirect("orders:order", number)
    with cart.locked(request.session) as session:
        any_left, missing = cart.put_again(session, order)
    for sentence in missing:
        messages.warning(request, sentence)
    if any_left:
        messages.success(request, _("What can be bought again is in your cart."))
    return see_other(reverse("orders:cart"))
