"""The ticket queue, and a page with everything that a seller needs to decide."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django.contrib import admin
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales.actors import Actor
from aftersales.lifecycle.admin import (
    LifecycleAdmin,
    ReadOnlyInline,
    SetAsideFilter,
    Way,
    queue_of,
    state_filter,
)
from aftersales.lifecycle.table import Owner
from aftersales.money import shown
from orders.admin.rights import OfShop, OrderShopFilter
from orders.lifecycle import ORDER
from orders.models import Order
from orders.states import OrderState
from refunds import actions, words
from refunds.admin.forms import (
    AcceptForm,
    AgreeForm,
    CancelForm,
    InspectionForm,
    RejectForm,
    ShipAnywayForm,
    WaybillForm,
)
from refunds.lifecycle import TICKET
from refunds.models import ReturnParcel, Ticket, TicketLine


class LineInline(ReadOnlyInline):
    model = TicketLine
    fields = ("goods", "quantity", "asked", "bought", "shown_paid", "left", "found")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[TicketLine]:
        return super().get_queryset(request).select_related("line", "ticket__order").prefetch_related("inspections")

    @admin.display(description=gettext_lazy("goods"))
    def goods(self, item: TicketLine) -> str:
        return item.line.title

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


class ParcelInline(ReadOnlyInline):
    model = ReturnParcel
    fields = ("to_buyer", "carrier", "number", "sent_at")
    readonly_fields = fields


# The table of orders says when one can be cancelled.
(_CANCEL,) = ORDER.named("seller_cancel")
CANCELLABLE = Q(Exists(Order.objects.filter(_CANCEL.guard, pk=OuterRef("order_id"), state__in=_CANCEL.sources)))


def _orders(tickets: QuerySet[Ticket]) -> QuerySet[Order]:
    """The order of the one ticket, for verbs that end tickets by what is done with the order."""
    return Order.objects.filter(pk__in=tickets.order_by().values("order_id"))


def _agree(tickets: QuerySet[Ticket], by: Actor, form: AgreeForm) -> object:
    return actions.agree(tickets, by, version=form.cleaned_data["version"])


def _reject(tickets: QuerySet[Ticket], by: Actor, form: RejectForm) -> object:
    return actions.reject(tickets, by, form.rejection(), version=form.cleaned_data["version"])


def _fail(tickets: QuerySet[Ticket], by: Actor, form: InspectionForm) -> object:
    return actions.fail_inspection(tickets, by, form.found(), form.cleaned_data["note"])


def _send_back(tickets: QuerySet[Ticket], by: Actor, form: WaybillForm) -> object:
    return actions.send_back(tickets, by, form.cleaned_data["carrier"], form.cleaned_data["number"])


@admin.register(Ticket)
class TicketAdmin(OfShop[Ticket], LifecycleAdmin[Ticket]):
    life = TICKET
    staff_path = "order__shop__staff__user"
    ways: ClassVar[dict[str, Way]] = {
        "agree": Way(_agree, AgreeForm),
        "reject": Way(_reject, RejectForm),
        "accept": Way(lambda rows, by, form: actions.accept(rows, by), AcceptForm),
        "fail": Way(_fail, InspectionForm),
        "send_back": Way(_send_back, WaybillForm),
        "ship_anyway": Way(
            lambda rows, by, form: actions.ship_anyway(_orders(rows), by, form.parcel()),
            ShipAnywayForm,
            when=Q(order__state=OrderState.AWAITING_SHIPMENT),
        ),
        "seller_cancel": Way(
            lambda rows, by, form: actions.seller_cancel(_orders(rows), by, form.cleaned_data["note"]),
            CancelForm,
            label=gettext_lazy("Cancel the whole order"),
            when=CANCELLABLE,
        ),
    }
    inlines = (LineInline, ParcelInline)
    list_display = ("number", "badge", "deadline", "kind", "shown_amount", "order")
    list_filter = (
        queue_of(TICKET, Owner.SELLER, gettext_lazy("Waiting for the seller")), state_filter(TICKET), "kind",
        OrderShopFilter, SetAsideFilter,
    )  # fmt: skip
    list_select_related = ("order",)
    search_fields = (
        "number__startswith", "order__number__startswith", "order__buyer__email__startswith",
        "parcels__number__startswith",
    )  # fmt: skip
    search_help_text = gettext_lazy(
        "Number of the ticket or order, the buyer’s e-mail or a waybill’s number, from its beginning"
    )
    fieldsets = (
        (None, {"fields": ("number", "shown_order", "buyer", "kind", "shown_amount", "shown_freight", "why",
                           "description", "photos", "shipped", "version", "opened_at")}),
        (gettext_lazy("State"), {"fields": ("badge", "deadline", "entered_at", "why_rejected", "return_address",
                                            "why_closed", "shown_payouts")}),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Ticket]:
        return super().get_queryset(request).select_related("order__buyer", "order__shop", "reason", "rejection")

    def consequence(self, row: Ticket) -> str:
        return words.consequence(row) or words.comes_next(row)

    def event_label(self, event: Any) -> str:
        return words.event_title(event)

    def detail(self, event: Any, row: Ticket) -> str:
        """Which version was asked for, which parcel was sent, which reason was given."""
        data = event.data
        if "lines" in data:
            goods = ", ".join(f"{line['title']} × {line['units']}" for line in data["lines"])
            return f"{goods}: {shown(data['amount'], row.order.currency)}"
        return " ".join(str(data[key]) for key in ("carrier", "number") if data.get(key))

    @admin.display(description=gettext_lazy("amount"), ordering="amount")
    def shown_amount(self, row: Ticket) -> str:
        return shown(row.amount, row.order.currency)

    @admin.display(description=gettext_lazy("of which freight"))
    def shown_freight(self, row: Ticket) -> str:
        return shown(row.freight, row.order.currency)

    @admin.display(description=gettext_lazy("buyer"))
    def buyer(self, row: Ticket) -> str:
        return str(row.order.buyer)

    @admin.display(description=gettext_lazy("reason"))
    def why(self, row: Ticket) -> str:
        return str(row.reason)

    @admin.display(description=gettext_lazy("why it was rejected"))
    def why_rejected(self, row: Ticket) -> str:
        return str(row.rejection or "–")

    @admin.display(description=gettext_lazy("why it closed"))
    def why_closed(self, row: Ticket) -> str:
        return row.get_closed_reason_display() or "–"

    @admin.display(description=gettext_lazy("order"))
    def shown_order(self, row: Ticket) -> str:
        order = row.order
        link = format_html('<a href="{}">{}</a>', reverse("admin:orders_order_change", args=[order.pk]), order.number)
        paid = _("paid %(paid)s, refunded %(settled)s, in refund %(reserved)s")
        figures = {name: shown(getattr(order, name), order.currency) for name in ("settled", "reserved")}
        return format_html("{} · {}", link, paid % {"paid": shown(order.total, order.currency), **figures})

    @admin.display(description=gettext_lazy("photos"))
    def photos(self, row: Ticket) -> str:
        items = (
            (reverse("refunds:evidence", args=[photo.pk]), photo.get_role_display())
            for photo in row.evidence.order_by("pk")
        )
        picture = '<a class="photo" href="{0}"><img src="{0}" alt="{1}" title="{1}" loading="lazy"></a>'
        return format_html_join(" ", picture, items) or cast("Any", "–")

    @admin.display(description=gettext_lazy("payouts"))
    def shown_payouts(self, row: Ticket) -> str:
        items = (
            (reverse("admin:refunds_payout_change", args=[payout.pk]), payout, words.where_the_money_is(payout))
            for payout in row.payouts.order_by("pk")
        )
        return format_html_join("", '<a href="{}">{}</a> {}<br>', items) or cast("Any", "–")
