"""Paying: a worker starts the attempt at the channel while the buyer waits a moment, and asks about it afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from aftersales import actors
from aftersales.lifecycle.errors import Conflict
from orders.actions import start_payment
from orders.lifecycle import ORDER
from orders.models import Order, Payment
from orders.states import OrderState
from orders.views.pages import asking, conflict_page, is_fragment, reader, see_other

SOON: Final = 2
# Who has not paid by then may have left the channel's page open: the order's page asks less often.
PROMPT: Final = timedelta(minutes=5)
SLOW: Final = timedelta(seconds=30)


@dataclass(frozen=True)
class Wait:
    """An open attempt to pay an order; the page is to be loaded again after `seconds`."""

    payment: Payment
    seconds: int

    @property
    def mark(self) -> str:
        """What a page that shows it shows; while this stays the same, nothing is to be changed there."""
        return f"{self.seconds}-{bool(self.payment.pay_url):d}"


def payable(order: Order) -> bool:
    """Whether paying is worth a try; whether it succeeds is judged under the lock, by the database's clock."""
    return order.state == OrderState.AWAITING_PAYMENT and order.due_at is not None and order.due_at > timezone.now()


def waiting(payments: Sequence[Payment]) -> Wait | None:
    """What the page of an order to be paid waits for, out of its attempts."""
    payment = next(filter(_preparing, payments), None)
    if payment is None:
        return None
    return Wait(payment, SOON if timezone.now() - payment.created_at < PROMPT else 15)


def in_vain(payments: Sequence[Payment]) -> Payment | None:
    """The last attempt to pay, when it came to nothing; the newest of them comes first."""
    return payments[0] if payments and not _preparing(payments[0]) else None


def _preparing(payment: Payment) -> bool:
    return payment.ended_at is None and payment.received_at is None


@asking
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
        return _lead_to(request, reverse("orders:order", args=[order.number]))
    preparing = _preparing(payment)
    if preparing and payment.pay_url:
        return _lead_to(request, payment.pay_url)
    slow = now - payment.created_at > SLOW
    mark = f"{preparing:d}-{slow:d}"
    if is_fragment(request) and request.GET.get("seen") == mark:
        return HttpResponse(status=204)
    context = {"order": order, "payment": payment, "preparing": preparing, "slow": slow, "seconds": SOON, "mark": mark}
    return render(request, "orders/_pay.html" if is_fragment(request) else "orders/pay.html", context)


def _lead_to(request: HttpRequest, url: str) -> HttpResponse:
    return HttpResponseClientRedirect(url) if is_fragment(request) else redirect(url)
