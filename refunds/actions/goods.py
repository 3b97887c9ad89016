"""Goods on their way: to the seller, through the inspection, and to the buyer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from aftersales.actors import SYSTEM, Actor
from aftersales.lifecycle.errors import Refused
from aftersales.lifecycle.move import lock, move_one, story
from aftersales.lifecycle.rows import Event
from aftersales.money import shown
from orders.models import Order
from refunds import effects, rules
from refunds.actions.common import end_disputes, follow, locked, moved
from refunds.errors import RefundError
from refunds.lifecycle import TICKET
from refunds.models import Inspection, RepairRecord, ReturnParcel, StockIn, Ticket
from refunds.rules import Found
from refunds.states import Kind, Outcome, TicketState


def send_waybill(tickets: QuerySet[Ticket], by: Actor, carrier: str, number: str, postage: int = 0) -> Event:
    """The buyer has sent the goods: the seller's time to inspect them starts. `postage`, in minor units, is what it
    cost; the shop owes it where the reason or a ruling says that the seller pays. Raises Refused."""
    return _parcel("send_waybill", tickets, by, carrier, number, postage=postage)


def add_parcel(tickets: QuerySet[Ticket], by: Actor, carrier: str, number: str, postage: int = 0) -> Event:
    """The buyer sends the goods in several parcels; the seller's clock goes on."""
    return _parcel("add_parcel", tickets, by, carrier, number, postage=postage)


def send_back(tickets: QuerySet[Ticket], by: Actor, carrier: str, number: str) -> Event:
    """The seller sends goods that failed inspection back to the buyer."""
    return _parcel("send_back", tickets, by, carrier, number, to_buyer=True)


def _parcel(
    action: str,
    tickets: QuerySet[Ticket],
    by: Actor,
    carrier: str,
    number: str,
    *,
    postage: int = 0,
    to_buyer: bool = False,
) -> Event:
    carrier, number = _waybill(carrier, number)
    with story(by):
        ticket = locked(tickets, by, action)
        _check_new(ticket, carrier, number, to_buyer=to_buyer)
        _check_postage(ticket, postage)
        data = {"carrier": carrier, "number": number, **({"postage": postage} if postage else {})}
        event = move_one(TICKET, action, tickets, by, data=data)
        _write_parcel(ticket, carrier, number, postage=postage, to_buyer=to_buyer)
        return event


def _waybill(carrier: str, number: str) -> tuple[str, str]:
    carrier, number = carrier.strip(), number.strip()
    if not (carrier and number):
        raise Refused(RefundError.WAYBILL, "number" if carrier else "carrier")
    return carrier, number


def _check_new(ticket: Ticket, carrier: str, number: str, *, to_buyer: bool) -> None:
    """A button that is pressed twice sends one parcel."""
    if ticket.parcels.filter(to_buyer=to_buyer, carrier=carrier, number=number).exists():
        raise Refused(RefundError.KNOWN_PARCEL, "number")


def _check_postage(ticket: Ticket, postage: int) -> None:
    most = settings.POSTAGE_MOST.get(ticket.order.currency, 0)
    before = sum(ticket.parcels.filter(to_buyer=False).values_list("postage", flat=True))
    if postage < 0 or before + postage > most:
        raise Refused(RefundError.POSTAGE, "postage", most=shown(most, ticket.order.currency))


def _write_parcel(ticket: Ticket, carrier: str, number: str, *, postage: int = 0, to_buyer: bool) -> None:
    ReturnParcel.objects.create(ticket=ticket, to_buyer=to_buyer, carrier=carrier, number=number, postage=postage)


def change_waybill(tickets: QuerySet[Ticket], by: Actor, parcel_key: int, carrier: str, number: str) -> Event:
    """Whoever sent a parcel mends its waybill, until it is signed for. Raises Refused for another's parcel."""
    carrier, number = _waybill(carrier, number)
    with story(by):
        ticket = locked(tickets, by, "change_waybill")
        to_buyer = ticket.state == TicketState.AWAITING_BUYER_RECEIPT
        parcel = ticket.parcels.filter(pk=parcel_key, to_buyer=to_buyer).first()
        if parcel is None:
            raise Refused(RefundError.NO_PARCEL)
        if parcel.signed_at:
            raise Refused(RefundError.SIGNED_FOR)
        _check_new(ticket, carrier, number, to_buyer=to_buyer)
        data = {"carrier": carrier, "number": number, "before": f"{parcel.carrier} {parcel.number}"}
        event = move_one(TICKET, "change_waybill", tickets, by, data=data)
        ReturnParcel.objects.filter(pk=parcel.pk).update(carrier=carrier, number=number)
        return event


def sign_for(tickets: QuerySet[Ticket], by: Actor, number: str = "") -> Event:
    """The seller's door, or a carrier's word: a parcel has arrived, or all that are on the way."""
    with story(by):
        ticket = locked(tickets, by, "sign_for")
        parcels = ticket.parcels.filter(to_buyer=False, signed_at=None)
        if number:
            parcels = parcels.filter(number=number)
        if not parcels.exists():
            raise Refused(RefundError.NO_PARCEL)
        data = {"parcels": [str(parcel) for parcel in parcels]}
        event = move_one(TICKET, "sign_for", tickets, by, data=data)
        parcels.update(signed_at=Now())
        return event


