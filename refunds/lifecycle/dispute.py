"""The life of a dispute. Nothing moves ticket, goods or money before it is final."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, Now
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from aftersales.actors import Role
from aftersales.lifecycle.table import Lifecycle, State, Transition
from refunds.lifecycle.terms import CS, ENDS, REMINDERS, SYSTEM, policy
from refunds.models import Dispute, DisputeEvent, Ruling
from refunds.states import DisputeState as S
from refunds.states import Outcome

# The last ruling is above what one agent may rule alone. Before there is one, a null would make neither guard hold.
_LAST = Ruling.objects.filter(dispute=OuterRef("pk")).order_by("-pk").values("needs_second")[:1]
NEEDS_SECOND = Q(Exact(Coalesce(Subquery(_LAST), Value(False)), True))
_UNREAD: Final = {"buyer_accepts": False, "seller_accepts": False}
_UNHEARD: Final = {"buyer_rests": False, "seller_rests": False}
_LATE: Final = {"late_at": Coalesce("late_at", Now())}
_RULED: Final = {"outcome": Outcome.RULED}


def _both(name: str, label: Any, source: State, target: State, does: str, sets: dict[str, Any]) -> list[Transition]:
    """What takes both sides: the first one is noted, the second one moves on."""
    found = []
    for role, other in ((Role.BUYER, Role.SELLER), (Role.SELLER, Role.BUYER)):
        mine, theirs = f"{role.value}_{does}", f"{other.value}_{does}"
        found += [
            Transition(name, label, source, target, (role,), guard=Q(**{theirs: True}), sets={mine: True, **sets}),
            Transition(name, label, source, None, (role,), guard=Q(**{theirs: False, mine: False}), sets={mine: True}),
        ]
    return found


def _appeal(role: Role) -> Transition:
    """Once a dispute, by a side that has not accepted; another agent reviews it."""
    guard = Q(appealed_by="", **{f"{role.value}_accepts": False})
    return Transition("appeal", _("Appeal"), S.RULED, S.REVIEW, (role,), guard=guard,
                      sets={"appealed_by": role, "agent": None})  # fmt: skip


DISPUTE: Final = Lifecycle(
    name="dispute",
    label=_("Dispute"),
    model=Dispute,
    event=DisputeEvent,
    states=S,
    born=(S.EVIDENCE,),
    parents=("order", "ticket"),
    ends=ENDS,
    reminders=REMINDERS,
    clocks={"evidence": policy("evidence"), "review": policy("review"), "appeal": policy("appeal")},
    transitions=(
        # Both sides are heard until the time is over, or both have nothing to add.
        *_both("rest", _("Nothing to add"), S.EVIDENCE, S.REVIEW, "rests", {}),
        Transition("close_evidence", _("Evidence closed"), S.EVIDENCE, S.REVIEW, SYSTEM),
        # An agent takes it, asks for more, hands it over or rules; a supervisor gives it to whom they choose.
        Transition("claim", _("Claim"), (S.EVIDENCE, S.REVIEW), None, CS, guard=Q(agent=None)),
        Transition("hand_over", _("Hand over"), (S.EVIDENCE, S.REVIEW), None, CS, guard=Q(agent__isnull=False)),
        Transition("assign", _("Assign"), (S.EVIDENCE, S.REVIEW), None, CS),
        Transition("ask", _("Ask for evidence"), S.REVIEW, S.EVIDENCE, CS, sets=_UNHEARD),
        Transition("rule", _("Rule"), S.REVIEW, S.CONFIRMATION, CS, guard=NEEDS_SECOND, sets=_UNREAD),
        Transition("rule", _("Rule"), S.REVIEW, S.RULED, CS, guard=~NEEDS_SECOND, sets=_UNREAD),
        Transition("confirm", _("Confirm the ruling"), S.CONFIRMATION, S.RULED, CS),
        Transition("object", _("Object to the ruling"), S.CONFIRMATION, S.REVIEW, CS),
        # What takes too long is marked as late; a review goes back to everybody's queue.
        Transition("escalate", _("Late"), S.REVIEW, S.REVIEW, SYSTEM, sets={**_LATE, "agent": None}),
        Transition("escalate", _("Late"), S.CONFIRMATION, S.CONFIRMATION, SYSTEM, sets=_LATE),
        # Both sides read the ruling. Silence accepts it.
        *_both("accept_ruling", _("Accept the ruling"), S.RULED, S.FINAL, "accepts", _RULED),
        _appeal(Role.BUYER),
        _appeal(Role.SELLER),
        Transition("finalise", _("Final"), S.RULED, S.FINAL, SYSTEM, sets=_RULED),
        # The sides settle it themselves, or the order is cancelled.
        Transition("end", _("Ended without a ruling"), (S.EVIDENCE, S.REVIEW, S.CONFIRMATION, S.RULED), S.FINAL,
                   SYSTEM),
    ),
)  # fmt: skip
