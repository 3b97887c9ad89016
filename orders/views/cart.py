"""The cart and the checkout."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from aftersales.lifecycle.errors import Conflict, Refused
from orders import cart
from orders.actions import Checkout, place
from orders.cart import Basket
from orders.forms import CheckoutForm, UnitsForm
from orders.lifecycle import ORDER
from orders.models import Order, Sku
from orders.views.pages import conflict_page, personal, reader, refuse, see_other


class PriceChanged(Exception):
    """The orders would not cost what the checkout page showed: prices, the cart or the coupon are others."""


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest) -> HttpResponse:
    """GET shows the cart, POST changes or removes one line."""
    bound = None
    if request.method == "POST":
        sku = _sku_in_cart(request)
        if sku is None:
            # Another tab has taken it out; the cart as it is now says so.
            return see_other(reverse("orders:cart"))
        bound = UnitsForm(sku, request.POST)
        if _change(request, bound):
            return see_other(reverse("orders:cart"))
    shops = cart.baskets(cart.units(request.session))
    context = {
        "baskets": [(basket, _with_forms(basket, bound)) for basket in shops],
        "trouble": any(line.trouble for basket in shops for line in basket.lines),
    }
    return render(request, "orders/cart.html", context, status=422 if bound else 200)


def _sku_in_cart(request: HttpRequest) -> Sku | None:
    wanted = request.POST.get("sku", "")
    key = next((key for key in cart.units(request.session) if str(key) == wanted), 0)
    return Sku.objects.select_related("product").filter(pk=key).first()


def _change(request: HttpRequest, form: UnitsForm) -> bool:
    removing = "remove" in request.POST
    if not removing and not form.is_valid():
        return False
    try:
        with cart.locked(request.session) as session:
            cart.put(session, form.sku, 0 if removing else form.cleaned_data["quantity"])
    except Refused as refused:
        refuse(form, refused)
        return False
    return True


def _with_forms(basket: Basket, bound: UnitsForm | None) -> list[tuple[cart.CartLine, UnitsForm]]:
    def form(line: cart.CartLine) -> UnitsForm:
        sku = line.priced.sku
        return bound if bound and bound.sku == sku else UnitsForm(sku, quantity=line.priced.quantity)

    return [(line, form(line)) for line in basket.lines]


@personal
@require_http_methods(["GET", "HEAD", "POST"])
def checkout(request: HttpRequest) -> HttpResponse:
    """GET asks where the goods go, POST places the orders: sent twice, it places them once."""
    if request.method != "POST":
        if not cart.units(request.session):
            return redirect("orders:cart")
        return _page(request, CheckoutForm(initial=_last_address(request) | {"token": uuid.uuid4()}))
    form = CheckoutForm(request.POST)
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


def _last_address(request: HttpRequest) -> dict[str, Any]:
    fields = ("recipient", "phone", "address")
    return Order.objects.of_buyer(reader(request)).order_by("-pk").values(*fields).first() or {}


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
    context = {"form": form, "baskets": shops, "promise": cart.promise(shops)}
    return render(request, "orders/checkout.html", context, status=status)


def _place(request: HttpRequest, form: CheckoutForm) -> list[str]:
    """The numbers of the orders that this checkout has become, now or at the first of two clicks."""
    sent = form.cleaned_data
    token = str(sent["token"])
    # The session's row is locked before any row of the checkout; the second click waits here for the first.
    with cart.locked(request.session) as session:
        done: list[str] | None = session.get(cart.PLACED, {}).get(token)
        if done:
            return done
        wanted = cart.units(session)
        delivery = {name: sent[name] for name in ("recipient", "phone", "address", "coupon")}
        with transaction.atomic():
            orders = place(reader(request), Checkout(wanted, **delivery))
            if cart.promise(orders) != sent["promise"]:
                raise PriceChanged
        return cart.remember(session, token, orders)


def _to_orders(numbers: list[str]) -> HttpResponse:
    if len(numbers) == 1:
        return see_other(reverse("orders:order", args=numbers))
    return see_other(reverse("orders:list"))
