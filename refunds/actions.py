"""The verbs of tickets: each one transaction, the same for pages, admin and sweeps.

A verb takes rows already narrowed to what its actor may see. It raises Conflict when nothing moved for a person,
Refused when a rule says no. Verbs on payouts and on money that comes are in refunds.money.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.core.files.base import File
from django.db.models import QuerySet

from aftersales import actors
from aftersales.actors import Actor, Role
from aftersales.lifecycle.errors import Conflict, Refused
from aftersales.lifecycle.move import begin, lock, move, move_one, story
from aftersales.lifecycle.rows import Event
from aftersales.models import User
from orders import actions as order_actions
from orders.lifecycle import ORDER
from orders.models import Order, OrderLine
from orders.states import OrderState
from refunds import effects, rules
from refunds.errors import RefundError
from refunds.lifecycle import TICKET
from refunds.models import Evidence, Inspection, Reason, ReturnParcel, Ticket, TicketLine
from refunds.money import pay_back_rest, pay_back_tickets
from refunds.photos import store
from refunds.rules import Application, Asked, Found
from refunds.states import Kind, Side, TicketState


@dataclass(frozen=True)
class Rejection:
    """Why a seller rejects: a reason from the list, words, photos where the reason asks for them."""

    reason: Reason | None
    note: str = ""
    photos: Sequence[File[bytes]] = ()


def file_ticket(
    orders: QuerySet[Order],
    buyer: User,
    asked: Application,
    *,
    photos: Sequence[File[bytes]] = (),
    token: UUID | None = None,
) -> Ticket:
    """The buyer files a ticket on an order of theirs: it holds the money and units it asks for.

    `token` names the form: the same one again returns the ticket that it made. Raises Refused with the field to mend,
    Conflict when the order is not the buyer's or locked.
    """
    by = actors.buyer(buyer)
    proofs = list(store(photos))
    with story(by):
        lock(orders, by)
        order = orders.select_related("policy", "shop").first()
        if order is None:
            raise Conflict("file", None)
        if token and (twin := order.tickets.filter(token=token).first()):
            return twin
        rules.check_order(order)
        chosen = rules.check(order, list(order.lines.all()), replace(asked, photos=len(photos)))
        ticket = Ticket(order=order, shipped=asked.shipped, token=token, **_columns(asked, chosen))
        begin(TICKET, [ticket], by, note=asked.description, data=_snapshot(asked, chosen))
        _hold(ticket, chosen)
        _attach(ticket, by, proofs)
    return ticket


def _columns(asked: Application, chosen: Sequence[Asked]) -> dict[str, Any]:
    return {
        "kind": asked.kind,
        "reason": asked.reason,
        "description": asked.description,
        "freight": asked.freight,
        "amount": sum(item.amount for item in chosen) + asked.freight,
    }


def _snapshot(asked: Application, chosen: Sequence[Asked]) -> dict[str, Any]:
    """What this version of the application asked for, kept in the history."""
    return {
        "kind": asked.kind,
        "reason": asked.reason.code if asked.reason else "",
        "amount": sum(item.amount for item in chosen) + asked.freight,
        "freight": asked.freight,
        "lines": [{"line": i.line.pk, "title": i.line.title, "units": i.quantity, "amount": i.amount} for i in chosen],
    }


def _hold(ticket: Ticket, chosen: Sequence[Asked]) -> None:
    TicketLine.objects.bulk_create(
        TicketLine(ticket=ticket, line=item.line, quantity=item.quantity, amount=item.amount) for item in chosen
    )
    effects.reserve([ticket.pk])
    order_actions.follow_tickets({ticket.order_id})


def _attach(ticket: Ticket, by: Actor, proofs: Sequence[File[bytes]]) -> None:
    """Photos that were decoded before any row was locked: nine large ones take seconds."""
    Evidence.objects.bulk_create(
        Evidence(ticket=ticket, photo=photo, role=by.role, given_by=by.user) for photo in proofs
    )


def amend(tickets: QuerySet[Ticket], by: Actor, asked: Application, *, photos: Sequence[File[bytes]] = ()) -> Event:
    """The buyer replaces the application by another version; the seller's clock starts anew.

    Whether the goods were shipped stays as it was filed. Raises Refused, Conflict.
    """
    new = list(store(photos))
    with story(by):
        ticket = _locked(tickets, by, "amend")
        order = Order.objects.select_related("policy", "shop").get(pk=ticket.order_id)
        rules.check_order(order, filed=True)
        effects.reserve([ticket.pk], sign=-1)
        order.refresh_from_db(fields=("freight_reserved", "freight_settled"))
        proofs = ticket.evidence.filter(role=Role.BUYER).count() + len(new)
        asked = replace(asked, shipped=ticket.shipped, photos=proofs)
        chosen = rules.check(order, list(order.lines.all()), asked)
        sets, snapshot = _columns(asked, chosen), _snapshot(asked, chosen)
        event = move_one(TICKET, "amend", tickets, by, note=asked.description, sets=sets, data=snapshot)
        ticket.lines.all().delete()
        _hold(ticket, chosen)
        _attach(ticket, by, new)
        return event


def _locked(tickets: QuerySet[Ticket], by: Actor, action: str) -> Ticket:
    """The one ticket, its order locked first, in a state the action starts from. Raises Conflict."""
    lock(Order.objects.filter(pk__in=tickets.order_by().values("order_id")), by)
    lock(tickets, by)
    sources = {state for transition in TICKET.named(action) for state in transition.sources}
    ticket = tickets.filter(state__in=sources).first()
    if ticket is None:
        raise Conflict(action, tickets.first())
    return ticket


def withdraw(tickets: QuerySet[Ticket], by: Actor) -> list[Event]:
    """The buyer, or silence, ends tickets before goods were sent; what they held is free again."""
    with story(by):
        return _ended(_moved("withdraw", tickets, by))


def _moved(action: str, tickets: QuerySet[Ticket], by: Actor, **rest: Any) -> list[Event]:
    """Move many for a clock, exactly one for a person."""
    return move(TICKET, action, tickets, by, **rest) if by.clock else [move_one(TICKET, action, tickets, by, **rest)]


def _ended(events: list[Event]) -> list[Event]:
    orders = Ticket.objects.filter(pk__in=[event.row_id for event in events]).values_list("order_id", flat=True)
    order_actions.follow_tickets(set(orders))
    return events


def agree(tickets: QuerySet[Ticket], by: Actor, *, version: int | None = None, note: str = "") -> list[Event]:
    """The seller, or silence, agrees: the money is sent, or the buyer is shown where to send the goods.

    A person names the version that was read. Raises Refused when the buyer has amended meanwhile, or when goods should
    come back and the shop has no address for them.
    """
    with story(by):
        if not by.clock:
            ticket = _read(tickets, by, "agree", version)
            if ticket.kind == Kind.RETURN_REFUND and not ticket.order.shop.return_address.strip():
                raise Refused(RefundError.NO_RETURN_ADDRESS)
        return pay_back_tickets(_moved("agree", tickets, by, note=note))


def _read(tickets: QuerySet[Ticket], by: Actor, action: str, version: int | None) -> Ticket:
    """The locked ticket, as the seller read it. Raises Conflict, Refused when the buyer has amended meanwhile."""
    ticket = _locked(tickets, by, action)
    if version is not None and ticket.version != version:
        raise Refused(RefundError.STALE)
    return ticket


def reject(tickets: QuerySet[Ticket], by: Actor, rejection: Rejection, *, version: int | None = None) -> Event:
    """The seller refuses, with a reason, words, and proof where the reason asks for it."""
    rules.check_reason(rejection.reason, Side.SELLER, len(rejection.photos))
    proofs = list(store(rejection.photos))
    with story(by):
        ticket = _read(tickets, by, "reject", version)
        data = {"reason": rejection.reason.code if rejection.reason else ""}
        sets = {"rejection": rejection.reason}
        event = move_one(TICKET, "reject", tickets, by, note=rejection.note, data=data, sets=sets)
        _attach(ticket, by, proofs)
        return event


def send_waybill(tickets: QuerySet[Ticket], by: Actor, carrier: str, number: str) -> Event:
    """The buyer has sent the goods: the seller's time to inspect them starts."""
    return _parcel("send_waybill", tickets, by, carrier, number, to_buyer=False)


