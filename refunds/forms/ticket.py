"""What a buyer types on a ticket's page: one form an action. Actions without a form here only ask to be confirmed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales.lifecycle.errors import Refused
from refunds.forms.fields import AmountField, PhotosField, Text, as_error
from refunds.models import ReturnParcel, Ticket
from refunds.photos import Photo
from refunds.states import Payer

_LARGEST_KEY = 2**63 - 1


class ActionForm(forms.Form):
    """One action on one ticket. Its fields carry the action's name in their ids: several forms share the page."""

    def __init__(self, ticket: Ticket, action: str, data: Any = None, files: Any = None, **kwargs: Any) -> None:
        super().__init__(data, files, auto_id=f"id_{action}_%s", **kwargs)
        self.ticket, self.action = ticket, action

    def is_about(self, values: Mapping[str, Any]) -> bool:
        """Whether it was sent from the page's form with these present values."""
        return True

    def refuse(self, refused: Refused) -> None:
        """Show a refusal next to its field."""
        self.add_error(refused.field if refused.field in self.fields else None, as_error(refused))


class OfferForm(ActionForm):
    """`offer` is the one that the buyer has read."""

    offer = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=_LARGEST_KEY)


def _words(label: Any) -> Text:
    return Text(label=label, required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))


class DeclineForm(ActionForm):
    note = _words(gettext_lazy("Why (if you like)"))


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


class WaybillForm(ActionForm):
    """By whom the goods travel and under which number; what it cost, where the seller pays it."""

    carrier = forms.CharField(label=gettext_lazy("Carrier"), max_length=50)
    number = forms.CharField(label=gettext_lazy("Tracking number"), max_length=50)

    def __init__(self, ticket: Ticket, *args: Any, **kwargs: Any) -> None:
        super().__init__(ticket, *args, **kwargs)
        if ticket.freight_by == Payer.SELLER:
            currency = ticket.order.currency
            label = _("Postage you paid in %(currency)s (if any)") % {"currency": currency}
            self.fields["postage"] = AmountField(currency, 0, label)

    def paid(self) -> int:
        """The postage in minor units."""
        return self.cleaned_data.get("postage") or 0


class MendForm(ActionForm):
    """Another waybill for one of the parcels that the buyer has sent."""

    parcel = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=_LARGEST_KEY)
    carrier = forms.CharField(label=gettext_lazy("Carrier"), max_length=50)
    number = forms.CharField(label=gettext_lazy("Tracking number"), max_length=50)

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

    ruling = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=_LARGEST_KEY)


class AppealForm(RulingForm):
    note = _words(gettext_lazy("Why you do not accept it"))
