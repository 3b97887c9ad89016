"""Every model of refunds, so that an import need not know the file."""

from refunds.models.goods import Evidence, Inspection, ReturnParcel
from refunds.models.notice import Channel, Notice
from refunds.models.payout import Payout, PayoutEvent, PayoutLine
from refunds.models.ticket import Reason, Ticket, TicketEvent, TicketLine

__all__ = [
    "Channel",
    "Evidence",
    "Inspection",
    "Notice",
    "Payout",
    "PayoutEvent",
    "PayoutLine",
    "Reason",
    "ReturnParcel",
    "Ticket",
    "TicketEvent",
    "TicketLine",
]
