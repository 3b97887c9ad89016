"""The fields of the buyer's forms. They read strictly; what may be granted is judged by rules."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from django import forms
from django.conf import settings
from django.core.files.base import File
from django.template.loader import render_to_string
from django.utils.datastructures import MultiValueDict
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales.keys import uuid_of
from aftersales.lifecycle.errors import Refused
from aftersales.lifecycle.forms import as_error
from aftersales.money import parse, plain, shown
from orders.models import OrderLine, Sku
from refunds.errors import RefundError
from refunds.models import Reason
from refunds.photos import Photo


class UnitsField(forms.CharField):
    """Units of one line: at most four ASCII digits, 0 when left empty."""

    def __init__(self, line: OrderLine, most: int) -> None:
        attrs = {"min": 0, "max": most, "inputmode": "numeric"}
        super().__init__(required=False, label=gettext_lazy("Units"), widget=forms.NumberInput(attrs=attrs))
        self.line, self.most = line, most

    def clean(self, value: Any) -> int:
        text = str(value or "").strip()
        if text and not re.fullmatch(r"[0-9]{1,4}", text):
            raise as_error(Refused(RefundError.UNITS, title=self.line.title, most=self.most))
        return int(text or 0)


class AmountField(forms.CharField):
    """An amount as a person types it, e.g. 12.50: minor units, None when left empty."""

    def __init__(self, currency: str, most: int, label: Any) -> None:
        attrs = {"inputmode": "decimal", "autocomplete": "off", "class": "short", "placeholder": plain(most, currency)}
        super().__init__(required=False, label=label, widget=forms.TextInput(attrs=attrs))
        self.currency = currency

    def clean(self, value: Any) -> int | None:
        text = str(value or "").strip()
        try:
            return parse(text, self.currency) if text else None
        except ValueError:
            raise as_error(Refused(RefundError.AMOUNT)) from None


class WantedField(forms.ChoiceField):
    """What an exchange gives instead: the key of a SKU, None for the same again. Rules judge whether it is another
    variant of the same product."""

    def __init__(self, line: OrderLine, variants: Sequence[Sku]) -> None:
        currency = line.order.currency
        same = [("", gettext_lazy("The same again"))]
        others = [(str(sku.pk), f"{sku} · {shown(sku.unit_price, currency)}") for sku in variants]
        super().__init__(required=False, label=gettext_lazy("Instead"), choices=[*same, *others])
        self.line, self.has_choice = line, bool(others)

    def clean(self, value: Any) -> int | None:
        text = str(value or "").strip()
        if text and not re.fullmatch(r"[0-9]{1,18}", text):
            raise as_error(Refused(RefundError.WANTED, title=self.line.title))
        return int(text) if text else None


class AnyChoice(forms.ChoiceField):
    """A choice that rules judge, so that page and verb refuse in the same words."""

    def validate(self, value: Any) -> None:
        """Everything passes."""


class ReasonChoice(forms.ModelChoiceField[Reason]):
    def label_from_instance(self, obj: Reason) -> str:
        return _("%(reason)s (needs a photo)") % {"reason": obj} if obj.needs_proof else str(obj)


class BuyersReason(AnyChoice):
    """The reason of a code, or None for anything else: rules refuse that."""

    def offer(self, reasons: Iterable[Reason], fitting: Iterable[Reason]) -> None:
        """All that may be sent, and those that the page asks about."""
        self.reasons = {reason.code: reason for reason in reasons}
        self.choices = [(reason.code, str(reason)) for reason in fitting]

    def clean(self, value: Any) -> Reason | None:
        return self.reasons.get(str(value or ""))


class Text(forms.CharField):
    def to_python(self, value: Any) -> str:
        """A line break counts once, as in the browser."""
        return str(super().to_python(value)).replace("\r\n", "\n")


class Photos(forms.FileInput):
    """Files, and in `<name>_uploaded` the tokens of photos that are already here, in the order of the page."""

    allow_multiple_selected = True

    def value_from_datadict(self, data: Mapping[str, Any], files: MultiValueDict[str, Any], name: str) -> list[Any]:
        """The tokens first: they were sent first."""
        tokens = data.getlist(f"{name}_uploaded") if isinstance(data, MultiValueDict) else []
        return [*tokens, *files.getlist(name)]

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """A file input that a script makes more of, and the photos that are already here."""
        context = {
            "name": name,
            "attrs": self.build_attrs(self.attrs, attrs),
            "tokens": [token for token in map(uuid_of, value or ()) if token],
            "most": settings.EVIDENCE_PER_MESSAGE,
        }
        return render_to_string("components/photos_control.html", context)


class PhotosField(forms.Field):
    """Photos for a verb: files, and tokens of uploads. Whether they are photos, and the sender's, is judged there."""

    def __init__(self) -> None:
        limits = gettext_lazy("JPEG, PNG or WebP, up to 9 photos of at most 8 MB each.")
        super().__init__(required=False, label=gettext_lazy("Photos"), help_text=limits, widget=Photos())

    def clean(self, value: Any) -> list[Photo]:
        """Raises ValidationError for what names no upload."""
        found = [item if isinstance(item, File) else uuid_of(item) for item in value or ()]
        if None in found:
            raise as_error(Refused(RefundError.PHOTO_GONE))
        return cast("list[Photo]", found)
