"""What can be bought: the shop's search, and a product with its variants."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.db.models import Exists, F, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from aftersales.lifecycle.errors import Refused
from aftersales.lifecycle.forms import refuse
from orders import cart
from orders.filters import ProductFilter
from orders.forms import UnitsForm
from orders.models import Policy, Product, Sku
from orders.rules import offered
from orders.views.pages import page_of, see_other

PAGE = 24


def _on_sale() -> QuerySet[Product]:
    """With the `lowest` and `highest` price of a variant, and `in_stock`."""
    skus = Sku.objects.filter(product=OuterRef("pk")).order_by()
    prices = skus.annotate(now=F("price") - F("discount")).values("now")
    found = Product.objects.on_sale().filter(Exists(skus)).select_related("shop")
    return found.annotate(
        lowest=Subquery(prices.order_by("now")[:1]),
        highest=Subquery(prices.order_by("-now")[:1]),
        in_stock=Exists(skus.filter(stock__gt=0)),
    )


@require_safe
def shop(request: HttpRequest) -> HttpResponse:
    found = ProductFilter(request.GET, _on_sale())
    sound = found.is_valid()
    rows = found.qs if sound else Product.objects.none()
    context = {
        "filter": found,
        "page": page_of(request, rows, PAGE),
        "q": request.GET.get("q", ""),
        "narrowed": any(request.GET.get(name) for name in ("least", "most", "stock")),
    }
    return render(request, "orders/shop.html", context, status=200 if sound else 422)


@require_http_methods(["GET", "HEAD", "POST"])
def product(request: HttpRequest, pk: int) -> HttpResponse:
    """GET shows the variants, POST puts units of one into the cart."""
    article = get_object_or_404(Product.objects.on_sale().select_related("shop", "goods_rule"), pk=pk)
    skus = list(article.skus.all())
    chosen = next((sku for sku in skus if str(sku.pk) == request.POST.get("sku")), None)
    bound = UnitsForm(chosen, request.POST) if chosen else None
    if bound and bound.is_valid() and _add(request, bound):
        messages.success(request, _("It is in your cart."))
        return see_other(reverse("orders:cart"))
    status = 422 if request.method == "POST" else 200
    context = {
        "product": article,
        "skus": skus,
        "form": bound or _first_form(skus),
        "unknown": status == 422 and not bound,
        "after_sale": _after_sale(article),
    }
    return render(request, "orders/product.html", context, status=status)


def _first_form(skus: list[Sku]) -> UnitsForm | None:
    """For the first variant that can be bought, chosen beforehand; None when none can."""
    first = next((sku for sku in skus if sku.stock), None)
    return UnitsForm(first) if first else None


def _after_sale(article: Product) -> tuple[list[str], timedelta] | None:
    """What an order placed now would come under; None where the business has no policy and so sells nothing."""
    try:
        return offered(article, Policy.objects.in_force(article.shop))
    except Policy.DoesNotExist:
        return None


def _add(request: HttpRequest, form: UnitsForm) -> bool:
    """Put the units on top of what the cart has; False, with the reason at the field, when that is too many."""
    try:
        with cart.locked(request.session) as session:
            already = cart.units(session).get(form.sku.pk, 0)
            cart.put(session, form.sku, already + form.cleaned_data["quantity"])
    except Refused as refused:
        refuse(form, refused)
        return False
    return True
