"""The buyer's application on an order, filed or amended."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django import forms
from django.db.models import Q
from django.forms.boundfield import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from aftersales.lifecycle.errors import Refused
from aftersales.money import plain, shown
from orders.models import Order, OrderLine, Sku
from orders.rules import refundable
from refunds import rules
from refunds.errors import RefundError
from refunds.forms.fields import (
    AmountField,
    AnyChoice,
    BuyersReason,
    FittingRadios,
    FittingSelect,
    PhotosField,
    Text,
    UnitsField,
    WantedField,
    as_error,
)
from refunds.models import Reason, Ticket
from refunds.photos import Photo
from refunds.states import REFUNDS, RETURNS, Kind, Side

_PER_LINE = ("units", "amount", "wanted", "part")
_LINE_FIELD = re.compile(rf"(?:{'|'.join(_PER_LINE)})_")
# Where the goods are. {choice: (they were shipped, they have arrived)}
ARRIVED, ON_THE_WAY, NOT_SHIPPED = "arrived", "on_the_way", "not_shipped"
_WHERE = {ARRIVED: (True, True), ON_THE_WAY: (True, False), NOT_SHIPPED: (False, False)}


def where(*, shipped: bool, arrived: bool) -> str:
    """The choice that says so."""
    return (ARRIVED if arrived else ON_THE_WAY) if shipped else NOT_SHIPPED


@dataclass(frozen=True)
class LineRow:
    """One order line as the page shows it. `note` says why nothing can be chosen, `hint` how much, `rule` what such
    goods allow. `wanted` and `part` are there where the kinds on offer ask for them."""

    line: OrderLine
    units: BoundField
    amount: BoundField
    wanted: BoundField | None = None
    part: BoundField | None = None
    note: str = ""
    hint: str = ""
    rule: str = ""


class ApplicationForm(forms.Form):
    """An application on an order. Unknown lines are refused, whatever is asked for is left to rules.check."""

    currency = forms.CharField(widget=forms.HiddenInput, required=False)
    goods = forms.ChoiceField(
        label=gettext_lazy("Where the goods are"),
        choices=[
            (ARRIVED, gettext_lazy("I have them")),
            (ON_THE_WAY, gettext_lazy("They were shipped but have not arrived")),
            (NOT_SHIPPED, gettext_lazy("They have not been shipped")),
        ],
        widget=forms.RadioSelect,
    )
    kind = AnyChoice(label=gettext_lazy("What should happen"), widget=FittingRadios, required=False)
    reason = BuyersReason(
        Reason.objects.none(),
        label=gettext_lazy("Reason"),
        to_field_name="code",
        required=False,
        empty_label=gettext_lazy("Choose a reason"),
        widget=FittingSelect,
    )
    description = Text(
        label=gettext_lazy("What happened"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    photos = PhotosField()

    def __init__(self, order: Order, lines: Sequence[OrderLine], *args: Any, **kwargs: Any) -> None:
        """`lines` without what an application to be replaced still holds."""
        super().__init__(*args, **kwargs)
        self.order, self.lines = order, lines
        sides = self._sides()
        self.places = [choice for choice, (shipped, _arrived) in _WHERE.items() if shipped in sides]
        self.kinds = {choice: self._kinds(choice) for choice in self.places}
        self.is_empty = not any(self.kinds.values())
        self.fields["currency"].initial = order.currency
        self._offer_goods()
        self._offer_kinds()
        self._offer_reasons()
        for line in lines:
            self._add_line(line)
        if Kind.EXCHANGE in self._offered():
            self._offer_variants()
        label = _("Freight in %(currency)s") % {"currency": order.currency}
        self.fields["freight"] = AmountField(order.currency, rules.freight_left(order), label)

    def _sides(self) -> list[bool]:
        """Shipped goods, goods that were not, or both."""
        found = [side for side in (True, False) if any(self._on_offer(line, side) for line in self.lines)]
        # Freight alone is a matter of what has happened to the goods so far.
        return found or [any(line.shipped for line in self.lines)]

    def _on_offer(self, line: OrderLine, shipped: bool) -> int:
        nothing = line.open_tickets or not rules.has_left(line)
        return 0 if nothing else rules.units_on_offer(line, shipped=shipped)

    def _kinds(self, choice: str) -> list[Kind]:
        """What can be asked for, of any line or of the freight, where the goods are."""
        shipped, arrived = _WHERE[choice]
        found = {Kind.REFUND_ONLY} if rules.freight_left(self.order) else set()
        for line in self.lines:
            if self._on_offer(line, shipped):
                found |= set(rules.kinds(self.order, [line], shipped=shipped, arrived=arrived))
        return [kind for kind in Kind if kind in found]

    def _offered(self) -> list[Kind]:
        return [kind for kind in Kind if any(kind in kinds for kinds in self.kinds.values())]

    def _offer_goods(self) -> None:
        # Another choice may still be sent by a page from before a parcel left: rules say that it is not possible.
        field: Any = self.fields["goods"]
        field.widget.choices = [(value, label) for value, label in field.choices if value in self.places]
        if len(self.places) == 1:
            self._fix("goods", self.places[0])

    def _offer_kinds(self) -> None:
        kinds = self._offered()
        field: Any = self.fields["kind"]
        field.choices = [(k.value, k.label) for k in kinds]
        field.widget.fits = lambda kind: {"goods": [place for place in self.places if kind in self.kinds[place]]}
        if len(kinds) == 1:
            self._fix("kind", kinds[0].value)

    def _offer_reasons(self) -> None:
        kinds = self._offered()
        field: Any = self.fields["reason"]
        fitting = Reason.objects.filter(Q(kinds=[]) | Q(kinds__overlap=kinds), side=Side.BUYER, in_use=True)
        for choice, not_arrived in ((ARRIVED, False), (ON_THE_WAY, True)):
            fitting = fitting if choice in self.places else fitting.exclude(not_arrived=not_arrived)
        field.queryset, field.widget.fits = fitting, _fits
        field.returns = bool(set(RETURNS) & set(kinds))

    def _fix(self, name: str, value: str) -> None:
        """A single choice is no question, whatever was chosen when there were more."""
        self.initial[name], self.fields[name].widget = value, forms.HiddenInput()

    def _add_line(self, line: OrderLine) -> None:
        most, currency = max(self._on_offer(line, side) for side in (True, False)), self.order.currency
        label = _("Amount in %(currency)s") % {"currency": currency}
        amount = AmountField(currency, refundable(line, most), label)
        amount.help_text = _("At most %(most)s. Leave it empty for all of it.") % {
            "most": shown(refundable(line, most), currency)
        }
        self.fields |= {f"units_{line.pk}": UnitsField(line, most), f"amount_{line.pk}": amount}
        if Kind.REISSUE in self._offered():
            self.fields[f"part_{line.pk}"] = forms.CharField(
                required=False,
                max_length=200,
                label=_("Which part?"),
                help_text=_("Leave it empty for the whole article."),
            )

    def _offer_variants(self) -> None:
        """What is in stock, and what was wanted so far."""
        so_far = [value for name, value in self.initial.items() if name.startswith("wanted_")]
        products = {line.sku.product_id for line in self.lines}
        skus = Sku.objects.filter(Q(stock__gt=0) | Q(pk__in=so_far), product__in=products).select_related("product")
        found = list(skus)
        for line in self.lines:
            # After an exchange the buyer may want what was bought at first.
            same = None if line.replaced else line.sku_id
            variants = [sku for sku in found if sku.product_id == line.sku.product_id and sku.pk != same]
            self.fields[f"wanted_{line.pk}"] = WantedField(line, variants)

    def only_kind(self) -> str:
        """What happens when there is nothing to choose."""
        return str(Kind(self.initial["kind"]).label)

    def clean(self) -> dict[str, Any]:
        """Refuses lines of other orders, another currency, and a repair of nobody knows what."""
        known = {f"{about}_{line.pk}" for line in self.lines for about in _PER_LINE}
        if any(_LINE_FIELD.match(key) and key not in known for key in self.data):
            self.add_error(None, as_error(Refused(RefundError.UNKNOWN_LINE)))
        if "currency" in self.cleaned_data and self.cleaned_data["currency"] != self.order.currency:
            self.refuse(Refused(RefundError.CURRENCY, "currency", currency=self.order.currency))
        if self.cleaned_data.get("kind") == Kind.REPAIR and self.cleaned_data.get("description") == "":
            self.refuse(Refused(RefundError.NOTE, "description"))
        return self.cleaned_data

    def refuse(self, refused: Refused) -> None:
        """Show a refusal next to its field."""
        self.add_error(refused.field if refused.field in self.fields else None, as_error(refused))

    def application(self) -> rules.Application:
        """What is asked for, of a valid form."""
        data = self.cleaned_data
        shipped, arrived = _WHERE[data["goods"]]
        wanted, parts = self._of_lines("wanted"), self._of_lines("part")
        return rules.Application(
            kind=data["kind"],
            reason=data["reason"],
            units={line.pk: data[f"units_{line.pk}"] for line in self.lines},
            amounts={key: amount for key, amount in self._of_lines("amount").items() if amount is not None},
            freight=data["freight"] or 0,
            shipped=shipped,
            arrived=arrived,
            wanted={key: sku for key, sku in wanted.items() if sku is not None},
            parts={key: part for key, part in parts.items() if part},
            description=data["description"],
            photos=len(data["photos"]),
        )

    def _of_lines(self, about: str) -> dict[int, Any]:
        return {line.pk: self.cleaned_data.get(f"{about}_{line.pk}") for line in self.lines}

    def new_photos(self) -> Sequence[Photo]:
        photos: Sequence[Photo] = self.cleaned_data["photos"]
        return photos

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
        hint = _("Up to %(units)s.") % {"units": max(most.values())}
        if all(most.values()):
            counts = _("%(shipped)s shipped, %(unshipped)s not shipped.")
            hint = f"{counts % {'shipped': most[True], 'unshipped': most[False]}} {hint}"
        part = self[name] if (name := f"part_{line.pk}") in self.fields else None
        return LineRow(line, units, amount, self._wanted(line), part, hint=hint, rule=self._rule(line))

    def _wanted(self, line: OrderLine) -> BoundField | None:
        """Where there is something to choose."""
        field = self.fields.get(name := f"wanted_{line.pk}")
        return self[name] if isinstance(field, WantedField) and (field.has_choice or self[name].errors) else None

    def _rule(self, line: OrderLine) -> str:
        """What the goods allow, where the shop offers more."""
        goods_rule = line.sku.product.goods_rule
        if goods_rule is None:
            return ""
        shop = {kind for choice in self.places for kind in self._of_shop(choice)}
        allowed = [kind for kind in Kind if kind in shop & set(goods_rule.kinds)]
        words = _("%(goods)s: only %(kinds)s.") % {
            "goods": goods_rule,
            "kinds": pgettext("list", ", ").join(str(kind.label) for kind in allowed),
        }
        return words if len(allowed) < len(shop) else ""

    def _of_shop(self, choice: str) -> list[Kind]:
        shipped, arrived = _WHERE[choice]
        return rules.kinds(self.order, [], shipped=shipped, arrived=arrived)

    def freight_left(self) -> int:
        return rules.freight_left(self.order)


def _fits(choice: Any) -> Mapping[str, list[str]]:
    """What a reason fits, for the script that hides the others."""
    reason: Reason = choice.instance
    found = {"kinds": list(reason.kinds)} if reason.kinds else {}
    if reason.not_arrived is not None:
        found["goods"] = [ON_THE_WAY if reason.not_arrived else ARRIVED]
    return found


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

    def _sides(self) -> list[bool]:
        """Whether the goods were shipped stays as it was filed."""
        return [self.ticket.shipped]

    def _offer_goods(self) -> None:
        field: Any = self.fields["goods"]
        field.choices = [(value, label) for value, label in field.choices if value in self.places]
        super()._offer_goods()

    def _on_offer(self, line: OrderLine, shipped: bool) -> int:
        return super()._on_offer(line, shipped) if shipped == self.ticket.shipped else 0

    @staticmethod
    def _present(ticket: Ticket, lines: Sequence[OrderLine]) -> dict[str, Any]:
        currency = ticket.order.currency
        values: dict[str, Any] = {
            "version": ticket.version,
            "goods": where(shipped=ticket.shipped, arrived=ticket.arrived),
            "kind": ticket.kind,
            "reason": ticket.reason.code,
            "description": ticket.description,
            "freight": plain(ticket.freight, currency) if ticket.freight else "",
        }
        by_key = {line.pk: line for line in lines}
        for item in ticket.lines.all():
            values |= {f"units_{item.line_id}": item.quantity, f"part_{item.line_id}": item.part}
            values |= {f"wanted_{item.line_id}": item.wanted_id} if item.wanted_id else {}
            # An amount that was all the units could get follows when their number is changed.
            if ticket.kind in REFUNDS and item.amount != refundable(by_key[item.line_id], item.quantity):
                values[f"amount_{item.line_id}"] = plain(item.amount, currency)
        return values
