"""What sellers see of the stock of their goods."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales.lifecycle.admin import ByRole
from orders.models import Product, Sku
from orders.models.catalog import FEW


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


class KeepsStock(ByRole[Product]):
    """The list of products, its stock in words."""

    @admin.display(description=gettext_lazy("stock"))
    def stock(self, product: Product) -> SafeString:
        return format_html_join(" · ", "{}", ((in_words(sku),) for sku in product.skus.all()))
