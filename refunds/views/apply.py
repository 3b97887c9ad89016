"""Filing and amending: one page that asks for the next thing, says what it comes to and files, by the same rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.db.models import Exists, Max, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from aftersales import actors
from aftersales.actors import Role
from aftersales.keys import uuid_of
from aftersales.lifecycle.errors import Conflict, Refused
from aftersales.lifecycle.forms import refuse
from orders.lifecycle import ORDER
from orders.models import Order, Shipment
from orders.states import OrderState
from orders.views.pages import conflict_page, personal, reader
from refunds import actions, rules, words
from refunds.actions import drafts
from refunds.forms import AmendForm, FilingForm
from refunds.forms.filing import as_sent, opened
from refunds.lifecycle import TICKET
from refunds.models import Draft, Ticket
from refunds.photos import Photo
from refunds.rules import Application
from refunds.views.applying import Page, Summary, leave, show, whole
from refunds.views.pages import ticket_conflict
from refunds.views.sending import Sent, receive

Send = Callable[[Application, Sequence[Photo]], Ticket]
get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@personal
@get_or_post
def apply(request: HttpRequest, number: str) -> HttpResponse:
    """A buyer asks for something on one of their orders."""
    buyer = reader(request)
    orders, order = _order_of(request, number)
    back, here = reverse("orders:order", args=(number,)), reverse("refunds:apply", args=(number,))
    # Pressed twice: the lines are busy with the ticket of the first press, which is the answer to the second, too.
    token = uuid_of(request.POST.get("token", ""))
    if token and (twin := order.tickets.filter(token=token).first()):
        return _lead_to(request, twin)
    if "start_over" in request.POST:
        drafts.give_up_draft(buyer, order)
        return leave(request, here)
    sent = receive(request) if request.method == "POST" else None
    draft = None if sent else Draft.objects.filter(order=order).unsent().first()
    form = _filing_form(request, order, sent, draft)
    if sent and sent.is_step and token and not form.is_empty:
        drafts.keep_draft(order, token, form.entered())

    def send(asked: Application, photos: Sequence[Photo]) -> Ticket:
        return actions.file_ticket(orders, buyer, asked, photos=photos, token=form.cleaned_data["token"])

    try:
        return _answer(request, Page(form, back, draft=draft), sent, send)
    except Conflict as error:
        return whole(request, conflict_page(request, error, ORDER, number, back))


def _order_of(request: HttpRequest, number: str) -> tuple[QuerySet[Order], Any]:
    """The reader's order, as a queryset of one and as it stands, with the newest of its tickets and whether a parcel is
    still on its way."""
    orders = Order.objects.of_buyer(reader(request)).filter(number=number)
    under_way = Shipment.objects.filter(order=OuterRef("pk"), delivered_at=None)
    rows = orders.select_related("policy", "shop").annotate(newest=Max("tickets"), under_way=Exists(under_way))
    return orders, get_object_or_404(rows)


def _filing_form(request: HttpRequest, order: Any, sent: Sent | None, draft: Draft | None) -> FilingForm:
    """As it was sent, as it was left, or new."""
    lines = rules.lines_of(order)
    if sent:
        return FilingForm(order, lines, sent.data, asking=sent.is_step)
    received = order.state == OrderState.AWAITING_RECEIPT and not order.under_way
    arrived = received or order.state == OrderState.COMPLETED
    start = opened(order, lines, request.GET.get("line", ""), arrived=arrived)
    if draft:
        photos = drafts.photos_of(draft, reader(request))
        start |= draft.fields | {"token": draft.token, "photos_uploaded": photos}
    return FilingForm(order, lines, as_sent(start), asking=True)


@personal
@get_or_post
def amend(request: HttpRequest, number: str) -> HttpResponse:
    """A buyer replaces the application of one of their tickets by another version."""
    buyer = reader(request)
    tickets = Ticket.objects.of_buyer(buyer).filter(number=number)
    ticket = get_object_or_404(tickets.select_related("order__policy", "order__shop", "reason"))
    if not any(ticket.state in transition.sources for transition in TICKET.named("amend")):
        return whole(request, ticket_conflict(request, Conflict("amend", ticket), ticket))
    sent = receive(request) if request.method == "POST" else None
    lines = rules.lines_without(ticket)
    form = AmendForm(ticket, lines, sent.data if sent else None, asking=sent is None or sent.is_step)

    def send(asked: Application, photos: Sequence[Photo]) -> Ticket:
        read = tickets.filter(version=form.cleaned_data["version"])
        actions.amend(read, actors.buyer(buyer), asked, photos=photos)
        return ticket

    try:
        return _answer(request, Page(form, reverse("refunds:ticket", args=(number,)), ticket), sent, send)
    except Conflict as error:
        return whole(request, ticket_conflict(request, error, ticket))


def _answer(request: HttpRequest, page: Page, sent: Sent | None, send: Send) -> HttpResponse:
    """The page with the next question and what it comes to, or the ticket that was filed. A refusal is shown at its
    field, with 422."""
    form = page.form
    if sent and sent.refused:
        refuse(form, sent.refused)
    try:
        if form.is_valid() and not form.asking:
            return _file(request, page, send)
    except Refused as refused:
        refuse(form, refused)
    if sent and (other := _filed_elsewhere(request, page)):
        return _lead_to(request, other)
    _look(page)
    return show(request, page)


def _file(request: HttpRequest, page: Page, send: Send) -> HttpResponse:
    """Unless it would come to something else than the page has said. Raises Refused, Conflict."""
    asked = page.form.application()
    promised, found = request.POST.get("promised", ""), _check(page, asked)
    if promised and promised != found.promised:
        page.changed = True
        _look(page)
        return show(request, page)
    if found.is_money:
        # With its amounts: what is left may change before the order is locked, what was promised must not.
        asked = replace(asked, amounts={item.line.pk: item.amount for item in found.lines})
    filed = send(asked, page.form.new_photos())
    done = _("The application has been changed.") if page.ticket else _("The ticket has been filed.")
    messages.success(request, done)
    return leave(request, reverse("refunds:ticket", args=(filed.number,)))


def _lead_to(request: HttpRequest, ticket: Ticket) -> HttpResponse:
    messages.info(request, _("There is a ticket for this already. Here it is."))
    return leave(request, reverse("refunds:ticket", args=(ticket.number,)))


def _filed_elsewhere(request: HttpRequest, page: Page) -> Ticket | None:
    """The ticket that has taken a chosen line since this page was opened, in another tab or on another device."""
    seen, taken = request.POST.get("seen", ""), page.form.taken
    if page.ticket or not taken or not seen.isascii() or not seen.isdigit() or len(seen) > 18:
        return None
    newer = page.form.order.tickets.filter(pk__gt=int(seen), lines__line__in=taken, lines__is_open=True)
    return newer.first()


def _check(page: Page, asked: Application) -> Summary:
    """What filing would find, by the same rules. A photo that is still missing is asked for where it can be added.
    Raises Refused."""
    form, filed = page.form, page.ticket is not None
    if page.ticket:
        asked = replace(asked, photos=asked.photos + page.ticket.evidence.filter(role=Role.BUYER).count())
    rules.check_order(form.order, filed=filed)
    proven = replace(asked, photos=asked.photos or 1) if form.asking else asked
    return Summary(asked, rules.check(form.order, form.lines, proven, filed=filed), form.payer)


def _look(page: Page) -> None:
    """Find out what it comes to, as soon as enough is known, or why nothing can be asked for."""
    form = page.form
    try:
        rules.check_order(form.order, filed=page.ticket is not None)
    except Refused as refused:
        page.closed = str(refused)
        return
    page.closed = str(words.NOTHING_LEFT) if form.is_empty else ""
    try:
        if form.is_complete and not form.errors:
            page.summary = _check(page, form.application())
    except Refused as refused:
        refuse(form, refused)
