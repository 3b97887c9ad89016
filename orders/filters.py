"""What lists can be narrowed by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import django_filters as filters
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from orders.models import Order, OrderLine, Product, Sku
from orders.states import OrderState

if TYPE_CHECKING:
    from django.db.models import QuerySet


class ProductFilter(filters.FilterSet):  # type: ignore[misc]  # the package ships no types
    q = filters.CharFilter(method="search", label=_("Search the shop"), max_length=100)

    class Meta:
        model = Product
        fields = ()

    def search(self, products: QuerySet[Product], name: str, words: str) -> QuerySet[Product]:
        """Every word has to be in the title, the department or an article number."""
        for word in words.split():
            of_sku = Exists(Sku.objects.filter(product=OuterRef("pk"), code__icontains=word))
            products = products.filter(Q(title__icontains=word) | Q(department__icontains=word) | of_sku)
        return products


class OrderFilter(filters.FilterSet):  # type: ignore[misc]  # the package ships no types
    state = filters.ChoiceFilter(choices=OrderState.choices, label=_("State"))
    q = filters.CharFilter(method="search", label=_("Search your orders"), max_length=100)

    class Meta:
        model = Order
        fields = ()

    def search(self, orders: QuerySet[Order], name: str, words: str) -> QuerySet[Order]:
        """Part of the number, or of a line's title."""
        titled: Any = Exists(OrderLine.objects.filter(order=OuterRef("pk"), title__icontains=words.strip()))
        return orders.filter(Q(number__icontains=words.strip()) | titled)
