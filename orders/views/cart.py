"""The cart: what it holds, how many of each, and what was just taken out."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from aftersales.lifecycle.errors import Refused
from aftersales.lifecycle.forms import refuse
from orders import cart
from orders.cart import Basket
from orders.forms import UnitsForm
from orders.models import Sku
from orders.views.pages import is_fragment, see_other


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest) -> HttpResponse:
    """GET shows the cart, POST changes or removes one line, or puts back what was removed last."""
    bound = None
    if request.method == "POST":
        sku = _sku_named(request)
        if sku is None:
            # Another tab has taken it out; the cart as it is now says so.
            return see_other(reverse("orders:cart"))
        bound = UnitsForm(sku, request.POST)
        if _change(request, bound):
            return see_other(reverse("orders:cart"))
    part = is_fragment(request)
    context = _context(request, bound) | {"part": part}
    return render(request, "orders/_cart.html" if part else "orders/cart.html", context, status=422 if bound else 200)


def _context(request: HttpRequest, bound: UnitsForm | None) -> dict[str, Any]:
    shops = cart.baskets(cart.units(request.session))
    return {
        "baskets": [(basket, _with_forms(basket, bound)) for basket in shops],
        "totals": cart.totals(shops),
        "trouble": any(line.trouble for basket in shops for line in basket.lines),
        "removed": cart.removed(request.session),
        "refused": bound,
    }


def _sku_named(request: HttpRequest) -> Sku | None:
    """An article of the cart, or the one that was taken out last."""
    wanted = request.POST.get("sku", "")
    known = list(cart.units(request.session))
    if "undo" in request.POST:
        known = list(request.session.get(cart.REMOVED) or ())[:1]
    key = next((key for key in known if str(key) == wanted), 0)
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
