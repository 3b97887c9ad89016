"""The first page of the admin: what waits for this person, each with the way to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from aftersales.attention import views as attention
from aftersales.counts import capped
from aftersales.help.models import Enquiry
from aftersales.lifecycle.admin import person
from aftersales.lifecycle.admin.queue import MOST_COUNTED, TAB, capped_counts
from orders.admin.rights import owns_a_shop, works_in_a_shop
from orders.models import Order
from orders.states import OrderState
from refunds.admin.dispute_queue import TABS
from refunds.bulk.plan import to_confirm
from refunds.models import Dispute, Ticket
from refunds.models.ticket import OF_SELLER


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
    """All that a list shows in one query, however many rows there are, and what needs attention in another."""
    waiting = [*_of_seller(request), *_of_owner(request), *_of_service(request)]
    queries = {str(at): rows for at, (_title, rows, _url, _urgent) in enumerate(waiting)}
    counts = capped_counts(queries, person(request)) if queries else {}
    found = [Card(title, counts[str(at)], url, urgent) for at, (title, _rows, url, urgent) in enumerate(waiting)]
    return found + _of_operator(request)


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
    letters = Enquiry.objects.of_desk(user).filter(waiting_since__isnull=False)
    return [
        _of_tab(request, "mine", _("My disputes")),
        _of_tab(request, "new", _("Disputes that are nobody’s")),
        _of_tab(request, "late", _("Disputes beyond their time"), urgent=True),
        (_("Letters to answer"), letters, _list("help_enquiry"), False),
    ]


def _of_tab(request: HttpRequest, key: str, title: str, *, urgent: bool = False) -> Waiting:
    """What a tab of the desk's list holds for the person, and the way there."""
    tab = next(tab for tab in TABS if tab.key == key)
    rows = tab.of(admin.site._registry[Dispute].get_queryset(request), person(request))
    return title, rows, _list("refunds_dispute", f"?{TAB}={key}"), urgent


def _of_operator(request: HttpRequest) -> list[Card]:
    if not attention.may_see(request):
        return []
    return [Card(_("Needs attention"), attention.waiting(), reverse("admin:attention"), urgent=True)]
