"""The buyer's application on an order: one form that asks for the next thing by what was sent so far."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales.lifecycle.errors import Refused
from aftersales.lifecycle.forms import as_error, refuse
from aftersales.money import plain, shown
from orders.models import Order, OrderLine, Sku
from orders.rules import refundable
from refunds import rules
from refunds.errors import RefundError
from refunds.forms.choices import ARRIVED, NOT_SHIPPED, ON_THE_WAY, WHERE, Choices, fits, implied
from refunds.forms.fields import (
    AmountField,
    AnyChoice,
    BuyersReason,
    PhotosField,
    Text,
    UnitsField,
    WantedField,
)
from refunds.models import Reason
from refunds.photos import Photo
from refunds.states import REFUNDS, Kind, Side

PER_LINE = ("units", "amount", "wanted", "part")
_LINE_FIELD = re.compile(rf"(?:{'|'.join(PER_LINE)})_")


class ApplicationForm(forms.Form):
    """An application on an order. Unknown lines are refused, whatever is asked for is left to rules.check.

    `asking`: it was sent to be asked on, not to be filed. Then nothing is missed, what does not fit any more is asked
    again, and what has only one answer is answered.

    chosen  the lines with units, {line: units}; taken: those that were sent with units and are in another ticket
    place   where the goods are, as far as it is known; why: the reason, and what: the kind, as far as they still fit
    full    {line or "freight": what its amount was filled in with}, so that an amount of one's own is not touched
    """

    data: Any
    # Whether freight that was paid for nothing is filled in unasked.
    fills_freight = True

    currency = forms.CharField(widget=forms.HiddenInput, required=False)
    goods = forms.ChoiceField(
        label=gettext_lazy("Do you have the goods?"),
        choices=[
            (ARRIVED, gettext_lazy("I have them")),
            (ON_THE_WAY, gettext_lazy("They were shipped but have not arrived")),
            (NOT_SHIPPED, gettext_lazy("They have not been shipped")),
        ],
        widget=forms.RadioSelect,
    )
    reason = BuyersReason(label=gettext_lazy("Reason"), required=False, widget=forms.RadioSelect)
    kind = AnyChoice(label=gettext_lazy("What should happen"), required=False, widget=forms.RadioSelect)
    only_freight = forms.BooleanField(label=gettext_lazy("Only the freight, no item"), required=False)
    description = Text(
        label=gettext_lazy("What happened"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    photos = PhotosField()

    def __init__(
        self, order: Order, lines: Sequence[OrderLine], data: QueryDict, *, asking: bool = False, **more: Any
    ) -> None:
        """`lines` without what an application to be replaced still holds."""
        super().__init__(data.copy() if asking else data, **more)
        self.order, self.lines, self.asking = order, lines, asking
        self.fields["currency"].initial = order.currency
        self.fields["goods"].required = not asking
        for line in lines:
            self._add_line(line)
        label = _("Freight in %(currency)s") % {"currency": order.currency}
        self.fields["freight"] = AmountField(order.currency, 0, label)
        everything = self._choices(lines, together=False)
        self.offered = everything.kinds_of(everything.places())
        self.is_empty = not self.offered
        if Kind.EXCHANGE in self.offered:
            self._offer_variants()
        self._narrow()
        self._fill_in()

    # --- what has been chosen so far, and what still fits -------------------------------------------------------------

    def so_far(self, name: str) -> str:
        """As it was sent."""
        return str(self.data.get(name) or "")

    def _keep(self, **values: str) -> None:
        """From now on these are what was sent."""
        if self.asking:
            for name, value in values.items():
                self.data[name] = value

    def entered(self) -> dict[str, list[str]]:
        """All that a person has entered, as a draft keeps it."""
        lines = {f"{about}_{line.pk}" for line in self.lines for about in (*PER_LINE, "full")}
        names = lines | {"goods", "reason", "kind", "only_freight", "description", "freight", "full_freight"}
        names |= {"photos_uploaded"}
        return {name: self.data.getlist(name) for name in sorted(names) if name in self.data}

    def _choices(self, lines: Sequence[OrderLine], *, together: bool) -> Choices:
        return Choices(self.order, lines, together, self.on_offer)

    def on_offer(self, line: OrderLine, shipped: bool) -> int:
        nothing = line.open_tickets or not rules.has_left(line)
        return 0 if nothing else rules.units_on_offer(line, shipped=shipped)

    def most(self, line: OrderLine) -> int:
        """How many units of a line can be chosen at all."""
        return max(self.on_offer(line, side) for side in (True, False))

    def _units(self, line: OrderLine) -> int:
        typed = self.so_far(f"units_{line.pk}").strip()
        return int(typed) if re.fullmatch(r"[0-9]{1,4}", typed) else 0

    def _narrow(self) -> None:
        """Offer only what fits what has been chosen before: items, then where they are and why, then what is wanted."""
        named = {line: units for line in self.lines if (units := self._units(line))}
        self.taken = [line for line in named if line.open_tickets]
        # A line of which nothing is left by now cannot be chosen any more; whoever sends it all the same is told.
        self.chosen = {line: units for line, units in named.items() if self.most(line) or not self.asking}
        self._keep(**{f"units_{line.pk}": "" for line in named if line not in self.chosen})
        self.for_freight = not self.chosen and bool(self.so_far("only_freight"))
        choices = self._choices(list(self.chosen) or self.lines, together=bool(self.chosen))
        reasons = list(Reason.objects.filter(side=Side.BUYER, in_use=True))
        given = next((reason for reason in reasons if reason.code == self.so_far("reason")), None)
        self.places = choices.places()
        self.place = self._place(given)
        known = [self.place] if self.place else self.places
        kinds = [Kind.REFUND_ONLY] if self.for_freight else choices.kinds_of(known)
        fitting = [reason for reason in reasons if fits(reason, self.place, kinds)]
        self.reasons = fitting
        self.why = given if given in fitting else None
        self.kinds = [kind for kind in kinds if self.why is None or self.why.fits(kind)]
        self._offer(reasons, fitting)
        self.what = self._kind()
        self._keep_what_fits()

    def _place(self, given: Reason | None) -> str:
        if len(self.places) == 1:
            return self.places[0]
        sent = self.so_far("goods")
        return sent if sent in self.places else implied(given, self.places)

    def _kind(self) -> str:
        """What is wanted; where only one thing is possible, that."""
        if self.place and self.why and len(self.kinds) == 1:
            return self.kinds[0].value
        sent = self.so_far("kind")
        return sent if sent in self.kinds else ""

    def _offer(self, reasons: Sequence[Reason], fitting: Sequence[Reason]) -> None:
        goods: Any = self.fields["goods"]
        # Another choice may still be sent by a page from before a parcel left: rules say that it is not possible.
        goods.widget.choices = [(value, label) for value, label in goods.choices if value in self.places]
        reason: Any = self.fields["reason"]
        reason.offer(reasons, fitting)
        kind: Any = self.fields["kind"]
        kind.choices = [(kind.value, kind.label) for kind in self.kinds]

    def _keep_what_fits(self) -> None:
        """What was chosen from what was on offer before is asked again; what was never on offer is refused."""
        if self.so_far("goods") in {"", *WHERE}:
            self._keep(goods=self.place)
        self._keep(reason=self.why.code if self.why else "")
        if self.so_far("kind") in {"", *Kind.values}:
            self._keep(kind=self.what)

    # --- fields of lines ----------------------------------------------------------------------------------------------

    def _add_line(self, line: OrderLine) -> None:
        most, currency = self.most(line), self.order.currency
        label = _("Amount in %(currency)s") % {"currency": currency}
        self.fields |= {
            f"units_{line.pk}": UnitsField(line, most),
            f"amount_{line.pk}": AmountField(currency, refundable(line, most), label),
            f"part_{line.pk}": forms.CharField(
                required=False,
                max_length=200,
                label=_("Which part?"),
                help_text=_("Leave it empty for the whole article."),
            ),
        }

    def _offer_variants(self) -> None:
        """What is in stock, and what was wanted so far."""
        so_far = [value for name, value in self.initial.items() if name.startswith("wanted_") and value]
        products = {line.sku.product_id for line in self.lines}
        skus = Sku.objects.filter(Q(stock__gt=0) | Q(pk__in=so_far), product__in=products).select_related("product")
        found = list(skus)
        for line in self.lines:
            # After an exchange the buyer may want what was bought at first.
            same = None if line.replaced else line.sku_id
            variants = [sku for sku in found if sku.product_id == line.sku.product_id and sku.pk != same]
            self.fields[f"wanted_{line.pk}"] = WantedField(line, variants)

    def _fill_in(self) -> None:
        """Fill in the most that can be given back, where the buyer has not given another amount."""
        self.full: dict[int | str, str] = {}
        if self.what not in REFUNDS:
            return
        currency = self.order.currency
        for line, units in self.chosen.items():
            self._fill(line.pk, f"amount_{line.pk}", plain(refundable(line, units), currency))
        if self.freight_left() and (self.for_freight or (self.fills_freight and self._gives_up_everything())):
            self._fill("freight", "freight", plain(self.freight_left(), currency))

    def _fill(self, key: int | str, name: str, most: str) -> None:
        typed, before = self.so_far(name).strip(), self.so_far(f"full_{key}")
        # Whoever has sent it has seen what it was filled in with.
        self.full[key] = most if self.asking or not before else before
        if typed == before:
            self._keep(**{name: most, f"full_{key}": most})

    def _gives_up_everything(self) -> bool:
        """Nothing has been shipped, and nothing is to be: then the freight was paid for nothing."""
        return self.place == NOT_SHIPPED and all(
            self.chosen.get(line, 0) == line.to_ship and not line.shipped for line in self.lines
        )

    # --- reading it ---------------------------------------------------------------------------------------------------

    def clean(self) -> dict[str, Any]:
        """Refuses lines of other orders, another currency, and a repair of nobody knows what."""
        known = {f"{about}_{line.pk}" for line in self.lines for about in PER_LINE}
        if any(_LINE_FIELD.match(key) and key not in known for key in self.data):
            self.add_error(None, as_error(Refused(RefundError.UNKNOWN_LINE)))
        if "currency" in self.cleaned_data and self.cleaned_data["currency"] != self.order.currency:
            refuse(self, Refused(RefundError.CURRENCY, "currency", currency=self.order.currency))
        if not self.asking:
            self._check_words()
        elif self.so_far("kind") not in {"", *Kind.values}:
            refuse(self, Refused(RefundError.KIND, "kind"))
        return self.cleaned_data

    def _check_words(self) -> None:
        if self.cleaned_data.get("kind") == Kind.REPAIR and self.cleaned_data.get("description") == "":
            refuse(self, Refused(RefundError.NOTE, "description"))

    @property
    def is_complete(self) -> bool:
        """Whether enough is known to say what it comes to."""
        return bool(self.asks_why and self.place and self.why and self.what)

    @property
    def is_mixed(self) -> bool:
        """Whether shipped goods were chosen together with goods that were not: one ticket cannot have both."""
        return not any(all(self.on_offer(line, side) for line in self.chosen) for side in (True, False))

    @property
    def payer(self) -> str:
        """Who pays for the goods' way back; "" as long as that is open."""
        return str(self.why.freight_by) if self.why else ""

    @property
    def asks_why(self) -> bool:
        """Whether it is known what it is about."""
        return bool(self.chosen or self.for_freight or self.so_far("freight"))

    def application(self) -> rules.Application:
        """What is asked for, of a valid form."""
        data = self.cleaned_data
        shipped, arrived = WHERE[data["goods"]]
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

    def _of_lines(self, about: str) -> Mapping[int, Any]:
        return {line.pk: self.cleaned_data.get(f"{about}_{line.pk}") for line in self.lines}

    def new_photos(self) -> Sequence[Photo]:
        photos: Sequence[Photo] = self.cleaned_data["photos"]
        return photos

    def freight_left(self) -> int:
        return rules.freight_left(self.order)

    def freight_hint(self) -> str:
        most = shown(self.freight_left(), self.order.currency)
        return _("At most %(most)s of the freight can be asked for.") % {"most": most}
