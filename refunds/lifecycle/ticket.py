"""The life of a ticket. This table is the rule; buttons, diagrams, database guards and random tests come from it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.db.models.functions import Greatest, Now
from django.utils.translation import gettext_lazy as _

from aftersales.actors import Role
from aftersales.lifecycle.table import Effect, Lifecycle, Transition, resume
from refunds import effects
from refunds.lifecycle.terms import (
    BUYER,
    BUYER_OR_CLOCK,
    ENDS,
    REMINDERS,
    RETURN_ADDRESS,
    SELLER,
    SELLER_OR_CLOCK,
    SYSTEM,
    policy,
)
from refunds.models import Dispute, Ticket, TicketEvent
from refunds.models.ticket import AT_SELLER
from refunds.states import REFUNDS, RETURNS, ClosedReason, DisputeState, Kind, Verdict
from refunds.states import TicketState as S

# What a ticket is about, and where it stood before it was put aside ("" while it is not).
REFUND_ONLY, RETURN_REFUND, REISSUE = (Q(kind=kind) for kind in (Kind.REFUND_ONLY, Kind.RETURN_REFUND, Kind.REISSUE))
RETURN, REPLACE, MONEY = Q(kind__in=RETURNS), Q(kind__in=(Kind.EXCHANGE, Kind.REPAIR)), Q(kind__in=REFUNDS)
ASKED = Q(resume_state__in=("", S.AWAITING_SELLER))
SENT_IN = Q(resume_state__in=(S.AWAITING_INSPECTION, S.INSPECTION_FAILED))
TO_DISPATCH, SENT_OUT = Q(resume_state=S.AWAITING_DISPATCH), Q(resume_state=S.AWAITING_BUYER_RECEIPT)
BACKWARDS = Q(sending_back=True)
# Once customer service has ruled, nobody moves the ticket past the ruling.
OPEN_TO_BOTH = ~Q(Exists(Dispute.objects.filter(ticket=OuterRef("pk"), state=DisputeState.RULED)))
# Goods that are with the seller would be lost to a buyer who gives up, and so would be what came in their place.
MAY_WITHDRAW = OPEN_TO_BOTH & ~(RETURN & Q(resume_state__in=AT_SELLER)) & ~(SENT_OUT & ~BACKWARDS)

_BACK: Final = {"resume_state": "", "resume_left": None}
_ADDRESS: Final = {
    "return_address": RETURN_ADDRESS,
    "sending_back": False,
    **_BACK,
}
_PUT_ASIDE: Final = {
    "resume_state": Case(
        When(state=S.AWAITING_BUYER, then=F("resume_state")),
        When(state=S.REJECTED, then=Value(str(S.AWAITING_SELLER))),
        default=F("state"),
    ),
    "resume_left": None,
}
_LEFT: Final = Greatest(F("due_at") - Now(), Value(timedelta(0)))
RESUMABLE = (
    S.AWAITING_SELLER, S.AWAITING_RETURN, S.AWAITING_INSPECTION, S.INSPECTION_FAILED, S.AWAITING_DISPATCH,
    S.AWAITING_BUYER_RECEIPT,
)  # fmt: skip
WAITING = (*RESUMABLE, S.AWAITING_BUYER, S.REJECTED, S.ARBITRATION)


def _closed(reason: ClosedReason) -> dict[str, Any]:
    return {"closed_reason": reason, **_BACK}


def _then(name: str, label: Any, source: Any, who: Any, *first: Effect) -> tuple[Transition, ...]:
    """Where an application leads once both sides agree on it: money, the goods' way back, or goods again."""
    return (
        Transition(name, label, source, S.REFUNDING, who, guard=ASKED & REFUND_ONLY & OPEN_TO_BOTH, effects=first,
                   sets=_BACK),
        Transition(name, label, source, S.AWAITING_RETURN, who, guard=ASKED & RETURN & OPEN_TO_BOTH,
                   effects=(*first, effects.hold_stock), sets=_ADDRESS),
        Transition(name, label, source, S.AWAITING_DISPATCH, who, guard=ASKED & REISSUE & OPEN_TO_BOTH,
                   effects=(*first, effects.hold_stock), sets=_BACK),
    )  # fmt: skip


def _ruled(verdict: Verdict, target: Any, guard: Q | None = None, **rest: Any) -> Transition:
    return Transition("rule", _("Ruled"), S.ARBITRATION, target, SYSTEM, guard=Q(verdict=verdict) & (guard or Q()),
                      **{"sets": _BACK, **rest})  # fmt: skip


