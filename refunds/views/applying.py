"""What the page of an application shows: its parts, what it comes to, and the ways out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django_htmx.http import HttpResponseClientRedirect, reselect, reswap, retarget

from aftersales.actors import Role
from orders.views.pages import see_other
from refunds import promises, words
from refunds.forms import ApplicationForm
from refunds.forms.rows import detail_rows, kind_cards, line_rows
from refunds.models import Draft, Ticket, TicketLine
from refunds.rules import Application, Asked
from refunds.states import REFUNDS, RETURNS, Kind


@dataclass(frozen=True)
class Summary:
    """What a checked application comes to, in minor units. `payer` pays for the goods' way back."""

    asked: Application
    lines: Sequence[Asked]
    payer: str

    @property
    def total(self) -> int:
        return sum(item.amount for item in self.lines) + self.asked.freight

    @property
    def is_money(self) -> bool:
        return self.asked.kind in REFUNDS

    @property
    def difference(self) -> int:
        """By how much what is wanted costs more than what it replaces; less below zero."""
        return sum(item.difference for item in self.lines)

    def promise(self) -> str:
        return str(words.PROMISES[Kind(self.asked.kind)])

    def freight_by(self) -> str:
        """Who pays for the goods' way back; "" where nothing goes back."""
        return promises.freight(self.payer) if self.asked.reason and self.asked.kind in RETURNS else ""

    @property
    def promised(self) -> str:
        """All of it in one word: what is sent is compared with what was shown."""
        lines = [f"{item.line.pk}*{item.quantity}={item.amount}>{item.gives.pk}" for item in self.lines]
        return ":".join([self.asked.kind, *lines, str(self.asked.freight)])


@dataclass
class Page:
    """One answer of the page.

    back     where to go instead
    ticket   the one to amend, or None
    draft    what it was opened with, if it was left before it was sent
    summary  what it comes to, as soon as enough is known
    closed   why nothing can be asked for
    changed  it comes to something else than was shown when it was sent
    """

    form: ApplicationForm
    back: str
    ticket: Ticket | None = None
    draft: Draft | None = None
    summary: Summary | None = None
    closed: str = ""
    changed: bool = False
    busy: dict[int, str] = field(default_factory=dict)

    @property
    def needs_photo(self) -> bool:
        """Whether the reason asks for a photo that is not there yet."""
        why, ticket = self.form.why, self.ticket
        if why is None or not why.needs_proof or self.form["photos"].value():
            return False
        return ticket is None or not ticket.evidence.filter(role=Role.BUYER).exists()

    def context(self) -> dict[str, Any]:
        form = self.form
        asks_what = bool(form.asks_why and form.place and form.why)
        return {
            "page": self,
            "form": form,
            "order": form.order,
            "ticket": self.ticket,
            "summary": self.summary,
            "rows": line_rows(form, self._busy()),
            "cards": kind_cards(form) if asks_what else [],
            "details": detail_rows(form) if form.is_complete else [],
            "needs_photo": form.is_complete and self.needs_photo,
            "is_refund": form.what in REFUNDS,
            "is_repair": form.what == Kind.REPAIR,
        }

    def _busy(self) -> dict[int, str]:
        """{line: number of the open ticket that has it}"""
        keys = [line.pk for line in self.form.lines if line.open_tickets]
        open_ones = TicketLine.objects.filter(line__in=keys, is_open=True) if keys else TicketLine.objects.none()
        return dict(open_ones.values_list("line_id", "ticket__number"))


def show(request: HttpRequest, page: Page) -> HttpResponse:
    wrong = request.method == "POST" and (page.form.errors or page.changed)
    return render(request, "refunds/apply.html", page.context(), status=422 if wrong else 200)


def leave(request: HttpRequest, url: str) -> HttpResponse:
    """To another page: 303, or by htmx, which would read it in place."""
    return HttpResponseClientRedirect(url) if request.htmx else see_other(url)  # type: ignore[attr-defined]  # middleware


def whole(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """A page that takes the place of this one, also where htmx asked for a part of it."""
    if request.htmx:  # type: ignore[attr-defined]  # middleware
        response = retarget(reselect(reswap(response, "outerHTML"), "#content"), "#content")
    return response
