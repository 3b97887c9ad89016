"""Every model of refunds, so that an import need not know the file."""

from refunds.models.automatic import AutoDecision, AutoRule
from refunds.models.books import Books, Difference, StatementLine
from refunds.models.desk import Audience, Jotting, Note, Reply
from refunds.models.dispute import Dispute, DisputeEvent, Ruling
from refunds.models.goods import Evidence, Inspection, RepairRecord, ReturnParcel, StockIn
from refunds.models.notice import Channel, Notice, NoticeGroup, NoticeSettings
from refunds.models.offer import Offer
from refunds.models.payout import Payout, PayoutEvent, PayoutLine
from refunds.models.reason import Reason
from refunds.models.ticket import Ticket, TicketEvent, TicketLine
from refunds.models.upload import Draft, Upload, UploadDay

__all__ = [
    "Audience",
    "AutoDecision",
    "AutoRule",
    "Books",
    "Channel",
    "Difference",
    "Dispute",
    "DisputeEvent",
    "Draft",
    "Evidence",
    "Inspection",
    "Jotting",
    "Note",
    "Notice",
    "NoticeGroup",
    "NoticeSettings",
    "Offer",
    "Payout",
    "PayoutEvent",
    "PayoutLine",
    "Reason",
    "RepairRecord",
    "Reply",
    "ReturnParcel",
    "Ruling",
    "StatementLine",
    "StockIn",
    "Ticket",
    "TicketEvent",
    "TicketLine",
    "Upload",
    "UploadDay",
]
