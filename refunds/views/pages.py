"""What the ticket pages share: a conflict that shows where the ticket stands now."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from aftersales.lifecycle.errors import Conflict
from orders.views.pages import conflict_page
from refunds.lifecycle import DISPUTE, TICKET
from refunds.models import Dispute, Ticket


def ticket_conflict(request: HttpRequest, error: Conflict, ticket: Ticket) -> HttpResponse:
    """409, of a ticket or of its dispute. A verb that was given only the version that was read does not see the ticket
    any more: it is read again."""
    row = error.row or (None if error.action == "locked" else Ticket.objects.get(pk=ticket.pk))
    back = reverse("refunds:ticket", args=(ticket.number,))
    life, title = (DISPUTE, row.number) if isinstance(row, Dispute) else (TICKET, ticket.number)
    return conflict_page(request, Conflict(error.action, row), life, title, back)
