"""What a buyer's list of tickets can be narrowed by."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from refunds.models import Ticket, TicketLine
from refunds.states import Kind


class TicketFilter(filters.FilterSet):  # type: ignore[misc]  # the package ships no types
    kind = filters.ChoiceFilter(choices=Kind.choices, label=_("Kind"), empty_label=_("All kinds"))
    q = filters.CharFilter(method="search", label=_("Ticket, order or product"), max_length=100)

    class Meta:
        model = Ticket
        fields = ()

    def search(self, tickets: QuerySet[Ticket], name: str, words: str) -> QuerySet[Ticket]:
        """Part of the ticket's or the order's number, or of a line's title."""
        text = words.strip()
        titled: Any = Exists(TicketLine.objects.filter(ticket=OuterRef("pk"), line__title__icontains=text))
        return tickets.filter(Q(number__icontains=text) | Q(order__number__icontains=text) | titled)
