"""Who is told of what. These tables are the rule: every action of every life stands in one of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aftersales.actors import Role
from aftersales.lifecycle.rows import Event
from aftersales.lifecycle.table import Owner, State
from refunds.models import NoticeGroup

REMIND: Final = "remind"
BUYER, SELLER, CS, OPERATOR = (Role.BUYER,), (Role.SELLER,), (Role.CS,), (Role.OPERATOR,)
# Of buyer and seller the one who did it is not told: of what a clock did both are.
BOTH: Final = (*BUYER, *SELLER)

# (life, action) or, before it, (life, action, state that it led to).
TOLD: Final[Mapping[tuple[str, ...], tuple[Role, ...]]] = {
    ("order", "pay"): SELLER,
    ("order", "expire"): BUYER,
    ("order", "ship"): BUYER,
    ("order", "seller_cancel"): BUYER,
    ("order", "deliver"): BUYER,
    ("order", "extend"): BOTH,
    ("order", "receive"): SELLER,
    ("order", "auto_receive"): BOTH,
    ("order", "refunded"): BOTH,
    ("ticket", "begin"): SELLER,
    ("ticket", "agree"): BOTH,
    ("ticket", "reject"): BUYER,
    ("ticket", "amend"): SELLER,
    ("ticket", "withdraw"): BOTH,
    ("ticket", "offer"): BUYER,
    ("ticket", "accept_offer"): SELLER,
    ("ticket", "decline_offer"): BOTH,
    ("ticket", "ship_anyway"): BUYER,
    ("ticket", "send_waybill"): SELLER,
    ("ticket", "add_parcel"): SELLER,
    ("ticket", "change_waybill"): BOTH,
    ("ticket", "sign_for"): BOTH,
    ("ticket", "accept"): BOTH,
    ("ticket", "fail"): BOTH,
    ("ticket", "report"): BOTH,
    ("ticket", "send_back"): BUYER,
    ("ticket", "dispatch"): BUYER,
    ("ticket", "confirm"): BOTH,
    ("ticket", "succeed"): BOTH,
    ("ticket", "rule"): BOTH,
    ("ticket", "message"): BOTH,
    ("dispute", "begin"): (*BOTH, *CS),
    ("dispute", "rest", "review"): CS,
    ("dispute", "close_evidence"): CS,
    ("dispute", "ask"): BOTH,
    ("dispute", "hand_over"): CS,
    ("dispute", "assign"): CS,
    ("dispute", "rule"): BOTH,
    ("dispute", "rule", "confirmation"): CS,
    ("dispute", "confirm"): BOTH,
    ("dispute", "object"): CS,
    ("dispute", "escalate"): CS,
    ("dispute", "appeal"): (*BOTH, *CS),
    ("dispute", "accept_ruling"): BOTH,
    ("payout", "begin", "owed"): BOTH,
    ("payout", "settle"): BUYER,
    ("payout", "settle_by_hand"): BUYER,
    ("payout", "refuse"): OPERATOR,
    ("payout", "take_back"): OPERATOR,
}

_SAME_AS_ITS_TICKET = "what becomes of the ticket tells it"
# Of these nobody is told, and why.
QUIET: Final[Mapping[tuple[str, str], str]] = {
    ("order", "begin"): "the buyer placed it, or it was imported; the seller is told when it is paid",
    ("order", "cancel"): "the buyer did it, and the seller had nothing to do for it yet",
    ("order", "rest_cancelled"): _SAME_AS_ITS_TICKET,
    ("order", "hold"): _SAME_AS_ITS_TICKET,
    ("order", "release"): _SAME_AS_ITS_TICKET,
    ("ticket", "seller_cancel"): "the order's own event tells it",
    ("ticket", "call_cs"): "the dispute's birth tells it, with the time to be heard",
    ("dispute", "claim"): "the agent did it, and to the sides it is the same who reads",
    ("dispute", "rest"): "the other side is still being heard",
    ("dispute", "finalise"): _SAME_AS_ITS_TICKET,
    ("dispute", "end"): _SAME_AS_ITS_TICKET,
    ("payout", "begin"): _SAME_AS_ITS_TICKET,
    ("payout", "send"): "between us and the channel",
    ("payout", "doubt"): "between us and the channel",
    ("payout", "ask"): "between us and the channel",
    ("payout", "resend"): "between us and the channel",
    ("payout", "retry"): "between an operator and the channel",
}

# Whom a reminder is for: those whose queue the row stands in.
OWNERS: Final[Mapping[Owner, tuple[Role, ...]]] = {
    Owner.BUYER: BUYER,
    Owner.SELLER: SELLER,
    Owner.PARTIES: BOTH,
    Owner.CS: CS,
    Owner.OPERATOR: OPERATOR,
    Owner.CHANNEL: (),
}

# What is about money though the life is about more.
_MONEY: Final = frozenset({("ticket", "succeed"), ("order", "refunded")})
_GROUPS: Final[Mapping[str, NoticeGroup]] = {
    "order": NoticeGroup.ORDERS,
    "ticket": NoticeGroup.CASES,
    "dispute": NoticeGroup.CASES,
    "job": NoticeGroup.CASES,
    "payout": NoticeGroup.MONEY,
}


def group_of(life: str, action: str) -> NoticeGroup | None:
    """The group that a person may keep out of their mail; None for an answer to what they have asked themselves."""
    if action == REMIND:
        return NoticeGroup.REMINDERS
    return NoticeGroup.MONEY if (life, action) in _MONEY else _GROUPS.get(life)


def roles_told(life: str, event: Event, state: State) -> tuple[Role, ...]:
    """Who is told of an event that led to `state`, by role; empty for nobody."""
    if event.action == REMIND:
        return OWNERS[state.owner] if state.owner else ()
    told = TOLD.get((life, event.action, str(state)), TOLD.get((life, event.action), ()))
    return tuple(role for role in told if role != event.role or role not in BOTH)
