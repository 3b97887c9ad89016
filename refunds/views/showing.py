"""The page of one ticket: where it stands, what the buyer may do, the offer, the disputes, and what happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from orders.views.pages import reader
from refunds import history, rules
from refunds.forms import ActionForm
from refunds.models import Dispute, DisputeEvent, Offer, Ruling, Ticket, TicketLine
from refunds.models.dispute import GIVEN
from refunds.states import REFUNDS, RETURNS, DisputeState, OfferAnswer, Verdict
from refunds.views.ways import Ask, asks, dispute_asks

Share = tuple[TicketLine, int]


@dataclass(frozen=True)
class OfferCard:
    """What the seller proposes: how the amount is split over the lines, and how it differs from what was asked for."""

    offer: Offer
    shares: Sequence[Share]
    asked: int

    @property
    def is_money(self) -> bool:
        return self.offer.kind in REFUNDS

    @property
    def less(self) -> int:
        return self.asked - self.offer.amount

    @property
    def more(self) -> int:
        return self.offer.amount - self.asked


@dataclass(frozen=True)
class RulingCard:
    """`shares` only while both sides read it: afterwards the ticket's lines say what they got."""

    ruling: Ruling
    shares: Sequence[Share]
    goods_return: bool


@dataclass(frozen=True)
class DisputeCard:
    """`question`: what customer service asks both sides, while it does. The rulings that were given, the last first."""

    dispute: Dispute
    question: str
    rulings: Sequence[RulingCard]
    asks: Sequence[Ask]


def ticket_page(request: HttpRequest, number: str, sent: ActionForm | None = None, status: int = 200) -> HttpResponse:
    """The reader's ticket; with a form that was `sent` and refused."""
    tickets = Ticket.objects.of_buyer(reader(request)).select_related(
        "order__shop", "order__policy", "reason", "rejection"
    )
    mine = get_object_or_404(tickets.prefetch_related("parcels"), number=number)
    related = mine.lines.select_related("line", "goods__product", "wanted__product")
    lines = list(related.prefetch_related("inspections", "repairs"))
    forms = asks(mine, sent)
    context = {
        "ticket": mine,
        "order": mine.order,
        "lines": lines,
        "is_money": mine.kind in REFUNDS,
        "goods_return": mine.kind in RETURNS,
        "payouts": mine.payouts.all(),
        # Photos of a move are in the history; those from before photos were kept with their move are shown apart.
        "photos": mine.evidence.filter(event=None),
        "history": history.entries(mine),
        "asks": [ask for ask in forms if ask.action != "message"],
        "message": next((ask for ask in forms if ask.action == "message"), None),
        "offer": _offer(mine, lines),
        "disputes": [_dispute(mine, dispute, lines, sent) for dispute in _disputes(mine)],
        "sent": sent,
    }
    return render(request, "refunds/ticket.html", context, status=status)


def _shares(ticket: Ticket, lines: Sequence[TicketLine], goods: int) -> list[Share]:
    """How an amount for goods is split, by the rules that would carry it out."""
    parts = rules.split(goods, rules.caps(ticket).lines)
    return [(line, parts[line.pk]) for line in lines]


def _offer(ticket: Ticket, lines: Sequence[TicketLine]) -> OfferCard | None:
    """The offer that stands."""
    found = ticket.offers.filter(answer=OfferAnswer.OPEN).first()
    if found is None:
        return None
    shares = _shares(ticket, lines, found.amount - found.freight) if found.amount else []
    return OfferCard(found, shares, ticket.amount)


def _disputes(ticket: Ticket) -> Sequence[Dispute]:
    """The last one first, with what its sides may read."""
    given = Prefetch("rulings", Ruling.objects.filter(GIVEN).order_by("-pk"), to_attr="given")
    questions = DisputeEvent.objects.filter(action="ask").order_by("-pk")
    return list(ticket.disputes.prefetch_related(given, Prefetch("events", questions, to_attr="questions")))


def _dispute(ticket: Ticket, dispute: Dispute, lines: Sequence[TicketLine], sent: ActionForm | None) -> DisputeCard:
    given: list[Ruling] = dispute.given  # type: ignore[attr-defined]  # fetched with it
    questions: list[DisputeEvent] = dispute.questions  # type: ignore[attr-defined]  # fetched with it
    asked = questions[0].note if questions and dispute.state == DisputeState.EVIDENCE else ""
    is_open = dispute.state != DisputeState.FINAL
    read = given[0] if given and dispute.state == DisputeState.RULED else None
    cards = [
        RulingCard(
            ruling=ruling,
            shares=_shares(ticket, lines, ruling.amount - ruling.freight) if ruling == read and ruling.amount else [],
            goods_return=ruling.verdict == Verdict.RETURN_FIRST or ticket.kind in RETURNS,
        )
        for ruling in given
    ]
    return DisputeCard(dispute, asked, cards, dispute_asks(ticket, dispute, sent) if is_open else [])
