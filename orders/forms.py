"""What a buyer may send. State, owner, amounts and deadlines are never among it."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from orders.errors import OrderError
from orders.models import Sku
from orders.rules import MOST_UNITS


class UnitsField(forms.IntegerField):
    """1 to MOST_UNITS in ASCII digits. int() would also read other scripts' digits, signs and underscores."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=MOST_UNITS, initial=1, label=_("Quantity"), **options)
        self.widget.attrs["inputmode"] = "numeric"

    def clean(self, value: Any) -> int:
        text = str(value or "").strip()
        if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or not 1 <= int(text) <= MOST_UNITS:
            raise ValidationError(OrderError.QUANTITY.label, code="quantity", params={"most": MOST_UNITS})
        return int(text)


class UnitsForm(forms.Form):
    """So many units of a SKU. One per SKU stands on a page, so their ids carry its key."""

    quantity = UnitsField()

    def __init__(self, sku: Sku, data: Any = None, *, quantity: int = 1) -> None:
        super().__init__(data, initial={"quantity": quantity}, auto_id=f"id_%s_{sku.pk}")
        self.sku = sku


class CheckoutForm(forms.Form):
    """`token` names this checkout, so that sending it twice places it once; `promise` is what the page showed."""

    recipient = forms.CharField(label=_("Recipient"), max_length=100)
    phone = forms.CharField(label=_("Phone"), max_length=30)
    address = forms.CharField(label=_("Address"), max_length=500, widget=forms.Textarea({"rows": 3}))
    coupon = forms.CharField(label=_("Coupon code"), max_length=30, required=False)
    token = forms.UUIDField(widget=forms.HiddenInput)
    promise = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any = None, **options: Any) -> None:
        super().__init__(data, **options)
        for name, words in (("recipient", "name"), ("phone", "tel"), ("address", "street-address")):
            self.fields[name].widget.attrs["autocomplete"] = words
        self.fields["phone"].widget.input_type = "tel"
