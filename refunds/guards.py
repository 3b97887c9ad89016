"""What the database refuses of refunds, beside the CHECKs of the models. Imported once, by AppConfig.ready()."""

import pgtrigger

from aftersales.lifecycle.guards import append_only, attach, freeze, guard, only_grows
from refunds.lifecycle import PAYOUT, TICKET
from refunds.models import Inspection, Payout, PayoutLine, Ticket, TicketLine

# Where the buyer may still write another version of the application: the sources of `amend`.
AMENDABLE = ", ".join(f"'{state}'" for transition in TICKET.named("amend") for state in transition.sources)

guard(TICKET)
guard(PAYOUT)
append_only(PayoutLine)
append_only(Inspection)
freeze(Ticket, "number", "order_id", "shipped")
freeze(Ticket, "kind", "amount", "freight", "version", once=f"OLD.state NOT IN ({AMENDABLE})", name="agreed")
freeze(TicketLine, "ticket_id", "line_id", "quantity", "amount")
attach(
    TicketLine,
    pgtrigger.Trigger(
        name="agreed",
        when=pgtrigger.Before,
        operation=pgtrigger.Delete,
        func=f"""
        IF (SELECT state FROM refunds_ticket WHERE id = OLD.ticket_id) NOT IN ({AMENDABLE}) THEN
            RAISE EXCEPTION 'a line of a ticket that was answered is never deleted' USING ERRCODE = 'check_violation';
        END IF;
        RETURN OLD;
        """,  # noqa: S608  the names are the table's states
    ),
)
freeze(Payout, "number", "order_id", "payment_id", "ticket_id", "cause", "amount", "freight", "currency")
only_grows(Payout, "settlements")
