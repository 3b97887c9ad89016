"""What the database refuses of refunds, beside the CHECKs of the models. Imported once, by AppConfig.ready()."""

from aftersales.lifecycle.guards import append_only, freeze, guard
from refunds.lifecycle import PAYOUT, TICKET
from refunds.models import Payout, PayoutLine, Ticket

guard(TICKET)
guard(PAYOUT)
append_only(PayoutLine)
freeze(Ticket, "number", "order_id", "shipped")
freeze(Payout, "number", "order_id", "payment_id", "ticket_id", "cause", "amount", "freight", "currency")
