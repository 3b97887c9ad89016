"""Every role tries every action of every life: by the tables, and by the verbs, on its own rows and on foreign ones."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest

from aftersales import actors
from aftersales.actors import SYSTEM, Actor, Role
from aftersales.lifecycle.errors import Conflict, Refused
from aftersales.lifecycle.move import move, story
from aftersales.testing import file, one, pay, place
from orders import actions as orders
from orders.lifecycle import ORDER
from orders.models import Order
from refunds import actions, money
from refunds.lifecycle import DISPUTE, PAYOUT, TICKET
from refunds.models import Reason, Ticket
from refunds.rules import Application, Decision, Found, Terms
from refunds.tests.at_admin import (
    agent,
    agent_of_shop,
    claimed,
    failed_inspection,
    failed_payout,
    lead,
    owed,
    reviewed,
    ruled,
    sent_again,
    snapshot,
    to_confirm,
    to_dispatch,
    to_inspect,
    unshipped,
    with_cs,
)
from refunds.tests.standing import BUILT, offered, rejected, rejection, returning

LIVES = {life.name: life for life in (ORDER, TICKET, DISPUTE, PAYOUT)}
PERSONS = (Role.BUYER, Role.SELLER, Role.CS, Role.OPERATOR)


def test_every_state_is_built():
    assert set(BUILT) == {(name, str(state)) for name, life in LIVES.items() for state in life.states.all()}


def _user(cast, role):
    return {Role.BUYER: cast.alice, Role.SELLER: cast.bob, Role.CS: agent(), Role.OPERATOR: cast.operator}[role]


@pytest.mark.parametrize(("name", "state"), BUILT, ids=lambda part: part)
def test_the_table_says_who_may(cast, name, state):
    """A role that the table does not name is refused; one that it names elsewhere moves nothing here."""
    life, row = LIVES[name], BUILT[name, state](cast)
    assert row.state == state
    before = snapshot(row)

    for action in {transition.name for transition in life.transitions}:
        for role in PERSONS:
            named = [t for t in life.named(action) if role in t.who]
            by = Actor(role, _user(cast, role))
            if not named:
                with pytest.raises(PermissionError), story(by):
                    move(life, action, one(row), by)
            elif not any(state in t.sources for t in named):
                with story(by):
                    assert move(life, action, one(row), by) == []
        if not any(Role.SYSTEM in t.who for t in life.named(action)):
            with pytest.raises(PermissionError), story(SYSTEM):
                move(life, action, one(row), SYSTEM)

    assert snapshot(row) == before


# --- the verbs --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Try:
    """An action by a role that may do it: a row where it can be done, and the verb with the rest that it takes.

    over   "orders" for a verb on a ticket that takes its order; "mine" for one that only buyers have, for which
           everybody's rows are the orders that they bought
    """

    make: Callable[[Any], Any]
    verb: Callable[..., Any]
    rest: Callable[[Any, Any], dict[str, Any]] = lambda row, cast: {}
    over: str = ""


def _note(row, cast):
    return {"note": "because"}


def _waybill(row, cast):
    return {"carrier": "SF", "number": "B1"}


def _mended(row, cast):
    return {"parcel_key": row.parcels.get().pk, "carrier": "ZTO", "number": "Z1"}


def _units(row, cast):
    order = row if isinstance(row, Order) else row.order
    return {"parcel": orders.Parcel({line.pk: line.quantity for line in order.lines.all()}, "SF", "SF1")}


def _asked(order, units=1):
    reason = Reason.objects.get(side="buyer", code="changed_mind")
    return Application("refund_only", reason, {order.lines.first().pk: units}, shipped=False)


def _gift(order, cast):
    reason = Reason.objects.get(side="unasked", code="goodwill")
    return {"amounts": {order.lines.first().pk: 300}, "freight": 0, "reason": reason, "note": "Sorry."}


def _broken(row, cast):
    return {"found": {line.pk: Found(0, line.quantity) for line in row.lines.all()}, "note": "broken"}


def _decision(row, cast):
    return {"decision": Decision("refund", 500, 0, "buyer", "Half.")}


def _offer_key(row, cast):
    return {"offer_key": row.offers.get().pk}


def in_evidence(cast):
    """A ticket in arbitration."""
    return with_cs(cast).ticket


B, S, C, OP = PERSONS
TRIES: dict[tuple[str, str, Role], Try] = {
    ("order", "cancel", B): Try(place, orders.cancel),
    ("order", "receive", B): Try(BUILT["order", "awaiting_receipt"], orders.receive),
    ("order", "extend", B): Try(BUILT["order", "awaiting_receipt"], orders.extend),
    ("order", "extend", S): Try(BUILT["order", "awaiting_receipt"], orders.extend),
    ("order", "ship", S): Try(BUILT["order", "awaiting_shipment"], orders.ship, _units),
    ("order", "deliver", S): Try(BUILT["order", "awaiting_receipt"], orders.deliver),
    ("order", "seller_cancel", S): Try(BUILT["order", "awaiting_shipment"], actions.seller_cancel, _note),
    ("order", "start_payment", B): Try(place, orders.start_payment, over="mine"),
    ("order", "file", B): Try(
        BUILT["order", "awaiting_shipment"], actions.file_ticket, lambda r, c: {"asked": _asked(r)}, "mine"
    ),
    ("order", "give_back", S): Try(BUILT["order", "awaiting_shipment"], actions.give_back, _gift),
    ("ticket", "agree", S): Try(unshipped, actions.agree, lambda r, c: {"version": 1}),
    ("ticket", "reject", S): Try(unshipped, actions.reject, lambda r, c: {"rejection": rejection()}),
    ("ticket", "amend", B): Try(unshipped, actions.amend, lambda r, c: {"asked": _asked(r.order, 2)}),
    ("ticket", "withdraw", B): Try(unshipped, actions.withdraw),
    ("ticket", "offer", S): Try(
        unshipped, actions.offer, lambda r, c: {"terms": Terms("refund_only", 500), "note": "Half?"}
    ),
    ("ticket", "accept_offer", B): Try(offered, actions.accept_offer, _offer_key),
    ("ticket", "decline_offer", B): Try(offered, actions.decline_offer),
    ("ticket", "ship_anyway", S): Try(unshipped, actions.ship_anyway, _units, "orders"),
    ("ticket", "seller_cancel", S): Try(unshipped, actions.seller_cancel, _note, "orders"),
    ("ticket", "send_waybill", B): Try(returning, actions.send_waybill, _waybill),
    ("ticket", "add_parcel", B): Try(to_inspect, actions.add_parcel, _waybill),
    ("ticket", "change_waybill", B): Try(to_inspect, actions.change_waybill, _mended),
    ("ticket", "change_waybill", S): Try(sent_again, actions.change_waybill, _mended),
    ("ticket", "sign_for", S): Try(to_inspect, actions.sign_for),
    ("ticket", "accept", S): Try(to_inspect, actions.accept),
    ("ticket", "fail", S): Try(to_inspect, actions.fail_inspection, _broken),
    ("ticket", "send_back", S): Try(failed_inspection, actions.send_back, _waybill),
    ("ticket", "dispatch", S): Try(to_dispatch, actions.dispatch, _waybill),
    ("ticket", "confirm", B): Try(sent_again, actions.confirm),
    ("ticket", "call_cs", B): Try(rejected, actions.call_cs, _note),
    ("ticket", "call_cs", S): Try(unshipped, actions.call_cs, _note),
    ("ticket", "message", B): Try(in_evidence, actions.message, _note),
    ("ticket", "message", S): Try(in_evidence, actions.message, _note),
    ("ticket", "message", C): Try(in_evidence, actions.message, _note),
    ("dispute", "rest", B): Try(with_cs, actions.rest),
    ("dispute", "rest", S): Try(with_cs, actions.rest),
    ("dispute", "claim", C): Try(with_cs, actions.claim),
    ("dispute", "hand_over", C): Try(claimed, actions.hand_over, lambda r, c: {"to": None}),
    ("dispute", "assign", C): Try(with_cs, actions.assign, lambda r, c: {"to": agent("kim")}),
    ("dispute", "ask", C): Try(reviewed, actions.ask, _note),
    ("dispute", "rule", C): Try(reviewed, actions.rule, _decision),
    ("dispute", "rehearse", C): Try(reviewed, actions.rehearse, _decision),
    ("dispute", "rehearse_second", C): Try(to_confirm, actions.rehearse_second),
    ("dispute", "confirm", C): Try(to_confirm, actions.confirm_ruling),
    ("dispute", "object", C): Try(to_confirm, actions.object_to, _note),
    ("dispute", "accept_ruling", B): Try(ruled, actions.accept_ruling),
    ("dispute", "accept_ruling", S): Try(ruled, actions.accept_ruling),
    ("dispute", "appeal", B): Try(ruled, actions.appeal, _note),
    ("dispute", "appeal", S): Try(ruled, actions.appeal, _note),
    ("payout", "retry", OP): Try(failed_payout, money.retry),
    ("payout", "settle_by_hand", OP): Try(failed_payout, money.settle_by_hand, lambda r, c: {"proof": "paid"}),
    ("payout", "settle_by_hand", S): Try(owed, money.settle_by_hand, lambda r, c: {"proof": "paid"}),
}
# What only the system does, or what takes no rows of anybody.
SYSTEMS = {
    actions.close_evidence, actions.escalate, actions.finalise, actions.stock_in,
    orders.expire, orders.auto_receive, orders.receive_money, orders.follow_tickets, orders.place,
}  # fmt: skip
# They move no life: strangers try them in test_uploads.py and orders/tests/test_pages_access.py.
APART = {actions.upload, actions.drop_uploads, orders.save_invoice,
         # Work on many tickets at once: test_bulk tries who may.
         actions.agree_many, actions.reject_many, actions.assign_many, actions.judge_answer, actions.judge_note,
         actions.judge_assignment}  # fmt: skip


def test_every_action_of_a_person_is_tried():
    needed = {(name, t.name, role) for name, life in LIVES.items() for t in life.transitions for role in t.who}
    assert {key for key in needed if key[2] in PERSONS} <= set(TRIES)


def _verbs(module: ModuleType) -> set[Callable[..., Any]]:
    found = {value for name, value in inspect.getmembers(module, inspect.isfunction) if not name.startswith("_")}
    return {verb for verb in found if verb.__module__.startswith(module.__name__)}


def test_every_verb_is_tried():
    assert _verbs(actions) | _verbs(orders) <= {attempt.verb for attempt in TRIES.values()} | SYSTEMS | APART


def _everybody(cast):
    """(name, role, user): those whose row it is, and a stranger of each kind."""
    return [
        ("alice", B, cast.alice),
        ("carol", B, cast.carol),
        ("bob", S, cast.bob),
        ("dave", S, cast.dave),
        ("second", C, agent("kim")),
        ("sam", C, agent()),
        ("lead", C, lead()),
        ("gus", C, agent_of_shop(cast)),
        ("olga", OP, cast.operator),
    ]


def _narrowed(model, key, role, user, over):
    """The row, as far as a person sees it in a role."""
    rows = model._default_manager.filter(pk=key)
    if role == B or over == "mine":
        return rows.of_buyer(user)
    if role == C:
        return rows.for_cs(user) if hasattr(rows, "for_cs") else rows.none()
    return rows.of_shop(user)


def _do(attempt, row, cast, role, user):
    model, key = (Order, row.order_id) if attempt.over == "orders" else (type(row), row.pk)
    rows = _narrowed(model, key, role, user, attempt.over)
    by = user if attempt.verb is actions.file_ticket else Actor(role, user)
    return attempt.verb(rows, by, **attempt.rest(row, cast))


def _might(key, name, role, row):
    """Whether this person may do it to this row as well, which is another try's to show."""
    life, action, own = key
    if name in {"carol", "dave", "gus"} or (name == "olga") != (role == OP):
        return False
    named = [t for t in LIVES[life].transitions if t.name == action and role in t.who]
    return role == own if not named else any(row.state in t.sources for t in named)


