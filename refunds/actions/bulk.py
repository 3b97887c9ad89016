"""Verbs that a person does to many tickets of one shop at once: each moves those that it can, and says of every other
one why not. What a dry run promises is judged by the same functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Case, Q, QuerySet, Value, When

from aftersales.actors import Actor, Role
from aftersales.changes.models import Act
from aftersales.changes.record import Snapshot, record_each
from aftersales.jobs.models import JobError
from aftersales.lifecycle.errors import Refused
from aftersales.lifecycle.move import lock, move, story
from orders.effects import lock_stock
from orders.models import Order, ShopStaff, Sku
from refunds import effects, rules
from refunds.actions.common import check_address, follow
from refunds.errors import RefundError
from refunds.lifecycle import TICKET
from refunds.models import Reason, Ticket
from refunds.states import TAKES_STOCK, Side, TicketState

# {ticket: its version as the person read it}
Versions = Mapping[int, int]
Refusals = dict[int, Refused]


def judge_answer(action: str, tickets: QuerySet[Ticket], versions: Versions) -> tuple[list[Ticket], Refusals]:
    """Those tickets that a seller can answer by this action as they stand now, and why the others cannot be.

    Only applications are answered in bulk, never what customer service has. Stock is counted over all of them, the
    oldest ticket first. A fixed number of queries.
    """
    can = Case(When(_answers(action), then=Value(1)), default=Value(0))
    rows: Any = tickets.filter(pk__in=versions).select_related("order__shop").annotate(can=can)
    found: dict[int, Ticket] = rows.in_bulk()
    refused: Refusals = {}
    for key, version in versions.items():
        if why := _why_not(action, found.get(key), version):
            refused[key] = why
    able = [ticket for key, ticket in sorted(found.items()) if key not in refused]
    if action == "agree":
        short = _short(able)
        refused |= short
        able = [ticket for ticket in able if ticket.pk not in short]
    return able, refused


def _answers(action: str) -> Q:
    """The tickets that wait for the seller and whose guards let them go this way."""
    waits = TicketState.AWAITING_SELLER
    ways = Q(pk__in=())
    for transition in TICKET.named(action):
        if waits in transition.sources and Role.SELLER in transition.who:
            ways |= Q(state=waits) & transition.guard
    return ways


def _why_not(action: str, ticket: Ticket | None, version: int) -> Refused | None:
    if ticket is None:
        return Refused(RefundError.NOT_IN_SHOP)
    if not ticket.can:  # type: ignore[attr-defined]  # annotated
        return Refused(RefundError.NOT_WAITING)
    if ticket.version != version:
        return Refused(RefundError.STALE)
    try:
        if action == "agree":
            check_address(ticket, ticket.kind, RefundError.NO_RETURN_ADDRESS)
    except Refused as refused:
        return refused
    return None


def _short(tickets: Sequence[Ticket]) -> Refusals:
    """Tickets for whose goods there is not enough in stock once the older ones have theirs."""
    takers = [ticket.pk for ticket in tickets if ticket.kind in TAKES_STOCK]
    if not takers:
        return {}
    lines: dict[int, list[tuple[int, int, str]]] = {}
    for item in effects.to_send(takers):
        lines.setdefault(item.ticket_id, []).append((item.goes_out, item.quantity, item.line.title))
    wanted = {sku for items in lines.values() for sku, _, _ in items}
    stock = dict(Sku.objects.filter(pk__in=wanted).values_list("pk", "stock"))
    refused: Refusals = {}
    for key in takers:
        left = dict(stock)
        for sku, units, title in lines.get(key, ()):
            left[sku] -= units
            if left[sku] < 0:
                refused[key] = Refused(RefundError.SHORT, title=title)
        if key not in refused:
            stock = left
    return refused


def agree_many(tickets: QuerySet[Ticket], by: Actor, versions: Versions) -> Refusals:
    """The seller agrees to all of these that wait for it and were read in their present version."""
    with story(by):
        free, refused = _locked(tickets, by, versions)
        # Before it is judged, so that nobody takes what was found.
        lock_stock({item.goes_out for item in effects.to_send(list(free))})
        able, why_not = judge_answer("agree", tickets, free)
        follow(move(TICKET, "agree", Ticket.objects.filter(pk__in=[ticket.pk for ticket in able]), by))
        return refused | why_not


def reject_many(tickets: QuerySet[Ticket], by: Actor, versions: Versions, reason: Reason, note: str) -> Refusals:
    """The seller rejects all of these with one reason and the same words. Raises Refused for a reason that is none of
    the seller's, or one that asks for proof: photos belong to a single case."""
    rules.check_reason(reason, Side.SELLER, 0)
    with story(by):
        free, refused = _locked(tickets, by, versions)
        able, why_not = judge_answer("reject", tickets, free)
        rows = Ticket.objects.filter(pk__in=[ticket.pk for ticket in able])
        move(TICKET, "reject", rows, by, note=note, data={"reason": reason.code}, sets={"rejection": reason})
        return refused | why_not


