"""Shops, their people, what they sell and their coupons."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.db import transaction
from django.db.models import ForeignKey, Model, Prefetch, QuerySet
from django.forms import ModelChoiceField
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from aftersales.exchange.admin import ExportsAndImports
from aftersales.lifecycle.admin import person
from aftersales.models import User
from aftersales.money import shown
from aftersales.skin import TabularInline
from orders.admin.fields import SearchedChoice
from orders.admin.forms import AmountsForm, CouponForm, ProductForm, ShopForm, SkuForm, SkuFormSet, StockForm
from orders.admin.goods_table import GoodsTable
from orders.admin.rights import OfShop, OfShopChild, ShopFilter, employments, owns_a_shop, works_in_a_shop
from orders.admin.stock import KeepsStock, StockFilter
from orders.effects import change_stock
from orders.models import Coupon, Product, Shop, ShopStaff, Sku, Warehouse
from orders.states import ShopRole

ALL = frozenset({"view", "add", "change"})
TABLES = frozenset({"export", "import"})


def save_changed(row: Model, form: AmountsForm | Any, *, change: bool) -> None:
    """Write what the person changed and nothing else, so that what others write meanwhile stays."""
    if not change:
        row.save()
        return
    columns = {field.name for field in row._meta.concrete_fields}
    if changed := [name for name in form.changed_data if name in columns]:
        row.save(update_fields=changed)


class StaffInline(TabularInline[ShopStaff, Shop]):
    """Who acts for a shop, and as what; an operator keeps it."""

    model = ShopStaff
    extra = 1
    autocomplete_fields = ("user",)

    def has_view_permission(self, request: HttpRequest, obj: Shop | None = None) -> bool:
        return person(request).sees_everything

    def get_queryset(self, request: HttpRequest) -> QuerySet[ShopStaff]:
        return super().get_queryset(request).select_related("user", "shop")

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        return super().formfield_for_foreignkey(
            db_field, request, **kwargs, widget=SearchedChoice(db_field, self.admin_site)
        )


@admin.register(Shop)
class ShopAdmin(OfShop[Shop]):
    operator_may = ALL
    owner_may = frozenset({"change"})
    form = ShopForm
    list_display = ("name", "code", "profile", "shown_freight", "is_open")
    list_filter = ("profile", "is_open")
    search_fields = ("name", "code__startswith")
    fields = ("name", "code", "profile", "currency", "freight", "free_from", "return_address", "is_open")

    def narrow(self, rows: Any, user: User) -> QuerySet[Shop]:
        return cast("QuerySet[Shop]", rows.of_staff(user))

    def shop_of(self, row: Shop) -> int:
        return row.pk

    def get_readonly_fields(self, request: HttpRequest, obj: Shop | None = None) -> tuple[str, ...]:
        """Amounts that exist are in the shop's currency; what a seller may not change is not a field at all."""
        if not person(request).is_superuser:
            return ("code", "profile", "currency")
        return ("currency",) if obj else ()

    def get_inlines(self, request: HttpRequest, obj: Shop | None) -> list[Any]:
        return [StaffInline] if person(request).sees_everything else []

    def save_model(self, request: HttpRequest, obj: Shop, form: Any, change: bool) -> None:
        save_changed(obj, form, change=change)

    @admin.display(description=_("freight"), ordering="freight")
    def shown_freight(self, shop: Shop) -> str:
        return shown(shop.freight, shop.currency)


def sets_up(request: HttpRequest, product: Product | None) -> bool:
    """Whether the person decides what a shop sells and for how much; an agent of it only keeps the stock."""
    role = employments(request).get(product.shop_id) if product else None
    return person(request).is_superuser or (owns_a_shop(request) if product is None else role == ShopRole.OWNER)


