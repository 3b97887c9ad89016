"""Everything that somebody may do to a case, by name: whose move it is, and how it is done."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.utils import timezone

from aftersales.actors import CLOCK, Role
from aftersales.testing import file, one, overdue
from orders import actions as order_actions
from orders.actions import Parcel
from orders.lifecycle import ORDER
from orders.models import Order
from payments.base import Settled
from refunds import actions, money, workers
from refunds.actions import Rejection
from refunds.lifecycle import DISPUTE, PAYOUT, TICKET
from refunds.models import Reason
from refunds.rules import Application, Decision, Found
from refunds.states import PayoutState


@dataclass(frozen=True)
class Act:
    """`prepare` reads what the actor has in front of them and returns the deed itself. `moves` is the event that tells
    of it, (life, action, role); None for what has no event of its own."""

    name: str
    moves: tuple[str, str, str] | None
    prepare: Callable[[Any], Callable[[], object]]


ACTS: dict[str, Act] = {}


def act(name, life=None, action="", role=Role.SYSTEM):
    """Enter a function that prepares an act into the table."""

    def enter(prepare):
        ACTS[name] = Act(name, (life.name, action, role) if life else None, prepare)
        return prepare

    return enter


def _verb(name, life, action, role, verb):
    """An act without anything to read: `verb(case)` does it."""
    ACTS[name] = Act(name, (life.name, action, role), lambda case: lambda: verb(case))


# --- the application and its answer -----------------------------------------------------------------------------------


@act("agree", TICKET, "agree", Role.SELLER)
def _agree(case):
    read = case.ticket.version
    return lambda: actions.agree(case.tickets, case.seller, version=read)


@act("reject", TICKET, "reject", Role.SELLER)
def _reject(case):
    read, why = case.ticket.version, Rejection(Reason.objects.get(side="seller", code="final_sale"), "No.")
    return lambda: actions.reject(case.tickets, case.seller, why, version=read)


@act("offer", TICKET, "offer", Role.SELLER)
def _offer(case):
    read, terms = case.ticket.version, case.smaller()
    return lambda: actions.offer(case.tickets, case.seller, terms, "Take this.", version=read)


@act("amend", TICKET, "amend", Role.BUYER)
def _amend(case):
    late = Reason.objects.get(side="buyer", code="late")
    units = {case.mugs: 1 if case.ticket.lines.get().quantity == 2 else 2}
    asked = Application("refund_only", late, units, shipped=case.ticket.shipped)
    return lambda: actions.amend(case.tickets, case.buyer, asked)


@act("accept offer", TICKET, "accept_offer", Role.BUYER)
def _accept_offer(case):
    read = case.ticket.offers.latest("pk").pk
    return lambda: actions.accept_offer(case.tickets, case.buyer, read)


_verb("decline offer", TICKET, "decline_offer", Role.BUYER, lambda c: actions.decline_offer(c.tickets, c.buyer, "No."))
_verb("withdraw", TICKET, "withdraw", Role.BUYER, lambda c: actions.withdraw(c.tickets, c.buyer))
_verb("write", TICKET, "message", Role.BUYER, lambda c: actions.message(c.tickets, c.buyer, "Hello?"))
_verb("buyer calls", TICKET, "call_cs", Role.BUYER, lambda c: actions.call_cs(c.tickets, c.buyer, "Unfair."))
_verb("seller calls", TICKET, "call_cs", Role.SELLER, lambda c: actions.call_cs(c.tickets, c.seller, "Unfair."))


# --- goods travel -----------------------------------------------------------------------------------------------------

_verb("send waybill", TICKET, "send_waybill", Role.BUYER, lambda c: actions.send_waybill(c.tickets, c.buyer, "SF", "1"))
_verb("add parcel", TICKET, "add_parcel", Role.BUYER, lambda c: actions.add_parcel(c.tickets, c.buyer, "SF", "2"))
_verb("sign for", TICKET, "sign_for", Role.SELLER, lambda c: actions.sign_for(c.tickets, c.seller))
_verb("accept goods", TICKET, "accept", Role.SELLER, lambda c: actions.accept(c.tickets, c.seller))
_verb("send back", TICKET, "send_back", Role.SELLER, lambda c: actions.send_back(c.tickets, c.seller, "SF", "3"))
_verb("confirm", TICKET, "confirm", Role.BUYER, lambda c: actions.confirm(c.tickets, c.buyer))


@act("mend waybill", TICKET, "change_waybill", Role.BUYER)
def _mend_waybill(case):
    parcel = case.ticket.parcels.get().pk
    return lambda: actions.change_waybill(case.tickets, case.buyer, parcel, "SF", "4")


@act("mend dispatch", TICKET, "change_waybill", Role.SELLER)
def _mend_dispatch(case):
    parcel = case.ticket.parcels.get(to_buyer=True).pk
    return lambda: actions.change_waybill(case.tickets, case.seller, parcel, "SF", "5")


@act("fail goods", TICKET, "fail", Role.SELLER)
def _fail_goods(case):
    found = {case.item: Found(0, 1)}
    return lambda: actions.fail_inspection(case.tickets, case.seller, found, "Broken.")


@act("stock in", TICKET, "accept", Role.SYSTEM)
def _stock_in(case):
    document, found = f"WMS-{uuid4()}", {case.item: Found(1)}
    return lambda: actions.stock_in(document, case.tickets, found)


@act("dispatch", TICKET, "dispatch", Role.SELLER)
def _dispatch(case):
    repairs = case.repaired()
    return lambda: actions.dispatch(case.tickets, case.seller, "SF", "6", repairs)


# --- customer service -------------------------------------------------------------------------------------------------

_verb("buyer rests", DISPUTE, "rest", Role.BUYER, lambda c: actions.rest(c.disputes, c.buyer))
_verb("seller rests", DISPUTE, "rest", Role.SELLER, lambda c: actions.rest(c.disputes, c.seller))
_verb("claim", DISPUTE, "claim", Role.CS, lambda c: actions.claim(c.disputes, c.sam))
_verb("ask", DISPUTE, "ask", Role.CS, lambda c: actions.ask(c.disputes, c.sam, "A photo, please."))
_verb("hand over", DISPUTE, "hand_over", Role.CS, lambda c: actions.hand_over(c.disputes, c.sam, c.cast.sue))
_verb("assign", DISPUTE, "assign", Role.CS, lambda c: actions.assign(c.disputes, c.sid, c.cast.sue))
_verb("confirm ruling", DISPUTE, "confirm", Role.CS, lambda c: actions.confirm_ruling(c.disputes, c.sue))
_verb("object", DISPUTE, "object", Role.CS, lambda c: actions.object_to(c.disputes, c.sue, "Too much."))
_verb("buyer accepts", DISPUTE, "accept_ruling", Role.BUYER, lambda c: actions.accept_ruling(c.disputes, c.buyer))
_verb("seller accepts", DISPUTE, "accept_ruling", Role.SELLER, lambda c: actions.accept_ruling(c.disputes, c.seller))
_verb("buyer appeals", DISPUTE, "appeal", Role.BUYER, lambda c: actions.appeal(c.disputes, c.buyer, "Look again."))
_verb("seller appeals", DISPUTE, "appeal", Role.SELLER, lambda c: actions.appeal(c.disputes, c.seller, "Look again."))


@act("rule", DISPUTE, "rule", Role.CS)
def _rule(case):
    decision = Decision("refund", 500, note="A part of it.")
    return lambda: actions.rule(case.disputes, case.sam, decision)


# --- the order --------------------------------------------------------------------------------------------------------

_verb("receive", ORDER, "receive", Role.BUYER, lambda c: order_actions.receive(one(c.order), c.buyer))
_verb("extend", ORDER, "extend", Role.BUYER, lambda c: order_actions.extend(one(c.order), c.buyer))
_verb("deliver", ORDER, "deliver", Role.SELLER, lambda c: order_actions.deliver(one(c.order), c.seller))
_verb("cancel", ORDER, "cancel", Role.BUYER, lambda c: order_actions.cancel(one(c.order), c.buyer))
_verb(
    "seller cancels", ORDER, "seller_cancel", Role.SELLER, lambda c: actions.seller_cancel(one(c.order), c.seller, "-")
)
_verb("file", TICKET, "begin", Role.BUYER, lambda c: file(c.order, {c.mugs: 1}, reason="late"))


@act("ship", ORDER, "ship", Role.SELLER)
def _ship(case):
    """The lamp, which no ticket is about."""
    lamp = case.order.lines.get(sku=case.cast.lamp).pk
    return lambda: order_actions.ship(one(case.order), case.seller, Parcel({lamp: 1}, "SF", "7"))


@act("ship all", ORDER, "ship", Role.SELLER)
def _ship_all(case):
    units = {line.pk: line.quantity for line in case.order.lines.all()}
    return lambda: order_actions.ship(one(case.order), case.seller, Parcel(units, "SF", "8"))


@act("ship anyway", ORDER, "ship", Role.SELLER)
def _ship_anyway(case):
    return lambda: actions.ship_anyway(one(case.order), case.seller, Parcel({case.mugs: 2}, "SF", "9"))


@act("give back", TICKET, "begin", Role.SELLER)
def _give_back(case):
    """A part of the freight, and of the lamp, which no ticket is about."""
    lamp, why = case.order.lines.get(sku=case.cast.lamp).pk, Reason.objects.get(side="unasked", code="goodwill")
    return lambda: actions.give_back(one(case.order), case.seller, {lamp: 1}, 1, why, "Sorry.")


@act("money comes")
def _money_comes(case):
    payment = order_actions.start_payment(one(case.order), case.buyer)
    came = Settled(payment.amount, payment.currency, timezone.now(), "ref")
    return lambda: money.record_money(payment.pk, came)


# --- the channel ------------------------------------------------------------------------------------------------------

_verb("settle", PAYOUT, "settle", Role.SYSTEM, lambda c: money.settle(c.ticket.payouts.all(), "ref"))


@act("refuse")
def _refuse(case):
    """Before or after the money went: it is refused, or taken back."""
    return lambda: money.refuse(case.ticket.payouts.all(), "closed account")


# --- clocks -----------------------------------------------------------------------------------------------------------

# Whose clock it is, what silence leads to, and which of the case's rows it is.
CLOCKS: dict[str, tuple[Any, Any, Callable[[Any], Any]]] = {
    "order clock": (ORDER, order_actions.ON_DUE, lambda case: Order.objects.get(pk=case.order.pk)),
    "ticket clock": (TICKET, actions.ON_DUE, lambda case: case.ticket),
    "dispute clock": (DISPUTE, actions.DISPUTE_ON_DUE, lambda case: case.disputes.latest("pk")),
    "payout clock": (PAYOUT, {PayoutState.SENT: workers.doubt}, lambda case: case.ticket.payouts.get()),
}


def act_at(case, name):
    """The act of that name at this case. A clock's is what silence leads to where its row stands."""
    if name not in CLOCKS:
        return ACTS[name]
    life, verbs, find = CLOCKS[name]
    row = find(case)
    state = life.state(row.state)

    def prepare(_case):
        overdue(row)
        return lambda: verbs[state](one(row), CLOCK)

    return Act(name, (life.name, str(state.on_due), Role.SYSTEM), prepare)
