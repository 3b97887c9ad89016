"""Notes that the people of one side write for each other."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet

from aftersales.lifecycle.errors import Refused
from aftersales.models import User
from refunds.errors import RefundError
from refunds.models import Note, Ticket
from refunds.models.desk import Audience

MOST_NOTES = 500


def write(tickets: QuerySet[Ticket], by: User, audience: Audience, text: str) -> list[Note]:
    """A note on each of these tickets, in three statements however many there are. Nothing else changes, and nobody is
    told. Raises Refused(TOO_MANY_NOTES) when one of them has no room for more."""
    keys = list(tickets.order_by("pk").values_list("pk", flat=True))
    if any(number >= MOST_NOTES for number in _counts(keys).values()):
        raise Refused(RefundError.TOO_MANY_NOTES, most=MOST_NOTES)
    return Note.objects.bulk_create(Note(ticket_id=key, author=by, audience=audience, text=text) for key in keys)


def _counts(keys: list[int]) -> dict[int, int]:
    from django.db.models import Count

    return dict(Note.objects.filter(ticket__in=keys).order_by().values_list("ticket").annotate(number=Count("pk")))


def read(ticket: Ticket, audiences: Collection[Audience]) -> list[Note]:
    """What these sides have written about a ticket, newest first."""
    return list(Note.objects.filter(ticket=ticket, audience__in=audiences).select_related("author").order_by("-pk"))
