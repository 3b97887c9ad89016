"""What workers do at the payment channels: from committed rows, one claim a call, no transaction open during a call.

A row is claimed before its call, so a worker killed at any line leaves a row whose clock brings it back: it is asked
about, and sent again, under the same number, only when the channel has never heard of it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DataError, IntegrityError
from django.db.models import Case, DateTimeField, F, Q, QuerySet, Value, When
from django.db.models.functions import Least, Now

from aftersales.actors import CLOCK, SYSTEM, Actor
from aftersales.lifecycle.errors import Conflict, Refused
from aftersales.lifecycle.move import move, set_aside, story, sweep
from aftersales.lifecycle.rows import Event
from aftersales.lifecycle.table import State
from orders.models import Payment
from payments import base
from refunds.lifecycle import BY_HAND, PAYOUT
from refunds.models import Payout
from refunds.money import record_money, refuse, settle
from refunds.states import PayoutState

log = logging.getLogger(__name__)
# A worker leaves the rest to the next tick before the task's own time limit is near.
BUDGET = 120.0
PAGE = 50
# A notice whose answer did not come, or came to a worker that was killed, is asked after again.
ASK_AGAIN = timedelta(seconds=30)


def _claimed(due: QuerySet[Payout], claim: Callable[[QuerySet[Payout]], int]) -> Iterator[Payout]:
    """Payouts of `due`, oldest first, one claim at a time; what a rival claims first is passed by."""
    ends = time.monotonic() + BUDGET
    while keys := list(due.values_list("pk", flat=True)[:PAGE]):
        won = 0
        for key in keys:
            if time.monotonic() > ends:
                return
            if claim(Payout.objects.filter(pk=key)):
                won += 1
                yield Payout.objects.select_related("payment").get(pk=key)
        if not won:
            return


def _due(state: State) -> QuerySet[Payout]:
    rows = Payout.objects.filter(state=state, due_at__lte=Now(), set_aside_at__isnull=True)
    return rows.order_by("due_at", "pk")


def _move(action: str) -> Callable[[QuerySet[Payout]], int]:
    def claim(payouts: QuerySet[Payout]) -> int:
        with story(CLOCK):
            return len(move(PAYOUT, action, payouts, CLOCK))

    return claim


def pursue_payouts() -> None:
    """Send what is to be sent, doubt what has no answer, ask about what is unknown and what a notice came for."""
    # A payment that came before us has to be known to the channel, or refused by it, before money can leave it.
    known = Q(payment__started_at__isnull=False) | ~Q(payment__ended_code="")
    for payout in _claimed(_due(PayoutState.CREATED).filter(known), _move("send")):
        _at_channel(payout, _send)
    sweep(PAYOUT, PayoutState.SENT, doubt)
    for payout in _claimed(_due(PayoutState.UNKNOWN), _move("ask")):
        _at_channel(payout, _ask)
    noticed = Payout.objects.filter(ask_at__lte=Now()).order_by("ask_at")
    # Not null yet: a notice is done with when the channel has answered, not when a worker began to ask.
    for payout in _claimed(noticed, lambda rows: rows.filter(ask_at__lte=Now()).update(ask_at=Now() + ASK_AGAIN)):
        _at_channel(payout, _ask_after_notice)


def _at_channel(payout: Payout, call: Callable[[Payout], None]) -> None:
    """One payout's fault never stops the others: without its channel it is set aside for an operator."""
    try:
        call(payout)
    except base.UnknownChannel as error:
        set_aside(PAYOUT, Payout.objects.filter(pk=payout.pk), str(error))


def doubt(payouts: QuerySet[Payout], by: Actor) -> list[Event]:
    """Nobody knows what became of these: they will be asked about."""
    with story(by):
        return move(PAYOUT, "doubt", payouts, by)


