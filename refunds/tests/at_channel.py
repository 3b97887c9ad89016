"""What the tests of the workers do at the real channel, and what they look at afterwards."""

from django.db.models.functions import Now

from aftersales import actors
from aftersales.testing import one, place
from orders.actions import start_payment
from orders.models import Payment
from refunds import workers
from refunds.models import Payout
from refunds.tests.paying import balance, books_agree, held, make_due, order_of


def paid_at_channel(cast, channel):
    """An order that its buyer has paid at the channel."""
    order = place(cast)
    payment = start_payment(one(order), actors.buyer(cast.alice))
    workers.pursue_payments()
    channel.pay(payment.number)
    ask_payments()
    order.refresh_from_db()
    return order


def ask_payments():
    Payment.objects.filter(next_at__isnull=False).update(next_at=Now())
    workers.pursue_payments()


def tick():
    """Time passes until everything open is due, and the worker runs."""
    make_due(Payout.objects.all())
    workers.pursue_payouts()


def ticks(payout, number=6):
    """Ticks until the payout rests, at most so many."""
    for _ in range(number):
        payout.refresh_from_db()
        if payout.state in ("settled", "failed"):
            return payout.state
        tick()
    payout.refresh_from_db()
    return payout.state


def moved_once(channel, payout):
    """Exactly one movement at the channel, and everything here says so."""
    payout.refresh_from_db()
    assert (payout.state, payout.settlements, payout.retrying) == ("settled", 1, False)
    assert channel.moved(payout.number) == [-payout.amount]
    payout.ticket.refresh_from_db()
    assert payout.ticket.state == "succeeded"
    assert held(payout.order) == 0
    assert order_of(payout.order).settled == payout.amount
    assert books_agree()
    assert balance("channel") == channel.ledger()["payments"][payout.payment.number]["balance"]
    return True


def attempt(cast):
    return start_payment(one(place(cast)), actors.buyer(cast.alice))
