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
from orders.states import ShopRole

M = TypeVar("M", bound=Model)
MOST_SHOPS_LISTED = 50


def works_of(user: User) -> dict[int, str]:
    """{shop: the person's role there}; asked once for a request, since every page of the index wants to know.

    A list that names its shops is one walk along an index; one that looks them up has to be sorted.
    """
    if not hasattr(user, "works"):
        user.works = dict(ShopStaff.objects.filter(user=user).values_list("shop_id", "role"))  # type: ignore[attr-defined]
    return cast("dict[int, str]", user.works)  # type: ignore[attr-defined]


def employments(request: HttpRequest) -> dict[int, str]:
    """The same of who asks."""
    return works_of(person(request))


def works_in_a_shop(request: HttpRequest) -> bool:
    """Whether the person is staff of any shop."""
    return bool(employments(request))


def owns_a_shop(request: HttpRequest) -> bool:
    """Whether the person is an owner of any shop."""
    return ShopRole.OWNER in employments(request).values()


class OfShop(ByRole[M]):
    """Pages for people who work in a shop, narrowed to it, and for operators."""

    seller_may = frozenset({"view"})

    def shop_of(self, row: M) -> int | None:
        """The shop whose staff a row is for; None where rows name none."""
        return cast("int | None", getattr(row, "shop_id", None))

    def is_seller(self, request: HttpRequest, row: M | None = None) -> bool:
        shop = self.shop_of(row) if row is not None else None
        return works_in_a_shop(request) if shop is None else shop in employments(request)

    def is_owner(self, request: HttpRequest, row: M | None = None) -> bool:
        shop = self.shop_of(row) if row is not None else None
        return owns_a_shop(request) if shop is None else employments(request).get(shop) == ShopRole.OWNER

    def shops(self, request: HttpRequest) -> QuerySet[Shop]:
        """The shops for which a person may add rows."""
        shops = Shop.objects.all()
        return shops.of_staff(person(request)) if "add" in self.seller_may else shops.of_owner(person(request))

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        """A person chooses among their shops."""
        if db_field.related_model is Shop:
            kwargs["queryset"] = self.shops(request)
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
        first = self.shops(request).first()
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
