"""Customer service: called in, both sides heard, a ruling that both read, and what it moves once it is final.

Nothing moves ticket, goods or money before a ruling is final; then all of it moves in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db.models import Case, Q, QuerySet, Value, When

from aftersales.actors import SYSTEM, Actor
from aftersales.lifecycle.errors import Conflict, Refused
from aftersales.lifecycle.move import begin, lock, move, move_one, story
from aftersales.lifecycle.rows import Event
from aftersales.models import User
from orders.models import Order
from refunds import rules
from refunds.actions.common import apply_terms, as_read, attach, follow, moved
from refunds.errors import RefundError
from refunds.lifecycle import DISPUTE, TICKET
from refunds.models import Dispute, Ruling, Ticket
from refunds.photos import Photo, store
from refunds.rules import Decision
from refunds.states import DisputeState, Verdict


def call_cs(
    tickets: QuerySet[Ticket],
    by: Actor,
    note: str = "",
    photos: Sequence[Photo] = (),
    *,
    version: int | None = None,
) -> list[Event]:
    """A side, or the clock where the seller owes a decision, brings tickets before customer service: their clocks stop,
    open offers lapse, and both sides may give evidence. A person says why."""
    if not (by.clock or note.strip()):
        raise Refused(RefundError.NOTE, "note")
    proofs = store(photos)
    with story(by):
        if not by.clock:
            ticket = as_read(tickets, by, "call_cs", version)
        events = moved("call_cs", tickets, by, note=note.strip())
        if not by.clock:
            attach(ticket, events[0], by, proofs)
        orders = dict(Ticket.objects.filter(pk__in=[event.row_id for event in events]).values_list("pk", "order_id"))
        disputes = [Dispute(ticket_id=key, order_id=order, called_by=by.role) for key, order in orders.items()]
        if disputes:
            begin(DISPUTE, disputes, by, note=note.strip())
        return events


def _locked(disputes: QuerySet[Dispute], by: Actor, action: str) -> Dispute:
    """The one dispute, its order and ticket locked first, in a state the action starts from. Raises Conflict."""
    lock(Order.objects.filter(pk__in=disputes.order_by().values("order_id")), by)
    lock(Ticket.objects.filter(pk__in=disputes.order_by().values("ticket_id")), by)
    lock(disputes, by)
    sources = {state for t in DISPUTE.named(action) if by.role in t.who for state in t.sources}
    rows = disputes.filter(state__in=sources)
    dispute = rows.select_related("ticket__order__policy", "ticket__order__shop", "ticket__order__buyer").first()
    if dispute is None:
        raise Conflict(action, disputes.first())
    return dispute


def rest(disputes: QuerySet[Dispute], by: Actor) -> Event:
    """A side has nothing to add; once both have not, the review begins."""
    with story(by):
        return move_one(DISPUTE, "rest", disputes, by)


def close_evidence(disputes: QuerySet[Dispute], by: Actor) -> list[Event]:
    """The time for evidence is over: the review begins."""
    with story(by):
        return move(DISPUTE, "close_evidence", disputes, by)


def escalate(disputes: QuerySet[Dispute], by: Actor) -> list[Event]:
    """A review takes longer than promised: it is marked as late, and back in everybody's queue."""
    with story(by):
        return move(DISPUTE, "escalate", disputes, by)


def claim(disputes: QuerySet[Dispute], by: Actor) -> Event:
    """An agent takes a free dispute. Raises Refused for one of a shop that they work for, or ruled by them before the
    appeal."""
    with story(by):
        dispute = _locked(disputes, by, "claim")
        _check_agent(dispute, by.user)
        return move_one(DISPUTE, "claim", disputes, by, sets={"agent": by.user})


def _check_agent(dispute: Dispute, agent: User | None) -> None:
    """Raises Refused for somebody who may not decide this dispute."""
    if agent is None or not agent.is_active or not Dispute.objects.for_cs(agent).filter(pk=dispute.pk).exists():
        raise Refused(RefundError.NOT_AN_AGENT)
    before = dispute.rulings.filter(on_appeal=False).filter(Q(agent=agent) | Q(confirmed_by=agent))
    if dispute.appealed_by and before.exists():
        raise Refused(RefundError.RULED_BEFORE)


