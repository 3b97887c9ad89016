"""The first page of the admin: what waits for this person, each with the way to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from aftersales.counts import capped
from aftersales.help.models import Enquiry
from aftersales.lifecycle.admin import person
from aftersales.lifecycle.admin.queue import MOST_COUNTED, capped_counts
from orders.admin.rights import owns_a_shop, works_in_a_shop
from orders.models import Order
from orders.states import OrderState
from refunds.bulk.plan import to_confirm
from refunds.models import Dispute, Payout, Ticket
from refunds.models.ticket import OF_SELLER
from refunds.states import DisputeState, PayoutState


@dataclass(frozen=True)
class Card:
    """How many rows wait; `urgent` ones are shown as such, in words and colour, unless there are none."""

    title: Any
    number: int
    url: str
    urgent: bool = False

    @property
    def shown(self) -> str:
        return capped(self.number, MOST_COUNTED)


Waiting = tuple[Any, QuerySet[Any], str, bool]


def cards(request: HttpRequest) -> list[Card]:
    """All of them in one query, however many rows there are."""
    waiting = [*_of_seller(request), *_of_owner(request), *_of_service(request), *_of_operator(request)]
    if not waiting:
        return []
    counts = capped_counts({str(at): rows for at, (_title, rows, _url, _urgent) in enumerate(waiting)}, person(request))
    return [Card(title, counts[str(at)], url, urgent) for at, (title, _rows, url, urgent) in enumerate(waiting)]


def _list(name: str, query: str = "") -> str:
    return reverse(f"admin:{name}_changelist") + query


def _of_seller(request: HttpRequest) -> list[Waiting]:
    user = person(request)
    if user.sees_everything or not works_in_a_shop(request):
        return []
    tickets = Ticket.objects.of_shop(user).filter(state__in=[str(state) for state in OF_SELLER])
    soon = tickets.filter(due_at__lte=Now() + timedelta(hours=2))
    orders = Order.objects.of_shop(user).filter(state=str(OrderState.AWAITING_SHIPMENT))
    return [
        (_("Tickets due within 2 hours"), soon, _list("refunds_ticket", "?due=2"), True),
        (_("Tickets that wait for you"), tickets, _list("refunds_ticket"), False),
        (_("Orders to ship"), orders, _list("orders_order"), False),
        (_("Orders to ship, later than promised"), orders.filter(ship_by__lte=Now()), _list("orders_order"), True),
    ]


def _of_owner(request: HttpRequest) -> list[Waiting]:
    user = person(request)
    if user.sees_everything or not owns_a_shop(request):
        return []
    return [(_("Work that waits for your confirmation"), to_confirm(user), _list("aftersales_job"), False)]


def _of_service(request: HttpRequest) -> list[Waiting]:
    user = person(request)
    if not user.is_customer_service:
        return []
    disputes = Dispute.objects.for_cs(user).open()
    late = Q(late_at__isnull=False) | Q(state=str(DisputeState.REVIEW), due_at__lte=Now())
    letters = Enquiry.objects.of_desk(user).filter(waiting_since__isnull=False)
    return [
        (_("My disputes"), disputes.filter(agent=user), _list("refunds_dispute", "?queue=mine"), False),
        (_("Disputes that are nobody’s"), disputes.filter(agent=None), _list("refunds_dispute", "?queue=new"), False),
        (_("Disputes beyond their time"), disputes.filter(late), _list("refunds_dispute", "?queue=late"), True),
        (_("Letters to answer"), letters, _list("help_enquiry"), False),
    ]


def _of_operator(request: HttpRequest) -> list[Waiting]:
    if not person(request).sees_everything:
        return []
    failed = Payout.objects.filter(state__in=(str(PayoutState.FAILED), str(PayoutState.UNKNOWN)))
    aside = Ticket.objects.filter(set_aside_at__isnull=False)
    return [
        (_("Payouts that failed, or nobody knows"), failed, _list("refunds_payout"), True),
        (_("Tickets that the system could not move"), aside, _list("refunds_ticket", "?set_aside=on&queue=all"), True),
    ]
