"""A row of each life in each of its states, built by the verbs."""

from collections.abc import Callable
from typing import Any

from aftersales import actors
from aftersales.actors import CLOCK, SYSTEM
from aftersales.lifecycle.move import move, story
from aftersales.testing import one, pay, place, ship
from orders import actions as orders
from refunds import actions, money
from refunds.actions import Rejection
from refunds.lifecycle import PAYOUT
from refunds.models import Payout, Reason
from refunds.rules import Terms
from refunds.tests.at_admin import (
    failed_inspection,
    failed_payout,
    fresh,
    owed,
    reviewed,
    ruled,
    sent_again,
    to_confirm,
    to_dispatch,
    to_inspect,
    to_return,
    unshipped,
    with_cs,
)


def cancelled(cast):
    order = place(cast)
    orders.cancel(one(order), actors.buyer(cast.alice))
    return fresh(order)


def received(cast):
    order = ship(pay(place(cast)), cast)
    orders.receive(one(order), actors.buyer(cast.alice))
    return fresh(order)


def offered(cast):
    ticket = unshipped(cast)
    actions.offer(one(ticket), actors.seller(cast.bob), Terms("refund_only", 500), "Half?", version=1)
    return fresh(ticket)


def rejected(cast):
    ticket = unshipped(cast)
    actions.reject(one(ticket), actors.seller(cast.bob), rejection(), version=1)
    return fresh(ticket)


def rejection():
    return Rejection(Reason.objects.get(side="seller", code="final_sale"), "no")


def agreed(cast):
    ticket = unshipped(cast)
    actions.agree(one(ticket), actors.seller(cast.bob), version=1)
    return fresh(ticket)


def returning(cast):
    ticket = to_return(cast)
    actions.agree(one(ticket), actors.seller(cast.bob), version=1)
    return fresh(ticket)


def confirmed(cast):
    ticket = sent_again(cast)
    actions.confirm(one(ticket), actors.buyer(cast.alice))
    return fresh(ticket)


def withdrawn(cast):
    ticket = unshipped(cast)
    actions.withdraw(one(ticket), actors.buyer(cast.alice))
    return fresh(ticket)


def final(cast):
    dispute = ruled(cast)
    actions.accept_ruling(one(dispute), actors.buyer(cast.alice))
    actions.accept_ruling(one(dispute), actors.seller(cast.bob))
    return fresh(dispute)


def created(cast):
    return Payout.objects.get(ticket=agreed(cast))


def sent(cast):
    payout = created(cast)
    with story(CLOCK):
        move(PAYOUT, "send", one(payout), SYSTEM)
    return fresh(payout)


def unknown(cast):
    payout = sent(cast)
    with story(CLOCK):
        move(PAYOUT, "doubt", one(payout), SYSTEM)
    return fresh(payout)


def settled(cast):
    payout = sent(cast)
    money.settle(one(payout))
    return fresh(payout)


BUILT: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("order", "awaiting_payment"): place,
    ("order", "awaiting_shipment"): lambda cast: pay(place(cast)),
    ("order", "awaiting_receipt"): lambda cast: ship(pay(place(cast)), cast),
    ("order", "completed"): received,
    ("order", "closed"): cancelled,
    ("ticket", "awaiting_seller"): unshipped,
    ("ticket", "awaiting_buyer"): offered,
    ("ticket", "rejected"): rejected,
    ("ticket", "awaiting_return"): returning,
    ("ticket", "awaiting_inspection"): to_inspect,
    ("ticket", "inspection_failed"): failed_inspection,
    ("ticket", "awaiting_dispatch"): to_dispatch,
    ("ticket", "awaiting_buyer_receipt"): sent_again,
    ("ticket", "arbitration"): lambda cast: with_cs(cast).ticket,
    ("ticket", "refunding"): agreed,
    ("ticket", "succeeded"): confirmed,
    ("ticket", "closed"): withdrawn,
    ("dispute", "evidence"): with_cs,
    ("dispute", "review"): reviewed,
    ("dispute", "confirmation"): to_confirm,
    ("dispute", "ruled"): ruled,
    ("dispute", "final"): final,
    ("payout", "created"): created,
    ("payout", "sent"): sent,
    ("payout", "unknown"): unknown,
    ("payout", "settled"): settled,
    ("payout", "failed"): failed_payout,
    ("payout", "owed"): owed,
}
