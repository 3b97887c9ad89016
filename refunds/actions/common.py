"""What the verbs of tickets share: the locked row, other terms, the end of disputes, photos, what follows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.db.models import Case, QuerySet, Value, When

from aftersales.actors import SYSTEM, Actor
from aftersales.lifecycle.errors import Conflict, Refused
from aftersales.lifecycle.move import lock, move, move_one
from aftersales.lifecycle.rows import Event
from orders import actions as order_actions
from orders.ledger import count
from orders.models import Order
from orders.rules import refundable
from refunds import effects, rules
from refunds.actions.uploads import take
from refunds.errors import RefundError
from refunds.lifecycle import DISPUTE, TICKET
from refunds.models import Dispute, Evidence, Ticket, TicketLine
from refunds.money import owe_return_freight, pay_back_tickets
from refunds.photos import Stored
from refunds.rules import Terms
from refunds.states import RETURNS, Outcome


def locked(tickets: QuerySet[Ticket], by: Actor, action: str) -> Ticket:
    """The one ticket, its order locked first, in a state the action starts from. Raises Conflict."""
    lock(Order.objects.filter(pk__in=tickets.order_by().values("order_id")), by)
    lock(tickets, by)
    sources = {state for t in TICKET.named(action) if by.role in t.who for state in t.sources}
    rows = tickets.filter(state__in=sources).select_related("order__shop", "order__policy", "order__buyer")
    ticket = rows.first()
    if ticket is None:
        raise Conflict(action, tickets.first())
    return ticket


def as_read(tickets: QuerySet[Ticket], by: Actor, action: str, version: int | None) -> Ticket:
    """The locked ticket, as the seller read it. Raises Conflict, Refused when the buyer has amended meanwhile."""
    ticket = locked(tickets, by, action)
    if version is not None and ticket.version != version:
        raise Refused(RefundError.STALE)
    return ticket


def check_address(ticket: Ticket, kind: str, code: RefundError) -> None:
    """Raises Refused when goods should come back and the shop has no address for them."""
    if kind in RETURNS and not ticket.goods_are_back and not ticket.order.shop.return_address.strip():
        raise Refused(code)


def moved(action: str, tickets: QuerySet[Ticket], by: Actor, **rest: Any) -> list[Event]:
    """Move many for a clock, exactly one for a person or a rule."""
    return move(TICKET, action, tickets, by, **rest) if by.clock else [move_one(TICKET, action, tickets, by, **rest)]


def follow(events: Sequence[Event]) -> list[Event]:
    """What tickets did has its consequences: money is sent, return freight owed, orders follow."""
    pay_back_tickets(events)
    owe_return_freight(events)
    keys = Ticket.objects.filter(pk__in=[event.row_id for event in events]).values_list("order_id", flat=True)
    order_actions.follow_tickets(set(keys))
    return list(events)


def end_disputes(events: Iterable[Event], outcome: Outcome) -> None:
    """The sides have settled it themselves: what customer service had of these tickets ends without a ruling."""
    open_ones = Dispute.objects.open().filter(ticket__in=[event.row_id for event in events])
    move(DISPUTE, "end", Dispute.objects.filter(pk__in=open_ones.values("pk")), SYSTEM, sets={"outcome": outcome})


def apply_terms(terms: dict[int, Terms]) -> None:
    """Make these tickets ({ticket: terms}) about something else: what they hold of money and units follows. Called
    under their orders' locks, before the move that leads on, in a fixed number of statements."""
    effects.return_stock(list(terms))
    effects.reserve(list(terms), sign=-1)
    tickets = list(Ticket.objects.filter(pk__in=terms).select_related("order").prefetch_related("lines__line"))
    lines: dict[int, dict[str, int]] = {}
    new: dict[str, list[When]] = {"kind": [], "amount": [], "freight": []}
    for ticket in tickets:
        wanted = terms[ticket.pk]
        freight = min(wanted.freight, rules.freight_left(ticket.order))
        goods = wanted.amount - wanted.freight
        shares = rules.split(goods, {item.pk: refundable(item.line, item.quantity) for item in ticket.lines.all()})
        lines |= {item.pk: {"amount": shares[item.pk] - item.amount} for item in ticket.lines.all()}
        for column, value in (("kind", wanted.kind), ("amount", goods + freight), ("freight", freight)):
            new[column].append(When(pk=ticket.pk, then=Value(value)))
    count(TicketLine, lines)
    # Kind and amount go together, as the database demands.
    Ticket.objects.filter(pk__in=terms).update(**{column: Case(*cases) for column, cases in new.items()})
    effects.reserve(list(terms))


def attach(ticket: Ticket, event: Event, by: Actor, proofs: Sequence[Stored]) -> None:
    """Photos that were decoded before any row was locked: nine large ones take seconds. Raises Refused for more than a
    ticket takes, or for one that another form has taken."""
    most = settings.PHOTOS_PER_TICKET
    if proofs and ticket.evidence.count() + len(proofs) > most:
        raise Refused(RefundError.TOO_MANY_PHOTOS, "photos", most=most)
    Evidence.objects.bulk_create(
        Evidence(ticket=ticket, event_id=event.pk, role=by.role, given_by=by.user, **photo.columns())
        for photo in take(by.user, proofs)
    )