def _send(payout: Payout) -> None:
    channel = base.channel(payout.source.channel)
    if payout.source.ended_code == base.NUMBER_REUSED:
        # What the channel has under the payment's number is not this payment: it would pay somebody else back.
        _record(payout, base.Refused("payment_number_reused", "the channel knows the payment's number as another one"))
        return
    answer = channel.refund(
        number=payout.number, payment=payout.source.number, amount=payout.amount, currency=payout.currency
    )
    _record(payout, answer)


def _ask(payout: Payout) -> None:
    answer = base.channel(payout.source.channel).refund_status(payout.number)
    # A retry has been refused or taken back before, so the channel's record of it says nothing about this try.
    if isinstance(answer, base.Absent) or (payout.retrying and isinstance(answer, base.Refused)):
        with story(SYSTEM):
            sent = move(PAYOUT, "resend", Payout.objects.filter(pk=payout.pk), SYSTEM)
        if sent:
            payout.refresh_from_db(fields=("state",))
            _send(payout)
        return
    _record(payout, answer)


def _ask_after_notice(payout: Payout) -> None:
    answer = base.channel(payout.source.channel).refund_status(payout.number)
    if isinstance(answer, base.Unknown):
        return
    if (payout.retrying and isinstance(answer, base.Refused)) or _record(payout, answer):
        # A notice that came in the meantime has put ask_at to its own time, which is over: it is asked after again.
        Payout.objects.filter(pk=payout.pk, ask_at__gt=Now()).update(ask_at=None)


def _record(payout: Payout, answer: base.Answer) -> bool:
    """Write what the channel said. What cannot be written is set aside for an operator; no answer leaves the clock.
    Returns False when a rival holds the row, so that it has to be asked again."""
    # The answer is about the row as it was when the channel was asked; one that has moved since is asked about anew.
    rows = Payout.objects.filter(pk=payout.pk, state=payout.state, settlements=payout.settlements)
    try:
        if isinstance(answer, base.Settled):
            _record_settled(payout, rows, answer)
        elif isinstance(answer, base.Refused):
            _record_refused(payout, rows, answer)
        elif isinstance(answer, base.Pending):
            # The channel has taken a retry up: what it says from now on is about this try.
            rows.update(retrying=False)
        elif isinstance(answer, base.Unknown):
            rows.update(trouble=answer.why[:300])
    except Conflict:
        log.info("payout %s is locked; it will be asked about", payout.number)
        return False
    except (IntegrityError, DataError, Refused) as error:
        set_aside(PAYOUT, rows, str(error))
    return True


def _record_settled(payout: Payout, rows: QuerySet[Payout], answer: base.Settled) -> None:
    if (answer.amount, answer.currency) != (payout.amount, payout.currency):
        words = f"the channel says {answer.amount} {answer.currency}"
        set_aside(PAYOUT, rows, f"{words} instead of {payout.amount} {payout.currency}")
    elif not settle(rows, answer.reference):
        set_aside(PAYOUT, rows.filter(BY_HAND), "paid by hand, and by the channel as well: the buyer has it twice")
        _ask_anew(payout)


def _record_refused(payout: Payout, rows: QuerySet[Payout], answer: base.Refused) -> None:
    words = f"{answer.code}: {answer.message}"
    if answer.code == base.NUMBER_REUSED:
        # Money may have gone under this number, so nothing is paid in another way before somebody has looked.
        set_aside(PAYOUT, rows, words)
    elif not refuse(rows, words):
        _ask_anew(payout)


def _ask_anew(payout: Payout) -> None:
    """Ask again about a payout that has moved while the channel was asked; one that has not is left alone."""
    as_asked = {"state": payout.state, "settlements": payout.settlements}
    Payout.objects.filter(pk=payout.pk).exclude(**as_asked).update(ask_at=Now())


# --- payments: started, asked about, made known -----------------------------------------------------------------------

