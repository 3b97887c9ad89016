"""The life of a payout. Its number is minted once and used for ever, whatever the channel says."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db.models import Case, DurationField, Exists, F, OuterRef, Q, Value, When
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from aftersales.actors import Role
from aftersales.lifecycle.table import Clock, Lifecycle, Transition
from refunds import effects
from refunds.lifecycle.terms import SYSTEM
from refunds.models import Payout, PayoutEvent
from refunds.states import PayoutState as P

OPERATOR = (Role.OPERATOR,)
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
    born=(P.CREATED, P.OWED),
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
        Transition("settle_by_hand", _("Paid by hand"), P.OWED, P.SETTLED, (Role.SELLER, Role.OPERATOR),
                   effects=(effects.settle,), sets=_PAID),
    ),
)  # fmt: skip
