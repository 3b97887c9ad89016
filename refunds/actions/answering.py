"""The seller's answer to an application, and haggling over it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from aftersales.actors import Actor
from aftersales.lifecycle.errors import Refused
from aftersales.lifecycle.move import move_one, story
from aftersales.lifecycle.rows import Event
from refunds import effects, rules
from refunds.actions.common import apply_terms, as_read, attach, check_address, end_disputes, follow, locked, moved
from refunds.errors import RefundError
from refunds.lifecycle import TICKET
from refunds.models import Offer, Reason, Ticket
from refunds.photos import Photo, store
from refunds.rules import Terms
from refunds.states import OfferAnswer, Outcome, Side, TicketState


@dataclass(frozen=True)
class Rejection:
    """Why a seller rejects: a reason from the list, words, photos where the reason asks for them."""

    reason: Reason | None
    note: str = ""
    photos: Sequence[Photo] = ()


def agree(tickets: QuerySet[Ticket], by: Actor, *, version: int | None = None, note: str = "") -> list[Event]:
    """The seller, or silence, agrees: the money is sent, the buyer is shown where to send the goods, or goods are to be
    sent again, whose stock is taken now. In arbitration, until it has ruled, this ends the dispute.

    A person names the version that was read. Raises Refused when the buyer has amended meanwhile, when goods should
    come back and the shop has no address for them, or when there is not enough in stock.
    """
    with story(by):
        if not by.clock:
            ticket = as_read(tickets, by, "agree", version)
            check_address(ticket, ticket.kind, RefundError.NO_RETURN_ADDRESS)
        events = moved("agree", tickets, by, note=note)
        end_disputes(events, Outcome.AGREED)
        if not by.clock:
            _check_stock(events[0], RefundError.SHORT)
        return follow(events)


def _check_stock(event: Event, code: RefundError) -> None:
    """Raises Refused when a person promises, or is promised, goods that are not in stock."""
    if event.to_state not in (TicketState.AWAITING_RETURN, TicketState.AWAITING_DISPATCH):
        return
    if short := effects.short_of_stock(event.row_id):
        raise Refused(code, title=short.line.title)


def reject(tickets: QuerySet[Ticket], by: Actor, rejection: Rejection, *, version: int | None = None) -> Event:
    """The seller refuses, with a reason, words, and proof where the reason asks for it."""
    rules.check_reason(rejection.reason, Side.SELLER, len(rejection.photos))
    proofs = store(rejection.photos)
    with story(by):
        ticket = as_read(tickets, by, "reject", version)
        data = {"reason": rejection.reason.code if rejection.reason else ""}
        sets = {"rejection": rejection.reason}
        event = move_one(TICKET, "reject", tickets, by, note=rejection.note, data=data, sets=sets)
        attach(ticket, event, by, proofs)
        return event


def offer(tickets: QuerySet[Ticket], by: Actor, terms: Terms, note: str, *, version: int | None = None) -> Event:
    """The seller proposes another kind or amount, with words; the buyer has time to answer, the seller's stands.

    A person names the version that was read. Raises Refused for terms that cannot be.
    """
    if not note.strip():
        raise Refused(RefundError.NOTE, "note")
    with story(by):
        ticket = as_read(tickets, by, "offer", version)
        rules.check_terms(ticket, terms)
        data = {"offer": True, "kind": terms.kind, "amount": terms.amount, "freight": terms.freight}
        event = move_one(TICKET, "offer", tickets, by, note=note.strip(), data=data)
        Offer.objects.create(
            ticket=ticket,
            kind=terms.kind,
            amount=terms.amount,
            freight=terms.freight,
            note=note.strip(),
            made_by=by.person,
        )
        return event


def accept_offer(tickets: QuerySet[Ticket], by: Actor, offer_key: int) -> list[Event]:
    """The buyer takes the offer that they read: the ticket is about it from now on, and leads where it leads.

    Raises Refused when that offer does not stand any more, or its freight has gone to another ticket, or its goods to
    another buyer, meanwhile.
    """
    with story(by):
        ticket = locked(tickets, by, "accept_offer")
        standing = ticket.offers.filter(pk=offer_key, answer=OfferAnswer.OPEN).first()
        if standing is None:
            raise Refused(RefundError.NO_OFFER)
        terms = Terms(standing.kind, standing.amount, standing.freight)
        rules.check_sum(ticket, terms)
        check_address(ticket, terms.kind, RefundError.KIND)
        apply_terms({ticket.pk: terms})
        events = moved("accept_offer", tickets, by)
        _check_stock(events[0], RefundError.OFFER_SHORT)
        return follow(events)


def decline_offer(tickets: QuerySet[Ticket], by: Actor, note: str = "") -> list[Event]:
    """The buyer, or silence, does not take the offer: the ticket goes back to where it came from, with the time that
    was left there."""
    with story(by):
        return moved("decline_offer", tickets, by, note=note)
