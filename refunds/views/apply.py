"""Filing and amending: one page that checks the amount and files, by the same rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from aftersales import actors
from aftersales.actors import Role
from aftersales.lifecycle.errors import Conflict, Refused
from orders.lifecycle import ORDER
from orders.models import Order
from orders.views.pages import conflict_page, reader
from refunds import actions, rules, words
from refunds.forms import AmendForm, ApplicationForm, FilingForm
from refunds.lifecycle import TICKET
from refunds.models import Ticket
from refunds.photos import Photo
from refunds.rules import Application, Asked
from refunds.states import REFUNDS, RETURNS, Kind
from refunds.views.pages import ticket_conflict

Send = Callable[[Application, Sequence[Photo]], Ticket]
get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@dataclass(frozen=True)
class Summary:
    """What a checked application comes to, in minor units."""

    asked: Application
    lines: Sequence[Asked]

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
        reason = self.asked.reason
        return str(reason.get_freight_by_display()) if reason and self.asked.kind in RETURNS else ""


@login_required
@get_or_post
def apply(request: HttpRequest, number: str) -> HttpResponse:
    """A buyer asks for something on one of their orders."""
    buyer = reader(request)
    orders = Order.objects.of_buyer(buyer).filter(number=number)
    order = get_object_or_404(orders.select_related("policy", "shop"))
    # Pressed twice: the lines are busy with the ticket of the first press, which is the answer to the second, too.
    token = _uuid(request.POST.get("token", ""))
    if token and (twin := order.tickets.filter(token=token).first()):
        return redirect("refunds:ticket", twin.number)
    form = FilingForm(order, rules.lines_of(order), *_sent(request))

    def send(asked: Application, photos: Sequence[Photo]) -> Ticket:
        return actions.file_ticket(orders, buyer, asked, photos=photos, token=form.cleaned_data["token"])

    try:
        return _answer(request, form, send, back=reverse("orders:order", args=(number,)))
    except Conflict as error:
        return conflict_page(request, error, ORDER, number, reverse("orders:order", args=(number,)))


@login_required
@get_or_post
def amend(request: HttpRequest, number: str) -> HttpResponse:
    """A buyer replaces the application of one of their tickets by another version."""
    buyer = reader(request)
    tickets = Ticket.objects.of_buyer(buyer).filter(number=number)
    ticket = get_object_or_404(tickets.select_related("order__policy", "order__shop", "reason"))
    if not any(ticket.state in transition.sources for transition in TICKET.named("amend")):
        return ticket_conflict(request, Conflict("amend", ticket), ticket)
    form = AmendForm(ticket, rules.lines_without(ticket), *_sent(request))

    def send(asked: Application, photos: Sequence[Photo]) -> Ticket:
        read = tickets.filter(version=form.cleaned_data["version"])
        actions.amend(read, actors.buyer(buyer), asked, photos=photos)
        return ticket

    try:
        return _answer(request, form, send, back=reverse("refunds:ticket", args=(number,)), ticket=ticket)
    except Conflict as error:
        return ticket_conflict(request, error, ticket)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _sent(request: HttpRequest) -> tuple[Any, Any]:
    """What a form takes: data and files of a POST, even an empty one."""
    return (request.POST, request.FILES) if request.method == "POST" else (None, None)


def _answer(
    request: HttpRequest, form: ApplicationForm, send: Send, *, back: str, ticket: Ticket | None = None
) -> HttpResponse:
    """The page; for a POST the summary, or the ticket that was filed. A refusal is shown at its field, with 422."""
    context: dict[str, Any] = {"form": form, "order": form.order, "ticket": ticket, "back": back}
    if request.method != "POST":
        return _page(request, context)
    if not form.is_valid():
        return _page(request, context, status=422)
    asked = form.application()
    try:
        if "preview" in request.POST:
            return _page(request, context | {"summary": _check(form, asked, ticket)})
        filed = send(asked, form.new_photos())
    except Refused as refused:
        form.refuse(refused)
        return _page(request, context, status=422)
    messages.success(request, _("The application has been changed.") if ticket else _("The ticket has been filed."))
    return redirect("refunds:ticket", filed.number)


def _check(form: ApplicationForm, asked: Application, ticket: Ticket | None) -> Summary:
    """What filing would find, by the same rules. Raises Refused."""
    if ticket:
        asked = replace(asked, photos=asked.photos + ticket.evidence.filter(role=Role.BUYER).count())
    rules.check_order(form.order, filed=ticket is not None)
    return Summary(asked, rules.check(form.order, form.lines, asked, filed=ticket is not None))


def _page(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """With the form, or with the reason why nothing can be asked for."""
    form = context["form"]
    try:
        rules.check_order(form.order, filed=context["ticket"] is not None)
        closed = str(words.NOTHING_LEFT) if form.is_empty else ""
    except Refused as refused:
        closed = str(refused)
    return render(request, "refunds/apply.html", context | {"closed": closed}, status=status)
