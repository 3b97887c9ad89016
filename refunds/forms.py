"""What a buyer types into an application and a waybill, read strictly. What may be granted is judged by rules."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.forms.boundfield import BoundField
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales.lifecycle.errors import Refused
from aftersales.money import parse, plain, shown
from orders.models import Order, OrderLine
from orders.rules import refundable
from refunds import rules
from refunds.errors import RefundError
from refunds.models import Reason, ReturnParcel, Ticket
from refunds.states import Kind, Side

_LINE_FIELD = re.compile(r"(?:units|amount)_")
SHIPPED, NOT_SHIPPED = "yes", "no"


def _side(shipped: bool) -> str:
    return SHIPPED if shipped else NOT_SHIPPED


def as_error(refused: Refused) -> ValidationError:
    """The refusal as a form's error, in the language that is active now."""
    return ValidationError(str(refused), code=str(refused.code.value))


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


class _AnyChoice(forms.ChoiceField):
    """A choice that rules judge, so that page and verb refuse in the same words."""

    def validate(self, value: Any) -> None:
        """Everything passes."""


class ReasonChoice(forms.ModelChoiceField[Reason]):
    def label_from_instance(self, obj: Reason) -> str:
        return _("%(reason)s (needs a photo)") % {"reason": obj} if obj.needs_proof else str(obj)


class _ReasonField(ReasonChoice):
    def clean(self, value: Any) -> Reason | None:
        """The reason, or None for anything else: rules refuse that."""
        try:
            reason: Reason | None = super().clean(value)
        except ValidationError:
            return None
        return reason


class _Text(forms.CharField):
    def to_python(self, value: Any) -> str:
        """A line break counts once, as in the browser."""
        return str(super().to_python(value)).replace("\r\n", "\n")


class _Photos(forms.FileInput):
    allow_multiple_selected = True

    def value_from_datadict(self, data: Mapping[str, Any], files: MultiValueDict[str, Any], name: str) -> Any:
        """The files. A preview is sent without them: then it names them, so that proof is not missed."""
        if isinstance(data, MultiValueDict) and not files.getlist(name):
            return [item for item in data.getlist(name) if item]
        return files.getlist(name)


class _PhotosField(forms.Field):
    """Whether they are photos is judged where they are stored; each is a file or, in a preview, its name."""

    widget = _Photos


@dataclass(frozen=True)
class LineRow:
    """One order line as the page shows it. `note` says why nothing can be chosen; `hint` how much."""

    line: OrderLine
    units: BoundField
    amount: BoundField
    note: str = ""
    hint: str = ""


