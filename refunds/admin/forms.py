"""What actions on tickets, payouts and orders ask a seller or an operator for."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.files.base import File
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales import masks
from aftersales.lifecycle.admin import ActionForm, VersionForm
from aftersales.money import shown
from orders.admin.fields import AmountField, WholeNumberField
from orders.admin.order import ParcelForm, where_it_goes
from orders.models import Order, OrderLine
from refunds import rules
from refunds.actions import Rejection
from refunds.admin import follows
from refunds.forms import ReasonChoice
from refunds.lifecycle import TICKET
from refunds.models import Reason, ReturnParcel, Ticket
from refunds.rules import Found, Terms
from refunds.states import REFUNDS, Kind, Side

_AREA = forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"})


def lines(*sentences: str) -> str:
    """A summary of several lines, without the empty ones."""
    return "\n".join(sentence for sentence in sentences if sentence)


def asked_for(ticket: Ticket) -> str:
    """What the ticket asks for, in a line; no amount where no money is asked for."""
    asked = {"kind": ticket.get_kind_display(), "reason": ticket.reason}
    if ticket.kind not in REFUNDS:
        return _("%(kind)s. Reason: %(reason)s") % asked
    words = _("%(kind)s, %(amount)s. Reason: %(reason)s")
    return words % {**asked, "amount": shown(ticket.amount, ticket.order.currency)}


class Photos(forms.ClearableFileInput):
    allow_multiple_selected = True


class PhotosField(forms.FileField):
    """Any number of photos, as a list; refunds.photos judges them."""

    widget = Photos

    def clean(self, data: Any, initial: Any = None) -> list[File[bytes]]:
        chosen = data if isinstance(data, list | tuple) else [data]
        return [super(PhotosField, self).clean(item, initial) for item in chosen if item]


def amount_field(currency: str, **rest: Any) -> AmountField:
    """An amount in one currency."""
    field = AmountField(**rest)
    field.currency = currency
    return field


def _photos(help_text: Any) -> PhotosField:
    return PhotosField(
        label=gettext_lazy("Photos"),
        required=False,
        help_text=help_text,
        widget=Photos(attrs={"accept": "image/jpeg,image/png,image/webp"}),
        max_length=settings.EVIDENCE_PER_MESSAGE,
    )


class AgreeForm(VersionForm):
    @property
    def summary(self) -> str:
        return lines(asked_for(self.row), follows.agreed(self.row))


class RejectForm(VersionForm):
    reason = ReasonChoice(Reason.objects.none(), label=gettext_lazy("Reason"))
    note = forms.CharField(label=gettext_lazy("Note"), widget=_AREA, max_length=1000, required=False)
    photos = _photos(gettext_lazy("JPEG, PNG or WebP; some reasons need at least one."))

    def __init__(self, row: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(row, *args, **kwargs)
        reasons: Any = self.fields["reason"]
        reasons.queryset = Reason.objects.filter(side=Side.SELLER, in_use=True)

    @property
    def summary(self) -> str:
        words = _("The buyer reads the reason, and can amend the application, withdraw it or call customer service.")
        return lines(asked_for(self.row), words)

    def rejection(self) -> Rejection:
        data = self.cleaned_data
        return Rejection(data["reason"], data["note"], data["photos"])


class OfferForm(VersionForm):
    """Another kind or amount than the buyer asked for."""

    kind = forms.ChoiceField(label=gettext_lazy("Kind"))
    note = forms.CharField(
        label=gettext_lazy("Words"), widget=_AREA, max_length=1000, help_text=gettext_lazy("The buyer reads this.")
    )

    def __init__(self, row: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(row, *args, **kwargs)
        self.cap, currency = rules.caps(row), row.order.currency
        kinds = rules.offered_kinds(row)
        kind: Any = self.fields["kind"]
        kind.choices = [(each.value, each.label) for each in kinds]
        most = {"goods": shown(self.cap.goods, currency), "freight": shown(self.cap.freight, currency)}
        words = _("At most %(goods)s for the goods and %(freight)s of the freight; nothing for a kind without money.")
        money = {"required": False, "min_value": 0}
        self.fields["amount"] = amount_field(
            currency, label=_("Amount, freight included"), help_text=words % most, **money
        )
        self.fields["freight"] = amount_field(currency, label=_("Of which freight"), **money)
        self.order_fields(["kind", "amount", "freight", "note"])

    @property
    def summary(self) -> str:
        offered = _("If the buyer does not accept, the ticket comes back here with the time that is left now.")
        return lines(asked_for(self.row), offered)

    def terms(self) -> Terms:
        data = self.cleaned_data
        return Terms(data["kind"], data["amount"] or 0, data["freight"] or 0)


class WordsForm(ActionForm):
    """Words and photos for both sides and customer service."""

    note = forms.CharField(label=gettext_lazy("Words"), widget=_AREA, max_length=1000, required=False)
    photos = _photos(gettext_lazy("JPEG, PNG or WebP."))

    @property
    def summary(self) -> str:
        return _("Buyer, seller and customer service read this. Nothing else changes.")


class CallForm(VersionForm):
    note = forms.CharField(label=gettext_lazy("Why"), widget=_AREA, max_length=1000)
    photos = _photos(gettext_lazy("JPEG, PNG or WebP."))

    @property
    def summary(self) -> str:
        words = _(
            "The clock of the ticket stops. Customer service hears both sides and rules. Until then you may agree."
        )
        return lines(asked_for(self.row), words)


class AcceptForm(ActionForm):
    @property
    def summary(self) -> str:
        return lines(asked_for(self.row), follows.accepted(self.row))


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

    @property
    def summary(self) -> str:
        words = _("No money moves yet: after that you accept, offer less, or send the goods back.")
        return lines(asked_for(self.row), words)

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


class SignForm(ActionForm):
    """Which of the parcels on the way has arrived."""

    number = forms.ChoiceField(label=gettext_lazy("Parcel"), required=False)

    def __init__(self, row: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(row, *args, **kwargs)
        number: Any = self.fields["number"]
        on_the_way = row.parcels.filter(to_buyer=False, signed_at=None)
        number.choices = [("", _("All that are on the way")), *((each.number, str(each)) for each in on_the_way)]

    @property
    def summary(self) -> str:
        return _("Only notes that it has arrived. The time to inspect goes on.")


class MendForm(WaybillForm):
    """Another carrier or number for a parcel that went out."""

    parcel = forms.ModelChoiceField(ReturnParcel.objects.none(), label=gettext_lazy("Parcel"))

    def __init__(self, row: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(row, *args, **kwargs)
        parcel: Any = self.fields["parcel"]
        parcel.queryset = sent = row.parcels.filter(to_buyer=True, signed_at=None)
        parcel.initial = sent.first()
        self.order_fields(["parcel", "carrier", "number"])

    @property
    def summary(self) -> str:
        return _("The buyer is shown the new waybill. The time to confirm goes on.")


class DispatchForm(WaybillForm):
    """What was agreed goes out; a repair says what was wrong and what was done."""

    def __init__(self, row: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(row, *args, **kwargs)
        repairs = row.kind == Kind.REPAIR and not row.sending_back
        self.lines = list(row.lines.select_related("line")) if repairs else []
        for item in self.lines:
            title = {"title": item.line.title}
            for name, label in (("fault", _("%(title)s: what was wrong")), ("work", _("%(title)s: what was done"))):
                self.fields[f"{name}_{item.pk}"] = forms.CharField(label=label % title, max_length=300)

    @property
    def summary(self) -> str:
        return lines(*follows.goes_out(self.row), super().summary)

    def repairs(self) -> dict[int, tuple[str, str]]:
        data = self.cleaned_data
        return {item.pk: (data[f"fault_{item.pk}"], data[f"work_{item.pk}"]) for item in self.lines}


class SendBackForm(WaybillForm):
    @property
    def summary(self) -> str:
        words = _("The goods go back to the buyer as they came. No money is returned for them.")
        return lines(words, super().summary)


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


class GiveBackForm(ActionForm):
    """Money that the seller gives back unasked: per line, and of the freight."""

    reason = ReasonChoice(Reason.objects.none(), label=gettext_lazy("Reason"))
    note = forms.CharField(
        label=gettext_lazy("Words"), widget=_AREA, max_length=1000, help_text=gettext_lazy("The buyer reads this.")
    )

    def __init__(self, row: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(row, *args, **kwargs)
        reason: Any = self.fields["reason"]
        reason.queryset = Reason.objects.filter(side=Side.UNASKED, in_use=True)
        lines_of = [line for line in rules.lines_of(row) if line.left and not line.open_tickets]
        self.lines = {f"amount_{line.pk}": line for line in lines_of}
        own = {name: self._field(line.title, line.left) for name, line in self.lines.items()}
        freight = {"freight": self._field(_("Freight"), rules.freight_left(row))} if rules.freight_left(row) else {}
        self.fields = {**own, **freight, **self.fields}

    def _field(self, label: str, most: int) -> AmountField:
        currency = self.row.currency
        words = _("At most %(most)s.") % {"most": shown(most, currency)}
        return amount_field(currency, label=label, help_text=words, required=False)

    @property
    def summary(self) -> str:
        return _("The money goes back at once, by a ticket of its own. Nothing is cancelled and nothing comes back.")

    def amounts(self) -> dict[int, int]:
        data = self.cleaned_data
        return {line.pk: data[name] for name, line in self.lines.items() if data[name]}


class RetryForm(ActionForm):
    @property
    def summary(self) -> str:
        words = _("The channel is asked again for %(amount)s, under the same number: it cannot pay twice.")
        return words % {"amount": shown(self.row.amount, self.row.currency)}


class ProofForm(ActionForm):
    note = forms.CharField(
        label=gettext_lazy("Proof"),
        widget=_AREA,
        max_length=1000,
        help_text=gettext_lazy("How and when the money was paid, with its reference."),
    )

    @property
    def summary(self) -> str:
        words = _("%(amount)s counts as paid to %(buyer)s. Nothing is sent through the payment channel.")
        return words % {"amount": shown(self.row.amount, self.row.currency), "buyer": masks.buyer(self.row.order.buyer)}


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

    @property
    def summary(self) -> str:
        words = _("Open tickets on what you ship end as shipped anyway; the buyer may file again.")
        return lines(words, super().summary)

    def order(self) -> Order:
        found: Order = self.row if isinstance(self.row, Order) else self.row.order
        return found

    def most(self, line: OrderLine) -> int:
        return line.to_ship + self.busy.get(line.pk, 0)

    def first(self, line: OrderLine) -> int:
        """From a ticket's page its own units, from the order's everything."""
        return self.most(line) if not self.of_ticket or line.pk in self.of_ticket else 0