def send_back(tickets: QuerySet[Ticket], by: Actor, carrier: str, number: str) -> Event:
    """The seller sends goods that failed inspection back to the buyer."""
    return _parcel("send_back", tickets, by, carrier, number, to_buyer=True)


def _parcel(action: str, tickets: QuerySet[Ticket], by: Actor, carrier: str, number: str, *, to_buyer: bool) -> Event:
    carrier, number = carrier.strip(), number.strip()
    if not (carrier and number):
        raise Refused(RefundError.WAYBILL, "number" if carrier else "carrier")
    with story(by):
        event = move_one(TICKET, action, tickets, by, data={"carrier": carrier, "number": number})
        ReturnParcel.objects.create(ticket_id=event.row_id, to_buyer=to_buyer, carrier=carrier, number=number)
        return event


def accept(tickets: QuerySet[Ticket], by: Actor, found: Mapping[int, Found] | None = None) -> list[Event]:
    """The goods are accepted and the money is sent. A person accepts everything as good, or gives in after a failed
    inspection; silence accepts too, but stock does not move, as nobody saw the goods.

    found: {ticket line: what was found}; a line that is not named came back whole and good.
    """
    with story(by):
        if not by.clock:
            _inspect(_locked(tickets, by, "accept"), found or {}, whole=True)
        return pay_back_tickets(_moved("accept", tickets, by))


