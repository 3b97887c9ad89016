"""The ticket queue, and a page with everything that a seller needs to decide."""

from __future__ import annotations

from operator import attrgetter
from typing import Any, ClassVar, cast

from django.contrib import admin
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, prefetch_related_objects
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales import masks
from aftersales.actors import Actor, Role
from aftersales.exchange.admin import Exports
from aftersales.lifecycle.admin import (
    ReadOnlyInline,
    Way,
)
from aftersales.lifecycle.rows import DUE
from aftersales.money import shown
from orders.admin.rights import OfShop
from orders.lifecycle import ORDER
from orders.models import Order
from orders.states import OrderState
from refunds import actions, history, words
from refunds.admin import case
from refunds.admin.assigning import Assigns
from refunds.admin.bulk import BulkActions
from refunds.admin.forms import (
    AcceptForm,
    AgreeForm,
    CallForm,
    CancelForm,
    DispatchForm,
    InspectionForm,
    MendForm,
    OfferForm,
    RejectForm,
    SendBackForm,
    ShipAnywayForm,
    SignForm,
    WordsForm,
)
from refunds.admin.inlines import DisputeInline, LineInline, OfferInline, ParcelInline, StockInInline
from refunds.admin.queue import TicketQueue
from refunds.admin.tickets_table import TicketsTable
from refunds.lifecycle import TICKET
from refunds.models import Payout, ReturnParcel, Ticket
from refunds.models.ticket import OF_SELLER

# What a ticket may have, by its name there.
MAYBE: dict[str, type[ReadOnlyInline]] = {
    "offers": OfferInline, "parcels": ParcelInline, "stock_ins": StockInInline, "disputes": DisputeInline,
}  # fmt: skip
# The table of orders says when one can be cancelled.
(_CANCEL,) = ORDER.named("seller_cancel")
CANCELLABLE = Q(Exists(Order.objects.filter(_CANCEL.guard, pk=OuterRef("order_id"), state__in=_CANCEL.sources)))
_PARCELS = ReturnParcel.objects.filter(ticket=OuterRef("pk"), signed_at=None)
ON_THE_WAY, SENT_OUT = Q(Exists(_PARCELS.filter(to_buyer=False))), Q(Exists(_PARCELS.filter(to_buyer=True)))


def _orders(tickets: QuerySet[Ticket]) -> QuerySet[Order]:
    """The order of the one ticket, for verbs that end tickets by what is done with the order."""
    return Order.objects.filter(pk__in=tickets.order_by().values("order_id"))


def _agree(tickets: QuerySet[Ticket], by: Actor, form: AgreeForm) -> object:
    return actions.agree(tickets, by, version=form.cleaned_data["version"])


def _reject(tickets: QuerySet[Ticket], by: Actor, form: RejectForm) -> object:
    return actions.reject(tickets, by, form.rejection(), version=form.cleaned_data["version"])


def _fail(tickets: QuerySet[Ticket], by: Actor, form: InspectionForm) -> object:
    return actions.fail_inspection(tickets, by, form.found(), form.cleaned_data["note"])


def _send_back(tickets: QuerySet[Ticket], by: Actor, form: SendBackForm) -> object:
    return actions.send_back(tickets, by, form.cleaned_data["carrier"], form.cleaned_data["number"])


def _offer(tickets: QuerySet[Ticket], by: Actor, form: OfferForm) -> object:
    return actions.offer(tickets, by, form.terms(), form.cleaned_data["note"], version=form.cleaned_data["version"])


def _call(tickets: QuerySet[Ticket], by: Actor, form: CallForm) -> object:
    data = form.cleaned_data
    return actions.call_cs(tickets, by, data["note"], data["photos"], version=data["version"])


def _message(tickets: QuerySet[Ticket], by: Actor, form: WordsForm) -> object:
    return actions.message(tickets, by, form.cleaned_data["note"], form.cleaned_data["photos"])


def _mend(tickets: QuerySet[Ticket], by: Actor, form: MendForm) -> object:
    data = form.cleaned_data
    return actions.change_waybill(tickets, by, data["parcel"].pk, data["carrier"], data["number"])


def _dispatch(tickets: QuerySet[Ticket], by: Actor, form: DispatchForm) -> object:
    data = form.cleaned_data
    return actions.dispatch(tickets, by, data["carrier"], data["number"], form.repairs())


