"""What a buyer types on a ticket's page: one form an action. Actions without a form here only ask to be confirmed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales.keys import LARGEST_KEY
from aftersales.lifecycle.errors import Refused
from aftersales.lifecycle.forms import as_error
from orders import carriers
from refunds.errors import RefundError
from refunds.forms.fields import AmountField, PhotosField, Text
from refunds.models import ReturnParcel, Ticket
from refunds.photos import Photo
from refunds.states import Payer


class ActionForm(forms.Form):
    """One action on one ticket. Its fields carry the action's name in their ids: several forms share the page."""

    def __init__(self, ticket: Ticket, action: str, data: Any = None, files: Any = None, **kwargs: Any) -> None:
        super().__init__(data, files, auto_id=f"id_{action}_%s", **kwargs)
        self.ticket, self.action = ticket, action

    def is_about(self, values: Mapping[str, Any]) -> bool:
        """Whether it was sent from the page's form with these present values."""
        return True


class OfferForm(ActionForm):
    """`offer` is the one that the buyer has read."""

    offer = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=LARGEST_KEY)


def _words(label: Any) -> Text:
    return Text(label=label, required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))


class DeclineForm(ActionForm):
    note = _words(gettext_lazy("Why (if you like)"))


class TrackingNumber(forms.CharField):
    """As carriers print it, however it was typed."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        super().__init__(widget=forms.TextInput(attrs=attrs), **kwargs)

    def to_python(self, value: Any) -> str:
        return carriers.normal(str(super().to_python(value)))


class WithPhotos(ActionForm):
    photos = PhotosField()
    field_order = ("note", "photos")

    def new_photos(self) -> Sequence[Photo]:
        photos: Sequence[Photo] = self.cleaned_data["photos"]
        return photos


class CallForm(WithPhotos):
    note = _words(gettext_lazy("What customer service should know"))


class MessageForm(WithPhotos):
    """`token` makes a second press of the button find the message of the first one."""

    note = _words(gettext_lazy("Message"))
    token = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)


class Waybill(ActionForm):
    """By whom the goods travel and under which number. A carrier that its number gives away need not be named."""

    carrier = forms.CharField(
        label=gettext_lazy("Carrier"),
        max_length=50,
        required=False,
        widget=forms.TextInput(attrs={"list": "carriers", "autocomplete": "off"}),
    )
    number = TrackingNumber(label=gettext_lazy("Tracking number"), max_length=50)
    as_it_is = forms.BooleanField(label=gettext_lazy("The number is right as it is"), required=False)
    is_odd = False

    def clean_carrier(self) -> str:
        """What was typed, or whose number it can only be."""
        typed = str(self.cleaned_data["carrier"])
        known = None if typed else carriers.recognised(str(self.data.get("number", "")))
        if not (typed or known):
            raise ValidationError(self.fields["number"].error_messages["required"], code="required")
        return typed or str(known)

    def clean(self) -> dict[str, Any]:
        """A wrong check digit is refused; a number that only looks odd has to be looked at once."""
        data = self.cleaned_data
        carrier, number = data.get("carrier", ""), data.get("number", "")
        if not (carrier and number):
            return data
        known = carriers.named(carrier) or carriers.recognised(number)
        if carriers.is_mistyped(carrier, number):
            self.add_error("number", as_error(Refused(RefundError.CHECK_DIGIT, carrier=known or carrier)))
        elif carriers.looks_odd(carrier, number) and not data["as_it_is"]:
            self.is_odd = True
            self.add_error("number", as_error(Refused(RefundError.ODD_NUMBER, carrier=known)))
        return data

    @property
    def may_insist(self) -> bool:
        """Whether the box that says so is shown."""
        return self.is_odd or bool(self.data.get("as_it_is"))


class WaybillForm(Waybill):
    """A parcel that was sent, and what it cost where the seller pays it."""

    def __init__(self, ticket: Ticket, *args: Any, **kwargs: Any) -> None:
        super().__init__(ticket, *args, **kwargs)
        if ticket.freight_by == Payer.SELLER:
            currency = ticket.order.currency
            label = _("Postage you paid in %(currency)s (if any)") % {"currency": currency}
            self.fields["postage"] = AmountField(currency, 0, label)

    def paid(self) -> int:
        """The postage in minor units."""
        return self.cleaned_data.get("postage") or 0


class MendForm(Waybill):
    """Another waybill for one of the parcels that the buyer has sent."""

    parcel = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=LARGEST_KEY)

    def __init__(self, ticket: Ticket, action: str, data: Any = None, files: Any = None, **kwargs: Any) -> None:
        super().__init__(ticket, action, data, files, **kwargs)
        key = data.get("parcel", "") if data is not None else kwargs["initial"]["parcel"]
        self.auto_id = f"id_{action}_{key}_%s"

    def is_about(self, values: Mapping[str, Any]) -> bool:
        return str(self.data.get("parcel")) == str(values["parcel"])

    @staticmethod
    def present(parcel: ReturnParcel) -> dict[str, Any]:
        return {"parcel": parcel.pk, "carrier": parcel.carrier, "number": parcel.number}


class RulingForm(ActionForm):
    """`ruling` is the one that the buyer has read."""

    ruling = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=LARGEST_KEY)


class AppealForm(RulingForm):
    note = _words(gettext_lazy("Why you do not accept it"))
