"""Every life of the system, for what goes over all of them: the diagrams, the checks, the figures."""

from typing import Final

from aftersales.lifecycle.table import Lifecycle
from orders.lifecycle import ORDER
from refunds.lifecycle import DISPUTE, PAYOUT, TICKET

ALL: Final[tuple[Lifecycle, ...]] = (ORDER, TICKET, DISPUTE, PAYOUT)
