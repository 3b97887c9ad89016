"""What the application's page shows of its form: each line with what can be chosen, each kind with what follows."""

from __future__ import annotations

from dataclasses import dataclass

from django.forms.boundfield import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from aftersales.money import shown
from orders.models import OrderLine
from orders.rules import refundable, unit_shares
from refunds import promises, rules
from refunds.forms.application import ApplicationForm
from refunds.forms.choices import WHERE
from refunds.forms.fields import WantedField
from refunds.states import REFUNDS, RETURNS, Kind


@dataclass(frozen=True)
class LineRow:
    """One order line to choose from. `note` says why nothing can be chosen, `ticket` the number of the open one that
    has it; `hint` how much there is, `rule` what such goods allow, `most` the units to choose from."""

    line: OrderLine
    units: BoundField
    most: int
    note: str = ""
    ticket: str = ""
    hint: str = ""
    rule: str = ""


@dataclass(frozen=True)
class DetailRow:
    """One chosen line with what the kind asks about it; `full` is what its amount was filled in with, `cap` says why
    it is at most that."""

    line: OrderLine
    quantity: int
    amount: BoundField | None = None
    full: str = ""
    cap: str = ""
    wanted: BoundField | None = None
    part: BoundField | None = None


@dataclass(frozen=True)
class KindCard:
    """`when` says what happens and how long it takes, `freight` who pays the way back."""

    kind: Kind
    when: str
    freight: str


def line_rows(form: ApplicationForm, busy: dict[int, str]) -> list[LineRow]:
    """The lines in the order's order; `busy` is {line: number of the open ticket that has it}."""
    return [_line_row(form, line, busy) for line in form.lines]


def _line_row(form: ApplicationForm, line: OrderLine, busy: dict[int, str]) -> LineRow:
    units = form[f"units_{line.pk}"]
    if line.open_tickets:
        note = _("This has an open ticket. Amend or withdraw that one first.")
        return LineRow(line, units, 0, note, busy.get(line.pk, ""))
    most = {side: form.on_offer(line, side) for side in (True, False)}
    if not any(most.values()):
        return LineRow(line, units, 0, _("Nothing of this is left to ask for."))
    hint = _("Up to %(units)s.") % {"units": max(most.values())}
    if all(most.values()):
        counts = _("%(shipped)s shipped, %(unshipped)s not shipped.")
        hint = f"{counts % {'shipped': most[True], 'unshipped': most[False]}} {hint}"
    return LineRow(line, units, max(most.values()), hint=hint, rule=_rule(form, line))


def _rule(form: ApplicationForm, line: OrderLine) -> str:
    """What the goods allow, where the shop offers more."""
    goods_rule = line.sku.product.goods_rule
    if goods_rule is None:
        return ""
    shop = {kind for place in form.places for kind in _of_shop(form, place)}
    allowed = [kind for kind in Kind if kind in shop & set(goods_rule.kinds)]
    words = _("%(goods)s: only %(kinds)s.") % {
        "goods": goods_rule,
        "kinds": pgettext("list", ", ").join(str(kind.label) for kind in allowed),
    }
    return words if len(allowed) < len(shop) else ""


def _of_shop(form: ApplicationForm, place: str) -> list[Kind]:
    shipped, arrived = WHERE[place]
    return rules.kinds(form.order, [], shipped=shipped, arrived=arrived)


def detail_rows(form: ApplicationForm) -> list[DetailRow]:
    """The chosen lines with what the chosen kind asks about them."""
    return [_detail_row(form, line, units) for line, units in form.chosen.items()]


def _detail_row(form: ApplicationForm, line: OrderLine, units: int) -> DetailRow:
    if form.what in REFUNDS:
        return DetailRow(line, units, form[f"amount_{line.pk}"], form.full[line.pk], cap(line, units))
    if form.what == Kind.REISSUE:
        return DetailRow(line, units, part=form[f"part_{line.pk}"])
    field = form.fields.get(name := f"wanted_{line.pk}")
    if form.what == Kind.EXCHANGE and isinstance(field, WantedField) and (field.has_choice or form[name].errors):
        return DetailRow(line, units, wanted=form[name])
    return DetailRow(line, units)


def cap(line: OrderLine, units: int) -> str:
    """The most that so many units of a line can get back, and why."""
    currency = line.order.currency
    worth, most = sum(unit_shares(line.paid, line.quantity)[:units]), refundable(line, units)
    words = ngettext(
        "At most %(most)s, because this is what you paid for %(units)s unit, after discounts.",
        "At most %(most)s, because this is what you paid for %(units)s units, after discounts.",
        units,
    )
    if most < worth:
        words = _("At most %(most)s, because %(gone)s of the %(paid)s paid were given back before, or are being.")
    gone = line.settled + line.reserved
    figures = {"most": most, "gone": gone, "paid": line.paid}
    return words % ({name: shown(amount, currency) for name, amount in figures.items()} | {"units": units})


def kind_cards(form: ApplicationForm) -> list[KindCard]:
    """The kinds on offer, each with what happens when and who pays the way back."""
    shipped = WHERE[form.place][0]
    return [
        KindCard(
            kind,
            promises.when(form.order.policy, kind, shipped=shipped),
            promises.freight(form.payer) if form.why and kind in RETURNS else "",
        )
        for kind in form.kinds
    ]
