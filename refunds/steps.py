"""Where a ticket stands on its way, as a few steps to take in at a glance. Pure: a table by kind and state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.translation import pgettext_lazy

from refunds.lifecycle import TICKET
from refunds.models import Ticket
from refunds.states import Kind
from refunds.states import TicketState as S

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

FILED, ANSWER, BACK, INSPECTION, END = "filed", "answer", "back", "inspection", "end"
SHORT: Final = (FILED, ANSWER, END)
LONG: Final = (FILED, ANSWER, BACK, INSPECTION, END)
WAYS: Final = {
    Kind.REFUND_ONLY: SHORT,
    Kind.RETURN_REFUND: LONG,
    Kind.EXCHANGE: LONG,
    Kind.REPAIR: LONG,
    Kind.REISSUE: SHORT,
}
# Which step is the present one. A ticket that was put aside stands where it came from.
PLACES: Final = {
    S.AWAITING_SELLER: ANSWER,
    S.AWAITING_BUYER: ANSWER,
    S.REJECTED: ANSWER,
    S.AWAITING_RETURN: BACK,
    S.AWAITING_INSPECTION: INSPECTION,
    S.INSPECTION_FAILED: INSPECTION,
    S.AWAITING_DISPATCH: END,
    S.AWAITING_BUYER_RECEIPT: END,
    S.ARBITRATION: ANSWER,
    S.REFUNDING: END,
    S.SUCCEEDED: END,
    S.CLOSED: END,
}
LABELS: Final = {
    FILED: pgettext_lazy("step", "Filed"),
    ANSWER: pgettext_lazy("step", "Seller’s answer"),
    BACK: pgettext_lazy("step", "Goods back"),
    INSPECTION: pgettext_lazy("step", "Inspection"),
}
ENDS: Final = {
    Kind.REFUND_ONLY: pgettext_lazy("step", "Money back"),
    Kind.RETURN_REFUND: pgettext_lazy("step", "Money back"),
    Kind.EXCHANGE: pgettext_lazy("step", "New goods"),
    Kind.REPAIR: pgettext_lazy("step", "Repaired goods"),
    Kind.REISSUE: pgettext_lazy("step", "Goods again"),
}
_CLOSED: Final = pgettext_lazy("step", "Closed")
_SENT_BACK: Final = pgettext_lazy("step", "Your goods back")


@dataclass(frozen=True)
class Step:
    """`state` as components/steps.html takes it: done, now, next, or failed where a ticket ended without its aim."""

    label: str | _StrPromise
    state: str
    is_present: bool


def steps(ticket: Ticket) -> list[Step]:
    """Exactly one of them is the present one. A ruling may lead goods back that nobody thought of before: then the long
    way is shown."""
    place = END if ticket.state == S.CLOSED else PLACES[TICKET.state(ticket.stands_at)]
    way = WAYS[Kind(ticket.kind)]
    way = way if place in way else LONG
    at = way.index(place)
    return [Step(_label(ticket, step), _state(ticket, number - at), number == at) for number, step in enumerate(way)]


def _state(ticket: Ticket, ahead: int) -> str:
    """`ahead`: how many steps it lies beyond the present one."""
    if ahead:
        return "next" if ahead > 0 else "done"
    return {S.SUCCEEDED: "done", S.CLOSED: "failed"}.get(TICKET.state(ticket.state), "now")


def _label(ticket: Ticket, step: str) -> str | _StrPromise:
    if step != END:
        return LABELS[step]
    if ticket.state == S.CLOSED:
        return _CLOSED
    return _SENT_BACK if ticket.sending_back else ENDS[Kind(ticket.kind)]
