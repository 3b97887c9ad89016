"""Rights of the people who work in shops; refunds' admin uses them too."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from django.contrib import admin
from django.db.models import ForeignKey, Model, QuerySet
from django.forms import ModelChoiceField
from django.http import HttpRequest

from aftersales.lifecycle.admin import ByRole, person
from aftersales.models import User
from orders.admin.fields import SearchedChoice
from orders.models import Order, Shop, ShopStaff

M = TypeVar("M", bound=Model)
MOST_SHOPS_LISTED = 50


def works_in_a_shop(request: HttpRequest) -> bool:
    """Whether the person is staff of any shop; asked once a request, since every page of the index wants to know."""
    if not hasattr(request, "works_in_a_shop"):
        request.works_in_a_shop = ShopStaff.objects.filter(user=person(request)).exists()  # type: ignore[attr-defined]
    return cast("bool", request.works_in_a_shop)  # type: ignore[attr-defined]


class OfShop(ByRole[M]):
    """Pages for people who work in a shop, narrowed to it, and for operators."""

    seller_may = frozenset({"view"})

    def is_seller(self, request: HttpRequest) -> bool:
        return works_in_a_shop(request)

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        """A person chooses among the shops they work for."""
        if db_field.related_model is Shop:
            kwargs["queryset"] = Shop.objects.of_staff(person(request))
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs["widget"] = SearchedChoice(db_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class OfShopChild(OfShop[M]):
    """Rows that name their shop themselves."""

    def narrow(self, rows: Any, user: User) -> QuerySet[M]:
        return cast("QuerySet[M]", rows.filter(shop__in=Shop.objects.of_staff(user)))

    def get_autocomplete_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """Operators search among all shops; a seller has few."""
        return ("shop",) if request.user.is_superuser else ()

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        first = Shop.objects.of_staff(person(request)).first()
        return {**super().get_changeform_initial_data(request), **({"shop": first.pk} if first else {})}


class OfShopOrder(OfShop[M]):
    """Rows that belong to an order."""

    def narrow(self, rows: Any, user: User) -> QuerySet[M]:
        return cast("QuerySet[M]", rows.filter(order__in=Order.objects.of_shop(user)))


class ShopFilter(admin.SimpleListFilter):
    """The person's shops, where they have several and not too many to list; an operator with more searches."""

    title = Shop._meta.verbose_name
    parameter_name = "shop"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        shops = list(Shop.objects.of_staff(person(request))[: MOST_SHOPS_LISTED + 1])
        return [(str(shop.pk), shop.name) for shop in shops] if 1 < len(shops) <= MOST_SHOPS_LISTED else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        known = {value for value, _ in self.lookup_choices}
        return queryset.filter(shop=chosen) if chosen in known else queryset


class OrderShopFilter(ShopFilter):
    """The same for rows that belong to an order."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        known = {value for value, _ in self.lookup_choices}
        return queryset.filter(order__shop=chosen) if chosen in known else queryset
