"""What belongs to a ticket or a dispute, shown with it and never changed there."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import BigIntegerField, OuterRef, Prefetch, Q, QuerySet, Subquery, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales.lifecycle.admin import ReadOnlyInline, badge, person
from aftersales.money import shown
from refunds.lifecycle import DISPUTE
from refunds.models import Dispute, Offer, ReturnParcel, Ruling, StockIn, TicketEvent, TicketLine
from refunds.models.dispute import GIVEN
from refunds.rules import Asked


class LineInline(ReadOnlyInline):
    model = TicketLine
    fields = ("goods_shown", "quantity", "asked", "bought", "shown_paid", "left", "found", "repaired")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[TicketLine]:
        rows = super().get_queryset(request).select_related("line__sku__product", "ticket__order", "wanted__product")
        return rows.prefetch_related("inspections", "repairs")

    @admin.display(description=gettext_lazy("goods"))
    def goods_shown(self, item: TicketLine) -> str:
        """With what an exchange gives instead, and by how much its price differs: it is shown, never charged."""
        instead = ""
        if item.wanted:
            difference = Asked(item.line, item.quantity, 0, None, item.wanted).difference
            words = _("instead: %(wanted)s (price difference %(difference)s)")
            instead = words % {"wanted": item.wanted, "difference": shown(difference, item.ticket.order.currency)}
        part = _("part: %(part)s") % {"part": item.part} if item.part else ""
        return format_html_join("", "{}<br>", ((words,) for words in (item.line.title, instead, part) if words))

    @admin.display(description=gettext_lazy("asked for"))
    def asked(self, item: TicketLine) -> str:
        return shown(item.amount, item.ticket.order.currency)

    @admin.display(description=gettext_lazy("bought / shipped / returned"))
    def bought(self, item: TicketLine) -> str:
        return f"{item.line.quantity} / {item.line.shipped} / {item.line.returned}"

    @admin.display(description=gettext_lazy("paid"))
    def shown_paid(self, item: TicketLine) -> str:
        return shown(item.line.paid, item.ticket.order.currency)

    @admin.display(description=gettext_lazy("refunded / in refund / left"))
    def left(self, item: TicketLine) -> str:
        line, currency = item.line, item.ticket.order.currency
        return " / ".join(shown(amount, currency) for amount in (line.settled, line.reserved, line.left))

    @admin.display(description=gettext_lazy("found"))
    def found(self, item: TicketLine) -> str:
        seen = item.found
        if seen is None:
            return "–"
        figures = _("good %(good)s, damaged %(damaged)s, missing %(missing)s")
        figures %= {"good": seen.good, "damaged": seen.damaged, "missing": seen.missing}
        return " · ".join(part for part in (figures, seen.note) if part)

    @admin.display(description=gettext_lazy("repaired"))
    def repaired(self, item: TicketLine) -> Any:
        words = _("%(fault)s. Done: %(work)s")
        done = ((words % {"fault": repair.fault, "work": repair.work},) for repair in item.repairs.all())
        return format_html_join("", "{}<br>", done) or "–"


class ParcelInline(ReadOnlyInline):
    model = ReturnParcel
    fields = ("to_buyer", "carrier", "number", "shown_postage", "sent_at", "signed_at")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReturnParcel]:
        return super().get_queryset(request).select_related("ticket__order")

    @admin.display(description=gettext_lazy("postage"))
    def shown_postage(self, parcel: ReturnParcel) -> str:
        return shown(parcel.postage, parcel.ticket.order.currency) if parcel.postage else "–"


# The amount of the application that stood when an offer was made.
_ASKED = Subquery(
    TicketEvent.objects.filter(ticket=OuterRef("ticket"), action__in=("begin", "amend"), at__lte=OuterRef("made_at"))
    .order_by("-pk")
    .values(amount=Cast(KeyTextTransform("amount", "data"), BigIntegerField()))[:1]
)


class OfferInline(ReadOnlyInline):
    model = Offer
    fields = ("kind", "shown_amount", "less", "note", "by", "made_at", "answer", "answered_at")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Offer]:
        rows: QuerySet[Offer] = super().get_queryset(request).select_related("ticket__order", "made_by")
        return rows.annotate(asked=Coalesce(_ASKED, Value(0)))

    @admin.display(description=gettext_lazy("amount"))
    def shown_amount(self, offer: Offer) -> str:
        return shown(offer.amount, offer.ticket.order.currency)

    @admin.display(description=gettext_lazy("by"))
    def by(self, offer: Offer) -> str:
        return str(offer.made_by)

    @admin.display(description=gettext_lazy("compared with what was asked"))
    def less(self, offer: Offer) -> str:
        """Of the version that the offer answered."""
        asked: int = offer.asked  # type: ignore[attr-defined]  # read with it
        return shown(offer.amount - asked, offer.ticket.order.currency)


class DisputeInline(ReadOnlyInline):
    model = Dispute
    fields = ("link", "badge", "called_by", "outcome", "opened_at")
    readonly_fields = fields

    @admin.display(description=gettext_lazy("number"))
    def link(self, dispute: Dispute) -> str:
        return format_html('<a href="{}">{}</a>', reverse("admin:refunds_dispute_change", args=[dispute.pk]), dispute)

    @admin.display(description=gettext_lazy("state"))
    def badge(self, dispute: Dispute) -> str:
        return badge(DISPUTE.state(dispute.state))


class StockInInline(ReadOnlyInline):
    model = StockIn
    fields = ("document", "figures", "note", "reported_at")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[StockIn]:
        lines = Prefetch("ticket__lines", TicketLine.objects.select_related("line"))
        return super().get_queryset(request).prefetch_related(lines)

    @admin.display(description=gettext_lazy("found"))
    def figures(self, report: StockIn) -> Any:
        titles = {item.pk: item.line.title for item in report.ticket.lines.all()}
        words = _("%(title)s: good %(good)s, damaged %(damaged)s")
        told = (
            (words % {"title": titles.get(int(key), key), "good": good, "damaged": damaged},)
            for key, (good, damaged) in report.found.items()
        )
        return format_html_join("", "{}<br>", told) or _("everything good")


class RulingInline(ReadOnlyInline):
    """What was ruled so far. The sides see a ruling once it has been given."""

    model = Ruling
    fields = ("verdict", "shown_amount", "shown_freight", "freight_by", "note", "made_at", "on_appeal", "second")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Ruling]:
        rows = super().get_queryset(request).select_related("dispute__order", "agent", "confirmed_by")
        user = person(request)
        served = Dispute.objects.for_cs(user).values("pk")
        return rows if user.sees_everything else rows.filter(GIVEN | Q(dispute__in=served))

    @admin.display(description=gettext_lazy("amount"))
    def shown_amount(self, ruling: Ruling) -> str:
        return shown(ruling.amount, ruling.dispute.order.currency)

    @admin.display(description=gettext_lazy("of which freight"))
    def shown_freight(self, ruling: Ruling) -> str:
        return shown(ruling.freight, ruling.dispute.order.currency)

    @admin.display(description=gettext_lazy("second agent"))
    def second(self, ruling: Ruling) -> str:
        if not ruling.needs_second:
            return _("not needed")
        return _("has confirmed") if ruling.confirmed_by_id else _("not yet")
