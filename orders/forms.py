"""What a buyer may send. State, owner, amounts and deadlines are never among it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from orders.errors import OrderError
from orders.models import Address, InvoiceData, Sku
from orders.models.address import PLACE
from orders.rules import MOST_UNITS
from orders.states import TitleKind

# What a checkout sends when the goods go to none of the addresses in the book.
ELSEWHERE: Final = "new"
AUTOCOMPLETE: Final = {
    "recipient": "name",
    "phone": "tel",
    "region": "address-level1",
    "address": "street-address",
    "email": "email",
}


def _help_typing(fields: dict[str, forms.Field]) -> None:
    """What the browser and the phone's keyboard know about the fields."""
    for name, words in AUTOCOMPLETE.items():
        if name in fields:
            fields[name].widget.attrs["autocomplete"] = words
    if "phone" in fields:
        fields["phone"].widget.input_type = "tel"


class PhoneField(forms.CharField):
    """Somebody's telephone: digits of any script, with what people write between them. No carrier can call a word."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=30, label=_("Phone"), **options)

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        if text and not re.fullmatch(r"[\d\s+()（）#*,./-]*\d[\d\s+()（）#*,./-]*", text):
            raise ValidationError(_("Enter a phone number: digits, with + or - if you like."), code="phone")
        return text


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
    """`token` names this checkout, so that sending it twice places it once; `promise` is what the page showed.

    to    the key of an entry of the address book, or ELSEWHERE: then the fields below it say where
    save  put what was typed into the book
    """

    to = forms.ChoiceField(
        label=_("Send it to"), required=False, widget=forms.RadioSelect({"class": "radio radio-primary"})
    )
    recipient = forms.CharField(label=_("Recipient"), max_length=100)
    phone = PhoneField()
    region = forms.CharField(label=_("Province, city, district"), max_length=100, required=False)
    address = forms.CharField(label=_("Address"), max_length=390, widget=forms.Textarea({"rows": 3}))
    save = forms.BooleanField(label=_("Keep this address for next time"), required=False)
    coupon = forms.CharField(
        label=_("Coupon code"),
        max_length=30,
        required=False,
        # Codes are compared to the letter; phones would begin with one capital and go on with small letters.
        widget=forms.TextInput({"autocapitalize": "characters", "autocomplete": "off", "spellcheck": "false"}),
    )
    token = forms.UUIDField(widget=forms.HiddenInput)
    promise = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any = None, *, book: Sequence[Address] = (), **options: Any) -> None:
        # A field that is not asked for must not keep the browser from sending the form.
        super().__init__(data, use_required_attribute=not book, **options)
        self.book = {str(entry.pk): entry for entry in book}
        _help_typing(self.fields)
        choices = [*((key, str(entry)) for key, entry in self.book.items()), (ELSEWHERE, _("Another address"))]
        self.fields["to"].choices = choices  # type: ignore[attr-defined]
        if self.data.get("to") in self.book:
            for name in ("recipient", "phone", "address"):
                self.fields[name].required = False

    def delivery(self) -> dict[str, str]:
        """Where a checked form wants the goods to go, as an order keeps it."""
        sent = self.cleaned_data
        entry = self.book.get(sent["to"]) or self.typed()
        return {"recipient": entry.recipient, "phone": entry.phone, "address": entry.whole}

    def typed(self) -> Address:
        """The address in the fields, not written yet."""
        return Address(**{name: self.cleaned_data[name] for name in PLACE})

    def is_to_be_kept(self) -> bool:
        return self.cleaned_data["save"] and self.cleaned_data["to"] not in self.book


class AddressForm(forms.ModelForm[Address]):
    phone = PhoneField()

    class Meta:
        model = Address
        fields = ("recipient", "phone", "region", "address", "label", "is_default")
        labels = {
            "recipient": _("Recipient"),
            "region": _("Province, city, district"),
            "address": _("Address"),
            "label": _("Label"),
            "is_default": _("Use this address by default"),
        }
        help_texts = {"label": _("For yourself: home, office …")}
        widgets = {"address": forms.Textarea({"rows": 3})}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        _help_typing(self.fields)

    def validate_unique(self) -> None:
        """Judged by orders.addresses, under the owner's lock."""

    def validate_constraints(self) -> None:
        """Judged by orders.addresses, under the owner's lock."""


# A unified social credit code, a taxpayer number of before, or one made of an identity card's.
TAX_NUMBER_LENGTHS: Final = (15, 17, 18, 20)


class InvoiceForm(forms.ModelForm[InvoiceData]):
    """`version` is the one that the page showed, 0 for none."""

    kind = forms.ChoiceField(
        label=_("Invoice for"), choices=TitleKind, widget=forms.RadioSelect, initial=TitleKind.PERSONAL
    )
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=10**6)

    class Meta:
        model = InvoiceData
        fields = ("kind", "title", "tax_number", "email", "note")
        labels = {
            "title": _("Invoice title"),
            "tax_number": _("Tax number"),
            "email": _("E-mail for the invoice"),
            "note": _("Note"),
        }
        help_texts = {
            "title": _("Your name, or the company’s full name as registered."),
            "tax_number": _("Companies only: 15, 17, 18 or 20 letters and digits."),
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        _help_typing(self.fields)

    def clean_tax_number(self) -> str:
        return "".join(self.cleaned_data["tax_number"].split()).upper()

    def clean(self) -> dict[str, Any]:
        """A company has a tax number of the known form; a person has none."""
        sent: dict[str, Any] = super().clean() or {}
        number = sent.get("tax_number", "")
        if sent.get("kind") == TitleKind.PERSONAL:
            sent["tax_number"] = ""
        elif "tax_number" in sent and not number:
            self.add_error("tax_number", _("A company’s invoice needs its tax number."))
        elif number and not (re.fullmatch(r"[0-9A-Z]+", number) and len(number) in TAX_NUMBER_LENGTHS):
            self.add_error("tax_number", _("A tax number has 15, 17, 18 or 20 letters and digits. Check it again."))
        return sent

    def validate_constraints(self) -> None:
        """Said at the field by clean()."""