TICKET: Final = Lifecycle(
    name="ticket",
    label=_("Ticket"),
    model=Ticket,
    event=TicketEvent,
    states=S,
    born=(S.AWAITING_SELLER,),
    parents=("order",),
    ends=ENDS,
    reminders=REMINDERS,
    clocks={
        "answer": Case(When(shipped=True, then=policy("answer_shipped")), default=policy("answer_unshipped")),
        "answer_offer": policy("answer_offer"),
        "answer_rejection": policy("answer_rejection"),
        "return": policy("return_goods"),
        "inspection": policy("inspection"),
        "after_failed_inspection": policy("after_failed_inspection"),
        "dispatch": policy("dispatch"),
        "buyer_receipt": policy("buyer_receipt"),
    },
    transitions=(
        # The application, and the seller's answer. In arbitration, until it has ruled, the seller may still agree.
        *_then("agree", _("Agree"), (S.AWAITING_SELLER, S.ARBITRATION), SELLER_OR_CLOCK),
        # Stock that was not there when silence agreed is taken now.
        Transition("agree", _("Agree"), S.ARBITRATION, S.AWAITING_RETURN, SELLER,
                   guard=Q(resume_state=S.AWAITING_RETURN) & RETURN & OPEN_TO_BOTH, effects=(effects.hold_stock,),
                   sets=_ADDRESS),
        Transition("agree", _("Agree"), S.ARBITRATION, S.REFUNDING, SELLER,
                   guard=SENT_IN & RETURN_REFUND & OPEN_TO_BOTH, sets=_BACK),
        Transition("agree", _("Agree"), S.ARBITRATION, S.AWAITING_DISPATCH, SELLER,
                   guard=((SENT_IN & REPLACE) | TO_DISPATCH) & OPEN_TO_BOTH, effects=(effects.hold_stock,),
                   sets=_BACK),
        Transition("reject", _("Reject"), S.AWAITING_SELLER, S.REJECTED, SELLER),
        Transition("amend", _("Amend"), (S.AWAITING_SELLER, S.REJECTED), S.AWAITING_SELLER, BUYER,
                   sets={"version": F("version") + 1, "rejection": None}),
        Transition("withdraw", _("Withdraw"),
                   (S.AWAITING_SELLER, S.AWAITING_BUYER, S.REJECTED, S.AWAITING_RETURN, S.ARBITRATION), S.CLOSED,
                   BUYER_OR_CLOCK, guard=MAY_WITHDRAW, effects=(effects.release,),
                   sets=_closed(ClosedReason.WITHDRAWN)),
        # Haggling: the offer remembers where it came from, and how much time was left there.
        Transition("offer", _("Make an offer"), (S.AWAITING_SELLER, S.INSPECTION_FAILED, S.AWAITING_DISPATCH),
                   S.AWAITING_BUYER, SELLER, guard=~BACKWARDS, sets={"resume_state": F("state"), "resume_left": _LEFT}),
        *_then("accept_offer", _("Accept the offer"), S.AWAITING_BUYER, BUYER, effects.accept_offers),
        Transition("accept_offer", _("Accept the offer"), S.AWAITING_BUYER, S.REFUNDING, BUYER,
                   guard=Q(resume_state__in=AT_SELLER) & MONEY, effects=(effects.accept_offers,), sets=_BACK),
        *(Transition("decline_offer", _("Decline the offer"), S.AWAITING_BUYER, state, BUYER_OR_CLOCK,
                     guard=Q(resume_state=state), clock=resume(F("resume_left"), policy("answer_floor")),
                     effects=(effects.decline_offers,), sets=_BACK)
          for state in (S.AWAITING_SELLER, S.INSPECTION_FAILED, S.AWAITING_DISPATCH)),
        # What happens to the order ends what was asked for.
        Transition("ship_anyway", _("Ship anyway"), (S.AWAITING_SELLER, S.AWAITING_BUYER, S.REJECTED), S.CLOSED, SELLER,
                   guard=Q(shipped=False), effects=(effects.release,), sets=_closed(ClosedReason.SHIPPED_ANYWAY)),
        Transition("seller_cancel", _("Order cancelled"),
                   (S.AWAITING_SELLER, S.AWAITING_BUYER, S.REJECTED, S.ARBITRATION), S.CLOSED, SELLER,
                   effects=(effects.release,), sets=_closed(ClosedReason.SELLER_CANCELLED)),
        # Goods travel.
        Transition("send_waybill", _("Send back"), S.AWAITING_RETURN, S.AWAITING_INSPECTION, BUYER),
        Transition("add_parcel", _("Add a parcel"), S.AWAITING_INSPECTION, None, BUYER),
        Transition("change_waybill", _("Mend the waybill"), S.AWAITING_INSPECTION, None, BUYER),
        Transition("change_waybill", _("Mend the waybill"), S.AWAITING_BUYER_RECEIPT, None, SELLER),
        Transition("sign_for", _("Signed for"), S.AWAITING_INSPECTION, None, SELLER_OR_CLOCK),
        Transition("accept", _("Accept the goods"), (S.AWAITING_INSPECTION, S.INSPECTION_FAILED), S.REFUNDING,
                   SELLER_OR_CLOCK, guard=RETURN_REFUND),
        Transition("accept", _("Accept the goods"), (S.AWAITING_INSPECTION, S.INSPECTION_FAILED), S.AWAITING_DISPATCH,
                   SELLER_OR_CLOCK, guard=REPLACE),
        Transition("fail", _("Inspection failed"), S.AWAITING_INSPECTION, S.INSPECTION_FAILED, SELLER_OR_CLOCK),
        # Goods that arrive while customer service has the case are counted, and move nothing.
        Transition("report", _("Reported by the warehouse"), S.ARBITRATION, None, SYSTEM,
                   guard=Q(resume_state=S.AWAITING_INSPECTION)),
        Transition("send_back", _("Send the goods back"), S.INSPECTION_FAILED, S.AWAITING_BUYER_RECEIPT, SELLER,
                   sets={"sending_back": True}),
        Transition("dispatch", _("Dispatch"), S.AWAITING_DISPATCH, S.AWAITING_BUYER_RECEIPT, SELLER,
                   effects=(effects.dispatch,)),
        Transition("confirm", _("Confirm receipt"), (S.AWAITING_BUYER_RECEIPT, S.ARBITRATION), S.SUCCEEDED,
                   BUYER_OR_CLOCK, guard=(Q(resume_state="") | SENT_OUT) & ~BACKWARDS & OPEN_TO_BOTH,
                   effects=(effects.succeed,), sets=_BACK),
        Transition("confirm", _("Confirm receipt"), (S.AWAITING_BUYER_RECEIPT, S.ARBITRATION), S.CLOSED,
                   BUYER_OR_CLOCK, guard=(Q(resume_state="") | SENT_OUT) & BACKWARDS & OPEN_TO_BOTH,
                   effects=(effects.release,), sets=_closed(ClosedReason.SENT_BACK)),
        Transition("succeed", _("Money returned"), S.REFUNDING, S.SUCCEEDED, SYSTEM, effects=(effects.succeed,)),
        # Customer service: called in by a side, or by the clock where the seller owes a decision.
        Transition("call_cs", _("Call customer service"),
                   (S.AWAITING_BUYER, S.REJECTED, S.AWAITING_RETURN, S.AWAITING_INSPECTION, S.INSPECTION_FAILED,
                    S.AWAITING_DISPATCH, S.AWAITING_BUYER_RECEIPT), S.ARBITRATION, BUYER,
                   effects=(effects.lapse_offers,), sets=_PUT_ASIDE),
        Transition("call_cs", _("Call customer service"),
                   (S.AWAITING_SELLER, S.AWAITING_INSPECTION, S.INSPECTION_FAILED), S.ARBITRATION, SELLER,
                   sets=_PUT_ASIDE),
        Transition("call_cs", _("Call customer service"), (S.INSPECTION_FAILED, S.AWAITING_DISPATCH), S.ARBITRATION,
                   SYSTEM, sets=_PUT_ASIDE),
        _ruled(Verdict.REFUND, S.REFUNDING),
        _ruled(Verdict.RETURN_FIRST, S.AWAITING_RETURN, effects=(effects.hold_stock,), sets=_ADDRESS),
        _ruled(Verdict.SEND_GOODS, S.AWAITING_DISPATCH, effects=(effects.hold_stock,),
               sets={**_BACK, "sending_back": False}),
        _ruled(Verdict.SEND_BACK, S.AWAITING_DISPATCH, effects=(effects.let_go_of_stock,),
               sets={**_BACK, "sending_back": True}),
        _ruled(Verdict.REFUSE, S.SUCCEEDED, SENT_OUT & ~BACKWARDS, effects=(effects.succeed,)),
        _ruled(Verdict.REFUSE, S.CLOSED, ~SENT_OUT | BACKWARDS, effects=(effects.release,),
               sets=_closed(ClosedReason.RULED_AGAINST)),
        *(_ruled(Verdict.NEGOTIATE, state, Q(resume_state=state)) for state in RESUMABLE),
        # Words and photos, at any time.
        Transition("message", _("Write"), WAITING, None, (Role.BUYER, Role.SELLER, Role.CS)),
    ),
)  # fmt: skip
