"""The page of one ticket: where it stands, what the buyer may do, the offer, the disputes, and what happened.

However much has happened, it is read in nine queries; refunds/tests/test_ticket_queries.py counts them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import JSONObject
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from orders.views.pages import reader
from refunds import history, rules, steps
from refunds.forms import ActionForm
from refunds.lifecycle import TICKET
from refunds.models import Dispute, Inspection, Offer, RepairRecord, Ruling, Ticket, TicketLine
from refunds.models.dispute import GIVEN
from refunds.states import REFUNDS, RETURNS, DisputeState, Kind, OfferAnswer, Verdict
from refunds.views.label import GOING_BACK
from refunds.views.live import mark_of
from refunds.views.ways import Ask, asks

# The offer that stands; the last inspection and the repairs of a line: read with their row.
_STANDING = Subquery(
    Offer.objects.filter(ticket=OuterRef("pk"), answer=OfferAnswer.OPEN).values(
        json=JSONObject(id="pk", kind="kind", amount="amount", freight="freight", note="note")
    )[:1]
)
_INSPECTED = Subquery(
    Inspection.objects.filter(line=OuterRef("pk"))
    .order_by("-pk")
    .values(
        json=JSONObject(good="good", damaged="damaged", missing=F("expected") - F("good") - F("damaged"), note="note")
    )[:1]
)
_REPAIRED = ArraySubquery(
    RepairRecord.objects.filter(line=OuterRef("pk")).order_by("pk").values(json=JSONObject(fault="fault", work="work"))
)


@dataclass(frozen=True)
class Share:
    """What one line gets of an amount, in minor units, and what was asked for it."""

    item: TicketLine
    amount: int

    @property
    def less(self) -> int:
        """By how much it is below what was asked; below zero where it is more."""
        return self.item.amount - self.amount


@dataclass(frozen=True)
class Proposal:
    """What an offer or a ruling comes to: how the amount is split over the lines, and how it differs from what was
    asked for, in minor units."""

    kind: str
    amount: int
    freight: int
    shares: Sequence[Share]
    asked: int
    asked_freight: int

    @property
    def is_money(self) -> bool:
        return self.kind in REFUNDS

    @property
    def less(self) -> int:
        return self.asked - self.amount

    @property
    def less_freight(self) -> int:
        return self.asked_freight - self.freight

    @property
    def compares(self) -> bool:
        """Money was asked for, and money is proposed."""
        return bool(self.asked and self.amount)


@dataclass(frozen=True)
class OfferCard:
    offer: Offer
    terms: Proposal


@dataclass(frozen=True)
class RulingCard:
    """`terms` only while both sides read it: afterwards the ticket's lines say what they got."""

    ruling: Ruling
    terms: Proposal | None
    goods_return: bool


@dataclass(frozen=True)
class DisputeCard:
    """`question`: what customer service asks both sides, while it does. The rulings that were given, the last first."""

    dispute: Dispute
    question: str
    rulings: Sequence[RulingCard]
    asks: Sequence[Ask]


def page_of(request: HttpRequest, number: str, sent: ActionForm | None = None) -> dict[str, Any]:
    """What the page of the reader's ticket shows; with a form that was `sent` and refused. Raises Http404."""
    tickets = Ticket.objects.of_buyer(reader(request)).select_related("order__shop", "reason", "rejection")
    mine = get_object_or_404(tickets.prefetch_related("parcels").annotate(standing=_STANDING), number=number)
    related = mine.lines.select_related("line", "goods__product", "wanted__product")
    lines = list(related.annotate(inspected=_INSPECTED, repaired=_REPAIRED))
    told = history.record(mine)
    disputes = _disputes(mine, told)
    payouts = list(mine.payouts.with_times())
    running = next((dispute for dispute in disputes if dispute.state != DisputeState.FINAL), None)
    own, theirs = asks(mine, running, sent)
    return {
        "ticket": mine,
        "order": mine.order,
        "lines": lines,
        "steps": steps.steps(mine),
        "is_money": mine.kind in REFUNDS,
        "goods_return": mine.kind in RETURNS,
        "goes_back": mine.state in GOING_BACK,
        "refusal": told.last_note("reject"),
        "payouts": payouts,
        # Photos of a move are in the history; those from before photos were kept with their move are shown apart.
        "photos": told.photos.get(None, []),
        "history": history.entries(mine, for_buyer=True, of=told),
        "leading": [ask for ask in own if ask.leads],
        "asks": [ask for ask in own if not ask.leads and ask.action != "message"],
        "message": next((ask for ask in own if ask.action == "message"), None),
        "offer": _offer(mine, lines),
        "disputes": [_card(mine, told, dispute, lines, theirs if dispute is running else []) for dispute in disputes],
        "sent": sent,
        "mark": mark_of(told, payouts),
        "act_key": _key(mine, own),
        "is_over": TICKET.state(mine.state).final,
    }


def _key(ticket: Ticket, own: Sequence[Ask]) -> str:
    """Names the forms that the page offers and what they are about: the same ones need not be shown anew."""
    about = (f"{ask.action}{sorted(ask.form.initial.items()) if ask.form else ''}" for ask in own)
    return "|".join([ticket.state, str(ticket.version), *(each for each in about if "message" not in each)])


def _proposal(ticket: Ticket, lines: Sequence[TicketLine], kind: str, amount: int, freight: int) -> Proposal:
    """How an amount is split, by the rules that would carry it out."""
    parts = rules.split(amount - freight, rules.caps_of(ticket, lines).lines) if amount else {}
    shares = [Share(line, parts[line.pk]) for line in lines if line.pk in parts]
    return Proposal(kind, amount, freight, shares, ticket.amount, ticket.freight)


def _offer(ticket: Ticket, lines: Sequence[TicketLine]) -> OfferCard | None:
    """The offer that stands."""
    read: dict[str, Any] | None = ticket.standing  # type: ignore[attr-defined]  # read with it
    if read is None:
        return None
    offer = Offer(**read)
    return OfferCard(offer, _proposal(ticket, lines, offer.kind, offer.amount, offer.freight))


def _disputes(ticket: Ticket, told: history.Record) -> list[Dispute]:
    """The last one first, each with the rulings that its sides may read, the last first, as `given`."""
    disputes = told.disputes
    rulings = Ruling.objects.filter(GIVEN, dispute__ticket=ticket).order_by("-pk") if disputes else ()
    for dispute in disputes:
        dispute.given = [ruling for ruling in rulings if ruling.dispute_id == dispute.pk]  # type: ignore[attr-defined]
    return disputes


def _card(
    ticket: Ticket, told: history.Record, dispute: Dispute, lines: Sequence[TicketLine], theirs: Sequence[Ask]
) -> DisputeCard:
    given: list[Ruling] = dispute.given  # type: ignore[attr-defined]  # by _disputes
    question = told.question(dispute) if dispute.state == DisputeState.EVIDENCE else ""
    read = given[0] if given and dispute.state == DisputeState.RULED else None
    cards = [
        RulingCard(
            ruling=ruling,
            terms=_proposal(ticket, lines, Kind.REFUND_ONLY, ruling.amount, ruling.freight) if ruling is read else None,
            goods_return=ruling.verdict == Verdict.RETURN_FIRST or ticket.kind in RETURNS,
        )
        for ruling in given
    ]
    return DisputeCard(dispute, question, cards, theirs)
