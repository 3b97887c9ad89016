"""What lists can be narrowed by."""

from __future__ import annotations

import re
from datetime import datetime, time
from typing import TYPE_CHECKING, Any

import django_filters as filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.functions import NullIf, StrIndex
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from aftersales.money import parse
from orders.models import Order, OrderLine, Product, Shop, Sku
from orders.models.search import spelled, words_of
from orders.states import OrderState

if TYPE_CHECKING:
    from datetime import date

    from django.db.models import QuerySet

SORTS = (
    ("relevance", _("Best match")),
    ("cheapest", _("Price, lowest first")),
    ("dearest", _("Price, highest first")),
    ("newest", _("Newest first")),
)


# Nobody looks for goods with more of them; anybody could ask for hundreds of searches at once.
MOST_WORDS = 10
ORDERS = {"cheapest": ("lowest", "pk"), "dearest": ("-lowest", "pk"), "newest": ("-pk",)}


class PriceField(forms.CharField):
    """An amount as a person types it. Each shop has its own currency, so that it is read when it is compared."""

    widget = forms.TextInput({"inputmode": "decimal"})

    def clean(self, value: Any) -> str:
        text: str = super().clean(value).strip()
        if text and not re.fullmatch(r"\d{1,9}(\.\d{1,3})?", text, re.ASCII):
            raise ValidationError(_("Write an amount such as 25 or 25.50."), code="amount")
        return text


class PriceFilter(filters.CharFilter):  # type: ignore[misc]  # the package ships no types
    field_class = PriceField


def amount_in(currency: str, text: str) -> int:
    """What was typed, in minor units of a currency; decimals that it does not have are cut off."""
    whole, _point, decimals = text.partition(".")
    for text in (f"{whole}.{decimals}", f"{whole}.{decimals[:2]}", whole):
        try:
            return parse(text.removesuffix("."), currency)
        except ValueError:
            continue
    raise ValueError(text)


class ProductForm(forms.Form):
    def clean(self) -> dict[str, Any]:
        sent: dict[str, Any] = super().clean() or {}
        least, most = sent.get("least"), sent.get("most")
        if least and most and amount_in("KWD", least) > amount_in("KWD", most):
            self.add_error("most", _("This has to be at least the lowest price."))
        return sent


class ProductFilter(filters.FilterSet):  # type: ignore[misc]  # the package ships no types
    """Over products with the `lowest` price of a variant and `in_stock`."""

    q = filters.CharFilter(method="search", label=_("Search the shop"), max_length=100)
    least = PriceFilter(method="from_price", label=_("Price from"), max_length=13)
    most = PriceFilter(method="to_price", label=_("Price to"), max_length=13)
    stock = filters.BooleanFilter(method="only_in_stock", label=_("In stock only"), widget=forms.CheckboxInput)
    sort = filters.ChoiceFilter(choices=SORTS, method="sorted", label=_("Sort by"), empty_label=None)

    class Meta:
        model = Product
        fields = ()
        form = ProductForm

    def search(self, products: QuerySet[Product], name: str, words: str) -> QuerySet[Product]:
        """Every word has to be in the title, the department, the shop's name or an article number: the first MOST_WORDS
        of them, as each is a search of its own. Where they stand together, early in the title, comes first."""
        for word in list(dict.fromkeys(words.split()))[:MOST_WORDS]:
            products = products.filter(pk__in=keys_with(word))
        place = NullIf(StrIndex("words", Value(spelled(" ".join(words.split())))), Value(0))
        return products.order_by(place.asc(nulls_last=True), "title", "pk")

    def from_price(self, products: QuerySet[Product], name: str, text: str) -> QuerySet[Product]:
        return products.filter(_by_currency("lowest__gte", text)) if text else products

    def to_price(self, products: QuerySet[Product], name: str, text: str) -> QuerySet[Product]:
        return products.filter(_by_currency("lowest__lte", text)) if text else products

    def only_in_stock(self, products: QuerySet[Product], name: str, wanted: bool) -> QuerySet[Product]:
        return products.filter(Q(("in_stock", True))) if wanted else products

    def sorted(self, products: QuerySet[Product], name: str, order: str) -> QuerySet[Product]:
        """Best match is how a search leaves them."""
        return products.order_by(*ORDERS[order]) if order in ORDERS else products


def goods_with(word: str) -> QuerySet[Any]:
    """The keys of the products with a word in what is said of them or of a variant: a union, since no index serves an
    OR over several tables."""
    part = {"words__contains": spelled(word)}
    of_sku = Sku.objects.annotate(words=words_of("code", "variant")).filter(**part)
    return Product.objects.filter(**part).order_by().values("pk").union(of_sku.order_by().values("product"))


def keys_with(word: str) -> QuerySet[Any]:
    """The same, and all products of a shop with the word in its name."""
    shops = Shop.objects.annotate(words=words_of("name")).filter(words__contains=spelled(word))
    return goods_with(word).union(Product.objects.filter(shop__in=shops).order_by().values("pk"))


def _by_currency(lookup: str, text: str) -> Q:
    """A price in minor units of whichever currency the product's shop has."""
    found = Q(pk=None)
    for currency in Shop.objects.order_by().values_list("currency", flat=True).distinct():
        found |= Q(("shop__currency", currency), (lookup, amount_in(currency, text)))
    return found


class OrderForm(forms.Form):
    def clean(self) -> dict[str, Any]:
        sent: dict[str, Any] = super().clean() or {}
        first, last = sent.get("after"), sent.get("before")
        if first and last and first > last:
            self.add_error("before", _("The last day has to be on or after the first one."))
        return sent


class DayFilter(filters.DateFilter):  # type: ignore[misc]  # the package ships no types
    """A day of the reader's calendar, as a browser's date field sends it."""

    def __init__(self, **options: Any) -> None:
        wrong = {"invalid": _("There is no such day. Choose one in the calendar, or write 2026-11-30.")}
        widget = forms.DateInput({"type": "date"}, format="%Y-%m-%d")
        super().__init__(input_formats=["%Y-%m-%d"], widget=widget, error_messages=wrong, **options)


class OrderFilter(filters.FilterSet):  # type: ignore[misc]  # the package ships no types
    state = filters.ChoiceFilter(choices=OrderState.choices, label=_("State"))
    q = filters.CharFilter(method="search", label=_("Search your orders"), max_length=100)
    after = DayFilter(method="since", label=_("Placed from"))
    before = DayFilter(method="until", label=_("Placed until"))

    class Meta:
        model = Order
        fields = ()
        form = OrderForm

    def search(self, orders: QuerySet[Order], name: str, words: str) -> QuerySet[Order]:
        """Every word has to be in the number, a line's title or the shop's name."""
        for word in words.split():
            titled: Any = Exists(OrderLine.objects.filter(order=OuterRef("pk"), title__icontains=word))
            orders = orders.filter(Q(number__icontains=word) | Q(shop__name__icontains=word) | titled)
        return orders

    def since(self, orders: QuerySet[Order], name: str, day: date) -> QuerySet[Order]:
        return orders.filter(placed_at__gte=_at(day, time.min))

    def until(self, orders: QuerySet[Order], name: str, day: date) -> QuerySet[Order]:
        return orders.filter(placed_at__lte=_at(day, time.max))


def _at(day: date, clock: time) -> datetime:
    return timezone.make_aware(datetime.combine(day, clock))
