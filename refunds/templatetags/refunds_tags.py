"""How refunds speaks to people: badges, what silence leads to, and its part of the order's page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django import template
from django.utils import timezone

from aftersales.counts import capped
from aftersales.lifecycle.errors import Refused
from aftersales.lifecycle.table import State
from aftersales.models import User
from orders.models import Order, OrderLine
from refunds import notice_words, rules, words
from refunds.errors import RefundError
from refunds.lifecycle import DISPUTE, PAYOUT, TICKET
from refunds.models import Dispute, Notice, Payout, Ticket, TicketLine
from refunds.models.notice import MOST_COUNTED

register = template.Library()
register.filter("where_the_money_is", words.where_the_money_is)
register.filter("what_to_expect", words.what_to_expect)
register.filter("channel_name", words.channel_name)
register.filter("dispute_next", words.dispute_next)
register.filter("notice_subject", notice_words.subject)
register.filter("notice_sentences", notice_words.sentences)
register.filter("notice_until", notice_words.until)
register.filter("notice_consequence", notice_words.consequence)


@register.simple_tag
def unread_notices(user: object) -> str:
    """`{% unread_notices user as unread %}`: how many notices the reader has not read, "" for none and for nobody."""
    if not isinstance(user, User):
        return ""
    number = Notice.objects.in_inbox(user).unread()[: MOST_COUNTED + 1].count()
    return capped(number, MOST_COUNTED) if number else ""


@register.filter
def ticket_consequence(ticket: Ticket) -> str:
    """What the buyer's page says of silence: `{% deadline ticket ticket|ticket_consequence %}`"""
    return words.consequence(ticket, yours=True)


@register.filter
def dispute_consequence(dispute: Dispute) -> str:
    return words.dispute_consequence(dispute, yours=True)


@register.filter
def comes_next(ticket: Ticket) -> str:
    return words.comes_next(ticket, yours=True)


@register.filter
def ticket_state(ticket: Ticket) -> State:
    """`{% state_badge ticket|ticket_state %}`"""
    return TICKET.state(ticket.state)


@register.filter
def payout_state(payout: Payout) -> State:
    """`{% state_badge payout|payout_state %}`"""
    return PAYOUT.state(payout.state)


@register.filter
def dispute_state(dispute: Dispute) -> State:
    """`{% state_badge dispute|dispute_state %}`"""
    return DISPUTE.state(dispute.state)


@register.filter
def price_difference(lines: Iterable[TicketLine]) -> int:
    """By how much, in minor units, what an exchange gives costs more now than was paid for what it replaces."""
    return sum(rules.Asked(i.line, i.quantity, i.amount, i.goods, i.wanted).difference for i in lines)


@register.filter
def negative(amount: int) -> int:
    return -amount


@register.simple_tag
def after_sales(order: Order, lines: Sequence[OrderLine]) -> dict[str, Any]:
    """`{% after_sales order lines as after %}`: the order's tickets, the newest first; money that goes back without
    one, since the seller cancelled or it had no order to pay; and whether one more may be filed, and on which lines.

    `lines` are the order's, with what rules ask of them, so that nothing is asked for twice.
    """
    by_key = {line.pk: line for line in lines}
    tickets = list(order.tickets.prefetch_related("lines", "disputes"))
    for ticket in tickets:
        for item in ticket.lines.all():
            item.line = by_key[item.line_id]
    free = [line.pk for line in lines if _may_file_on(line, order)]
    why_not = _why_not(order, free)
    return {
        "tickets": tickets,
        "payouts": order.payouts.filter(ticket=None).with_times(),
        "why_not": why_not,
        "may_file": why_not is None,
        "lines": free if why_not is None else [],
    }


def _why_not(order: Order, free: list[int]) -> str | None:
    """None when a ticket may be filed, "" when nobody would expect it here."""
    try:
        rules.check_order(order)
    except Refused as refused:
        return "" if refused.code == RefundError.ORDER_STATE else str(refused)
    return None if free or rules.freight_left(order) else str(words.NOTHING_LEFT)


def _may_file_on(line: OrderLine, order: Order) -> bool:
    """Whether a ticket on some units of the line would be taken; such goods may have a shorter window of their own."""
    rule = line.sku.product.goods_rule
    if rule and rule.window and order.completed_at and order.completed_at + rule.window < timezone.now():
        return False
    asked = any(
        rules.units_on_offer(line, shipped=side) and rules.kinds(order, [line], shipped=side) for side in (True, False)
    )
    return asked and not line.open_tickets and rules.has_left(line)
