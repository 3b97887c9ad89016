"""What the states of tickets, disputes and payouts mean to the people who wait: what silence leads to, what comes next.

Written in the third person, so that seller, customer service and operator read the same sentence; to the buyer's face
(`yours`) where it is about them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

from aftersales.actors import Role
from aftersales.lifecycle.table import Lifecycle
from refunds.lifecycle import DISPUTE, PAYOUT, TICKET
from refunds.models import Dispute, DisputeEvent, Payout, Ticket, TicketEvent
from refunds.states import REFUNDS, Kind, PayoutState
from refunds.states import DisputeState as D
from refunds.states import TicketState as S

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

# What happens when nobody acts, one sentence a timed state.
CONSEQUENCES: Final = {
    S.AWAITING_SELLER: _("If the seller does not answer by then, the refund is granted."),
    S.AWAITING_BUYER: _(
        "If the buyer does not answer by then, the offer counts as declined and the seller is asked again."
    ),
    S.REJECTED: _("If the buyer does not answer by then, the ticket is withdrawn."),
    S.AWAITING_RETURN: _("If the goods have not been sent back by then, the ticket is withdrawn."),
    S.AWAITING_INSPECTION: _("If the seller does not inspect the goods by then, they count as accepted and are paid."),
    S.INSPECTION_FAILED: _("If the seller does not decide by then, customer service takes the case."),
    S.AWAITING_DISPATCH: _("If the seller does not send the goods by then, customer service takes the case."),
    S.AWAITING_BUYER_RECEIPT: _("If the buyer does not answer by then, the goods count as received."),
}
# Silence agrees to the other kinds too, but then goods travel first.
_RETURN_AGREED: Final = _("If the seller does not answer by then, the return is agreed and the goods can be sent back.")
_REISSUE_AGREED: Final = _("If the seller does not answer by then, it is agreed that the goods are sent again.")
_GOODS_ACCEPTED: Final = _("If the seller does not inspect the goods by then, they count as accepted.")
DISPUTE_CONSEQUENCES: Final = {
    D.EVIDENCE: _("After that customer service reviews the case with what it has."),
    D.REVIEW: _("If there is no ruling by then, the case is marked as late and another agent may take it."),
    D.CONFIRMATION: _("If no second agent has confirmed by then, the case is marked as late."),
    D.RULED: _("If nobody appeals by then, the ruling is final and carried out."),
}

YOUR_CONSEQUENCES: Final = {
    S.AWAITING_BUYER: _("If you do not answer by then, the offer counts as declined and the seller is asked again."),
    S.REJECTED: _("If you do not answer by then, the ticket is withdrawn."),
    S.AWAITING_RETURN: _("If you have not sent the goods back by then, the ticket is withdrawn."),
    S.AWAITING_BUYER_RECEIPT: _("If you do not answer by then, the goods count as received."),
}
# How customer service shares its work is no business of the sides.
_RULING_IS_LATE: Final = _("If there is no ruling by then, customer service goes on with it. You need not do anything.")
YOUR_DISPUTE_CONSEQUENCES: Final = {D.REVIEW: _RULING_IS_LATE, D.CONFIRMATION: _RULING_IS_LATE}

# What comes next, one sentence a state.
NEXT: Final = {
    S.AWAITING_SELLER: _("The seller reads the application and agrees, makes an offer or says why not."),
    S.AWAITING_BUYER: _("The buyer accepts the seller’s offer, declines it, or calls customer service."),
    S.REJECTED: _("The buyer can amend the application, call customer service, or withdraw."),
    S.AWAITING_RETURN: _("The buyer sends the goods to the address below and gives the carrier and the number."),
    S.AWAITING_INSPECTION: _("The goods are on their way. The seller inspects them when they arrive."),
    S.INSPECTION_FAILED: _(
        "Something was missing or damaged. The seller accepts, offers less, or sends the goods back."
    ),
    S.AWAITING_DISPATCH: _("The seller sends the goods, or offers money instead."),
    S.AWAITING_BUYER_RECEIPT: _("The goods are on their way to the buyer, who confirms when they have arrived."),
    S.ARBITRATION: _("The case is with customer service, whose ruling ends it."),
    S.REFUNDING: _("The money is on its way back to where it was paid from."),
    S.SUCCEEDED: _("Everything that was agreed has been done."),
    S.CLOSED: _("This ticket has ended without a refund."),
}
YOUR_NEXT: Final = {
    S.AWAITING_BUYER: _("Accept the seller’s offer, decline it, or call customer service."),
    S.REJECTED: _("You can amend the application, call customer service, or withdraw."),
    S.AWAITING_RETURN: _("Send the goods to the return address, then give the carrier and the number."),
    S.AWAITING_BUYER_RECEIPT: _("The goods are on their way to you. Confirm when they have arrived."),
}
_SENT_BACK: Final = _("The goods are on their way back to the buyer. No money is returned for them.")
_SENDS_BACK: Final = _("The seller sends the buyer’s goods back.")
_MONEY_WENT: Final = _("The money has gone back to the buyer. Nothing more is to be done.")
_YOURS_SENT_BACK: Final = _("The goods are on their way back to you. No money is returned for them.")
_SENDS_YOURS_BACK: Final = _("The seller sends your goods back.")
_YOUR_MONEY_WENT: Final = _("The money has gone back to you. Nothing more is to be done.")
DISPUTE_NEXT: Final = {
    D.EVIDENCE: _("Both sides tell customer service what happened, with photos where they have them."),
    D.REVIEW: _("An agent of customer service reads the case and rules."),
    D.CONFIRMATION: _("A second agent checks the ruling before it is given."),
    D.RULED: _("Each side accepts the ruling, or appeals once. Nothing moves before that."),
    D.FINAL: _("The dispute has ended."),
}

# Where the money is now, one sentence a payout state.
MONEY: Final = {
    PayoutState.CREATED: _("The refund is being handed to the payment channel."),
    PayoutState.SENT: _("The payment channel has been asked to return the money."),
    PayoutState.UNKNOWN: _("The payment channel has not answered yet. It is being asked until it does."),
    PayoutState.SETTLED: _("The money has been returned."),
    PayoutState.FAILED: _("The payment channel could not return the money. Somebody is looking into it."),
    PayoutState.OWED: _("The shop owes this and pays it itself, outside the payment channel."),
}

# What to expect then, and what to do if it does not come.
EXPECT: Final = {
    PayoutState.CREATED: _("This takes a few minutes. Nothing is to be done."),
    PayoutState.SENT: _("Channels usually answer within minutes. Nothing is to be done."),
    PayoutState.UNKNOWN: _("At times this takes a day. The money is not lost, and it is not sent twice."),
    PayoutState.SETTLED: _(
        "Banks and cards may take up to five working days to show it. If it is not there by then, ask them with the "
        "channel’s reference."
    ),
    PayoutState.FAILED: _("The money is still yours. It is sent again, or paid in another way, and you are told then."),
    PayoutState.OWED: _("Keep the receipt of the postage. If the shop does not pay, write to it with this number."),
}
# How the channels are called by people.
CHANNELS: Final = {
    "sandbox": _("Test payment"),
    "alipay": _("Alipay"),
    "wechat": _("WeChat Pay"),
    "stripe": _("Card (Stripe)"),
}

# Whose time runs, one word group a clock of the ticket or the dispute.
CLOCKS: Final = {
    "answer": _("The seller’s time to answer"),
    "answer_offer": _("The buyer’s time to answer the offer"),
    "answer_rejection": _("The buyer’s time to answer"),
    "return": _("The time to send the goods back"),
    "inspection": _("The seller’s time to inspect"),
    "after_failed_inspection": _("The seller’s time to decide"),
    "dispatch": _("The seller’s time to send the goods"),
    "buyer_receipt": _("The buyer’s time to confirm"),
    "evidence": _("The time for evidence"),
    "review": _("Customer service’s time to rule"),
    "appeal": _("The time to appeal"),
}

# What happened, one participle an action.
EVENTS: Final = {
    "begin": _("Filed"),
    "remind": _("Reminded"),
    "agree": _("Agreed"),
    "offer": _("Offer made"),
    "accept_offer": _("Offer accepted"),
    "decline_offer": _("Offer declined"),
    "reject": _("Rejected"),
    "amend": _("Amended"),
    "withdraw": _("Withdrawn"),
    "ship_anyway": _("Shipped anyway"),
    "seller_cancel": _("Ended with the order"),
    "send_waybill": _("Goods sent to the seller"),
    "add_parcel": _("Another parcel sent"),
    "change_waybill": _("Waybill mended"),
    "sign_for": _("Parcel signed for"),
    "accept": _("Goods accepted"),
    "fail": _("Inspection failed"),
    "report": _("Goods counted by the warehouse"),
    "send_back": _("Goods sent back to the buyer"),
    "dispatch": _("Goods sent to the buyer"),
    "confirm": _("Receipt confirmed"),
    "succeed": _("Money returned"),
    "call_cs": _("Customer service called"),
    "rule": _("Ruling carried out"),
    "message": _("Message"),
}
YOUR_EVENTS: Final = {"send_back": _("Goods sent back to you"), "dispatch": _("Goods sent to you")}
DISPUTE_EVENTS: Final = {
    "begin": _("Customer service called"),
    "remind": _("Reminded"),
    "rest": _("Nothing to add"),
    "close_evidence": _("Evidence closed"),
    "claim": _("Taken by an agent"),
    "hand_over": _("Handed over"),
    "assign": _("Assigned by a supervisor"),
    "ask": _("More evidence asked for"),
    "rule": _("Ruling written"),
    "confirm": _("Ruling confirmed by a second agent"),
    "object": _("Sent back by the second agent"),
    "escalate": _("Late"),
    "accept_ruling": _("Ruling accepted"),
    "appeal": _("Appealed"),
    "finalise": _("Ruling final"),
    "end": _("Ended without a ruling"),
}
# What an agent does before a ruling is given is no business of the sides.
INTERNAL: Final = frozenset({"claim", "hand_over", "assign", "confirm", "object", "escalate"})

# Why no ticket can be filed although the order's state allows it.
NOTHING_LEFT: Final = _("Every item has an open ticket, or nothing of it is left to ask for.")

# What an application promises, one sentence a kind, read by the buyer before it is sent.
PROMISES: Final = {
    Kind.REFUND_ONLY: _("The money goes back to where it was paid from once the seller has agreed."),
    Kind.RETURN_REFUND: _(
        "Once the seller has agreed, you send the goods back. The money goes back to where it was paid from when the "
        "seller has accepted them."
    ),
    Kind.EXCHANGE: _(
        "Once the seller has agreed, the new goods are put aside and you send yours back. The new ones are sent when "
        "the seller has accepted yours."
    ),
    Kind.REPAIR: _(
        "Once the seller has agreed, you send the goods in. They are repaired and sent back when the seller has "
        "accepted them."
    ),
    Kind.REISSUE: _("Once the seller has agreed, the goods are put aside and sent to you. Nothing has to go back."),
}

_BY_ITSELF: Final = _("Nobody answered in time")


def consequence(ticket: Ticket, *, yours: bool = False) -> str:
    """What silence leads to; "" where no clock runs."""
    state = TICKET.state(ticket.state)
    if yours and state in YOUR_CONSEQUENCES:
        return str(YOUR_CONSEQUENCES[state])
    if state == S.AWAITING_SELLER and ticket.kind != Kind.REFUND_ONLY:
        return str(_REISSUE_AGREED if ticket.kind == Kind.REISSUE else _RETURN_AGREED)
    if state == S.AWAITING_INSPECTION and ticket.kind != Kind.RETURN_REFUND:
        return str(_GOODS_ACCEPTED)
    return str(CONSEQUENCES.get(state, ""))


def comes_next(ticket: Ticket, *, yours: bool = False) -> str:
    state = TICKET.state(ticket.state)
    if ticket.sending_back and state == S.AWAITING_DISPATCH:
        return str(_SENDS_YOURS_BACK if yours else _SENDS_BACK)
    if ticket.sending_back and state == S.AWAITING_BUYER_RECEIPT:
        return str(_YOURS_SENT_BACK if yours else _SENT_BACK)
    if state == S.SUCCEEDED and ticket.kind in REFUNDS:
        return str(_YOUR_MONEY_WENT if yours else _MONEY_WENT)
    return str(YOUR_NEXT.get(state, NEXT[state]) if yours else NEXT[state])


def dispute_consequence(dispute: Dispute, *, yours: bool = False) -> str:
    """What silence leads to; "" once it is final."""
    state = DISPUTE.state(dispute.state)
    return str((yours and YOUR_DISPUTE_CONSEQUENCES.get(state)) or DISPUTE_CONSEQUENCES.get(state) or "")


def dispute_next(dispute: Dispute) -> str:
    return str(DISPUTE_NEXT[DISPUTE.state(dispute.state)])


def where_the_money_is(payout: Payout) -> str:
    return str(MONEY[PAYOUT.state(payout.state)])


def what_to_expect(payout: Payout) -> str:
    return str(EXPECT[PAYOUT.state(payout.state)])


def channel_name(code: str) -> str:
    return str(CHANNELS.get(code, code))


def event_title(event: TicketEvent | DisputeEvent, *, yours: bool = False) -> str:
    if isinstance(event, DisputeEvent):
        return str(DISPUTE_EVENTS[event.action])
    return str((yours and YOUR_EVENTS.get(event.action)) or EVENTS[event.action])


def event_actor(event: TicketEvent | DisputeEvent) -> _StrPromise | str:
    """Who did it. Silence is nobody's deed: the system only carries out what the deadline said."""
    due = _life(event).state(event.from_state).on_due if event.from_state else None
    if event.role == Role.SYSTEM and event.action == due and not event.data.get("rule"):
        return _BY_ITSELF
    return Role(event.role).label


def _life(event: TicketEvent | DisputeEvent) -> Lifecycle:
    return TICKET if isinstance(event, TicketEvent) else DISPUTE


def clock_of(event: TicketEvent | DisputeEvent) -> str:
    """Whose time ran after the event; "" where none did."""
    return str(CLOCKS.get(_life(event).state(event.to_state).clock or "", ""))
