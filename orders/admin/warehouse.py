"""Warehouses of a shop: its owners keep them, its agents read them."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from aftersales.models import User
from orders.admin.rights import OfShopChild, ShopFilter
from orders.models import Warehouse


class WarehouseForm(forms.ModelForm[Any]):
    class Meta:
        model = Warehouse
        fields = ("shop", "name", "return_address", "in_use")
        widgets = {"return_address": forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"})}

    def clean_name(self) -> str:
        """The stock check skips it where the shop cannot be chosen any more."""
        name = str(self.cleaned_data["name"])
        shop = self.instance.shop_id or self.cleaned_data.get("shop")
        if shop and Warehouse.objects.filter(shop=shop, name=name).exclude(pk=self.instance.pk).exists():
            raise ValidationError(_("The shop has another one of this name."))
        return name


@admin.register(Warehouse)
class WarehouseAdmin(OfShopChild[Warehouse]):
    operator_may = frozenset({"view", "add", "change"})
    owner_may = operator_may
    form = WarehouseForm
    list_display = ("name", "shop", "return_address", "products", "in_use")
    list_filter = (ShopFilter, "in_use")
    list_select_related = ("shop",)
    search_fields = ("name",)
    ordering = ("shop", "name")
    fields = ("shop", "name", "return_address", "in_use")

    def narrow(self, rows: Any, user: User) -> QuerySet[Warehouse]:
        return cast("QuerySet[Warehouse]", rows.of_shop(user))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Warehouse]:
        return super().get_queryset(request).annotate(number=Count("products"))

    def get_readonly_fields(self, request: HttpRequest, obj: Warehouse | None = None) -> tuple[str, ...]:
        return ("shop",) if obj else ()

    @admin.display(description=_("products"), ordering="number")
    def products(self, warehouse: Warehouse) -> int:
        return int(getattr(warehouse, "number", 0))
