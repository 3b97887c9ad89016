"""The lives of a ticket, a dispute and a payout, one a file. These tables are the rule; the rest comes from them."""

from refunds.lifecycle.dispute import DISPUTE
from refunds.lifecycle.payout import BY_HAND, PAYOUT
from refunds.lifecycle.ticket import TICKET

__all__ = ["BY_HAND", "DISPUTE", "PAYOUT", "TICKET"]
