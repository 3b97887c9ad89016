"""The checkout: where the goods go, what every order costs, and the orders, once."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from aftersales.lifecycle.errors import Conflict, Refused
from aftersales.lifecycle.forms import refuse
from orders import addresses, cart
from orders.actions import Checkout, place
from orders.forms import ELSEWHERE, CheckoutForm
from orders.lifecycle import ORDER
from orders.models import Address, Order
from orders.states import OrderState
from orders.views.pages import conflict_page, personal, reader, see_other


class PriceChanged(Exception):
    """The orders would not cost what the checkout page showed: prices, the cart or the coupon are others."""


@personal
@require_http_methods(["GET", "HEAD", "POST"])
def checkout(request: HttpRequest) -> HttpResponse:
    """GET asks where the goods go, POST places the orders: sent twice, it places them once."""
    book = list(Address.objects.of_buyer(reader(request)))
    if request.method != "POST":
        if not cart.units(request.session):
            return redirect("orders:cart")
        return _page(request, CheckoutForm(initial=_first_choice(request, book), book=book))
    form = CheckoutForm(request.POST, book=book)
    if "apply" in request.POST:
        return _preview(request, form)
    if form.is_valid():
        try:
            return _to_orders(_place(request, form))
        except Conflict as conflict:
            return conflict_page(request, conflict, ORDER, _("your order"), reverse("orders:checkout"))
        except Refused as refused:
            refuse(form, refused)
        except PriceChanged:
            form.add_error(None, _("The total has changed. Look at the new one, then order again."))
    return _page(request, form, status=422)


def _first_choice(request: HttpRequest, book: list[Address]) -> dict[str, Any]:
    """The default address, or for an empty book where the last order went."""
    first: dict[str, Any] = {"token": uuid.uuid4(), "save": len(book) < addresses.MOST}
    if book:
        return first | {"to": book[0].pk}
    fields = ("recipient", "phone", "address")
    last = Order.objects.of_buyer(reader(request)).order_by("-pk").values(*fields).first() or {}
    return first | {"to": ELSEWHERE} | last


def _preview(request: HttpRequest, form: CheckoutForm) -> HttpResponse:
    """Show what the coupon brings, and nothing else: what is missing in the other fields is not yet a mistake."""
    form.is_valid()
    for name in set(form.errors) - {"coupon"}:
        del form.errors[name]
    if not form.errors:
        try:
            cart.baskets(cart.units(request.session), form.cleaned_data["coupon"])
        except Refused as refused:
            refuse(form, refused)
    return _page(request, form, status=422 if form.errors else 200)


def _page(request: HttpRequest, form: CheckoutForm, status: int = 200) -> HttpResponse:
    units = cart.units(request.session)
    try:
        shops = cart.baskets(units, getattr(form, "cleaned_data", {}).get("coupon", ""))
    except Refused:
        shops = cart.baskets(units)
    context = {"form": form, "baskets": shops, "promise": cart.promise(shops), "totals": cart.totals(shops)}
    return render(request, "orders/checkout.html", context, status=status)


def _place(request: HttpRequest, form: CheckoutForm) -> list[str]:
    """The numbers of the orders that this checkout has become, now or at the first of two clicks."""
    token = str(form.cleaned_data["token"])
    # The session's row is locked before any row of the checkout; the second click waits here for the first.
    with cart.locked(request.session) as session:
        done: list[str] | None = session.get(cart.PLACED, {}).get(token)
        if done:
            return done
        with transaction.atomic():
            orders = _orders(request, form, Checkout(cart.units(session), **form.delivery(),
                                                     coupon=form.cleaned_data["coupon"]))  # fmt: skip
        return cart.remember(session, token, orders)


def _orders(request: HttpRequest, form: CheckoutForm, wanted: Checkout) -> list[Order]:
    # First, since it locks its owner: whoever files a ticket locks the owner before any goods.
    if form.is_to_be_kept():
        try:
            addresses.keep(reader(request), form.typed())
        except Refused as refused:
            raise Refused(refused.code, "save", **refused.params) from refused
    orders = place(reader(request), wanted)
    if cart.promise(orders) != form.cleaned_data["promise"]:
        raise PriceChanged
    return orders


def _to_orders(numbers: list[str]) -> HttpResponse:
    if len(numbers) == 1:
        return see_other(reverse("orders:order", args=numbers))
    return see_other(reverse("orders:to_pay"))


@personal
@require_safe
def to_pay(request: HttpRequest) -> HttpResponse:
    """The reader's orders that wait for money, to be paid one after another; those most pressing first."""
    mine = Order.objects.of_buyer(reader(request)).filter(state=OrderState.AWAITING_PAYMENT)
    orders = mine.select_related("shop").prefetch_related("lines").order_by("due_at", "pk")
    return render(request, "orders/to_pay.html", {"orders": orders})
