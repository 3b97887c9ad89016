"""The buyer's side of an application: filing, amending, withdrawing; money that the seller gives unasked; words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from aftersales import actors
from aftersales.actors import SYSTEM, Actor, Role
from aftersales.lifecycle.errors import Conflict, Refused
from aftersales.lifecycle.move import begin, lock, move_one, story
from aftersales.lifecycle.rows import Event
from aftersales.models import User
from orders import actions as order_actions
from orders.models import Order
from refunds import effects, rules
from refunds.actions.common import apply_terms, attach, end_disputes, follow, locked, moved
from refunds.errors import RefundError
from refunds.lifecycle import TICKET
from refunds.models import AutoDecision, Draft, Reason, Ticket, TicketLine
from refunds.photos import Photo, store
from refunds.rules import Application, Asked, Terms
from refunds.states import Automatic, Kind, Outcome, Side


def file_ticket(
    orders: QuerySet[Order],
    buyer: User,
    asked: Application,
    *,
    photos: Sequence[Photo] = (),
    token: UUID | None = None,
) -> Ticket:
    """The buyer files a ticket on an order of theirs: it holds the money and units it asks for.

    `token` names the form: the same one again returns the ticket that it made. Raises Refused with the field to mend,
    Conflict when the order is not the buyer's or locked.
    """
    by = actors.buyer(buyer)
    proofs = store(photos)
    with story(by):
        lock(orders, by)
        order = orders.select_related("policy", "shop").first()
        if order is None:
            raise Conflict("file", None)
        if token and (twin := order.tickets.filter(token=token).first()):
            return twin
        # Locked, so that several orders' pages do not file more than a day allows.
        User.objects.select_for_update(no_key=True).get(pk=buyer.pk)
        rules.check_day(buyer)
        rules.check_order(order)
        chosen = rules.check(order, rules.lines_of(order), replace(asked, photos=len(proofs)))
        rules.check_versions(order, chosen)
        ticket = Ticket(order=order, shop=order.shop, shipped=asked.shipped, token=token, **_columns(asked, chosen))
        [event] = begin(TICKET, [ticket], by, note=asked.description, data=_snapshot(asked, chosen))
        _hold(ticket, chosen)
        attach(ticket, event, by, proofs)
        Draft.objects.filter(order=order).delete()
        _answer_by_rule(ticket)
    return ticket


def _columns(asked: Application, chosen: Sequence[Asked]) -> dict[str, Any]:
    return {
        "kind": asked.kind,
        "reason": asked.reason,
        "arrived": asked.arrived,
        "freight_by": asked.reason.freight_by if asked.reason else "",
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
        "lines": [_line_snapshot(item) for item in chosen],
    }


def _line_snapshot(item: Asked) -> dict[str, Any]:
    shown = {"line": item.line.pk, "title": item.line.title, "units": item.quantity, "amount": item.amount}
    if item.wanted:
        shown["wanted"] = str(item.wanted)
    if item.part:
        shown["part"] = item.part
    return shown


def _hold(ticket: Ticket, chosen: Sequence[Asked]) -> None:
    TicketLine.objects.bulk_create(
        TicketLine(
            ticket=ticket,
            line=item.line,
            quantity=item.quantity,
            amount=item.amount,
            goods=item.goods,
            wanted=item.wanted,
            part=item.part,
        )
        for item in chosen
    )
    effects.reserve([ticket.pk])
    order_actions.follow_tickets({ticket.order_id})


def _answer_by_rule(ticket: Ticket) -> None:
    """A rule of the shop that fits answers at once, and what it did is on record."""
    worth = rules.worth(ticket)
    rule = rules.fitting(ticket, worth)
    if rule is None:
        return
    AutoDecision.objects.create(rule=rule, ticket=ticket, version=ticket.version, effect=rule.effect, worth=worth)
    if rule.effect == Automatic.KEEP_GOODS:
        apply_terms({ticket.pk: Terms(Kind.REFUND_ONLY, ticket.amount, ticket.freight)})
    data = {"rule": rule.name, "keeps": rule.effect == Automatic.KEEP_GOODS}
    follow(moved("agree", Ticket.objects.filter(pk=ticket.pk), SYSTEM, data=data))
    ticket.refresh_from_db()


def amend(tickets: QuerySet[Ticket], by: Actor, asked: Application, *, photos: Sequence[Photo] = ()) -> Event:
    """The buyer replaces the application by another version; the seller's clock starts anew.

    Whether the goods were shipped stays as it was filed. Raises Refused, Conflict.
    """
    new = store(photos)
    with story(by):
        ticket = locked(tickets, by, "amend")
        order = ticket.order
        rules.check_order(order, filed=True)
        effects.reserve([ticket.pk], sign=-1)
        order.refresh_from_db(fields=("freight_reserved", "freight_settled"))
        proofs = ticket.evidence.filter(role=Role.BUYER).count() + len(new)
        asked = replace(asked, shipped=ticket.shipped, photos=proofs)
        chosen = rules.check(order, rules.lines_of(order), asked, filed=True)
        rules.check_versions(order, chosen)
        sets, snapshot = _columns(asked, chosen), _snapshot(asked, chosen)
        if ticket.verdict:
            # What customer service ruled about the freight stands, whatever reason is given now.
            del sets["freight_by"]
        event = move_one(TICKET, "amend", tickets, by, note=asked.description, sets=sets, data=snapshot)
        ticket.lines.all().delete()
        _hold(ticket, chosen)
        attach(ticket, event, by, new)
        ticket.refresh_from_db()
        _answer_by_rule(ticket)
        return event


def withdraw(tickets: QuerySet[Ticket], by: Actor) -> list[Event]:
    """The buyer, or silence, ends tickets while the goods are with the buyer; what they held is free again, and
    customer service has nothing to decide any more."""
    with story(by):
        events = moved("withdraw", tickets, by)
        end_disputes(events, Outcome.WITHDRAWN)
        return follow(events)


def give_back(
    orders: QuerySet[Order], by: Actor, amounts: Mapping[int, int], freight: int, reason: Reason | None, note: str
) -> Ticket:
    """The seller gives money back unasked: a refund that is filed and agreed at once, and cancels no units.

    amounts  {order line: minor units}
    Raises Refused for more than is left, a line with an open ticket or no words; Conflict for an order that is not
    there or locked.
    """
    if not note.strip():
        raise Refused(RefundError.NOTE, "note")
    with story(by):
        lock(orders, by)
        order = orders.select_related("policy", "shop").first()
        if order is None:
            raise Conflict("give_back", None)
        if order.state not in rules.FILING_STATES:
            raise Refused(RefundError.ORDER_STATE)
        rules.check_reason(reason, Side.UNASKED, 0)
        chosen = rules.check_gift(order, rules.lines_of(order), amounts, freight)
        columns = {"kind": Kind.REFUND_ONLY, "reason": reason, "description": note, "freight": freight}
        total = sum(item.amount for item in chosen) + freight
        shipped = any(item.line.shipped for item in chosen)
        ticket = Ticket(order=order, shop=order.shop, shipped=shipped, by_seller=True, amount=total, **columns)
        asked = Application(Kind.REFUND_ONLY, reason, {}, freight=freight)
        begin(TICKET, [ticket], by, note=note, data=_snapshot(asked, chosen))
        _hold(ticket, chosen)
        follow(moved("agree", Ticket.objects.filter(pk=ticket.pk), by))
    ticket.refresh_from_db()
    return ticket


def message(
    tickets: QuerySet[Ticket], by: Actor, note: str, photos: Sequence[Photo] = (), *, token: UUID | None = None
) -> Event:
    """Words and photos of a side or of customer service, at any time before the end. `token` names the form: the same
    one again returns the message that it sent. Raises Refused for nothing, or for more than a ticket takes."""
    if not (note.strip() or photos):
        raise Refused(RefundError.NO_WORDS, "note")
    proofs = store(photos)
    with story(by):
        ticket = locked(tickets, by, "message")
        sent = ticket.events.filter(action="message")
        if token and (twin := sent.filter(actor=by.user, data__token=str(token)).first()):
            return twin
        if sent.count() >= settings.MESSAGES_PER_TICKET:
            raise Refused(RefundError.TOO_MANY_MESSAGES, "note", most=settings.MESSAGES_PER_TICKET)
        data = {"token": str(token)} if token else {}
        event = move_one(TICKET, "message", tickets, by, note=note.strip(), data=data)
        attach(ticket, event, by, proofs)
        return event