@pytest.mark.parametrize("key", TRIES, ids="-".join)
def test_nobody_else_does_it_to_the_row(cast, key):
    attempt = TRIES[key]
    row = attempt.make(cast)
    before = snapshot(row)
    people = _everybody(cast)

    for name, role, user in people:
        if not _might(key, name, role, row):
            with pytest.raises((Conflict, Refused, PermissionError)) as refusal:
                _do(attempt, row, cast, role, user)
            # Whose role is right finds no row: that is no mistake of ours, but an answer.
            foreign = name in {"carol", "dave", "gus"} and role == key[2]
            assert not foreign or isinstance(refusal.value, Conflict | Refused), name
            assert snapshot(row) == before, name

    doer = {B: "alice", S: "bob", C: "sam" if key[1] in ("claim", "message") else _agent_of(key), OP: "olga"}[key[2]]
    [(_name, role, user)] = [person for person in people if person[0] == doer]
    _do(attempt, row, cast, role, user)
    assert (snapshot(row) == before) == key[1].startswith("rehearse")


def _agent_of(key):
    """The second agent confirms what the first one ruled; a supervisor assigns."""
    if key[1] == "assign":
        return "lead"
    return "second" if key[1] in ("confirm", "object", "rehearse_second") else "sam"


def test_only_a_supervisor_assigns(cast):
    dispute = claimed(cast)
    before = snapshot(dispute)
    with pytest.raises(Refused, match="Only a supervisor"):
        _do(TRIES["dispute", "assign", C], dispute, cast, C, agent())
    assert snapshot(dispute) == before


