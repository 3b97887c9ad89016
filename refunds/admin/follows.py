"""What an action on a ticket leads to, in words for the person who is about to do it."""

from __future__ import annotations

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from aftersales.money import shown
from refunds.actions import Rehearsal
from refunds.lifecycle import TICKET
from refunds.lifecycle.terms import RETURN_ADDRESS
from refunds.models import Ticket, TicketLine
from refunds.rules import Decision
from refunds.states import RETURNS, TAKES_STOCK, Cause, Kind, Payer
from refunds.states import TicketState as S


def agreed(ticket: Ticket) -> str:
    """What agreeing leads to, by kind and by where the goods are."""
    if ticket.goods_are_back:
        return "\n".join(goes_out(ticket)) if ticket.sending_back else accepted(ticket)
    if ticket.kind == Kind.REFUND_ONLY:
        words = _("%(amount)s goes back to the buyer now; nothing comes back to you.")
        return words % {"amount": shown(ticket.amount, ticket.order.currency)}
    told = [_comes_back(ticket)] if ticket.kind in RETURNS else []
    if ticket.kind in TAKES_STOCK:
        told += [_reserved(item) for item in _lines(ticket) if not item.stock_held]
    if ticket.kind == Kind.REISSUE:
        told.append(_("You send it within the time that the ticket then shows."))
    return "\n".join(told)


def accepted(ticket: Ticket) -> str:
    """What accepting the goods that came back leads to."""
    if ticket.kind == Kind.RETURN_REFUND:
        words = _("%(amount)s goes back to the buyer now.")
        return words % {"amount": shown(ticket.amount, ticket.order.currency)}
    if ticket.kind == Kind.REPAIR:
        return _("You repair the goods and send them back. No money moves.")
    return "\n".join([_("You send what was agreed. No money moves."), *goes_out(ticket)])


def _comes_back(ticket: Ticket) -> str:
    address = Ticket.objects.filter(pk=ticket.pk).values_list(RETURN_ADDRESS, flat=True).get().strip()
    words = {
        Kind.RETURN_REFUND: _("The goods come back first, to: %(address)s. Then %(amount)s goes back to the buyer."),
        Kind.EXCHANGE: _("The goods come back first, to: %(address)s. Then you send the other ones."),
        Kind.REPAIR: _("The goods come back first, to: %(address)s. Then you repair them and send them back."),
    }[Kind(ticket.kind)]
    return words % {"address": address or "–", "amount": shown(ticket.amount, ticket.order.currency)}


def _lines(ticket: Ticket) -> list[TicketLine]:
    return list(ticket.lines.select_related("line__sku__product", "goods__product", "wanted__product").order_by("pk"))


def _reserved(item: TicketLine) -> str:
    if item.part:
        return _("A part is sent, which is no stock: %(part)s.") % {"part": item.part}
    sku = item.wanted or item.goods or item.line.sku
    words = _("%(units)s × %(article)s are taken from stock now (%(stock)s there).")
    return words % {"units": item.quantity, "article": sku, "stock": sku.stock}


def goes_out(ticket: Ticket) -> list[str]:
    """What is to be sent to the buyer, and whether it is held from stock."""
    return [_goes_out(ticket, item) for item in _lines(ticket)]


def _goes_out(ticket: Ticket, item: TicketLine) -> str:
    goods = {"units": item.quantity, "article": item.goods or item.line.sku, "part": item.part}
    if ticket.sending_back:
        return _("The buyer’s own goods go back: %(units)s × %(article)s.") % goods
    if ticket.kind == Kind.REPAIR:
        return _("The repaired goods go out: %(units)s × %(article)s.") % goods
    if item.part:
        return _("A part goes out: %(part)s, for %(units)s × %(article)s.") % goods
    goods["article"] = sku = item.wanted or item.goods or item.line.sku
    if item.stock_held:
        return _("Goes out: %(units)s × %(article)s, held from stock.") % goods
    words = _("Goes out: %(units)s × %(article)s, not held; %(stock)s are in stock.")
    return words % {**goods, "stock": sku.stock}


def ruled(decision: Decision, would: Rehearsal) -> list[str]:
    """What a ruling does, of its rehearsal: ticket, goods, money, freight, and when."""
    why = _("Why, as both sides read it: %(note)s") % {"note": decision.note}
    return [*_ticket(would), *_money(would), *_goods(would), *_freight(decision, would), *_when(would), why]


def _ticket(would: Rehearsal) -> list[str]:
    ticket = would.ticket
    state = TICKET.state(ticket.state).label
    told = [_("The ticket goes to: %(state)s, as %(kind)s.") % {"state": state, "kind": ticket.get_kind_display()}]
    if ticket.closed_reason:
        told.append(_("It closes as: %(reason)s.") % {"reason": ticket.get_closed_reason_display()})
    if ticket.state == S.AWAITING_RETURN:
        told.append(_("The goods go back to: %(address)s.") % {"address": ticket.return_address})
    return told


def _money(would: Rehearsal) -> list[str]:
    currency, ticket = would.ticket.order.currency, would.ticket
    paid = dict(would.payouts).get(Cause.TICKET)
    if paid is None and not (ticket.state == S.AWAITING_RETURN and ticket.amount):
        return [_("No money goes back to the buyer.")]
    words = (
        _("%(amount)s goes back to the buyer.")
        if paid
        else _("Once the goods are accepted, %(amount)s goes back to the buyer.")
    )
    told = [words % {"amount": shown(ticket.amount, currency)}]
    for title, units, amount in would.lines:
        shares = {"title": title, "units": units, "amount": shown(amount, currency)}
        told.append(_("Of it for %(title)s × %(units)s: %(amount)s.") % shares)
    if ticket.freight:
        told.append(_("Of it for the freight: %(amount)s.") % {"amount": shown(ticket.freight, currency)})
    return told


def _goods(would: Rehearsal) -> list[str]:
    told = [
        _("%(units)s × %(article)s are taken from stock.") % {"units": units, "article": article}
        for article, units in would.held
    ]
    told += [
        _("%(units)s × %(title)s go to stock once the money has gone.") % {"units": units, "title": title}
        for title, units in would.back
    ]
    if would.ticket.state == S.REFUNDING and would.ticket.units_wait is None:
        told.append(_("The buyer keeps the goods."))
    if would.ticket.state == S.AWAITING_DISPATCH:
        told += goes_out(would.ticket) if would.ticket.sending_back else [_("The seller has to send the goods.")]
    return told


def _freight(decision: Decision, would: Rehearsal) -> list[str]:
    owed = dict(would.payouts).get(Cause.RETURN_FREIGHT)
    told = [_("Return freight paid by: %(payer)s.") % {"payer": Payer(decision.freight_by).label}]
    if owed:
        words = _("The shop owes the buyer %(amount)s of postage.")
        told.append(words % {"amount": shown(owed, would.ticket.order.currency)})
    return told


def _when(would: Rehearsal) -> list[str]:
    if would.final_at is None:
        return [_("A second agent has to confirm it before both sides read it.")]
    words = _("Both sides read it now. It becomes final at %(time)s, or when both accept it.")
    told = [words % {"time": date_format(localtime(would.final_at), "DATETIME_FORMAT")}]
    return [*told, *([_("Until then either of them may appeal.")] if would.appeal else [])]
