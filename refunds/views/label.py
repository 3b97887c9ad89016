"""The label for a parcel that goes back, and where its code leads whoever scans it."""

from __future__ import annotations

from itertools import groupby
from typing import Final

import barcode  # type: ignore[import-untyped]  # the package ships no types
import segno
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_safe

from aftersales.lifecycle.errors import Conflict
from aftersales.models import User
from orders.views.pages import personal, reader
from refunds.models import Ticket
from refunds.states import TicketState
from refunds.views.pages import ticket_conflict

# Goods go back, or are on their way.
GOING_BACK = (TicketState.AWAITING_RETURN, TicketState.AWAITING_INSPECTION)

# What stands on the label in both languages.
WORDS: Final = {
    "from": pgettext_lazy("label", "From"),
    "to": pgettext_lazy("label", "To"),
    "inside": pgettext_lazy("label", "Inside"),
    "order": pgettext_lazy("label", "Order"),
    "ticket": pgettext_lazy("label", "After-sale"),
}


@personal
@require_safe
def label(request: HttpRequest, number: str) -> HttpResponse:
    """To print and stick on the parcel; once nothing goes back any more, where the ticket stands, with 409."""
    tickets = Ticket.objects.of_buyer(reader(request)).select_related("order__shop")
    mine = get_object_or_404(tickets, number=number)
    if mine.state not in GOING_BACK:
        return ticket_conflict(request, Conflict("label", mine), mine)
    code = bars(mine.number)
    context = {
        "words": WORDS,
        "ticket": mine,
        "order": mine.order,
        "lines": mine.lines.select_related("line"),
        "bars": _path(code),
        "width": len(code),
        "square": square(scan_url(mine.number)),
    }
    return render(request, "refunds/label.html", context)


@personal
@require_safe
def scan(request: HttpRequest, number: str) -> HttpResponse:
    """Where the label's code leads: the buyer to the ticket, who works on it to their page of it. For everybody else
    there is none."""
    user = reader(request)
    if Ticket.objects.of_buyer(user).filter(number=number).exists():
        return redirect("refunds:ticket", number)
    if (key := _worked_on(user, number)) is None:
        raise Http404
    return redirect(reverse("admin:refunds_ticket_change", args=(key,)))


def _worked_on(user: User, number: str) -> int | None:
    """The key of a ticket that the person sees at work: of their shop, or brought before customer service."""
    if not user.is_staff:
        return None
    seen = (Ticket.objects.of_shop(user), Ticket.objects.for_cs(user))
    keys = (rows.filter(number=number).values_list("pk", flat=True).first() for rows in seen)
    return next((key for key in keys if key is not None), None)


def scan_url(number: str) -> str:
    return f"{settings.PUBLIC_URL}{reverse('refunds:scan', args=(number,))}"


def bars(text: str) -> str:
    """Code 128 of the text: a 1 for each black module, a 0 for each white one."""
    return str(barcode.get("code128", text).build()[0])


def _path(modules: str) -> str:
    """The black bars as the path of an SVG that is one unit high and a unit wide for each module."""
    drawn, at = [], 0
    for black, run in groupby(modules):
        width = len(list(run))
        if black == "1":
            drawn.append(f"M{at} 0h{width}v1h-{width}z")
        at += width
    return "".join(drawn)


def square(text: str) -> SafeString:
    """A QR code of the text, as an SVG without styles."""
    drawn = segno.make(text, error="m", micro=False).svg_inline(omitsize=True, border=4, svgclass="qr", lineclass=None)
    return mark_safe(drawn)  # noqa: S308  the library draws it; the text is in the lines, not in the markup
