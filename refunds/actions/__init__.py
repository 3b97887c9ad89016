"""The verbs of tickets and disputes: each one transaction, the same for pages, admin and sweeps.

A verb takes rows already narrowed to what its actor may see. It raises Conflict when nothing moved for a person,
Refused when a rule says no. Verbs on payouts and on money that comes are in refunds.money.
"""

from collections.abc import Mapping

from aftersales.lifecycle.move import Verb
from aftersales.lifecycle.table import State
from refunds.actions.answering import (
    Rejection,
    accept_offer,
    agree,
    decline_offer,
    offer,
    reject,
)
from refunds.actions.bulk import (
    agree_many,
    assign_many,
    judge_answer,
    judge_assignment,
    judge_note,
    reject_many,
)
from refunds.actions.disputes import (
    accept_ruling,
    appeal,
    ask,
    assign,
    call_cs,
    claim,
    close_evidence,
    confirm_ruling,
    escalate,
    finalise,
    hand_over,
    object_to,
    rest,
    rule,
)
from refunds.actions.filing import amend, file_ticket, give_back, message, withdraw
from refunds.actions.goods import (
    accept,
    add_parcel,
    change_waybill,
    confirm,
    dispatch,
    fail_inspection,
    send_back,
    send_waybill,
    sign_for,
    stock_in,
)
from refunds.actions.orders import seller_cancel, ship_anyway
from refunds.actions.rehearsal import Rehearsal, rehearse, rehearse_second
from refunds.actions.uploads import drop_uploads, upload
from refunds.states import DisputeState, TicketState

# What silence leads to: {state: verb}.
ON_DUE: Mapping[State, Verb] = {
    TicketState.AWAITING_SELLER: agree,
    TicketState.AWAITING_BUYER: decline_offer,
    TicketState.REJECTED: withdraw,
    TicketState.AWAITING_RETURN: withdraw,
    TicketState.AWAITING_INSPECTION: accept,
    TicketState.INSPECTION_FAILED: call_cs,
    TicketState.AWAITING_DISPATCH: call_cs,
    TicketState.AWAITING_BUYER_RECEIPT: confirm,
}
DISPUTE_ON_DUE: Mapping[State, Verb] = {
    DisputeState.EVIDENCE: close_evidence,
    DisputeState.REVIEW: escalate,
    DisputeState.CONFIRMATION: escalate,
    DisputeState.RULED: finalise,
}

__all__ = [
    "reject_many",
    "judge_assignment",
    "judge_note",
    "judge_answer",
    "assign_many",
    "agree_many",
    "DISPUTE_ON_DUE",
    "ON_DUE",
    "Rehearsal",
    "Rejection",
    "accept",
    "accept_offer",
    "accept_ruling",
    "add_parcel",
    "agree",
    "amend",
    "appeal",
    "ask",
    "assign",
    "call_cs",
    "change_waybill",
    "claim",
    "close_evidence",
    "confirm",
    "confirm_ruling",
    "decline_offer",
    "dispatch",
    "drop_uploads",
    "escalate",
    "fail_inspection",
    "file_ticket",
    "finalise",
    "give_back",
    "hand_over",
    "message",
    "object_to",
    "offer",
    "rehearse",
    "rehearse_second",
    "reject",
    "rest",
    "rule",
    "seller_cancel",
    "send_back",
    "send_waybill",
    "ship_anyway",
    "sign_for",
    "stock_in",
    "upload",
    "withdraw",
]
