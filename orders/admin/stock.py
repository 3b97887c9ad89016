"""What sellers see and change of the stock of many goods at once."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from aftersales.keys import key_of
from aftersales.lifecycle.admin import ByRole, person
from orders import stocking
from orders.admin.fields import WholeNumberField, WhyField
from orders.admin.forms import MOST
from orders.effects import lock_stock
from orders.models import Product, Sku
from orders.models.catalog import FEW

# On one page: who has more to change brings a table.
MOST_PRODUCTS = 50


class StockFilter(admin.SimpleListFilter):
    """Products of which a variant has run out, or soon will."""

    title = gettext_lazy("stock")
    parameter_name = "stock"
    limits = {"few": FEW, "none": 0}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, Any]]:
        return [("few", _("Few left, or sold out")), ("none", _("Sold out"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        most = self.limits.get(str(self.value()))
        if most is None:
            return queryset
        return queryset.filter(Exists(Sku.objects.filter(product=OuterRef("pk"), stock__lte=most)))


def in_words(sku: Sku) -> str | SafeString:
    """How many there are; in words where that is few or none."""
    if not sku.stock:
        return format_html('<span class="badge badge-red">{}</span>', _("Sold out"))
    if sku.is_scarce:
        return format_html('<span class="badge badge-amber">{}</span>', _("Only %(left)s left") % {"left": sku.stock})
    return str(sku.stock)


class RestockForm(forms.Form):
    """How many of each variant there are. The number that the person read is sent along: buyers take from it meanwhile,
    so that the difference counts.

    units  {sku: units to add}, of a valid form
    sold   the variants whose number was another one by then, with what it is now
    """

    why = WhyField(label=gettext_lazy("Why"))

    def __init__(self, skus: list[Sku], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.skus = skus
        self.units: dict[int, int] = {}
        self.sold: list[tuple[Sku, int]] = []
        for sku in skus:
            number: dict[str, Any] = {"min_value": 0, "max_value": MOST, "initial": sku.stock}
            self.fields[f"stock_{sku.pk}"] = WholeNumberField(label=str(sku), **number)
            self.fields[f"read_{sku.pk}"] = WholeNumberField(widget=forms.HiddenInput, **number)
        self.order_fields([*(name for name in self.fields if name != "why"), "why"])

    def clean(self) -> dict[str, Any]:
        """Under the stock's lock, which the caller's transaction keeps."""
        data = super().clean() or {}
        locked = lock_stock({sku.pk for sku in self.skus})
        for sku in self.skus:
            wanted, read = data.get(f"stock_{sku.pk}"), data.get(f"read_{sku.pk}")
            if wanted is None or read is None or wanted == read:
                continue
            left = locked[sku.pk].stock
            if not 0 <= left + wanted - read <= MOST:
                self._refuse(sku, left)
                continue
            self.units[sku.pk] = wanted - read
            if left != read:
                self.sold.append((sku, left + wanted - read))
        if not (self.units or self.errors):
            raise ValidationError(_("No number has been changed."))
        return data

    def _refuse(self, sku: Sku, left: int) -> None:
        """The person is told the number, and has read it when the form comes again."""
        self.add_error(f"stock_{sku.pk}", _("Meanwhile sold: it is now %(left)s.") % {"left": left})
        sent = cast("QueryDict", self.data)
        self.data = {**sent.dict(), f"read_{sku.pk}": str(left)}


class KeepsStock(ByRole[Product]):
    """The list of products: its stock in words, and a page that changes the stock of those chosen, for everybody who
    works in their shop."""

    actions: Any = ("restock",)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.restock_view)
        return [path("stock/", view, name="orders_product_stock"), *super().get_urls()]

    @admin.display(description=gettext_lazy("stock"))
    def stock(self, product: Product) -> SafeString:
        return format_html_join(" · ", "{}", ((in_words(sku),) for sku in product.skus.all()))

    @admin.action(description=gettext_lazy("Change the stock"), permissions=["change"])
    def restock(self, request: HttpRequest, queryset: QuerySet[Product]) -> HttpResponse | None:
        keys = list(queryset.values_list("pk", flat=True)[: MOST_PRODUCTS + 1])
        if len(keys) > MOST_PRODUCTS:
            words = _("Choose at most %(most)s products at once, or bring a table.") % {"most": MOST_PRODUCTS}
            self.message_user(request, words, messages.ERROR)
            return None
        address = reverse("admin:orders_product_stock")
        return HttpResponseRedirect(f"{address}?{urlencode({'product': keys}, doseq=True)}")

    def restock_view(self, request: HttpRequest) -> HttpResponse:
        """GET asks for the numbers of the products that the address names, POST changes them. 404 where none of them
        is the person's to change, 422 for numbers that cannot be."""
        keys = [key for key in map(key_of, request.GET.getlist("product")) if key is not None]
        products = self.get_queryset(request).filter(pk__in=keys[:MOST_PRODUCTS])
        skus = [sku for row in products if self.has_change_permission(request, row) for sku in row.skus.all()]
        if not skus:
            raise Http404
        with transaction.atomic():
            form = RestockForm(skus, request.POST if request.method == "POST" else None)
            if form.is_valid():
                stocking.restock(form.units, person(request), form.cleaned_data["why"])
                self._tell(request, form)
                return HttpResponseRedirect(reverse("admin:orders_product_changelist"))
        context = {**self.admin_site.each_context(request), "opts": self.opts, "form": form}
        context["title"] = _("Change the stock")
        return TemplateResponse(request, "admin/orders/stock.html", context, status=422 if form.errors else 200)

    def _tell(self, request: HttpRequest, form: RestockForm) -> None:
        number = len(form.units)
        done = ngettext(
            "The stock of %(count)s variant is changed.", "The stock of %(count)s variants is changed.", number
        )
        self.message_user(request, done % {"count": number}, messages.SUCCESS)
        for sku, now in form.sold:
            words = _("%(sku)s was sold or came back meanwhile: it is now %(left)s.") % {"sku": sku, "left": now}
            self.message_user(request, words, messages.WARNING)
