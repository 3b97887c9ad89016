"""The verbs of money: payouts are created, sent and settled here; money that comes is booked, surplus goes back."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Coalesce, Now

from aftersales.actors import SYSTEM, Actor
from aftersales.lifecycle.errors import Refused
from aftersales.lifecycle.move import begin, lock, move, move_one, story
from aftersales.lifecycle.rows import Event
from aftersales.wake import wake
from orders.actions import follow_tickets, receive_money
from orders.ledger import count
from orders.models import Order, OrderLine, Payment
from payments.base import Settled
from refunds.errors import RefundError
from refunds.lifecycle import PAYOUT, TICKET
from refunds.models import Payout, PayoutLine, ReturnParcel, Ticket, TicketLine
from refunds.rules import freight_left
from refunds.states import Cause, Payer, PayoutState, TicketState, Verdict

PURSUE_PAYOUTS = "refunds.tasks.pursue_payouts"
# Where return freight is owed: the goods were accepted, or customer service has ruled what becomes of them.
FREIGHT_DUE = (TicketState.REFUNDING, TicketState.AWAITING_DISPATCH)
FREIGHT_RULED = (Verdict.REFUND, Verdict.SEND_GOODS, Verdict.SEND_BACK, Verdict.REFUSE)


def _create(payouts: Sequence[Payout], lines: Sequence[PayoutLine]) -> None:
    begin(PAYOUT, payouts, SYSTEM)
    PayoutLine.objects.bulk_create(lines)
    wake(PURSUE_PAYOUTS)


def pay_back_tickets(events: Sequence[Event]) -> None:
    """Create the payouts of those tickets that have come to refunding; called inside the story that moved them."""
    agreed = [event.row_id for event in events if event.to_state == TicketState.REFUNDING]
    if not agreed:
        return
    tickets = list(Ticket.objects.filter(pk__in=agreed).order_by("pk"))
    payers = Payment.objects.filter(pays_order=True, order__in=[ticket.order_id for ticket in tickets])
    by_order = {payment.order_id: payment for payment in payers}
    payouts = {
        ticket.pk: Payout(
            order_id=ticket.order_id,
            payment=by_order[ticket.order_id],
            ticket=ticket,
            cause=Cause.TICKET,
            amount=ticket.amount,
            freight=ticket.freight,
            currency=by_order[ticket.order_id].received_currency,
        )
        for ticket in tickets
    }
    items = TicketLine.objects.filter(ticket__in=agreed, amount__gt=0).order_by("pk")
    lines = [PayoutLine(payout=payouts[item.ticket_id], line_id=item.line_id, amount=item.amount) for item in items]
    _create(list(payouts.values()), lines)


def owe_return_freight(events: Sequence[Event]) -> None:
    """What the buyers paid for sending goods in is owed by the shop, once a ticket, where the reason or the ruling says
    that the seller pays it and the goods were accepted or customer service has ruled. It is paid outside the order's
    channel; called inside the story that moved the tickets."""
    accepted = [event.row_id for event in events if event.to_state in FREIGHT_DUE]
    ruled = [event.row_id for event in events if event.action == "rule"]
    due = Q(sending_back=False, pk__in=accepted) | Q(verdict__in=FREIGHT_RULED, pk__in=ruled)
    tickets = Ticket.objects.filter(due, freight_by=Payer.SELLER)
    sent_in = ReturnParcel.objects.filter(
        to_buyer=False, ticket__in=tickets.exclude(payouts__cause=Cause.RETURN_FREIGHT)
    )
    postage = dict(sent_in.order_by().values_list("ticket").annotate(Sum("postage")))
    payouts = [
        Payout(
            order_id=ticket.order_id,
            ticket=ticket,
            cause=Cause.RETURN_FREIGHT,
            amount=postage[ticket.pk],
            currency=ticket.order.currency,
        )
        for ticket in tickets.select_related("order").order_by("pk")
        if postage.get(ticket.pk)
    ]
    if payouts:
        begin(PAYOUT, payouts, SYSTEM, state=PayoutState.OWED)


def pay_back_rest(order_key: int) -> None:
    """Reserve and pay back all that is left of an order which its seller cancelled. A free order moves no money."""
    order = Order.objects.get(pk=order_key)
    payment = Payment.objects.filter(order=order, pays_order=True).first()
    amount = order.total - order.settled - order.reserved
    if payment is None or not amount:
        return
    freight = freight_left(order)
    lines = [line for line in OrderLine.objects.filter(order=order) if line.left]
    count(Order, {order.pk: {"reserved": amount, "freight_reserved": freight}})
    count(OrderLine, {line.pk: {"reserved": line.left} for line in lines})
    count(Payment, {payment.pk: {"reserved": amount}})
    payout = Payout(
        order=order,
        payment=payment,
        cause=Cause.SELLER_CANCELLED,
        amount=amount,
        freight=freight,
        currency=payment.received_currency,
    )
    _create([payout], [PayoutLine(payout=payout, line=line, amount=line.left) for line in lines])


def record_money(payment_key: int, answer: Settled) -> bool:
    """The channel says that it has money for an attempt to pay: book it once. What does not pay exactly this awaiting
    order goes back by a payout of its own. Returns whether anything was new."""
    with story(SYSTEM):
        lock(Order.objects.filter(payments=payment_key), SYSTEM)
        fresh = Payment.objects.filter(pk=payment_key, received_at=None).update(
            received=answer.amount,
            received_currency=answer.currency,
            received_at=answer.at,
            reference=answer.reference[:100],
            # The channel has its money, so it knows it, even if it refused the start or we never heard that it began.
            started_at=Coalesce("started_at", Now()),
            ended_at=None,
            ended_code="",
            next_at=None,
        )
        if not fresh:
            return False
        payment = Payment.objects.get(pk=payment_key)
        if not receive_money(payment) and payment.received:
            _pay_back_surplus(payment)
    return True


def _pay_back_surplus(payment: Payment) -> None:
    count(Payment, {payment.pk: {"reserved": payment.received}})
    payout = Payout(
        order_id=payment.order_id,
        payment=payment,
        cause=Cause.SURPLUS,
        amount=payment.received,
        currency=payment.received_currency,
    )
    _create([payout], [])


def settle(payouts: QuerySet[Payout], reference: str = "") -> list[Event]:
    """The channel paid: ticket and order follow, in one transaction. Nothing happens to payouts settled before."""
    with story(SYSTEM):
        return _settled(move(PAYOUT, "settle", payouts, SYSTEM, sets={"reference": reference[:100]}))


def settle_by_hand(payouts: QuerySet[Payout], by: Actor, proof: str) -> Event:
    """An operator, or the shop that owes return freight, paid in another way and says how. Raises Refused without that,
    Conflict unless it had failed, was set aside or was owed."""
    if not proof.strip():
        raise Refused(RefundError.PROOF_OF_PAYMENT, "note")
    with story(by):
        return _settled([move_one(PAYOUT, "settle_by_hand", payouts, by, note=proof)])[0]


def _settled(events: list[Event]) -> list[Event]:
    keys = [event.row_id for event in events]
    # Not by return freight: the shop may pay that long before the refund has gone.
    move(TICKET, "succeed", Ticket.objects.filter(payouts__in=keys, payouts__cause=Cause.TICKET), SYSTEM)
    follow_tickets(set(Payout.objects.filter(pk__in=keys).values_list("order_id", flat=True)))
    return events


def refuse(payouts: QuerySet[Payout], trouble: str) -> list[Event]:
    """The channel says no, or took settled money back: an operator has to look. The ticket stays where it is."""
    with story(SYSTEM):
        sets = {"trouble": trouble[:300]}
        refused = move(PAYOUT, "refuse", payouts, SYSTEM, note=trouble, sets=sets)
        return refused or move(PAYOUT, "take_back", payouts, SYSTEM, note=trouble, sets=sets)


def retry(payouts: QuerySet[Payout], by: Actor) -> Event:
    """An operator has it sent again under the same number."""
    with story(by):
        wake(PURSUE_PAYOUTS)
        return move_one(PAYOUT, "retry", payouts, by)


def retry_all(payouts: QuerySet[Payout], by: Actor) -> list[Event]:
    """The same for as many as there are; those that have moved since are passed by."""
    with story(by):
        wake(PURSUE_PAYOUTS)
        return move(PAYOUT, "retry", payouts, by)


def notice_of_refund(number: str) -> None:
    """A notice came: a worker will ask the channel for the truth."""
    Payout.objects.filter(number=number).update(ask_at=Now())
    wake(PURSUE_PAYOUTS)


def notice_of_payment(number: str) -> None:
    """A notice came: a worker will ask the channel for the truth, unless the money is booked already."""
    Payment.objects.filter(number=number, received_at=None).update(next_at=Now())
    wake("refunds.tasks.pursue_payments")
