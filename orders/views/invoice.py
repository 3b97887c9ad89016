"""What the buyer wants on the invoice of an order, and the data for it on one page to print."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from aftersales import actors
from aftersales.lifecycle.errors import Conflict
from orders.actions import save_invoice
from orders.forms import InvoiceForm
from orders.lifecycle import ORDER
from orders.models import InvoiceData, Order
from orders.rules import may_be_invoiced
from orders.states import TitleKind
from orders.views.order import order_of
from orders.views.pages import conflict_page, personal, reader, see_other


def _data(order: Order) -> InvoiceData:
    """What there is, or a new one to be filled in."""
    return InvoiceData.objects.filter(order=order).first() or InvoiceData(
        order=order, kind=TitleKind.PERSONAL, version=0
    )


@personal
@require_http_methods(["GET", "HEAD", "POST"])
def invoice(request: HttpRequest, number: str) -> HttpResponse:
    """GET shows what there is, POST writes it, unless another tab has done so meanwhile."""
    rows, order = order_of(request, number)
    page, data = reverse("orders:order", args=[number]), _data(order)
    if request.method != "POST" and not may_be_invoiced(order):
        return redirect(page)
    first = {"version": data.version, "email": data.email or reader(request).email}
    form = InvoiceForm(request.POST if request.method == "POST" else None, instance=data, initial=first)
    if form.is_valid():
        try:
            save_invoice(rows, actors.buyer(reader(request)), form.save(commit=False), form.cleaned_data["version"])
        except Conflict as conflict:
            return conflict_page(request, conflict, ORDER, number, reverse("orders:invoice", args=[number]))
        messages.success(request, _("The invoice data is saved."))
        return see_other(page)
    context = {"order": order, "form": form, "data": data}
    return render(request, "orders/invoice.html", context, status=422 if form.errors else 200)


@personal
@require_safe
def printed(request: HttpRequest, number: str) -> HttpResponse:
    """Seller, buyer, lines after discounts, freight, what was refunded and what is left of it all."""
    _rows, order = order_of(request, number)
    context = {"order": order, "lines": order.lines.all(), "data": _data(order), "net": order.total - order.settled}
    return render(request, "orders/invoice_print.html", context)
