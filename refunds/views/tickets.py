"""The buyer's tickets: the list, one ticket, and what a buyer does with it beside amending."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from aftersales import actors
from aftersales.actors import Role
from aftersales.lifecycle.errors import Conflict, Refused
from aftersales.lifecycle.offers import open_to
from aftersales.lifecycle.table import Lifecycle
from orders.views.pages import personal, reader
from refunds.lifecycle import DISPUTE, TICKET
from refunds.models import Dispute, Ticket
from refunds.states import TicketState
from refunds.views.pages import ticket_conflict
from refunds.views.showing import ticket_page
from refunds.views.ways import DISPUTE_WAYS, WAYS, Way

PER_PAGE = 20
ENDED = [str(state) for state in TicketState.all() if state.final]


@personal
@require_safe
def ticket_list(request: HttpRequest) -> HttpResponse:
    """The buyer's tickets, newest first: those that are open, or those that have ended."""
    tickets = Ticket.objects.of_buyer(reader(request)).select_related("order__shop")
    tickets = tickets.prefetch_related("lines__line", "disputes")
    ended = request.GET.get("tab") == "ended"
    mine = tickets.filter(state__in=ENDED) if ended else tickets.exclude(state__in=ENDED)
    page = Paginator(mine, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "refunds/tickets.html", {"page": page, "ended": ended})


@personal
@require_safe
def ticket(request: HttpRequest, number: str) -> HttpResponse:
    """Where one ticket stands, what comes next and what happened."""
    return ticket_page(request, number)


@personal
@require_http_methods(["GET", "HEAD", "POST"])
def act(request: HttpRequest, number: str, action: str) -> HttpResponse:
    """POST does one of WAYS. GET, where a login leads back to, changes nothing and shows the ticket."""
    if request.method != "POST":
        return redirect("refunds:ticket", number)
    tickets = Ticket.objects.of_buyer(reader(request)).filter(number=number)
    mine = get_object_or_404(tickets.select_related("order"))
    return _act(request, mine, action, WAYS[action], TICKET, tickets)


@personal
@require_http_methods(["GET", "HEAD", "POST"])
def act_on_dispute(request: HttpRequest, number: str, action: str) -> HttpResponse:
    """The same with one of DISPUTE_WAYS, on the ticket's last dispute."""
    if request.method != "POST":
        return redirect("refunds:ticket", number)
    mine = get_object_or_404(Ticket.objects.of_buyer(reader(request)).select_related("order"), number=number)
    last = mine.disputes.values("pk")[:1]
    disputes = Dispute.objects.of_buyer(reader(request)).filter(pk__in=last)
    return _act(request, mine, action, DISPUTE_WAYS[action], DISPUTE, disputes)


def _act(request: HttpRequest, mine: Ticket, action: str, way: Way, life: Lifecycle, rows: Any) -> HttpResponse:
    """Do it, or show where the ticket stands now, with 409; a refusal is shown at its field, with 422."""
    form = way.form(mine, action, request.POST, request.FILES)
    try:
        _check_open(life, rows.first(), action)
        if form.is_valid():
            way.do(rows, actors.buyer(reader(request)), form)
            messages.success(request, way.done)
            return redirect("refunds:ticket", mine.number)
    except Refused as refused:
        form.refuse(refused)
    except Conflict as error:
        return ticket_conflict(request, error, mine)
    return ticket_page(request, mine.number, form, status=422)


def _check_open(life: Lifecycle, row: Any, action: str) -> None:
    """Raises Conflict for what cannot be done any more, whatever was typed."""
    if row is None or action not in {transition.name for transition in open_to(life, row, Role.BUYER)}:
        raise Conflict(action, row)
