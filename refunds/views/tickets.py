"""The buyer's tickets: the list, one ticket, and what a buyer does with it beside amending."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zlib import crc32

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import CharField, Count, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Concat
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from aftersales import actors
from aftersales.actors import Role
from aftersales.lifecycle.errors import Conflict, Refused
from aftersales.lifecycle.forms import refuse
from aftersales.lifecycle.offers import open_to
from aftersales.lifecycle.table import Lifecycle
from aftersales.models import User
from orders.views.pages import personal, reader, see_other, with_query
from refunds.filters import TicketFilter
from refunds.forms import ActionForm
from refunds.forms.ticket import WithPhotos
from refunds.lifecycle import DISPUTE, TICKET
from refunds.models import Dispute, Notice, Ticket
from refunds.states import TicketState
from refunds.views.live import marks
from refunds.views.pages import ticket_conflict
from refunds.views.sending import Sent, receive
from refunds.views.showing import page_of
from refunds.views.ways import DISPUTE_WAYS, WAYS, Way

PER_PAGE = 20
ENDED = [str(state) for state in TicketState.all() if state.final]


@personal
@require_safe
def ticket_list(request: HttpRequest) -> HttpResponse:
    """The buyer's tickets, newest first: those that are open, or those that have ended, as far as they match. With what
    was `seen`: 204 when nothing has happened since, else the parts that show it."""
    buyer = reader(request)
    found = TicketFilter(request.GET, Ticket.objects.of_buyer(buyer))
    matching = found.qs
    ended = request.GET.get("tab") == "ended"
    mine = matching.filter(state__in=ENDED) if ended else matching.exclude(state__in=ENDED)
    counts = matching.order_by().aggregate(
        open=Count("pk", filter=~Q(state__in=ENDED)), ended=Count("pk", filter=Q(state__in=ENDED))
    )
    pages = Paginator(_carded(mine, buyer), PER_PAGE)
    # Counted already.
    pages.count = counts["ended" if ended else "open"]
    page = pages.get_page(request.GET.get("page"))
    start = max(page.start_index() - 1, 0)
    mark = str(crc32("|".join(marks(mine[start : start + PER_PAGE])).encode()))
    seen = request.GET.get("seen")
    if seen == mark:
        return HttpResponse(status=204)
    context = {
        "page": page,
        "mark": mark,
        "ended": ended,
        "tabs": _tabs(request, counts, ended=ended),
        "filter": found,
        "narrowed": any(request.GET.get(name) for name in ("q", "kind")),
    }
    return render(request, "refunds/tickets.html" if seen is None else "refunds/tickets_news.html", context)


def _tabs(request: HttpRequest, counts: Mapping[str, int], *, ended: bool) -> list[tuple[str, Any, int, bool]]:
    """As components/tabs.html takes them; what was searched for is kept."""
    return [
        (with_query(request.GET, tab=name, seen=""), label, counts[name], (name == "ended") == ended)
        for name, label in (("open", _("Open")), ("ended", _("Ended")))
    ]


def _carded(tickets: QuerySet[Ticket], buyer: User) -> QuerySet[Ticket]:
    """With what a card shows; `has_news`: the buyer was told something of it that they have not read."""
    head, tail = reverse("refunds:ticket", args=("-",)).split("-")
    page = Concat(Value(head), OuterRef("number"), Value(tail), output_field=CharField())
    news = Exists(Notice.objects.in_inbox(buyer).unread().filter(path=page))
    rows = tickets.select_related("order__shop").prefetch_related("lines__line", "disputes")
    return rows.annotate(has_news=news)


@personal
@require_safe
def ticket(request: HttpRequest, number: str) -> HttpResponse:
    """Where one ticket stands, what comes next and what happened."""
    return _page(request, number)


@personal
@require_safe
def news(request: HttpRequest, number: str) -> HttpResponse:
    """What is new on the reader's ticket since the page was read: 204 for nothing, else the parts that show it."""
    found = marks(Ticket.objects.of_buyer(reader(request)).filter(number=number))
    if not found:
        raise Http404
    if found[0] == request.GET.get("seen"):
        return HttpResponse(status=204)
    return render(request, "refunds/news.html", page_of(request, number))


def _page(request: HttpRequest, number: str, sent: ActionForm | None = None, status: int = 200) -> HttpResponse:
    return render(request, "refunds/ticket.html", page_of(request, number, sent), status=status)


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
    sent = receive(request) if issubclass(way.form, WithPhotos) else Sent(request.POST, is_step=False)
    form = way.form(mine, action, sent.data)
    try:
        _check_open(life, rows.first(), action)
        if sent.is_step:
            # A photo was taken back before the form is sent.
            kept = {**sent.data.dict(), "photos": sent.data.getlist("photos_uploaded")}
            return _page(request, mine.number, way.form(mine, action, initial=kept))
        if sent.refused:
            raise sent.refused
        if form.is_valid():
            way.do(rows, actors.buyer(reader(request)), form)
            messages.success(request, way.done)
            return see_other(reverse("refunds:ticket", args=(mine.number,)))
    except Refused as refused:
        refuse(form, refused)
    except Conflict as error:
        return ticket_conflict(request, error, mine)
    return _page(request, mine.number, form, status=422)


def _check_open(life: Lifecycle, row: Any, action: str) -> None:
    """Raises Conflict for what cannot be done any more, whatever was typed."""
    if row is None or action not in {transition.name for transition in open_to(life, row, Role.BUYER)}:
        raise Conflict(action, row)