class ApplicationForm(forms.Form):
    """An application on an order. Unknown lines are refused, whatever is asked for is left to rules.check."""

    currency = forms.CharField(widget=forms.HiddenInput, required=False)
    shipped = forms.ChoiceField(
        label=gettext_lazy("The goods"),
        choices=[(SHIPPED, gettext_lazy("have been shipped")), (NOT_SHIPPED, gettext_lazy("have not been shipped"))],
        widget=forms.RadioSelect,
    )
    kind = _AnyChoice(label=gettext_lazy("What should happen"), widget=forms.RadioSelect, required=False)
    reason = _ReasonField(
        Reason.objects.none(),
        label=gettext_lazy("Reason"),
        to_field_name="code",
        required=False,
        empty_label=gettext_lazy("Choose a reason"),
    )
    description = _Text(
        label=gettext_lazy("What happened"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    photos = _PhotosField(
        label=gettext_lazy("Photos"),
        required=False,
        widget=_Photos(attrs={"accept": "image/jpeg,image/png,image/webp"}),
    )

    def __init__(self, order: Order, lines: Sequence[OrderLine], *args: Any, **kwargs: Any) -> None:
        """`lines` without what an application to be replaced still holds."""
        super().__init__(*args, **kwargs)
        self.order, self.lines = order, lines
        sides = [s for s in (True, False) if any(self._on_offer(line, s) for line in lines)]
        self.is_empty = not sides and not rules.freight_left(order)
        # Freight alone is a matter of what has happened to the goods so far.
        self.sides = sides or [any(line.shipped for line in lines)]
        self.fields["currency"].initial = order.currency
        reasons = Reason.objects.filter(side=Side.BUYER, in_use=True)
        self.fields["reason"].queryset = reasons  # type: ignore[attr-defined]  # it is a ModelChoiceField
        self._offer_kinds()
        self._offer_sides()
        for line in lines:
            most = max(self._on_offer(line, side) for side in (True, False))
            label = _("Amount in %(currency)s") % {"currency": order.currency}
            self.fields[f"units_{line.pk}"] = UnitsField(line, most)
            self.fields[f"amount_{line.pk}"] = AmountField(order.currency, refundable(line, most), label)
        label = _("Freight in %(currency)s") % {"currency": order.currency}
        self.fields["freight"] = AmountField(order.currency, rules.freight_left(order), label)

    def _on_offer(self, line: OrderLine, shipped: bool) -> int:
        nothing = line.open_tickets or not rules.has_left(line)
        return 0 if nothing else rules.units_on_offer(line, shipped=shipped)

    def _offer_kinds(self) -> None:
        kinds = [k for k in Kind if any(k in rules.kinds(self.order, [], shipped=side) for side in self.sides)]
        self.fields["kind"].choices = [(k.value, k.label) for k in kinds]  # type: ignore[attr-defined]  # ChoiceField
        if len(kinds) == 1:
            self._fix("kind", kinds[0].value)

    def _offer_sides(self) -> None:
        # The other side may still be sent by a page from before a parcel left: rules say that it is not possible.
        if len(self.sides) == 1:
            self._fix("shipped", _side(self.sides[0]))

    def _fix(self, name: str, value: str) -> None:
        """A single choice is no question, whatever was chosen when there were more."""
        self.initial[name], self.fields[name].widget = value, forms.HiddenInput()

    def only_kind(self) -> str:
        """What happens when there is nothing to choose."""
        return str(Kind(self.initial["kind"]).label)

    def clean(self) -> dict[str, Any]:
        """Refuses lines of other orders and another currency."""
        known = {f"{kind}_{line.pk}" for line in self.lines for kind in ("units", "amount")}
        if any(_LINE_FIELD.match(key) and key not in known for key in self.data):
            self.add_error(None, as_error(Refused(RefundError.UNKNOWN_LINE)))
        if "currency" in self.cleaned_data and self.cleaned_data["currency"] != self.order.currency:
            self.refuse(Refused(RefundError.CURRENCY, "currency", currency=self.order.currency))
        return self.cleaned_data

    def refuse(self, refused: Refused) -> None:
        """Show a refusal next to its field."""
        self.add_error(refused.field if refused.field in self.fields else None, as_error(refused))

    def application(self) -> rules.Application:
        """What is asked for, of a valid form."""
        data = self.cleaned_data
        amounts = {line.pk: data[f"amount_{line.pk}"] for line in self.lines}
        return rules.Application(
            kind=data["kind"],
            reason=data["reason"],
            units={line.pk: data[f"units_{line.pk}"] for line in self.lines},
            amounts={key: amount for key, amount in amounts.items() if amount is not None},
            freight=data["freight"] or 0,
            shipped=data["shipped"] == SHIPPED,
            description=data["description"],
            photos=len(data["photos"]),
        )

    def new_photos(self) -> Sequence[File[bytes]]:
        return [photo for photo in self.cleaned_data["photos"] if isinstance(photo, File)]

    def rows(self) -> list[LineRow]:
        """The lines in the order's order, with their fields."""
        return [self._row(line) for line in self.lines]

    def _row(self, line: OrderLine) -> LineRow:
        units, amount = self[f"units_{line.pk}"], self[f"amount_{line.pk}"]
        if line.open_tickets:
            return LineRow(line, units, amount, note=_("This has an open ticket. Amend or withdraw that one first."))
        most = {side: self._on_offer(line, side) for side in (True, False)}
        if not any(most.values()):
            return LineRow(line, units, amount, note=_("Nothing of this is left to ask for."))
        hint = _("Up to %(units)s, at most %(most)s. Leave the amount empty for all of it.") % {
            "units": max(most.values()),
            "most": shown(refundable(line, max(most.values())), self.order.currency),
        }
        if all(most.values()):
            counts = _("%(shipped)s shipped, %(unshipped)s not shipped.")
            hint = f"{counts % {'shipped': most[True], 'unshipped': most[False]}} {hint}"
        return LineRow(line, units, amount, hint=hint)

    def freight_left(self) -> int:
        return rules.freight_left(self.order)


class FilingForm(ApplicationForm):
    """`token` makes a second press of the button find the ticket that the first one made."""

    token = forms.UUIDField(
        widget=forms.HiddenInput, initial=uuid4, error_messages={"invalid": gettext_lazy("Load the page again.")}
    )


class AmendForm(ApplicationForm):
    """A new version of a ticket's application. `version` is the one that the buyer had before them."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**31 - 1)

    def __init__(self, ticket: Ticket, lines: Sequence[OrderLine], *args: Any) -> None:
        self.ticket = ticket
        super().__init__(ticket.order, lines, *args, initial=self._present(ticket, lines))

    def _offer_sides(self) -> None:
        """Whether the goods were shipped stays as it was filed."""
        side = _side(self.ticket.shipped)
        self.fields["shipped"] = forms.ChoiceField(choices=[(side, "")], initial=side, widget=forms.HiddenInput)

    def _on_offer(self, line: OrderLine, shipped: bool) -> int:
        return super()._on_offer(line, shipped) if shipped == self.ticket.shipped else 0

    @staticmethod
    def _present(ticket: Ticket, lines: Sequence[OrderLine]) -> dict[str, Any]:
        currency = ticket.order.currency
        values: dict[str, Any] = {
            "version": ticket.version,
            "kind": ticket.kind,
            "reason": ticket.reason.code,
            "description": ticket.description,
            "freight": plain(ticket.freight, currency) if ticket.freight else "",
        }
        by_key = {line.pk: line for line in lines}
        for item in ticket.lines.all():
            values[f"units_{item.line_id}"] = item.quantity
            # An amount that was all the units could get follows when their number is changed.
            if item.amount != refundable(by_key[item.line_id], item.quantity):
                values[f"amount_{item.line_id}"] = plain(item.amount, currency)
        return values


class WaybillForm(forms.ModelForm[ReturnParcel]):
    """By whom the goods travel and under which number."""

    class Meta:
        model = ReturnParcel
        fields = ("carrier", "number")