def _check_mine(dispute: Dispute, by: Actor) -> None:
    if dispute.agent_id is None or by.user is None or dispute.agent_id != by.user.pk:
        raise Refused(RefundError.NOT_YOURS)
    _check_agent(dispute, by.user)


def hand_over(disputes: QuerySet[Dispute], by: Actor, to: User | None, note: str = "") -> Event:
    """The agent hands a dispute over to another one, or, to None, back to the queue."""
    with story(by):
        dispute = _locked(disputes, by, "hand_over")
        _check_mine(dispute, by)
        if to is not None:
            _check_agent(dispute, to)
        data = {"to": str(to) if to else ""}
        return move_one(DISPUTE, "hand_over", disputes, by, note=note, data=data, sets={"agent": to})


def assign(disputes: QuerySet[Dispute], by: Actor, to: User | None, note: str = "") -> list[Event]:
    """A supervisor gives disputes, whoever has them, to an agent, or, to None, back to the queue. Those that the agent
    has already or may not decide stay as they are. Raises Refused when that is all of them, Conflict when they have
    moved on."""
    if by.user is None or not by.user.is_supervisor:
        raise Refused(RefundError.NOT_A_SUPERVISOR)
    if to is not None and not to.is_active:
        raise Refused(RefundError.NOT_AN_AGENT, "to")
    with story(by):
        mine = Dispute.objects.for_cs(by.user).filter(pk__in=disputes.order_by().values("pk"))
        theirs = Dispute.objects.for_agent(to).exclude(agent=to) if to else Dispute.objects.exclude(agent=None)
        rows = mine.filter(pk__in=theirs.order_by().values("pk"))
        data = {"to": str(to) if to else ""}
        events = move(DISPUTE, "assign", rows, by, note=note.strip(), data=data, sets={"agent": to})
        if not events and rows.exists():
            raise Conflict("assign", disputes.first())
        if not events:
            raise Refused(RefundError.NOBODY_CHANGED, "to")
        return events


def ask(disputes: QuerySet[Dispute], by: Actor, note: str) -> Event:
    """The agent asks the sides for more: the time for evidence starts anew."""
    if not note.strip():
        raise Refused(RefundError.NOTE, "note")
    with story(by):
        _check_mine(_locked(disputes, by, "ask"), by)
        return move_one(DISPUTE, "ask", disputes, by, note=note.strip())


def rule(disputes: QuerySet[Dispute], by: Actor, decision: Decision) -> Event:
    """The agent decides. Both sides read it and may accept it or, once, appeal; above the policy's amount a second
    agent confirms it first. Nothing moves yet. Raises Refused for what cannot be ruled where the ticket stands."""
    with story(by):
        dispute = _locked(disputes, by, "rule")
        _check_mine(dispute, by)
        terms = rules.check_decision(dispute.ticket, decision)
        moves_money = decision.verdict in (Verdict.REFUND, Verdict.RETURN_FIRST)
        Ruling.objects.create(
            dispute=dispute,
            verdict=decision.verdict,
            amount=terms.amount if moves_money else 0,
            freight=terms.freight if moves_money else 0,
            freight_by=decision.freight_by,
            note=decision.note.strip(),
            agent=by.person,
            on_appeal=bool(dispute.appealed_by),
            needs_second=rules.is_above(dispute.ticket, terms.amount),
        )
        return move_one(DISPUTE, "rule", disputes, by, note=decision.note.strip(), data=_told(decision))


def _told(decision: Decision) -> dict[str, Any]:
    """The ruling as the history keeps it."""
    shown = {"verdict": decision.verdict, "freight_by": decision.freight_by}
    return shown | ({"amount": decision.amount, "freight": decision.freight} if decision.amount else {})


def confirm_ruling(disputes: QuerySet[Dispute], by: Actor, note: str = "", *, ruling: int | None = None) -> Event:
    """A second agent confirms: both sides read the ruling from now on."""
    with story(by):
        dispute = _second(disputes, by, "confirm", ruling)
        dispute.rulings.filter(pk=dispute.rulings.latest("pk").pk).update(confirmed_by=by.user)
        return move_one(DISPUTE, "confirm", disputes, by, note=note)


