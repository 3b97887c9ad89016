"""What can still be asked for of an order, as far as the buyer has chosen. Rules say what is possible."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from orders.models import Order, OrderLine
from refunds import rules
from refunds.models import Reason
from refunds.states import Kind

# Where the goods are. {choice: (they were shipped, they have arrived)}
ARRIVED, ON_THE_WAY, NOT_SHIPPED = "arrived", "on_the_way", "not_shipped"
WHERE = {ARRIVED: (True, True), ON_THE_WAY: (True, False), NOT_SHIPPED: (False, False)}


def where(*, shipped: bool, arrived: bool) -> str:
    """The choice that says so."""
    return (ARRIVED if arrived else ON_THE_WAY) if shipped else NOT_SHIPPED


def implied(reason: Reason | None, places: Sequence[str]) -> str:
    """Where the goods have to be for a reason that speaks of only one place; "" for the others."""
    if reason is None or reason.not_arrived is None:
        return ""
    place = ON_THE_WAY if reason.not_arrived else ARRIVED
    return place if place in places else ""


@dataclass(frozen=True)
class Choices:
    """
    lines     those in question: what the buyer has chosen, or all of them
    together  they are asked for in one ticket; otherwise each for itself, or the freight alone
    on_offer  how many units of a line can be named, of shipped ones or of those that wait
    side      whether the goods were shipped, where that is settled
    """

    order: Order
    lines: Sequence[OrderLine]
    together: bool
    on_offer: Callable[[OrderLine, bool], int]
    side: bool | None = None

    def places(self) -> list[str]:
        sides = self._sides()
        return [place for place, (shipped, _arrived) in WHERE.items() if shipped in sides]

    def _sides(self) -> list[bool]:
        """Shipped goods, goods that were not, or both."""
        if self.side is not None:
            return [self.side]
        counts = {side: [self.on_offer(line, side) for line in self.lines] for side in (True, False)}
        some = [side for side, units in counts.items() if any(units)]
        whole = [side for side in some if all(counts[side])]
        # Freight alone is a matter of what has happened to the goods so far.
        return (whole if self.together else some) or some or [any(line.shipped for line in self.lines)]

    def kinds(self, place: str) -> list[Kind]:
        """What can be asked for where the goods are: of all the lines, or of any of them or the freight."""
        shipped, arrived = WHERE[place]
        lines = [line for line in self.lines if self.on_offer(line, shipped)]
        if self.together:
            return rules.kinds(self.order, lines, shipped=shipped, arrived=arrived) if lines else []
        found = {Kind.REFUND_ONLY} if rules.freight_left(self.order) else set()
        for line in lines:
            found |= set(rules.kinds(self.order, [line], shipped=shipped, arrived=arrived))
        return [kind for kind in Kind if kind in found]

    def kinds_of(self, places: Iterable[str]) -> list[Kind]:
        """The same for any of these places."""
        found = {kind for place in places for kind in self.kinds(place)}
        return [kind for kind in Kind if kind in found]


def fits(reason: Reason, place: str, kinds: Iterable[str]) -> bool:
    """Whether a reason can be given for any of these kinds where the goods are; "" for not known yet."""
    if place and reason.not_arrived is not None and place != (ON_THE_WAY if reason.not_arrived else ARRIVED):
        return False
    return any(reason.fits(kind) for kind in kinds)