def fail_inspection(tickets: QuerySet[Ticket], by: Actor, found: Mapping[int, Found], note: str = "") -> Event:
    """Something is short, wrong or damaged: the seller says what, and the ticket waits for a way out."""
    if not note.strip():
        raise Refused(RefundError.NOTE, "note")
    with story(by):
        _inspect(_locked(tickets, by, "fail"), found, whole=False)
        return move_one(TICKET, "fail", tickets, by, note=note)


def _inspect(ticket: Ticket, found: Mapping[int, Found], *, whole: bool) -> None:
    """Write what was found, once: an inspection that failed stays as it was when the seller gives in."""
    if ticket.state == TicketState.INSPECTION_FAILED:
        return
    lines = list(ticket.lines.select_related("line"))
    if rules.check_inspection(lines, found) != whole:
        raise Refused(RefundError.INSPECTION_WHOLE if whole else RefundError.INSPECTION_NOTHING_WRONG)
    seen = {line.pk: found.get(line.pk, Found(line.quantity)) for line in lines}
    Inspection.objects.bulk_create(
        Inspection(
            line=line,
            expected=line.quantity,
            good=seen[line.pk].good,
            damaged=seen[line.pk].damaged,
            note=seen[line.pk].note,
        )
        for line in lines
    )


def confirm(tickets: QuerySet[Ticket], by: Actor) -> list[Event]:
    """The goods that were sent back have arrived at the buyer: the ticket closes without money."""
    with story(by):
        return _ended(_moved("confirm", tickets, by))


def ship_anyway(orders: QuerySet[Order], by: Actor, parcel: order_actions.Parcel) -> Event:
    """The seller ships units although a ticket on them is open; the ticket closes as shipped_anyway."""
    with story(by):
        lock(orders, by)
        lines = OrderLine.objects.filter(order__in=orders, pk__in=[key for key, n in parcel.units.items() if n])
        tickets = Ticket.objects.filter(order__in=orders, lines__line__in=lines, lines__is_open=True)
        _ended(move(TICKET, "ship_anyway", Ticket.objects.filter(pk__in=tickets.values("pk")), by))
        return order_actions.ship(orders, by, parcel)


def seller_cancel(orders: QuerySet[Order], by: Actor, note: str) -> Event:
    """The seller cannot deliver: open tickets end, the order closes, what is left of the money goes back."""
    if not note.strip():
        raise Refused(RefundError.NOTE, "note")
    with story(by):
        lock(orders, by)
        order = orders.filter(state=OrderState.AWAITING_SHIPMENT).first()
        if order is None:
            raise Conflict("seller_cancel", orders.first())
        move(TICKET, "seller_cancel", order.tickets.all(), by, note=note)
        event = move_one(ORDER, "seller_cancel", orders, by, note=note)
        pay_back_rest(order.pk)
        return event


ON_DUE = {
    TicketState.AWAITING_SELLER: agree,
    TicketState.REJECTED: withdraw,
    TicketState.AWAITING_RETURN: withdraw,
    TicketState.AWAITING_INSPECTION: accept,
    TicketState.INSPECTION_FAILED: accept,
    TicketState.AWAITING_BUYER_RECEIPT: confirm,
}