def accept(tickets: QuerySet[Ticket], by: Actor, found: Mapping[int, Found] | None = None) -> list[Event]:
    """The goods are accepted: the money is sent, or the seller's time to send goods starts. A person accepts everything
    as good, or gives in after a failed inspection; silence accepts too, but stock does not move, as nobody saw the
    goods.

    found: {ticket line: what was found}; a line that is not named came back whole and good.
    """
    with story(by):
        if not by.clock:
            _inspect(locked(tickets, by, "accept"), found or {}, whole=True)
        return follow(moved("accept", tickets, by))


def fail_inspection(tickets: QuerySet[Ticket], by: Actor, found: Mapping[int, Found], note: str = "") -> Event:
    """Something is short, wrong or damaged: the seller says what, and the ticket waits for a way out."""
    if not note.strip():
        raise Refused(RefundError.NOTE, "note")
    with story(by):
        _inspect(locked(tickets, by, "fail"), found, whole=False)
        return move_one(TICKET, "fail", tickets, by, note=note)


def _inspect(ticket: Ticket, found: Mapping[int, Found], *, whole: bool) -> None:
    """Write what was found, once: an inspection that failed stays as it was when the seller gives in. What is on the
    shelf has been signed for."""
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
    ticket.parcels.filter(to_buyer=False, signed_at=None).update(signed_at=Now())


def stock_in(document: str, tickets: QuerySet[Ticket], found: Mapping[int, Found], note: str = "") -> StockIn:
    """A warehouse reports what came back, instead of a person: everything good accepts the goods, anything else fails
    the inspection. While customer service has the case the goods are counted and nothing moves. The same document again
    changes nothing and returns the first report.

    found: {ticket line: what was found}; a line that is not named came back whole and good. Raises Refused for a
    document that was reported with other figures, Conflict for a ticket that does not wait for its goods.
    """
    told = {str(key): [item.good, item.damaged] for key, item in sorted(found.items())}
    with story(SYSTEM):
        lock(Order.objects.filter(pk__in=tickets.order_by().values("order_id")), SYSTEM)
        if before := StockIn.objects.filter(document=document).first():
            if not tickets.filter(pk=before.ticket_id).exists() or before.found != told:
                raise Refused(RefundError.STOCK_IN, document=document)
            return before
        disputed = tickets.filter(state=TicketState.ARBITRATION).exists()
        ticket = locked(tickets, SYSTEM, "report" if disputed else "fail")
        whole = rules.check_inspection(list(ticket.lines.select_related("line")), found)
        report = _write_stock_in(StockIn(document=document, ticket=ticket, found=told, note=note))
        action = "report" if disputed else "accept" if whole else "fail"
        events = moved(action, tickets, SYSTEM, note=note, data={"document": document})
        _inspect(ticket, found, whole=whole)
        follow(events)
        return report


def _write_stock_in(report: StockIn) -> StockIn:
    """Raises Refused when a rival has reported the document for another ticket meanwhile."""
    try:
        with transaction.atomic():
            report.save(force_insert=True)
    except IntegrityError:
        raise Refused(RefundError.STOCK_IN, document=report.document) from None
    return report


def dispatch(
    tickets: QuerySet[Ticket],
    by: Actor,
    carrier: str,
    number: str,
    repairs: Mapping[int, tuple[str, str]] | None = None,
) -> Event:
    """The seller sends what was agreed: other goods, the repaired ones, a part, or the buyer's own back.

    repairs: {ticket line: (fault, work done)}, for every line of a repair. Raises Refused without them, or when there
    is not enough in stock.
    """
    carrier, number = _waybill(carrier, number)
    with story(by):
        ticket = locked(tickets, by, "dispatch")
        data: dict[str, Any] = {"carrier": carrier, "number": number}
        if ticket.kind == Kind.REPAIR and not ticket.sending_back:
            data |= _record_repairs(ticket, repairs or {})
        # What was not there when silence agreed has to be there now.
        effects.take_stock([ticket.pk])
        if short := effects.short_of_stock(ticket.pk):
            raise Refused(RefundError.SHORT, title=short.line.title)
        event = move_one(TICKET, "dispatch", tickets, by, data=data)
        _write_parcel(ticket, carrier, number, to_buyer=True)
        return event


def _record_repairs(ticket: Ticket, repairs: Mapping[int, tuple[str, str]]) -> dict[str, list[list[str]]]:
    told = []
    for item in ticket.lines.select_related("line"):
        fault, work = (words.strip() for words in repairs.get(item.pk, ("", "")))
        if not (fault and work):
            raise Refused(RefundError.REPAIR, f"fault_{item.pk}", title=item.line.title)
        RepairRecord.objects.create(line=item, fault=fault, work=work)
        told.append([item.line.title, fault, work])
    return {"repairs": told}


def confirm(tickets: QuerySet[Ticket], by: Actor) -> list[Event]:
    """What was sent has arrived at the buyer: the ticket has succeeded, or closes without money where it was the
    buyer's own goods. In arbitration, until it has ruled, this ends the dispute."""
    with story(by):
        events = moved("confirm", tickets, by)
        end_disputes(events, Outcome.CONFIRMED)
        return follow(events)