@pytest.mark.parametrize("action", ["confirm", "object"])
def test_who_ruled_is_no_second_agent(cast, action):
    attempt = TRIES["dispute", action, C]
    dispute = to_confirm(cast)
    before = snapshot(dispute)
    with pytest.raises(Refused, match="A second agent"):
        _do(attempt, dispute, cast, C, agent())
    assert snapshot(dispute) == before


@pytest.mark.parametrize("action", ["hand_over", "ask", "rule", "rehearse"])
def test_only_the_agent_who_has_it_decides(cast, action):
    attempt = TRIES["dispute", action, C]
    dispute = attempt.make(cast)
    before = snapshot(dispute)
    with pytest.raises(Refused, match="another agent’s"):
        _do(attempt, dispute, cast, C, agent("kim"))
    assert snapshot(dispute) == before


def test_buyer_who_serves_customers_takes_no_own_dispute(cast):
    dispute = with_cs(cast)
    type(cast.alice).objects.filter(pk=cast.alice.pk).update(is_customer_service=True)
    cast.alice.refresh_from_db()
    before = snapshot(dispute)
    with pytest.raises(Conflict):
        _do(TRIES["dispute", "claim", C], dispute, cast, C, cast.alice)
    with pytest.raises(Refused, match="cannot take the dispute"):
        actions.claim(one(dispute), actors.agent(cast.alice))
    assert not Ticket.objects.for_cs(cast.alice).exists()
    assert snapshot(dispute) == before


def test_tickets_that_customer_service_was_not_called_on_are_not_seen(cast):
    order = pay(place(cast))
    ticket = file(order, {order.lines.first().pk: 1})
    assert not Ticket.objects.for_cs(agent()).filter(pk=ticket.pk).exists()
    with pytest.raises(Conflict):
        actions.message(Ticket.objects.for_cs(agent()).filter(pk=ticket.pk), actors.agent(agent()), "hello")
