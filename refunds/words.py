"""What a ticket's and a payout's states mean to the people who wait: what silence leads to, what comes next.

Written in the third person, so that buyer, seller and operator read the same sentence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

from aftersales.actors import Role
from refunds.lifecycle import PAYOUT, TICKET
from refunds.models import Payout, Ticket, TicketEvent
from refunds.states import Kind, PayoutState
from refunds.states import TicketState as S

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

# What happens when nobody acts, one sentence a timed state.
CONSEQUENCES: Final = {
    S.AWAITING_SELLER: _("If the seller does not answer by then, the refund is granted."),
    S.REJECTED: _("If the buyer does not answer by then, the ticket is withdrawn."),
    S.AWAITING_RETURN: _("If the goods have not been sent back by then, the ticket is withdrawn."),
    S.AWAITING_INSPECTION: _("If the seller does not inspect the goods by then, they count as accepted and are paid."),
    S.INSPECTION_FAILED: _("If the seller does not decide by then, the goods count as accepted and are paid."),
    S.AWAITING_BUYER_RECEIPT: _("If the buyer does not answer by then, the goods count as received."),
}
# Silence agrees to a return too, but then the goods travel first.
_RETURN_AGREED: Final = _("If the seller does not answer by then, the return is agreed and the goods can be sent back.")

# What comes next, one sentence a state.
NEXT: Final = {
    S.AWAITING_SELLER: _("The seller reads the application and agrees or says why not."),
    S.REJECTED: _("The buyer can amend the application, or withdraw it."),
    S.AWAITING_RETURN: _("The buyer sends the goods to the address below and gives the carrier and the number."),
    S.AWAITING_INSPECTION: _("The goods are on their way. The seller inspects them when they arrive."),
    S.INSPECTION_FAILED: _("Something was missing or damaged. The seller pays all the same, or sends the goods back."),
    S.AWAITING_BUYER_RECEIPT: _("The goods are on their way back to the buyer. No money is returned for them."),
    S.REFUNDING: _("The money is on its way back to where it was paid from."),
    S.SUCCEEDED: _("The money has gone back to the buyer. Nothing more is to be done."),
    S.CLOSED: _("This ticket has ended without a refund."),
}

# Where the money is now, one sentence a payout state.
MONEY: Final = {
    PayoutState.CREATED: _("The refund is being handed to the payment channel."),
    PayoutState.SENT: _("The payment channel has been asked to return the money."),
    PayoutState.UNKNOWN: _("The payment channel has not answered yet. It is being asked until it does."),
    PayoutState.SETTLED: _("The money has been returned."),
    PayoutState.FAILED: _("The payment channel could not return the money. Somebody is looking into it."),
}

# Whose time runs, one word group a clock of the ticket.
CLOCKS: Final = {
    "answer": _("The seller’s time to answer"),
    "answer_rejection": _("The buyer’s time to answer"),
    "return": _("The time to send the goods back"),
    "inspection": _("The seller’s time to inspect"),
    "after_failed_inspection": _("The seller’s time to decide"),
    "sent_back": _("The buyer’s time to confirm"),
}

# What happened, one participle an action.
EVENTS: Final = {
    "begin": _("Filed"),
    "agree": _("Agreed"),
    "reject": _("Rejected"),
    "amend": _("Amended"),
    "withdraw": _("Withdrawn"),
    "ship_anyway": _("Shipped anyway"),
    "seller_cancel": _("Ended with the order"),
    "send_waybill": _("Goods sent to the seller"),
    "accept": _("Goods accepted"),
    "fail": _("Inspection failed"),
    "send_back": _("Goods sent back to the buyer"),
    "confirm": _("Receipt confirmed"),
    "succeed": _("Money returned"),
    "remind": _("Reminded"),
}

# Why no ticket can be filed although the order's state allows it.
NOTHING_LEFT: Final = _("Every item has an open ticket, or nothing of it is left to ask for.")

_BY_ITSELF: Final = _("Nobody answered in time")


def consequence(ticket: Ticket) -> str:
    """What silence leads to; "" where no clock runs."""
    if ticket.state == S.AWAITING_SELLER and ticket.kind == Kind.RETURN_REFUND:
        return str(_RETURN_AGREED)
    return str(CONSEQUENCES.get(TICKET.state(ticket.state), ""))


def comes_next(ticket: Ticket) -> str:
    return str(NEXT[TICKET.state(ticket.state)])


def where_the_money_is(payout: Payout) -> str:
    return str(MONEY[PAYOUT.state(payout.state)])


def event_title(event: TicketEvent) -> str:
    return str(EVENTS[event.action])


def event_actor(event: TicketEvent) -> _StrPromise | str:
    """Who did it. Silence is nobody's deed: the system only carries out what the deadline said."""
    by_silence = event.role == Role.SYSTEM and event.from_state and event.action == _on_due(event.from_state)
    return _BY_ITSELF if by_silence else Role(event.role).label


def _on_due(state: str) -> str | None:
    return TICKET.state(state).on_due


def clock_of(event: TicketEvent) -> str:
    """Whose time ran after the event; "" where none did."""
    return str(CLOCKS.get(TICKET.state(event.to_state).clock or "", ""))
