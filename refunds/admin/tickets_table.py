"""Tickets as a table: a row is a ticket, with what was asked for and what became of it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from aftersales.exchange.tables import Moment, Table, column
from refunds.models import Ticket


class TicketsTable(Table):
    """Amounts are in minor units of the row's currency."""

    ticket = column("number", "ticket")
    version = column("version", "version")
    order_no = column("order__number", "order_no")
    shop = column("order__shop__code", "shop")
    kind = column("kind", "kind")
    state = column("state", "state")
    reason = column("reason__code", "reason")
    words = column("description", "description")
    goods = column("", "goods")
    currency = column("order__currency", "currency")
    amount_cents = column("amount", "amount_cents")
    freight_cents = column("freight", "freight_cents")
    opened_at = column("opened_at", "opened_at", widget=Moment())
    entered_at = column("entered_at", "entered_at", widget=Moment())
    due_at = column("due_at", "due_at", widget=Moment())
    rejection = column("rejection__code", "rejection")
    verdict = column("verdict", "verdict")
    closed_reason = column("closed_reason", "closed_reason")

    class Meta:
        model = Ticket
        fields: ClassVar[list[str]] = [
            "ticket", "version", "order_no", "shop", "kind", "state", "reason", "words", "goods", "currency",
            "amount_cents", "freight_cents", "opened_at", "entered_at", "due_at", "rejection", "verdict",
            "closed_reason",
        ]  # fmt: skip
        chunk_size = 500
        name = gettext_lazy("Tickets")

    def filter_export(self, queryset: QuerySet[Any], **kwargs: Any) -> QuerySet[Ticket]:
        tickets = Ticket.objects.filter(pk__in=queryset.order_by().values("pk")).order_by("pk")
        return tickets.select_related("order__shop", "reason", "rejection").prefetch_related("lines__line__sku")

    def dehydrate_goods(self, ticket: Ticket) -> str:
        return "; ".join(f"{item.line.sku.code} × {item.quantity}" for item in ticket.lines.all())
