"""Paying: a worker starts the attempt at the channel while the buyer waits a moment, and asks about it afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from aftersales import actors
from aftersales.lifecycle.errors import Conflict
from orders.actions import start_payment
from orders.lifecycle import ORDER
from orders.models import Order, Payment
from orders.states import OrderState
from orders.views.pages import conflict_page, personal, reader, see_other

SOON: Final = 2
# Who has not paid by then may have left the channel's page open: the order's page asks less often.
PROMPT: Final = timedelta(minutes=5)
SLOW: Final = timedelta(seconds=30)


@dataclass(frozen=True)
class Wait:
    """An open attempt to pay an order; the page is to be loaded again after `seconds`."""

    payment: Payment
    seconds: int


def payable(order: Order) -> bool:
    """Whether paying is worth a try; whether it succeeds is judged under the lock, by the database's clock."""
    return order.state == OrderState.AWAITING_PAYMENT and order.due_at is not None and order.due_at > timezone.now()


def waiting(order: Order) -> Wait | None:
    """What an order's page waits for. One query for an order to be paid, none for another."""
    if order.state != OrderState.AWAITING_PAYMENT:
        return None
    payment = order.payments.open().first()
    if payment is None:
        return None
    return Wait(payment, SOON if timezone.now() - payment.created_at < PROMPT else 15)


def in_vain(order: Order) -> Payment | None:
    """The last attempt to pay, when it came to nothing and another one may be made."""
    payment = order.payments.first() if payable(order) else None
    return payment if payment and not _preparing(payment) else None


def _preparing(payment: Payment) -> bool:
    return payment.ended_at is None and payment.received_at is None


@personal
@require_http_methods(["GET", "HEAD", "POST"])
def pay(request: HttpRequest, number: str) -> HttpResponse:
    """POST starts an attempt, or finds the one that is open. GET waits for it and then leads to the channel."""
    rows = Order.objects.of_buyer(reader(request)).filter(number=number)
    order = get_object_or_404(rows.select_related("shop"))
    if request.method != "POST":
        return _wait(request, order)
    try:
        start_payment(rows, actors.buyer(reader(request)))
    except Conflict as conflict:
        return conflict_page(request, conflict, ORDER, number, reverse("orders:order", args=[number]))
    return see_other(reverse("orders:pay", args=[number]))


def _wait(request: HttpRequest, order: Order) -> HttpResponse:
    now = timezone.now()
    payment = order.payments.first()
    if payment is None or not payable(order):
        return redirect("orders:order", order.number)
    preparing = _preparing(payment)
    if preparing and payment.pay_url:
        return redirect(payment.pay_url)
    context = {"order": order, "payment": payment, "preparing": preparing, "slow": now - payment.created_at > SLOW}
    response = render(request, "orders/pay.html", context)
    if preparing:
        response["Refresh"] = str(SOON)
    return response
