"""What customer service may rule where a ticket stands, and what it comes to."""

from __future__ import annotations

from dataclasses import dataclass

from aftersales.lifecycle.errors import Refused
from refunds.errors import RefundError
from refunds.models import Ticket
from refunds.rules.terms import Cap, Terms, caps, check_sum, money_kind
from refunds.states import Kind, Payer, Verdict
from refunds.states import TicketState as S


@dataclass(frozen=True)
class Decision:
    """What an agent decides, in minor units; `freight` is the part of `amount` for freight, `freight_by` who pays for
    the goods' way back."""

    verdict: str
    amount: int = 0
    freight: int = 0
    freight_by: str = Payer.BUYER
    note: str = ""


def verdicts(ticket: Ticket, cap: Cap | None = None) -> list[Verdict]:
    """What can be ruled on a ticket in arbitration, by where its goods are; `cap` where it is known already."""
    policy, back = ticket.order.policy, ticket.goods_are_back
    sent_out = ticket.stands_at == S.AWAITING_BUYER_RECEIPT and not ticket.sending_back
    cap = cap or caps(ticket)
    possible = {
        Verdict.REFUND: cap.goods + ticket.freight > 0,
        Verdict.RETURN_FIRST: ticket.shipped and policy.offers_returns and not back and not sent_out,
        Verdict.SEND_GOODS: policy.offers_dispatch and _sends(ticket, back or sent_out),
        Verdict.SEND_BACK: back,
        # The buyer's goods would stay with the seller.
        Verdict.REFUSE: not back,
        Verdict.NEGOTIATE: True,
    }
    return [verdict for verdict in Verdict if possible[verdict]]


def _sends(ticket: Ticket, goods_came: bool) -> bool:
    waits_for_goods = ticket.kind in (Kind.EXCHANGE, Kind.REPAIR) and goods_came
    return (ticket.kind == Kind.REISSUE or waits_for_goods) and not ticket.sending_back


def check_decision(ticket: Ticket, decision: Decision) -> Terms:
    """The terms that a decision gives the ticket. Raises Refused for what cannot be ruled here; judged under lock."""
    if decision.verdict not in verdicts(ticket):
        raise Refused(RefundError.VERDICT, "verdict")
    if decision.freight_by not in Payer.values:
        raise Refused(RefundError.PAYER, "freight_by")
    if not decision.note.strip():
        raise Refused(RefundError.NOTE, "note")
    terms = terms_of(ticket, decision.verdict, decision.amount, decision.freight)
    if decision.verdict in (Verdict.REFUND, Verdict.RETURN_FIRST):
        _check_return(ticket, decision)
        check_sum(ticket, terms)
        # What goes to another ticket meanwhile is paid less for the freight; nothing would be left of this one.
        if terms.amount and terms.amount == terms.freight and not ticket.freight:
            raise Refused(RefundError.FREIGHT_ALONE, "freight")
    elif decision.amount or decision.freight:
        raise Refused(RefundError.NO_MONEY_RULED, "amount")
    return terms


def _check_return(ticket: Ticket, decision: Decision) -> None:
    if decision.verdict != Verdict.RETURN_FIRST:
        return
    if not ticket.order.shop.return_address.strip():
        raise Refused(RefundError.NO_RETURN_ADDRESS, "verdict")
    if not ticket.lines.exists():
        raise Refused(RefundError.VERDICT, "verdict")


def terms_of(ticket: Ticket, verdict: str, amount: int, freight: int) -> Terms:
    """What the ticket is about once the verdict is final."""
    if verdict == Verdict.REFUND:
        return Terms(money_kind(ticket), amount, freight)
    if verdict == Verdict.RETURN_FIRST and (amount or ticket.kind not in (Kind.EXCHANGE, Kind.REPAIR)):
        return Terms(Kind.RETURN_REFUND, amount, freight)
    return Terms(ticket.kind, ticket.amount, ticket.freight)


def is_above(ticket: Ticket, amount: int) -> bool:
    """Whether a second agent has to confirm, as the order's policy says."""
    limit = ticket.order.policy.confirm_above
    return limit is not None and amount > limit
