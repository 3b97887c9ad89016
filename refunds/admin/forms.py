"""What actions on tickets, payouts and orders ask a seller or an operator for."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.files.base import File
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales.lifecycle.admin import ActionForm, VersionForm
from aftersales.money import shown
from orders.admin.fields import WholeNumberField
from orders.admin.order import ParcelForm, where_it_goes
from orders.models import Order, OrderLine
from refunds.actions import Rejection
from refunds.forms import ReasonChoice
from refunds.lifecycle import TICKET
from refunds.models import Reason, Ticket
from refunds.rules import Found
from refunds.states import Side

_AREA = forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"})


def asked_for(ticket: Ticket) -> str:
    """What the ticket asks for, in a line."""
    words = _("%(kind)s, %(amount)s. Reason: %(reason)s")
    amount = shown(ticket.amount, ticket.order.currency)
    return words % {"kind": ticket.get_kind_display(), "amount": amount, "reason": ticket.reason}


class Photos(forms.ClearableFileInput):
    allow_multiple_selected = True


class PhotosField(forms.FileField):
    """Any number of photos, as a list; refunds.photos judges them."""

    widget = Photos

    def clean(self, data: Any, initial: Any = None) -> list[File[bytes]]:
        chosen = data if isinstance(data, list | tuple) else [data]
        return [super(PhotosField, self).clean(item, initial) for item in chosen if item]


class AgreeForm(VersionForm):
    @property
    def summary(self) -> str:
        return asked_for(self.row)


class RejectForm(VersionForm):
    reason = ReasonChoice(Reason.objects.none(), label=gettext_lazy("Reason"))
    note = forms.CharField(label=gettext_lazy("Note"), widget=_AREA, max_length=1000, required=False)
    photos = PhotosField(
        label=gettext_lazy("Photos"),
        required=False,
        help_text=gettext_lazy("JPEG, PNG or WebP; some reasons need at least one."),
        widget=Photos(attrs={"accept": "image/jpeg,image/png,image/webp"}),
    )

    def __init__(self, row: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(row, *args, **kwargs)
        reasons: Any = self.fields["reason"]
        reasons.queryset = Reason.objects.filter(side=Side.SELLER, in_use=True)
        self.fields["photos"].max_length = settings.EVIDENCE_PER_MESSAGE  # type: ignore[attr-defined]

    @property
    def summary(self) -> str:
        return asked_for(self.row)

    def rejection(self) -> Rejection:
        data = self.cleaned_data
        return Rejection(data["reason"], data["note"], data["photos"])


class AcceptForm(ActionForm):
    @property
    def summary(self) -> str:
        words = _("%(asked)s. The whole amount is paid back.")
        return words % {"asked": asked_for(self.row)}


class InspectionForm(ActionForm):
    """What was found of each line; what is neither good nor damaged did not come."""

    def __init__(self, row: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(row, *args, **kwargs)
        self.lines = list(row.lines.select_related("line").order_by("pk"))
        for line in self.lines:
            most, name = line.quantity, {"title": line.line.title}
            units: dict[str, Any] = {"min_value": 0, "max_value": most}
            good = _("%(title)s: good, back to stock") % name
            self.fields[f"good_{line.pk}"] = WholeNumberField(
                label=good, initial=most, help_text=_("Of %(most)s.") % {"most": most}, **units
            )
            self.fields[f"damaged_{line.pk}"] = WholeNumberField(
                label=_("%(title)s: damaged, to scrap") % name, initial=0, **units
            )
            self.fields[f"note_{line.pk}"] = forms.CharField(
                label=_("%(title)s: note") % name, max_length=300, required=False
            )
        self.fields["note"] = forms.CharField(
            label=_("What is wrong"), widget=_AREA, max_length=1000, help_text=_("The buyer reads this.")
        )

    def found(self) -> dict[int, Found]:
        data = self.cleaned_data
        return {
            line.pk: Found(data[f"good_{line.pk}"], data[f"damaged_{line.pk}"], data[f"note_{line.pk}"])
            for line in self.lines
        }


class WaybillForm(ActionForm):
    carrier = forms.CharField(label=gettext_lazy("Carrier"), max_length=50)
    number = forms.CharField(label=gettext_lazy("Tracking number"), max_length=50)

    @property
    def summary(self) -> str:
        return where_it_goes(self.row.order)


class NoteForm(ActionForm):
    """Words that the buyer reads."""

    note = forms.CharField(
        label=gettext_lazy("Why"), widget=_AREA, max_length=1000, help_text=gettext_lazy("The buyer reads this.")
    )


class CancelForm(NoteForm):
    """The whole order is cancelled, whether a person came from its page or from a ticket's."""

    @property
    def summary(self) -> str:
        order = self.row if isinstance(self.row, Order) else self.row.order
        left = shown(order.total - order.settled, order.currency)
        return _("Order %(number)s is closed and %(amount)s goes back to the buyer.") % {
            "number": order.number,
            "amount": left,
        }


class ProofForm(ActionForm):
    note = forms.CharField(
        label=gettext_lazy("Proof"),
        widget=_AREA,
        max_length=1000,
        help_text=gettext_lazy("How and when the money was paid, with its reference."),
    )


def ends_by_shipping(order: Order) -> Any:
    """The open tickets that end when their units are shipped anyway."""
    ways = TICKET.named("ship_anyway")
    sources = [state for way in ways for state in way.sources]
    return order.tickets.filter(state__in=sources).filter(*(way.guard for way in ways))


class ShipAnywayForm(ParcelForm):
    """Units of open tickets may go too; the tickets on them end as shipped anyway."""

    def __init__(self, row: Any, *args: Any, **kwargs: Any) -> None:
        order = row if isinstance(row, Order) else row.order
        asked = OrderLine.objects.filter(
            order=order, ticket_lines__is_open=True, ticket_lines__ticket__in=ends_by_shipping(order)
        )
        self.busy: dict[int, int] = dict(asked.values_list("pk", F("ticket_lines__quantity")))
        self.of_ticket = set() if isinstance(row, Order) else set(row.lines.values_list("line_id", flat=True))
        super().__init__(row, *args, **kwargs)

    def order(self) -> Order:
        found: Order = self.row if isinstance(self.row, Order) else self.row.order
        return found

    def most(self, line: OrderLine) -> int:
        return line.to_ship + self.busy.get(line.pk, 0)

    def first(self, line: OrderLine) -> int:
        """From a ticket's page its own units, from the order's everything."""
        return self.most(line) if not self.of_ticket or line.pk in self.of_ticket else 0