@admin.register(Ticket)
class TicketAdmin(BulkActions, Exports[Ticket], TicketQueue, OfShop[Ticket], Assigns):
    """The sellers' queue. Customer service reads the tickets that were brought before it, and writes on them."""

    life = TICKET
    operator_may = seller_may = frozenset({"view", "export"})
    cs_may = frozenset({"view"})
    resource_classes = (TicketsTable,)
    change_form_template = "admin/refunds/ticket/change_form.html"
    staff_path = "shop__staff__user"
    ways: ClassVar[dict[str, Way]] = {
        "agree": Way(_agree, AgreeForm),
        "reject": Way(_reject, RejectForm),
        "offer": Way(_offer, OfferForm),
        "accept": Way(lambda rows, by, form: actions.accept(rows, by), AcceptForm),
        "fail": Way(_fail, InspectionForm),
        "send_back": Way(_send_back, SendBackForm),
        "sign_for": Way(
            lambda rows, by, form: actions.sign_for(rows, by, form.cleaned_data["number"]), SignForm, when=ON_THE_WAY
        ),
        "change_waybill": Way(_mend, MendForm, when=SENT_OUT),
        "dispatch": Way(_dispatch, DispatchForm),
        "call_cs": Way(_call, CallForm),
        "message": Way(_message, WordsForm),
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
    inlines = (LineInline, *MAYBE.values())
    fieldsets = (
        (None, {"fields": ("number", "shown_order", "buyer", "kind", "shown_amount", "shown_freight", "why",
                           "description", "shipped", "arrived", "by_seller", "version", "opened_at")}),
        (gettext_lazy("State"), {"fields": ("badge", "deadline", "entered_at", "why_rejected", "return_address",
                                            "freight_by", "verdict", "why_closed", "shown_payouts")}),
    )  # fmt: skip
    # Customer service sees what was paid, and no pages that it cannot open.
    unlinked: ClassVar[dict[str, str]] = {"shown_order": "about_order", "shown_payouts": "about_payouts"}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Ticket]:
        found = super().get_queryset(request)
        return found.select_related("order__buyer", "order__shop", "reason", "rejection", "assignee__user")

    def get_inlines(self, request: HttpRequest, obj: Ticket | None) -> Any:
        """Tables of what there is; its lines always."""
        return [LineInline, *(inline for name, inline in MAYBE.items() if obj and getattr(obj, name).exists())]

    def get_fieldsets(self, request: HttpRequest, obj: Ticket | None = None) -> Any:
        if obj is None or set(self.roles(request, obj)) != {Role.CS}:
            return self.fieldsets
        return [
            (title, {"fields": [self.unlinked.get(str(name), str(name)) for name in body["fields"]]})
            for title, body in self.fieldsets
        ]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **rest: Any) -> Any:
        if row := rest.get("obj"):
            # Asked for several times while the page is made.
            prefetch_related_objects([row], "evidence", Prefetch("payouts", Payout.objects.order_by("pk")))
            told = history.entries(row, internal=Role.CS in self.roles(request, row))
            if self.is_told_of_shop(request, row):
                told = sorted([*told, *history.handed_on(row)], key=attrgetter("at"), reverse=True)
            context["entries"] = told
            context["case"] = case.of(row)
        return super().render_change_form(request, context, *args, **rest)

    def leads_on(self, request: HttpRequest) -> bool:
        return True

    def next_url(self, request: HttpRequest, row: Ticket) -> str:
        """With “and the next one” the ticket of the person's queue that is due first; the queue when it is empty."""
        if not self.wants_next(request):
            return super().next_url(request, row)
        waiting = self.get_queryset(request).filter(state__in=[str(state) for state in OF_SELLER])
        following = waiting.exclude(pk=row.pk).order_by(DUE, "-pk").first()
        return self._url("change", following.pk) if following else self._url("changelist")

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
        return masks.buyer(row.order.buyer)

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
        link = reverse("admin:orders_order_change", args=[row.order_id])
        return format_html('<a href="{}">{}</a> · {}', link, row.order.number, self._money(row))

    @admin.display(description=gettext_lazy("order"))
    def about_order(self, row: Ticket) -> str:
        return f"{row.order.number} · {self._money(row)}"

    def _money(self, row: Ticket) -> str:
        order = row.order
        paid = _("paid %(paid)s, refunded %(settled)s, in refund %(reserved)s")
        figures = {name: shown(getattr(order, name), order.currency) for name in ("settled", "reserved")}
        return paid % {"paid": shown(order.total, order.currency), **figures}

    @admin.display(description=gettext_lazy("payouts"))
    def shown_payouts(self, row: Ticket) -> str:
        items = (
            (reverse("admin:refunds_payout_change", args=[payout.pk]), payout, words.where_the_money_is(payout))
            for payout in row.payouts.all()
        )
        return format_html_join("", '<a href="{}">{}</a> {}<br>', items) or cast("Any", "–")

    @admin.display(description=gettext_lazy("payouts"))
    def about_payouts(self, row: Ticket) -> str:
        items = ((payout, words.where_the_money_is(payout)) for payout in row.payouts.all())
        return format_html_join("", "{} {}<br>", items) or cast("Any", "–")
