"""The two ways to send an application: as a ticket of its own, and as another version of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy

from aftersales.money import plain
from orders.models import Order, OrderLine
from orders.rules import refundable
from refunds.forms.application import ApplicationForm
from refunds.forms.choices import Choices, where
from refunds.models import Ticket
from refunds.states import REFUNDS


class FilingForm(ApplicationForm):
    """`token` makes a second press of the button find the ticket that the first one made."""

    token = forms.UUIDField(
        widget=forms.HiddenInput, initial=uuid4, error_messages={"invalid": gettext_lazy("Load the page again.")}
    )


def opened(order: Order, lines: Sequence[OrderLine], wanted: str, *, arrived: bool) -> dict[str, Any]:
    """What a new page starts with: the line it was opened for, or the only one."""
    named = [line for line in lines if str(line.pk) == wanted] or list(lines)
    start: dict[str, Any] = {"currency": order.currency, "token": uuid4()}
    start |= {f"units_{named[0].pk}": 1} if len(named) == 1 and not named[0].open_tickets else {}
    return start | ({"goods": where(shipped=True, arrived=True)} if arrived else {})


def as_sent(values: Mapping[str, Any]) -> QueryDict:
    """Values as a form would send them; a list is sent one by one."""
    data = QueryDict(mutable=True)
    for name, value in values.items():
        data.setlist(name, [str(item) for item in (value if isinstance(value, list) else [value])])
    return data


class AmendForm(ApplicationForm):
    """A new version of a ticket's application. `version` is the one that the buyer had before them."""

    fills_freight = False

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**31 - 1)

    def __init__(
        self, ticket: Ticket, lines: Sequence[OrderLine], data: QueryDict | None, *, asking: bool = True
    ) -> None:
        """Without data it starts with what the ticket says."""
        self.ticket = ticket
        present = self._present(ticket, lines)
        super().__init__(ticket.order, lines, data or as_sent(present), asking=asking, initial=present)
        # Whether the goods were shipped stays as it was filed: nothing else is a choice.
        goods: Any = self.fields["goods"]
        goods.choices = goods.widget.choices

    def _choices(self, lines: Sequence[OrderLine], *, together: bool) -> Choices:
        return Choices(self.order, lines, together, self.on_offer, self.ticket.shipped)

    def on_offer(self, line: OrderLine, shipped: bool) -> int:
        return super().on_offer(line, shipped) if shipped == self.ticket.shipped else 0

    @property
    def payer(self) -> str:
        """What customer service ruled about the freight stands, whatever reason is given now."""
        return str(self.ticket.freight_by) if self.ticket.verdict else super().payer

    @staticmethod
    def _present(ticket: Ticket, lines: Sequence[OrderLine]) -> dict[str, Any]:
        currency = ticket.order.currency
        values: dict[str, Any] = {
            "currency": currency,
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
