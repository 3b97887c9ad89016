"""Forms of shops and what they sell. Stock and coupon uses are changed by a difference, never set: buyers change them
at the same time."""

from __future__ import annotations

from typing import Any, cast

from babel import Locale
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.forms import BaseInlineFormSet
from django.utils.translation import gettext_lazy as _

from aftersales.keys import key_of
from orders.admin.fields import AmountField, WholeNumberField, WhyField
from orders.effects import lock_stock
from orders.errors import OrderError
from orders.models import Coupon, GoodsRule, Policy, Product, Shop, Sku, Warehouse

MOST = 1_000_000_000
_CODE_TAKEN = _("The shop has another one with this code.")


def _chosen_shop(form: forms.ModelForm[Any]) -> Shop | None:
    """The shop of the row, or the one a person is choosing for a new row."""
    # The skin makes one of an inline's forms without a row, whose currency nobody reads.
    if shop := getattr(form.instance, "shop_id", None):
        return Shop.objects.get(pk=shop)
    key = key_of(form.data.get(form.add_prefix("shop"), ""))
    return None if key is None else Shop.objects.filter(pk=key).first()


class AmountsForm(forms.ModelForm[Any]):
    """A form whose amounts are in one currency."""

    def __init__(self, *args: Any, currency: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, AmountField):
                field.currency = currency or self.currency()

    def currency(self) -> str:
        shop = _chosen_shop(self)
        return shop.currency if shop else AmountField.currency


class ShopForm(AmountsForm):
    """Operators' and sellers' view of a shop."""

    freight = AmountField(label=_("freight"), help_text=_("What one order's delivery costs."))
    free_from = AmountField(
        label=_("free delivery from"),
        required=False,
        help_text=_("For goods worth this or more, after discounts. Empty: delivery is never free."),
    )

    class Meta:
        model = Shop
        fields = ("code", "name", "profile", "currency", "freight", "free_from", "return_address", "is_open")
        widgets = {"return_address": forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"})}

    def currency(self) -> str:
        chosen = self.instance.currency if self.instance.pk else str(self.data.get("currency", ""))
        return chosen if chosen in known_currencies() else AmountField.currency

    def clean_currency(self) -> str:
        code = str(self.cleaned_data["currency"])
        if code not in known_currencies():
            raise ValidationError(_("Give a currency's code of three letters, such as CNY."))
        return code

    def clean(self) -> dict[str, Any]:
        """A shop that offers returns keeps an address for them; a new one can get it later, but not sell before."""
        data = super().clean() or {}
        shop = Shop(pk=self.instance.pk, profile=data.get("profile", self.instance.profile))
        if shop.pk and not data.get("return_address", "-").strip() and Policy.objects.in_force(shop).offers_returns:
            self.add_error("return_address", OrderError.RETURN_ADDRESS.label)
        return data


def known_currencies() -> set[str]:
    return set(Locale("en").currencies)


class ProductForm(forms.ModelForm[Any]):
    why = WhyField(label=_("why it is changed"), required=False)

    class Meta:
        model = Product
        fields = (
            "shop", "code", "title", "department", "description", "goods_rule", "warehouse", "on_sale_from",
            "on_sale_until",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """A rule or a warehouse out of use stays with the products that have it and is given to no other."""
        super().__init__(*args, **kwargs)
        if rule := cast("forms.ModelChoiceField[GoodsRule] | None", self.fields.get("goods_rule")):
            rule.queryset = GoodsRule.objects.filter(Q(in_use=True) | Q(pk=self.instance.goods_rule_id))
        if place := cast("forms.ModelChoiceField[Warehouse] | None", self.fields.get("warehouse")):
            own = Q(shop=self.instance.shop_id) if self.instance.shop_id else Q()
            possible = own & (Q(in_use=True) | Q(pk=self.instance.warehouse_id))
            place.queryset = cast("QuerySet[Warehouse]", place.queryset).filter(possible)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        begins, ends = data.get("on_sale_from"), data.get("on_sale_until")
        if begins and ends and ends <= begins:
            self.add_error("on_sale_until", _("The end has to be after the beginning."))
        _check_code(self, data)
        place, shop = data.get("warehouse"), data.get("shop")
        if place and shop and place.shop_id != shop.pk:
            self.add_error("warehouse", _("Choose a warehouse of the same shop."))
        return data


def _check_code(form: forms.ModelForm[Any], data: dict[str, Any]) -> None:
    """A shop's code is unique; the stock check skips it where the shop cannot be chosen any more."""
    shop = data.get("shop") or form.instance.shop_id
    twins = form.instance.__class__.objects.filter(shop=shop, code=data.get("code")).exclude(pk=form.instance.pk)
    if shop and twins.exists():
        form.add_error("code", _CODE_TAKEN)


class StockForm(AmountsForm):
    """How many of a variant there are, and nothing else."""

    more = WholeNumberField(
        label=_("add to stock"), required=False, min_value=-MOST, max_value=MOST, help_text=_("Below zero to take out.")
    )

    class Meta:
        model = Sku
        fields = ()


class SkuForm(StockForm):
    price = AmountField(label=_("price"))
    discount = AmountField(label=_("discount per unit"), required=False, initial=0)

    class Meta:
        model = Sku
        fields = ("code", "variant", "price", "discount")

    def clean_discount(self) -> int:
        return int(self.cleaned_data["discount"] or 0)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("price") is not None and data.get("discount", 0) > data["price"]:
            self.add_error("discount", _("The discount cannot be more than the price."))
        self._check_code(data.get("code"))
        return data

    def _check_code(self, code: str | None) -> None:
        """Another tab may have added it; Django judges only the variants of this form."""
        row: Sku = self.instance
        if row.product_id and Sku.objects.filter(product=row.product_id, code=code).exclude(pk=row.pk).exists():
            self.add_error("code", row.unique_error_message(Sku, ("product", "code")))


class SkuFormSet(BaseInlineFormSet[Any, Any, Any]):
    """The variants of one product, priced in its shop's currency."""

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        shop = self.instance.shop if self.instance.shop_id else None
        return {**super().get_form_kwargs(index), "currency": shop.currency if shop else AmountField.currency}

    def clean(self) -> None:
        """Judge the stock under lock, as buyers take from it meanwhile."""
        super().clean()
        wanted = [form for form in self.forms if getattr(form, "cleaned_data", {}).get("more")]
        locked = lock_stock({form.instance.pk for form in wanted if form.instance.pk})
        for form in wanted:
            left = locked[form.instance.pk].stock if form.instance.pk in locked else 0
            if left + form.cleaned_data["more"] < 0:
                form.add_error("more", _("Only %(left)s are left.") % {"left": left})


class CouponForm(AmountsForm):
    amount = AmountField(label=_("amount off"))
    least = AmountField(label=_("for goods worth at least"), required=False, initial=0)
    more = WholeNumberField(
        label=_("add uses"), required=False, min_value=-MOST, max_value=MOST, help_text=_("Below zero to take out.")
    )

    class Meta:
        model = Coupon
        fields = ("shop", "code", "amount", "least")

    def clean_least(self) -> int:
        return int(self.cleaned_data["least"] or 0)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.instance.left + (data.get("more") or 0) < 0:
            self.add_error("more", _("Only %(left)s are left.") % {"left": self.instance.left})
        _check_code(self, data)
        return data