class SkuInline(TabularInline[Sku, Product]):
    model = Sku
    form = SkuForm
    formset = SkuFormSet
    extra = 0
    min_num = 1
    can_delete = False
    fields = ("code", "variant", "price", "discount", "stock", "more")

    def has_view_permission(self, request: HttpRequest, obj: Product | None = None) -> bool:
        return person(request).sees_everything or works_in_a_shop(request)

    def has_add_permission(self, request: HttpRequest, obj: Product | None = None) -> bool:
        return sets_up(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Product | None = None) -> bool:
        return not person(request).is_auditor

    def get_readonly_fields(self, request: HttpRequest, obj: Product | None = None) -> tuple[str, ...]:
        return ("stock",) if sets_up(request, obj) else ("code", "variant", "price", "discount", "stock")

    def get_formset(self, request: HttpRequest, obj: Product | None = None, **kwargs: Any) -> Any:
        """Fields that a form declares stay in it, whatever is read-only: an agent's form has none of them."""
        form = self.form if sets_up(request, obj) else StockForm
        return super().get_formset(request, obj, **{"form": form, **kwargs})


@admin.register(Product)
class ProductAdmin(KeepsStock, ExportsAndImports[Product], OfShopChild[Product]):
    operator_may = ALL | TABLES
    owner_may = ALL | TABLES
    seller_may = frozenset({"view", "change", "export"})
    resource_classes = (GoodsTable,)
    form = ProductForm
    inlines = (SkuInline,)
    list_display = ("title", "code", "shop", "department", "stock", "on_sale_from", "on_sale_until")
    list_filter = (ShopFilter, StockFilter)
    list_select_related = ("shop",)
    search_fields = ("title", "code__startswith", "skus__code__startswith")
    fields = ("shop", "code", "title", "department", "description", "goods_rule", "warehouse", "on_sale_from",
              "on_sale_until")  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Product]:
        return super().get_queryset(request).prefetch_related(Prefetch("skus", Sku.objects.order_by("pk")))

    def get_readonly_fields(self, request: HttpRequest, obj: Product | None = None) -> tuple[str, ...]:
        if not sets_up(request, obj):
            return self.fields
        return ("shop",) if obj else ()

    def get_fields(self, request: HttpRequest, obj: Product | None = None) -> tuple[str, ...]:
        """Why, of a product that there is already."""
        return (*self.fields, "why") if obj else self.fields

    def get_autocomplete_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return ("shop", "warehouse") if person(request).is_superuser else ()

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        if db_field.name == "warehouse":
            kwargs["queryset"] = Warehouse.objects.of_shop(person(request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Product, form: Any, change: bool) -> None:
        save_changed(obj, form, change=change)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Prices are written as they are; stock moves by a difference, under the SKU's lock."""
        formset.new_objects, formset.changed_objects, formset.deleted_objects = [], [], []
        moved: dict[int, int] = {}
        for item in formset.forms:
            adding = item.instance._state.adding
            # A variant that is said to exist but is not this product's has been forged; stock Django passes it by too.
            if not item.has_changed() or (adding and item in formset.initial_forms):
                continue
            item.instance.product = formset.instance
            save_changed(item.instance, item, change=not adding)
            moved[item.instance.pk] = item.cleaned_data.get("more") or 0
            (formset.new_objects if adding else formset.changed_objects).append(
                item.instance if adding else (item.instance, item.changed_data)
            )
        change_stock(moved)


@admin.register(Coupon)
class CouponAdmin(OfShopChild[Coupon]):
    operator_may = ALL
    owner_may = ALL
    form = CouponForm
    list_display = ("code", "shop", "shown_amount", "shown_least", "left")
    list_filter = (ShopFilter,)
    list_select_related = ("shop",)
    search_fields = ("code__startswith",)
    fields = ("shop", "code", "amount", "least", "left", "more")
    ordering = ("-pk",)

    def get_readonly_fields(self, request: HttpRequest, obj: Coupon | None = None) -> tuple[str, ...]:
        return ("shop", "left") if obj else ("left",)

    def save_model(self, request: HttpRequest, obj: Coupon, form: Any, change: bool) -> None:
        with transaction.atomic():
            save_changed(obj, form, change=change)
            locked = Coupon.objects.select_for_update(no_key=True).get(pk=obj.pk)
            obj.left = max(0, locked.left + (form.cleaned_data.get("more") or 0))
            obj.save(update_fields=["left"])

    @admin.display(description=_("amount off"), ordering="amount")
    def shown_amount(self, coupon: Coupon) -> str:
        return shown(coupon.amount, coupon.shop.currency)

    @admin.display(description=_("for goods worth at least"), ordering="least")
    def shown_least(self, coupon: Coupon) -> str:
        return shown(coupon.least, coupon.shop.currency)
