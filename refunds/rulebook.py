"""What the rules say about one case, in sentences with the figures of its order: what may be asked for, what the reason
asks, how much there is, what can be ruled, and which deadlines were kept. Pure: nothing is read here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from aftersales.actors import Role
from aftersales.money import shown
from aftersales.templatetags.aftersales import duration
from orders.models import Policy, Shipment
from orders.rules import window_of
from refunds import deadlines, rules
from refunds.deadlines import End
from refunds.models import Dispute, Evidence, Ticket, TicketLine
from refunds.states import Kind, Payer, Side, Verdict

KEPT, MISSED = "kept", "missed"


@dataclass(frozen=True)
class Said:
    """One sentence. `mark` is "kept" or "missed" where it is about something that a side had to do."""

    words: str
    mark: str = ""


@dataclass(frozen=True)
class Section:
    title: str
    said: list[Said]


@dataclass(frozen=True)
class Case:
    """What the sentences are about, read before.

    dispute    with its ticket, reason, order, shop and policy
    lines      the ticket's, with their order lines, products and goods rules
    cap        the most that can be given back
    verdicts   what can be ruled
    shipments  the order's parcels, the first one first
    photos     all that came with the ticket
    periods    the clocks that ran, the first one first
    """

    dispute: Dispute
    lines: Sequence[TicketLine]
    cap: rules.Cap
    verdicts: Sequence[Verdict]
    shipments: Sequence[Shipment]
    photos: Sequence[Evidence]
    periods: Sequence[deadlines.Period]

    @property
    def ticket(self) -> Ticket:
        return self.dispute.ticket

    @property
    def policy(self) -> Policy:
        return self.ticket.order.policy

    def money(self, amount: int) -> str:
        return shown(amount, self.ticket.order.currency)


def sections(case: Case) -> list[Section]:
    found = [
        Section(_("What may be asked for"), [*_window(case), *_kinds(case)]),
        Section(_("The reason"), list(_reason(case))),
        Section(_("The money"), list(_money(case))),
        Section(_("The goods"), list(_goods(case))),
        Section(_("What can be ruled"), list(_verdicts(case))),
        Section(_("Deadlines"), [_deadline(period) for period in case.periods]),
        Section(_("How a ruling becomes final"), list(_procedure(case))),
    ]
    return [section for section in found if section.said]


def at(moment: datetime) -> str:
    return date_format(localtime(moment), "SHORT_DATETIME_FORMAT")


def listed(words: Sequence[Any]) -> str:
    return pgettext("list", ", ").join(str(word) for word in words)


def _window(case: Case) -> Iterator[Said]:
    """Counted from completion, by the shortest window among the goods."""
    ticket, order = case.ticket, case.ticket.order
    if ticket.by_seller:
        yield Said(_("The seller gives this back unasked: no window limits it."))
        return
    filed = {"filed": at(ticket.opened_at)}
    if order.completed_at is None or ticket.opened_at <= order.completed_at:
        yield Said(_("Filed at %(filed)s, before the order was completed: no window ran.") % filed, KEPT)
        return
    window = min((window_of(case.policy, item.line.sku.product) for item in case.lines), default=case.policy.window)
    ends = order.completed_at + window
    figures = {**filed, "window": duration(window), "ends": at(ends)}
    if ticket.opened_at <= ends:
        words = _("Filed at %(filed)s, in time: the window of %(window)s from completion ends at %(ends)s.")
        yield Said(words % figures, KEPT)
    else:
        words = _("Filed at %(filed)s, too late: the window of %(window)s from completion ended at %(ends)s.")
        yield Said(words % figures, MISSED)


def _kinds(case: Case) -> Iterator[Said]:
    """What the policy offers, and what the rule of such goods leaves of it."""
    ticket = case.ticket
    found = rules.kinds(
        ticket.order, [item.line for item in case.lines], shipped=ticket.shipped, arrived=ticket.arrived
    )
    figures = {"kind": ticket.get_kind_display(), "kinds": listed([kind.label for kind in found])}
    if ticket.kind in found:
        yield Said(_("Asked for: %(kind)s. For this order the rules offer: %(kinds)s.") % figures)
    else:
        yield Said(_("Asked for: %(kind)s. The rules would now offer only: %(kinds)s.") % figures)
    for item in case.lines:
        if rule := item.line.sku.product.goods_rule:
            allowed = listed([kind.label for kind in Kind if kind in rule.kinds])
            figures = {"title": item.line.title, "rule": str(rule), "kinds": allowed or "–"}
            yield Said(_("%(title)s falls under “%(rule)s”, which allows: %(kinds)s.") % figures)


def _photos(case: Case, role: Role) -> int:
    return sum(photo.role == role for photo in case.photos)


def _proof(who: str, photos: int, *, needed: bool) -> Said:
    sent = ngettext("%(number)s photo", "%(number)s photos", photos) % {"number": photos}
    figures = {"who": who, "photos": sent}
    if not needed:
        return Said(_("This reason asks for no photo; from the %(who)s there are %(photos)s.") % figures)
    mark = KEPT if photos else MISSED
    return Said(_("This reason asks for a photo; from the %(who)s there are %(photos)s.") % figures, mark)


def _reason(case: Case) -> Iterator[Said]:
    ticket, reason = case.ticket, case.ticket.reason
    yield Said(_("The buyer’s reason: %(reason)s.") % {"reason": reason})
    if reason.side == Side.BUYER:
        yield _proof(_("buyer"), _photos(case, Role.BUYER), needed=reason.needs_proof)
    if reason.sellers_fault:
        yield Said(_("It counts as the seller’s fault."))
    if ticket.shipped and not ticket.by_seller:
        figures = {"payer": Payer(reason.freight_by).label}
        yield Said(_("By this reason the freight of goods that come back is paid by: %(payer)s.") % figures)
    if ticket.rejection:
        yield Said(_("The seller rejected it with: %(reason)s.") % {"reason": ticket.rejection})
        yield _proof(_("seller"), _photos(case, Role.SELLER), needed=ticket.rejection.needs_proof)


def _money(case: Case) -> Iterator[Said]:
    ticket, order = case.ticket, case.ticket.order
    for item in case.lines:
        line = item.line
        figures: Mapping[str, Any] = {
            "title": line.title,
            "units": item.quantity,
            "most": case.money(case.cap.lines.get(item.pk, 0)),
            "paid": case.money(line.paid),
            "settled": case.money(line.settled),
            "held": case.money(line.reserved - item.amount),
        }
        words = _(
            "%(title)s × %(units)s: at most %(most)s. Of %(paid)s paid for the line %(settled)s went back, and "
            "%(held)s wait in other tickets."
        )
        yield Said(words % figures)
    if order.freight:
        figures = {"freight": case.money(order.freight), "most": case.money(case.cap.freight)}
        yield Said(_("Of the freight of %(freight)s at most %(most)s.") % figures)
    figures = {"asked": case.money(ticket.amount), "most": case.money(case.cap.goods + case.cap.freight)}
    yield Said(_("Asked for %(asked)s; together at most %(most)s can be given back.") % figures)
    if (above := case.policy.confirm_above) is not None:
        figures = {"above": case.money(above)}
        if rules.is_above(ticket, ticket.amount):
            yield Said(_("What is asked for is above %(above)s: a second agent would have to confirm it.") % figures)
        else:
            yield Said(_("A ruling on more than %(above)s needs a second agent.") % figures)


def _goods(case: Case) -> Iterator[Said]:
    ticket, order = case.ticket, case.ticket.order
    if not ticket.shipped:
        yield Said(_("The goods have not been shipped: a refund cancels them."))
    elif ticket.goods_are_back:
        yield Said(_("The goods are with the seller, or on their way there."))
    elif not ticket.arrived:
        yield Said(_("The buyer says that the goods have not arrived."))
    else:
        yield Said(_("The goods are with the buyer."))
    if order.ship_by and not ticket.by_seller:
        yield from _promise(order.ship_by, case.shipments)
    for parcel in case.shipments:
        if parcel.delivered_at:
            figures = {"parcel": parcel, "time": at(parcel.delivered_at)}
            yield Said(_("Parcel %(parcel)s was delivered at %(time)s.") % figures)
    for item in case.lines:
        if seen := item.found:
            figures = {"title": item.line.title, "good": seen.good, "damaged": seen.damaged, "missing": seen.missing}
            words = _("The seller found of %(title)s: good %(good)s, damaged %(damaged)s, missing %(missing)s.")
            yield Said(words % figures)


def _promise(promised: datetime, shipments: Sequence[Shipment]) -> Iterator[Said]:
    figures = {"promised": at(promised)}
    if not shipments:
        yield Said(_("The seller promised to ship by %(promised)s; nothing has been shipped.") % figures)
        return
    figures["time"] = at(shipments[0].shipped_at)
    if shipments[0].shipped_at <= promised:
        words = _("The seller promised to ship by %(promised)s and shipped at %(time)s, in time.")
        yield Said(words % figures, KEPT)
    else:
        words = _("The seller promised to ship by %(promised)s and shipped at %(time)s, too late.")
        yield Said(words % figures, MISSED)


def _verdicts(case: Case) -> Iterator[Said]:
    yield Said(_("Possible: %(verdicts)s.") % {"verdicts": listed([verdict.label for verdict in case.verdicts])})
    for verdict in Verdict:
        if verdict not in case.verdicts:
            figures = {"verdict": verdict.label, "why": _why_not(case, verdict)}
            yield Said(_("Not possible: %(verdict)s. %(why)s") % figures)


def _why_not(case: Case, verdict: Verdict) -> str:
    ticket, policy = case.ticket, case.policy
    if verdict == Verdict.RETURN_FIRST:
        if not ticket.shipped:
            return _("The goods were never shipped.")
        if not policy.offers_returns:
            return _("This order’s policy takes no goods back.")
        if ticket.goods_are_back:
            return _("The goods are with the seller already.")
        return _("What the seller sent is on its way to the buyer.")
    if verdict == Verdict.SEND_GOODS and not policy.offers_dispatch:
        return _("By this order’s policy nothing is sent again.")
    return {
        Verdict.REFUND: _("Nothing is left to be refunded."),
        Verdict.SEND_GOODS: _("The seller owes no goods here."),
        Verdict.SEND_BACK: _("None of the buyer’s goods are with the seller."),
        Verdict.REFUSE: _("The buyer’s goods would stay with the seller."),
    }.get(verdict, "")


def _deadline(period: deadlines.Period) -> Said:
    ended = period.ended or period.due_at
    figures = {"clock": period.clock, "due": at(period.due_at), "ended": at(ended)}
    figures["time"] = duration(abs(period.due_at - ended))
    words = {
        End.RUNS: _("%(clock)s runs until %(due)s."),
        End.KEPT: _("%(clock)s, until %(due)s: kept at %(ended)s, with %(time)s to spare."),
        End.MISSED: _("%(clock)s, until %(due)s: missed, nobody acted."),
        End.CUT: _("%(clock)s, until %(due)s: ended early at %(ended)s by somebody else."),
        End.SILENT: _("%(clock)s ended at %(due)s by itself."),
    }[period.how]
    return Said(words % figures, period.how.value if period.how in (End.KEPT, End.MISSED) else "")


def _procedure(case: Case) -> Iterator[Said]:
    figures = {name: duration(getattr(case.policy, name)) for name in ("evidence", "review", "appeal")}
    yield Said(_("Both sides have %(evidence)s for evidence, customer service %(review)s to rule.") % figures)
    if case.dispute.appealed_by:
        figures = {"who": case.dispute.get_appealed_by_display(), **figures}
        words = _("Appealed by: %(who)s. The next ruling stands: both may only accept it or let %(appeal)s pass.")
        yield Said(words % figures)
        return
    words = _("Either side may appeal once within %(appeal)s; silence accepts. Nothing moves before it is final.")
    yield Said(words % figures)
