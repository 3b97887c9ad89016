"""What the database refuses of refunds, beside the CHECKs of the models. Imported once, by AppConfig.ready()."""

import pgtrigger

from aftersales.lifecycle.guards import append_only, attach, freeze, guard, keep, only_grows
from refunds.lifecycle import DISPUTE, PAYOUT, TICKET
from refunds.models import (
    AutoDecision,
    Evidence,
    Inspection,
    Note,
    Offer,
    Payout,
    PayoutLine,
    RepairRecord,
    ReturnParcel,
    Ruling,
    StatementLine,
    StockIn,
    Ticket,
    TicketLine,
)
from refunds.models.ticket import ASIDE

# Where the buyer may still write another version of the application: the sources of `amend`.
_AMENDABLE = {state for transition in TICKET.named("amend") for state in transition.sources}
AMENDABLE = ", ".join(f"'{state}'" for state in sorted(_AMENDABLE))
# Where another agreement may take the application's place: there, and where an offer or a ruling is awaited.
OPEN_TERMS = ", ".join(f"'{state}'" for state in sorted({*_AMENDABLE, *ASIDE}))


def _of_ticket(
    name: str, operation: pgtrigger.Operation, states: str, words: str, changed: str = ""
) -> pgtrigger.Trigger:
    """A trigger of TicketLine that refuses unless its ticket is in one of these states."""
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=operation,
        condition=pgtrigger.Condition(changed) if changed else None,
        func=f"""
        IF (SELECT state FROM refunds_ticket WHERE id = OLD.ticket_id) NOT IN ({states}) THEN
            RAISE EXCEPTION '{words}' USING ERRCODE = 'check_violation';
        END IF;
        RETURN {"NEW" if changed else "OLD"};
        """,  # noqa: S608  the names are the table's states
    )


guard(TICKET)
guard(DISPUTE)
guard(PAYOUT)
append_only(PayoutLine)
append_only(Inspection)
append_only(RepairRecord)
append_only(StockIn)
append_only(StatementLine)
append_only(AutoDecision)
append_only(Note)
keep(Offer)
keep(Ruling)
keep(ReturnParcel)
freeze(Ticket, "number", "order_id", "shop_id", "shipped", "by_seller")
attach(
    Ticket,
    pgtrigger.Trigger(
        name="of_the_shop",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        func="""
        IF NEW.shop_id IS DISTINCT FROM (SELECT shop_id FROM orders_order WHERE id = NEW.order_id) THEN
            RAISE EXCEPTION 'a ticket belongs to the shop of its order' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
        """,
    ),
    pgtrigger.Trigger(
        name="for_a_colleague",
        when=pgtrigger.Before,
        operation=pgtrigger.UpdateOf("assignee_id"),  # type: ignore[no-untyped-call]  # the package leaves it untyped
        condition=pgtrigger.Condition("NEW.assignee_id IS NOT NULL"),
        func="""
        IF NEW.shop_id IS DISTINCT FROM (SELECT shop_id FROM orders_shopstaff WHERE id = NEW.assignee_id) THEN
            RAISE EXCEPTION 'a ticket is assigned to staff of its shop' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
        """,
    ),
)
freeze(Ticket, "version", once=f"OLD.state NOT IN ({AMENDABLE})", name="answered")
freeze(Ticket, "kind", "amount", "freight", once=f"OLD.state NOT IN ({OPEN_TERMS})", name="agreed")
freeze(TicketLine, "ticket_id", "line_id", "quantity", "goods_id", "wanted_id", "part")
only_grows(TicketLine, "stock_sent")
attach(
    TicketLine,
    _of_ticket("answered", pgtrigger.Delete, AMENDABLE, "a line of a ticket that was answered is never deleted"),
    _of_ticket(
        "agreed",
        pgtrigger.Update,
        OPEN_TERMS,
        "the amount of a line that was agreed never changes",
        "OLD.amount IS DISTINCT FROM NEW.amount",
    ),
)
freeze(Offer, "ticket_id", "kind", "amount", "freight", "note", "made_by_id", "made_at")
freeze(Offer, "answer", "answered_at", once="OLD.answer <> ''", name="answered")
freeze(
    Ruling, "dispute_id", "verdict", "amount", "freight", "freight_by", "note", "agent_id", "on_appeal", "needs_second"
)
freeze(Ruling, "confirmed_by_id", once="OLD.confirmed_by_id IS NOT NULL", name="confirmed")
# Nobody rules on a shop that they work for.
attach(
    Ruling,
    pgtrigger.Trigger(
        name="impartial",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update,
        func="""
        IF EXISTS (
            SELECT 1 FROM refunds_dispute d
            JOIN orders_order o ON o.id = d.order_id
            LEFT JOIN orders_shopstaff s ON s.shop_id = o.shop_id
            WHERE d.id = NEW.dispute_id
            AND (s.user_id IN (NEW.agent_id, NEW.confirmed_by_id) OR o.buyer_id IN (NEW.agent_id, NEW.confirmed_by_id))
        ) THEN
            RAISE EXCEPTION 'nobody rules on their own shop or order' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
        """,
    ),
)
freeze(ReturnParcel, "ticket_id", "to_buyer", "postage", "sent_at")
freeze(ReturnParcel, "carrier", "number", "signed_at", once="OLD.signed_at IS NOT NULL", name="signed")
freeze(Evidence, "ticket_id", "event_id", "photo", "role", "given_by_id", "given_at")
freeze(Evidence, "thumbnail", "width", "height", once="OLD.thumbnail <> ''", name="drawn")
keep(Evidence)
freeze(Payout, "number", "order_id", "payment_id", "ticket_id", "cause", "amount", "freight", "currency")
only_grows(Payout, "settlements")
