"""Payouts in tests without a channel: what a worker would do and say, by the verbs that workers use."""

from django.db.models.functions import Now

from aftersales import actors
from aftersales.actors import CLOCK
from aftersales.lifecycle.move import move, story, sweep
from aftersales.testing import books_sum_to_zero, one, overdue
from orders.models import Leg, Order, OrderLine, Payment, Sku
from refunds import actions, money
from refunds.actions import ON_DUE
from refunds.lifecycle import PAYOUT, TICKET
from refunds.models import Payout


def sent(payout):
    """A worker has claimed the payout and called the channel."""
    overdue(payout)
    with story(CLOCK):
        assert move(PAYOUT, "send", one(payout), CLOCK)
    return payout


def settled(payout):
    """The channel has paid."""
    assert money.settle(one(sent(payout)), "ref")
    payout.refresh_from_db()
    return payout


def pay_out(ticket):
    """The agreed money of a ticket has gone."""
    settled(ticket.payouts.get())
    ticket.refresh_from_db()
    return ticket


def agreed(ticket, cast):
    actions.agree(one(ticket), actors.seller(cast.bob), version=ticket.version)
    ticket.refresh_from_db()
    return ticket


def time_passes(ticket):
    """The ticket's clock runs out, and the sweep finds it."""
    overdue(ticket)
    ticket.refresh_from_db()
    state = TICKET.state(ticket.state)
    swept = sweep(TICKET, state, ON_DUE[state])
    ticket.refresh_from_db()
    return swept


def line_of(order, sku):
    return OrderLine.objects.get(order=order, sku=sku)


def stock(sku):
    return Sku.objects.get(pk=sku.pk).stock


def order_of(row):
    return Order.objects.get(pk=row.pk)


def held(order):
    """Money and units that open tickets and payouts hold, everywhere: all 0 when nothing is open."""
    order = order_of(order)
    sums = [order.reserved, order.freight_reserved, order.open_tickets]
    sums += [payment.reserved for payment in Payment.objects.filter(order=order)]
    for line in OrderLine.objects.filter(order=order):
        sums += [line.reserved, line.open_tickets, line.cancelling, line.returning]
    return sum(sums)


def balance(account, order=None):
    legs = Leg.objects.filter(account=account)
    return sum((legs.filter(posting__order=order) if order else legs).values_list("amount", flat=True))


def books_agree():
    """Every posting sums to zero, and what is owed is what was promised and has not gone."""
    owed = sum(Payout.objects.exclude(state="settled").values_list("amount", flat=True))
    return books_sum_to_zero() and balance("refunds_due") == -owed


def make_due(rows):
    rows.filter(due_at__isnull=False).update(due_at=Now())
