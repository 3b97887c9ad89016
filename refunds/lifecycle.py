"""The lives of a ticket and of a payout. These tables are the rule; everything else is generated from them."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db.models import Case, DurationField, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from aftersales.actors import Role
from aftersales.lifecycle.table import Clock, Lifecycle, Transition
from orders.models import Policy, Shop
from refunds import effects
from refunds.models import Payout, PayoutEvent, Ticket, TicketEvent
from refunds.states import ClosedReason, Kind
from refunds.states import PayoutState as P
from refunds.states import TicketState as S

BUYER, SELLER, SYSTEM, OPERATOR = (Role.BUYER,), (Role.SELLER,), (Role.SYSTEM,), (Role.OPERATOR,)
SELLER_OR_CLOCK, BUYER_OR_CLOCK = (Role.SELLER, Role.SYSTEM), (Role.BUYER, Role.SYSTEM)


def policy(duration: str) -> Subquery:
    """A duration of the policy that the ticket's order was placed under."""
    return Subquery(Policy.objects.filter(orders=OuterRef("order_id")).values(duration)[:1])


def _closed(reason: ClosedReason) -> dict[str, str]:
    return {"closed_reason": reason}


_SHOP_ADDRESS = Subquery(Shop.objects.filter(orders=OuterRef("order_id")).values("return_address")[:1])
REFUND_ONLY, RETURN = Q(kind=Kind.REFUND_ONLY), Q(kind=Kind.RETURN_REFUND)

TICKET: Final = Lifecycle(
    name="ticket",
    label=_("Ticket"),
    model=Ticket,
    event=TicketEvent,
    states=S,
    born=(S.AWAITING_SELLER,),
    parents=("order",),
    clocks={
        "answer": Case(When(shipped=True, then=policy("answer_shipped")), default=policy("answer_unshipped")),
        "answer_rejection": policy("answer_rejection"),
        "return": policy("return_goods"),
        "inspection": policy("inspection"),
        "after_failed_inspection": policy("after_failed_inspection"),
        "sent_back": policy("buyer_receipt"),
    },
    transitions=(
        Transition("agree", _("Agree"), S.AWAITING_SELLER, S.REFUNDING, SELLER_OR_CLOCK, guard=REFUND_ONLY),
        Transition("agree", _("Agree"), S.AWAITING_SELLER, S.AWAITING_RETURN, SELLER_OR_CLOCK, guard=RETURN,
                   sets={"return_address": _SHOP_ADDRESS}),
        Transition("reject", _("Reject"), S.AWAITING_SELLER, S.REJECTED, SELLER),
        Transition("amend", _("Amend"), (S.AWAITING_SELLER, S.REJECTED), S.AWAITING_SELLER, BUYER,
                   sets={"version": F("version") + 1, "rejection": None}),
        Transition("withdraw", _("Withdraw"), (S.AWAITING_SELLER, S.REJECTED, S.AWAITING_RETURN), S.CLOSED,
                   BUYER_OR_CLOCK, effects=(effects.release,), sets=_closed(ClosedReason.WITHDRAWN)),
        Transition("ship_anyway", _("Ship anyway"), (S.AWAITING_SELLER, S.REJECTED), S.CLOSED, SELLER,
                   guard=Q(shipped=False), effects=(effects.release,), sets=_closed(ClosedReason.SHIPPED_ANYWAY)),
        Transition("seller_cancel", _("Order cancelled"), (S.AWAITING_SELLER, S.REJECTED), S.CLOSED, SELLER,
                   effects=(effects.release,), sets=_closed(ClosedReason.SELLER_CANCELLED)),
        Transition("send_waybill", _("Send back"), S.AWAITING_RETURN, S.AWAITING_INSPECTION, BUYER),
        Transition("accept", _("Accept the goods"), (S.AWAITING_INSPECTION, S.INSPECTION_FAILED), S.REFUNDING,
                   SELLER_OR_CLOCK),
        Transition("fail", _("Inspection failed"), S.AWAITING_INSPECTION, S.INSPECTION_FAILED, SELLER),
        Transition("send_back", _("Send the goods back"), S.INSPECTION_FAILED, S.AWAITING_BUYER_RECEIPT, SELLER),
        Transition("confirm", _("Confirm receipt"), S.AWAITING_BUYER_RECEIPT, S.CLOSED, BUYER_OR_CLOCK,
                   effects=(effects.release,), sets=_closed(ClosedReason.SENT_BACK)),
        Transition("succeed", _("Money returned"), S.REFUNDING, S.SUCCEEDED, SYSTEM, effects=(effects.succeed,)),
    ),
)  # fmt: skip

# How long a sent payout may be without an answer. Longer than the channel client's own time-out.
ANSWER: Final = timedelta(seconds=30)
_BACK_OFF: Final = Case(
    When(tries__lt=3, then=Value(timedelta(seconds=10))),
    When(tries__lt=10, then=Value(timedelta(minutes=1))),
    When(tries__lt=30, then=Value(timedelta(minutes=10))),
    default=Value(timedelta(hours=1)),
    output_field=DurationField(),
)
_TRIED: Final = {"tries": F("tries") + 1}
# The channel knows nothing about what a person paid in another way: an old refusal, told late, does not undo it.
BY_HAND = Q(Exists(PayoutEvent.objects.filter(payout=OuterRef("pk"), action="settle_by_hand")))
_PAID: Final = {"settlements": F("settlements") + 1, "settled_at": Now(), "tries": 0, "trouble": "", "retrying": False}

PAYOUT: Final = Lifecycle(
    name="payout",
    label=_("Payout"),
    model=Payout,
    event=PayoutEvent,
    states=P,
    born=(P.CREATED,),
    parents=("order", "ticket"),
    clocks={
        "now": Value(timedelta(0), output_field=DurationField()),
        "answer": Value(ANSWER, output_field=DurationField()),
    },
    begun=(effects.book_payouts,),
    transitions=(
        # A worker claims the row before it calls the channel, so a killed worker leaves a row that is asked about.
        Transition("send", _("Send"), P.CREATED, P.SENT, SYSTEM, sets=_TRIED),
        Transition("doubt", _("No answer"), P.SENT, P.UNKNOWN, SYSTEM),
        Transition("ask", _("Ask the channel"), P.UNKNOWN, P.UNKNOWN, SYSTEM, clock=Clock(Now() + _BACK_OFF),
                   sets=_TRIED),
        Transition("resend", _("Send again"), P.UNKNOWN, P.SENT, SYSTEM),
        Transition("settle", pgettext_lazy("payout", "Paid"), (P.SENT, P.UNKNOWN, P.FAILED), P.SETTLED, SYSTEM,
                   effects=(effects.settle,), sets=_PAID),
        Transition("refuse", _("Refused by the channel"), (P.SENT, P.UNKNOWN), P.FAILED, SYSTEM,
                   sets={"tries": 0, "retrying": False}),
        Transition("take_back", _("Taken back by the channel"), P.SETTLED, P.FAILED, SYSTEM, guard=~BY_HAND,
                   effects=(effects.take_back,), sets={"settled_at": None}),
        Transition("retry", _("Send again"), P.FAILED, P.SENT, OPERATOR, clock=Clock(Now()),
                   sets={"retrying": True}),
        # What a worker could not go on with is a person's to end as well: nothing is sent while it is set aside.
        Transition("settle_by_hand", _("Paid by hand"), (P.SENT, P.UNKNOWN, P.FAILED), P.SETTLED, OPERATOR,
                   guard=Q(state=P.FAILED) | Q(set_aside_at__isnull=False), effects=(effects.settle,), sets=_PAID),
    ),
)  # fmt: skip
