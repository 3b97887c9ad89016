"""What a notice says: a subject, what happened, what comes next, and what silence leads to.

In the language that is active: of the reader of a mail, or of the page. Written in the third person like
refunds.words, so that both sides read the same sentences.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from aftersales.actors import Role
from aftersales.lifecycle.table import State
from orders.states import OrderState
from refunds import words
from refunds.models import Notice, Ticket
from refunds.notices import LIVES
from refunds.states import DisputeState, TicketState
from refunds.told import REMIND

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Words = Mapping[str, "_StrPromise | str"]

# What happened, one participle an action; what has none is told by the name of the state that it led to.
EVENTS: Final[Mapping[str, Words]] = {
    "order": {
        "pay": pgettext_lazy("order", "Paid"),
        "expire": gettext_lazy("Not paid in time"),
        "ship": gettext_lazy("Parcel sent"),
        "seller_cancel": gettext_lazy("Cancelled by the seller"),
        "deliver": gettext_lazy("Delivered"),
        "extend": gettext_lazy("Time to confirm receipt extended"),
        "receive": gettext_lazy("Receipt confirmed"),
        "auto_receive": gettext_lazy("Receipt confirmed by itself"),
        "refunded": gettext_lazy("Everything has been refunded"),
    },
    "ticket": words.EVENTS,
    "dispute": {**words.DISPUTE_EVENTS, "rule": DisputeState.RULED.label, "confirm": DisputeState.RULED.label},
    "payout": {
        "begin": gettext_lazy("Return freight owed by the shop"),
        "settle": gettext_lazy("Money returned"),
        "settle_by_hand": gettext_lazy("Money returned"),
        "refuse": gettext_lazy("Refused by the channel"),
        "take_back": gettext_lazy("Taken back by the channel"),
    },
}
# What comes next where the state alone does not say it.
AFTER: Final[Mapping[tuple[str, str], _StrPromise]] = {
    ("order", "ship"): gettext_lazy("A parcel is on its way to the buyer."),
    ("order", "expire"): gettext_lazy("The order is closed and nothing is charged."),
    ("order", "seller_cancel"): gettext_lazy("The order is closed. What was paid goes back to where it was paid from."),
    ("order", "refunded"): gettext_lazy("The order is closed. What was paid has gone back to the buyer."),
    ("payout", "refuse"): gettext_lazy("The money has not gone. An operator has to send it again, or pay it by hand."),
    ("payout", "take_back"): gettext_lazy(
        "The buyer does not have the money any more. An operator has to send it again, or pay it by hand."
    ),
}
NEXT: Final[Mapping[str, Mapping[State, _StrPromise]]] = {
    "order": {
        OrderState.AWAITING_PAYMENT: gettext_lazy("The order has not been paid yet."),
        OrderState.AWAITING_SHIPMENT: gettext_lazy("The seller packs the goods and ships them."),
        OrderState.AWAITING_RECEIPT: gettext_lazy("The buyer confirms receipt when everything has arrived."),
        OrderState.COMPLETED: gettext_lazy("After-sale requests stay possible for a while."),
    },
    # In a mail there is no address below.
    "ticket": {
        TicketState.AWAITING_RETURN: gettext_lazy(
            "The buyer sends the goods to the address on the ticket’s page and gives the carrier and the number."
        )
    },
    "dispute": words.DISPUTE_NEXT,
    "payout": words.MONEY,
}
CONSEQUENCES: Final[Mapping[State, _StrPromise]] = {
    **words.DISPUTE_CONSEQUENCES,
    OrderState.AWAITING_PAYMENT: gettext_lazy("If the order is not paid by then, it is closed and nothing is charged."),
    OrderState.AWAITING_RECEIPT: gettext_lazy("If the buyer does not confirm receipt by then, it counts as confirmed."),
}
# The same to the buyer's face, where it is about them.
YOUR_AFTER: Final[Mapping[tuple[str, str], _StrPromise]] = {
    ("order", "ship"): gettext_lazy("A parcel is on its way to you."),
    ("order", "refunded"): gettext_lazy("The order is closed. What was paid has gone back to you."),
}
YOUR_NEXT: Final[Mapping[State, _StrPromise]] = {
    OrderState.AWAITING_RECEIPT: gettext_lazy("Confirm receipt when everything has arrived."),
    TicketState.AWAITING_RETURN: gettext_lazy(
        "Send the goods to the address on the ticket’s page, and give the carrier and the number there."
    ),
}
YOUR_CONSEQUENCES: Final[Mapping[State, _StrPromise]] = {
    **words.YOUR_DISPUTE_CONSEQUENCES,
    OrderState.AWAITING_RECEIPT: gettext_lazy("If you do not confirm receipt by then, it counts as confirmed."),
}


@dataclass(frozen=True)
class Plain:
    """What is told of rows that have no life of a table, by action: what happened, and what comes next."""

    label: _StrPromise
    happened: Words
    next: Words


PLAIN: Final[Mapping[str, Plain]] = {
    "enquiry": Plain(
        gettext_lazy("Question"),
        {"answer": gettext_lazy("Answered")},
        {"answer": gettext_lazy("Customer service has answered. Read it on the page; there you can also ask back.")},
    ),
    "job": Plain(
        gettext_lazy("Work in bulk"),
        {"hand_on": gettext_lazy("Waits for an owner’s confirmation")},
        {
            "hand_on": gettext_lazy(
                "It is about more tickets or more money than one person decides alone. Look at what would happen, and "
                "confirm it. Nothing happens until an owner does; after a day it is dropped."
            )
        },
    ),
}


def subject(notice: Notice) -> str:
    """One line: which row, and what happened to it."""
    label = (PLAIN.get(notice.life) or LIVES[notice.life]).label
    facts: dict[str, Any] = {"what": label, "number": notice.number, "happened": happened(notice)}
    is_reminder = notice.action == REMIND
    sentence = (
        _("Reminder: %(what)s %(number)s, %(happened)s") if is_reminder else _("%(what)s %(number)s: %(happened)s")
    )
    # Another system's number may hold anything.
    return " ".join((sentence % facts).split())


def happened(notice: Notice) -> str:
    """What happened, in a word or two; for a reminder, where the row stands."""
    if plain := PLAIN.get(notice.life):
        return str(plain.happened[notice.action])
    state = LIVES[notice.life].state(notice.state)
    if notice.action == REMIND:
        return str(state.label)
    if notice.life == "ticket" and notice.role == Role.BUYER and notice.action in words.YOUR_EVENTS:
        return str(words.YOUR_EVENTS[notice.action])
    return str(EVENTS.get(notice.life, {}).get(notice.action, state.label))


def sentences(notice: Notice) -> list[str]:
    """Whose silence it was, and what comes next."""
    silence = [_("Nobody answered in time.")] if notice.by_clock else []
    return [*silence, _next(notice)]


def _next(notice: Notice) -> str:
    if plain := PLAIN.get(notice.life):
        return str(plain.next[notice.action])
    yours, happened = notice.role == Role.BUYER, (notice.life, notice.action)
    if after := (yours and YOUR_AFTER.get(happened)) or AFTER.get(happened):
        return str(after)
    state = LIVES[notice.life].state(notice.state)
    if sentence := (yours and YOUR_NEXT.get(state)) or NEXT.get(notice.life, {}).get(state):
        return str(sentence)
    if notice.life == "ticket":
        return words.comes_next(_as_ticket(notice), yours=yours)
    return _("It is now: %(state)s.") % {"state": state.label}


def until(notice: Notice) -> str:
    """When the clock runs out, in the reader's time zone; "" where none runs."""
    if notice.due_at is None:
        return ""
    local = timezone.localtime(notice.due_at)
    return f"{date_format(local, 'DATETIME_FORMAT')} {local.tzname()}"


def consequence(notice: Notice) -> str:
    """What silence leads to; "" where no clock runs."""
    if notice.due_at is None:
        return ""
    yours, state = notice.role == Role.BUYER, LIVES[notice.life].state(notice.state)
    if notice.life == "ticket":
        return words.consequence(_as_ticket(notice), yours=yours)
    said = (yours and YOUR_CONSEQUENCES.get(state)) or CONSEQUENCES.get(state)
    return str(said or "")


@dataclass(frozen=True)
class _AsTold:
    """What the ticket's words ask for, as it was at the time of the event: not as the row is now."""

    state: str
    kind: str
    sending_back: bool


def _as_ticket(notice: Notice) -> Ticket:
    return cast("Ticket", _AsTold(notice.state, notice.kind, notice.action == "send_back"))