_PATIENCE = Case(
    When(asked__lt=6, then=Now() + timedelta(seconds=10)),
    When(asked__lt=15, then=Now() + timedelta(minutes=1)),
    When(asked__lt=60, then=Now() + timedelta(minutes=10)),
    default=Now() + timedelta(hours=1),
    output_field=DateTimeField(),
)
# At its expiry an attempt is asked about whatever its turn, since its order waits for the word.
_NEXT = Case(
    When(expires_at__gt=Now(), then=Least(_PATIENCE, F("expires_at") + Value(timedelta(seconds=1)))),
    When(expires_at__gt=Now() - timedelta(minutes=11), then=Now() + timedelta(seconds=15)),
    default=_PATIENCE,
    output_field=DateTimeField(),
)


def pursue_payments() -> None:
    """Start attempts to pay, ask about open ones, make imported ones known to the channel."""
    ends = time.monotonic() + BUDGET
    due = Payment.objects.filter(next_at__lte=Now()).order_by("next_at", "pk")
    while keys := list(due.values_list("pk", flat=True)[:PAGE]):
        won = 0
        for key in keys:
            if time.monotonic() > ends:
                return
            if Payment.objects.filter(pk=key, next_at__lte=Now()).update(next_at=_NEXT, asked=F("asked") + 1):
                won += 1
                try:
                    _pursue(key)
                except (base.UnknownChannel, IntegrityError, DataError):
                    log.exception("payment %s cannot be pursued", key)
        if not won:
            return


def _pursue(key: int) -> None:
    # A rival whose answer came after our claim has booked the money or ended the attempt: nothing is left to do.
    payment = Payment.objects.filter(pk=key, next_at__isnull=False).first()
    if payment is None:
        return
    channel = base.channel(payment.channel)
    if payment.received_at is not None:
        _make_known(payment, channel, payment.received_at)
    elif payment.started_at is None and payment.ended_at is None and payment.expires_at:
        _start(payment, channel, payment.expires_at)
    else:
        _record_payment(payment, channel.payment(payment.number))


def _make_known(payment: Payment, channel: base.Channel, paid_at: datetime) -> None:
    answer = channel.register_payment(
        number=payment.number, amount=payment.amount, currency=payment.currency, paid_at=paid_at
    )
    if isinstance(answer, base.Settled):
        Payment.objects.filter(pk=payment.pk).update(
            started_at=Now(), next_at=None, asked=0, reference=answer.reference
        )
    elif isinstance(answer, base.Refused):
        Payment.objects.filter(pk=payment.pk).update(next_at=None, ended_code=answer.code[:50])
        log.error("the channel does not take payment %s: %s", payment.number, answer.message)


def _start(payment: Payment, channel: base.Channel, expires_at: datetime) -> None:
    answer = channel.start_payment(
        number=payment.number,
        amount=payment.amount,
        currency=payment.currency,
        expires_at=expires_at,
        subject=payment.order.shop.name,
        return_url=f"{settings.PUBLIC_URL}/orders/{payment.order.number}/",
    )
    if isinstance(answer, base.Started):
        Payment.objects.filter(pk=payment.pk).update(
            started_at=Now(), pay_url=answer.pay_url, reference=answer.reference, asked=0
        )
    elif isinstance(answer, base.Refused):
        _end(payment, answer.code)


def _record_payment(payment: Payment, answer: base.Answer) -> None:
    if isinstance(answer, base.Settled):
        try:
            record_money(payment.pk, answer)
        except Conflict:
            log.info("the order of payment %s is locked; it will be asked about again", payment.number)
    elif isinstance(answer, base.Refused):
        _end(payment, answer.code)
    elif isinstance(answer, base.Absent):
        _end(payment, "absent")


def _end(payment: Payment, code: str) -> None:
    # A number that the channel knows otherwise may still bring money, so it goes on being asked about.
    then = {} if code == base.NUMBER_REUSED else {"next_at": None}
    Payment.objects.filter(pk=payment.pk, received_at=None).update(ended_at=Now(), ended_code=code[:50], **then)