def object_to(disputes: QuerySet[Dispute], by: Actor, note: str, *, ruling: int | None = None) -> Event:
    """A second agent does not agree, and says why: the first one reviews it again."""
    if not note.strip():
        raise Refused(RefundError.NOTE, "note")
    with story(by):
        _second(disputes, by, "object", ruling)
        return move_one(DISPUTE, "object", disputes, by, note=note.strip())


def _as_read(disputes: QuerySet[Dispute], by: Actor, action: str, ruling: int | None) -> Dispute:
    """The locked dispute, whose last ruling is the one that was read. Raises Conflict when there is another one."""
    dispute = _locked(disputes, by, action)
    if ruling is not None and dispute.rulings.latest("pk").pk != ruling:
        raise Conflict(action, dispute)
    return dispute


def _second(disputes: QuerySet[Dispute], by: Actor, action: str, ruling: int | None) -> Dispute:
    dispute = _as_read(disputes, by, action, ruling)
    if by.user is None or dispute.rulings.latest("pk").agent_id == by.user.pk:
        raise Refused(RefundError.SECOND_AGENT)
    _check_agent(dispute, by.user)
    return dispute


def accept_ruling(disputes: QuerySet[Dispute], by: Actor, *, ruling: int | None = None) -> Event:
    """A side accepts, a person the ruling that was read; once both have, it is final and carried out."""
    with story(by):
        _as_read(disputes, by, "accept_ruling", ruling)
        event = move_one(DISPUTE, "accept_ruling", disputes, by)
        _carry_out([event])
        return event


def appeal(disputes: QuerySet[Dispute], by: Actor, note: str, *, ruling: int | None = None) -> Event:
    """A side does not accept the ruling and says why, once a dispute: another agent reviews it."""
    if not note.strip():
        raise Refused(RefundError.NOTE, "note")
    with story(by):
        _as_read(disputes, by, "appeal", ruling)
        return move_one(DISPUTE, "appeal", disputes, by, note=note.strip())


def finalise(disputes: QuerySet[Dispute], by: Actor) -> list[Event]:
    """Nobody appealed in time: the rulings are final and carried out."""
    with story(by):
        events = move(DISPUTE, "finalise", disputes, by)
        _carry_out(events)
        return events


def _carry_out(events: Sequence[Event]) -> None:
    """A ruling that has become final happens."""
    if final := [event.row_id for event in events if event.to_state == DisputeState.FINAL]:
        carry_out(final)


def carry_out(final: Sequence[int]) -> None:
    """What the last rulings of these disputes say happens: ticket, goods and money move, and who pays the return
    freight is settled. Called inside the story that makes them final.

    Raises Refused when goods should go back to a shop that has given up its address meanwhile: a sweep sets such a
    dispute aside for an operator.
    """
    rulings = {ruling.dispute_id: ruling for ruling in Ruling.objects.filter(dispute__in=final).order_by("pk")}
    tickets = Ticket.objects.filter(disputes__in=final).select_related("order__shop").order_by("pk")
    by_ticket = {dispute.ticket_id: rulings[dispute.pk] for dispute in Dispute.objects.filter(pk__in=final)}
    terms = {}
    for ticket in tickets:
        ruling = by_ticket[ticket.pk]
        if ruling.verdict == Verdict.RETURN_FIRST and not ticket.order.shop.return_address.strip():
            raise Refused(RefundError.NO_RETURN_ADDRESS)
        if ruling.verdict in (Verdict.REFUND, Verdict.RETURN_FIRST):
            terms[ticket.pk] = rules.terms_of(ticket, ruling.verdict, ruling.amount, ruling.freight)
    _write(by_ticket, "verdict", lambda ruling: ruling.verdict)
    _write(by_ticket, "freight_by", lambda ruling: ruling.freight_by)
    if terms:
        apply_terms(terms)
    follow(move(TICKET, "rule", Ticket.objects.filter(pk__in=by_ticket), SYSTEM))


def _write(by_ticket: Mapping[int, Ruling], column: str, value: Callable[[Ruling], str]) -> None:
    cases = [When(pk=key, then=Value(value(ruling))) for key, ruling in by_ticket.items()]
    Ticket.objects.filter(pk__in=by_ticket).update(**{column: Case(*cases)})
