"""The buyer's tickets: the list, one ticket, and what a buyer does with it beside amending."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from aftersales import actors
from aftersales.actors import Role
from aftersales.lifecycle.errors import Conflict, Refused
from orders.views.pages import personal, reader
from refunds import actions, history
from refunds.forms import WaybillForm, as_error
from refunds.lifecycle import TICKET
from refunds.models import Ticket
from refunds.states import TicketState
from refunds.views.pages import ticket_conflict

PER_PAGE = 20
ENDED = [str(state) for state in TicketState.all() if state.final]
View = Callable[[HttpRequest, str], HttpResponse]


def _action(view: View) -> View:
    """POST does it. GET, where a login leads back to, changes nothing and shows the ticket."""

    @personal
    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def by_method(request: HttpRequest, number: str) -> HttpResponse:
        return view(request, number) if request.method == "POST" else redirect("refunds:ticket", number)

    return by_method


@personal
@require_safe
def ticket_list(request: HttpRequest) -> HttpResponse:
    """The buyer's tickets, newest first: those that are open, or those that have ended."""
    tickets = Ticket.objects.of_buyer(reader(request)).select_related("order__shop").prefetch_related("lines__line")
    ended = request.GET.get("tab") == "ended"
    mine = tickets.filter(state__in=ENDED) if ended else tickets.exclude(state__in=ENDED)
    page = Paginator(mine, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "refunds/tickets.html", {"page": page, "ended": ended})


@personal
@require_safe
def ticket(request: HttpRequest, number: str) -> HttpResponse:
    """Where one ticket stands, what comes next and what happened."""
    return _page(request, number)


@_action
def withdraw(request: HttpRequest, number: str) -> HttpResponse:
    """The buyer gives a ticket up."""
    return _act(request, number, lambda tickets, by: actions.withdraw(tickets, by), _("The ticket has been withdrawn."))


@_action
def confirm(request: HttpRequest, number: str) -> HttpResponse:
    """The goods that were sent back have arrived at the buyer."""
    return _act(request, number, lambda tickets, by: actions.confirm(tickets, by), _("Thank you for confirming."))


@_action
def send_waybill(request: HttpRequest, number: str) -> HttpResponse:
    """The buyer has sent the goods back."""
    form = WaybillForm(request.POST)
    if not form.is_valid():
        return _page(request, number, form, status=422)
    try:
        return _act(
            request,
            number,
            lambda tickets, by: actions.send_waybill(tickets, by, **form.cleaned_data),
            _("Thank you. The seller inspects the goods when they arrive."),
        )
    except Refused as refused:
        form.add_error(refused.field, as_error(refused))
        return _page(request, number, form, status=422)


def _act(request: HttpRequest, number: str, verb: Callable[[Any, Any], object], done: str) -> HttpResponse:
    """Do it, or show where the ticket stands now, with 409. Raises Refused."""
    tickets = Ticket.objects.of_buyer(reader(request)).filter(number=number)
    mine = get_object_or_404(tickets)
    try:
        verb(tickets, actors.buyer(reader(request)))
    except Conflict as error:
        return ticket_conflict(request, error, mine)
    messages.success(request, done)
    return redirect("refunds:ticket", number)


def _page(request: HttpRequest, number: str, waybill: WaybillForm | None = None, status: int = 200) -> HttpResponse:
    tickets = Ticket.objects.of_buyer(reader(request)).select_related("order__shop", "reason", "rejection")
    mine = get_object_or_404(tickets.prefetch_related("parcels", "evidence"), number=number)
    # Giving up comes last.
    buttons = sorted(TICKET.actions_of(Role.BUYER, mine.state), key=lambda t: t.name == "withdraw")
    context = {
        "ticket": mine,
        "order": mine.order,
        "lines": mine.lines.select_related("line", "goods", "wanted").prefetch_related("inspections"),
        "payout": mine.payouts.first(),
        "history": history.entries(mine),
        "forms": [f"refunds/actions/{t.name}.html" for t in buttons],
        "waybill": waybill or WaybillForm(),
    }
    return render(request, "refunds/ticket.html", context, status=status)