def judge_note(tickets: QuerySet[Ticket], versions: Versions) -> tuple[list[Ticket], Refusals]:
    """Those tickets that people of the shop may write about among themselves: all of theirs, whatever the state."""
    found = tickets.filter(pk__in=versions).select_related("order__shop").in_bulk()
    refused = {key: Refused(RefundError.NOT_IN_SHOP) for key in versions if key not in found}
    return [ticket for _key, ticket in sorted(found.items())], refused


def judge_assignment(tickets: QuerySet[Ticket], versions: Versions) -> tuple[list[Ticket], Refusals]:
    """Those tickets that somebody can still work on, and why the others are not assigned."""
    there, refused = judge_note(tickets, versions)
    over = {str(state) for state in TicketState.all() if state.final}
    refused |= {ticket.pk: Refused(RefundError.ENDED) for ticket in there if ticket.state in over}
    return [ticket for ticket in there if ticket.state not in over], refused


def assign_many(tickets: QuerySet[Ticket], by: Actor, versions: Versions, to: ShopStaff | None) -> Refusals:
    """These tickets are for a colleague to work on, or, with None, for nobody in particular; who gave which to whom is
    written down. Nothing else changes: no clock, no right; everybody of the shop may go on answering them. Raises
    Refused for somebody of another shop."""
    with story(by):
        free, refused = _locked(tickets, by, versions)
        able, why_not = judge_assignment(tickets, free)
        if to is not None and any(ticket.shop_id != to.shop_id for ticket in able):
            raise Refused(RefundError.NOT_A_COLLEAGUE, "to")
        given = Ticket.objects.filter(pk__in=[ticket.pk for ticket in able]).exclude(assignee=to)
        before = given.select_related("shop", "assignee__user").order_by("pk")
        record_each(by.person, Act.CHANGED, [(one, _hands(one.assignee), _hands(to)) for one in before])
        given.update(assignee=to)
        return refused | why_not


def _hands(to: ShopStaff | None) -> Snapshot:
    """Whose a ticket is, as a change tells it."""
    return {"assignee": str(to.user) if to else None}


def _locked(tickets: QuerySet[Ticket], by: Actor, versions: Versions) -> tuple[dict[int, int], Refusals]:
    """Lock the orders that nobody else holds, then their tickets: {ticket: version}, and the others as refused. Many do
    not wait for one."""
    rows = tickets.filter(pk__in=versions)
    orders = Order.objects.filter(pk__in=rows.order_by().values("order_id")).order_by("pk")
    held = orders.select_for_update(no_key=True, of=("self",), skip_locked=True).values_list("pk", flat=True)
    free = lock(rows.filter(order__in=list(held)), by)
    there = set(rows.order_by().values_list("pk", flat=True))
    busy = {key: Refused(JobError.BUSY) for key in there.difference(free)}
    return {key: version for key, version in versions.items() if key not in busy}, dict(busy)
