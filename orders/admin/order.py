"""Orders and payments: what is to be shipped first, everything about an order on one page, its actions."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Case, DateTimeField, F, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales import masks
from aftersales.exchange.admin import ExportsAndImports
from aftersales.lifecycle.admin import (
    ActionForm,
    KeysetPage,
    LifecycleAdmin,
    ReadOnlyInline,
    SetAsideFilter,
    Unmasks,
    Way,
    queue_of,
    state_filter,
)
from aftersales.lifecycle.admin.lists import until
from aftersales.lifecycle.rows import NEVER
from aftersales.lifecycle.table import Owner
from aftersales.money import shown
from orders import actions
from orders.actions import Parcel
from orders.admin.fields import WholeNumberField, human
from orders.admin.orders_table import OrdersTable
from orders.admin.rights import OfShop, OfShopOrder, ShopFilter
from orders.lifecycle import ORDER
from orders.models import InvoiceData, Leg, Order, OrderLine, Payment, Posting, Shipment
from orders.states import OrderState
from orders.templatetags.orders_tags import order_consequence

# What a posting of the ledger is about.
POSTINGS = {
    "received": gettext_lazy("Payment received"),
    "payout_created": gettext_lazy("Refund owed"),
    "payout_settled": gettext_lazy("Refund paid"),
    "payout_taken_back": gettext_lazy("Refund taken back by the channel"),
}
# What a queue is worked through by: the promise while the shop has to ship, else the clock.
DEADLINE = Coalesce(
    Case(When(state=OrderState.AWAITING_SHIPMENT, then=F("ship_by")), default=F("due_at")),
    Value(NEVER, output_field=DateTimeField()),
)


class ParcelForm(ActionForm):
    """How many units of each line go into the parcel, all of them unless a person says less."""

    carrier = forms.CharField(label=gettext_lazy("Carrier"), max_length=50, required=False)
    number = forms.CharField(label=gettext_lazy("Tracking number"), max_length=50, required=False)

    def __init__(self, row: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(row, *args, **kwargs)
        self.lines = {f"units_{line.pk}": line for line in self.order().lines.order_by("pk")}
        own = {name: self._field(line, self.most(line)) for name, line in self.lines.items() if self.most(line)}
        self.fields = {**own, **self.fields}

    def order(self) -> Order:
        found: Order = self.row
        return found

    def most(self, line: OrderLine) -> int:
        """How many units of a line can go."""
        return line.to_ship

    def first(self, line: OrderLine) -> int:
        """How many units are filled in."""
        return self.most(line)

    def _field(self, line: OrderLine, most: int) -> forms.IntegerField:
        words = _("%(most)s of %(quantity)s can be shipped.") % {"most": most, "quantity": line.quantity}
        return WholeNumberField(
            label=line.title, min_value=0, max_value=most, initial=self.first(line), required=False, help_text=words
        )

    def parcel(self) -> Parcel:
        data = self.cleaned_data
        units = {line.pk: data.get(name) or 0 for name, line in self.lines.items()}
        return Parcel(units, data["carrier"], data["number"])

    @property
    def summary(self) -> str:
        return where_it_goes(self.order())


class DeliverForm(ActionForm):
    @property
    def summary(self) -> str:
        words = _("All parcels count as delivered. The buyer’s time to confirm becomes %(time)s, where it was longer.")
        after = self.row.policy.after_delivery
        return words % {"time": human(after)} if after else _("All parcels count as delivered. The clock goes on.")


class ExtendForm(ActionForm):
    @property
    def summary(self) -> str:
        words = _("The buyer has %(time)s more to confirm the receipt.")
        return words % {"time": human(self.row.policy.receipt)}


class LineInline(ReadOnlyInline):
    model = OrderLine
    fields = ("title", "quantity", "shown_paid", "shown_refunded", "shipped", "cancelled", "returned", "waits")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[OrderLine]:
        return super().get_queryset(request).select_related("order")

    @admin.display(description=gettext_lazy("paid"))
    def shown_paid(self, line: OrderLine) -> str:
        return shown(line.paid, line.order.currency)

    @admin.display(description=gettext_lazy("refunded"))
    def shown_refunded(self, line: OrderLine) -> str:
        held = _(" (+ %(amount)s in refund)") % {"amount": shown(line.reserved, line.order.currency)}
        return shown(line.settled, line.order.currency) + (held if line.reserved else "")

    @admin.display(description=gettext_lazy("to ship"))
    def waits(self, line: OrderLine) -> str:
        in_ticket = _(" (+ %(units)s in a ticket)") % {"units": line.cancelling}
        return str(line.to_ship) + (in_ticket if line.cancelling else "")


class PaymentInline(ReadOnlyInline):
    model = Payment
    fields = ("link", "channel", "shown_amount", "shown_received", "received_at", "pays_order", "ended_code")
    readonly_fields = fields

    @admin.display(description=gettext_lazy("number"))
    def link(self, payment: Payment) -> str:
        return format_html('<a href="{}">{}</a>', reverse("admin:orders_payment_change", args=[payment.pk]), payment)

    @admin.display(description=gettext_lazy("amount"))
    def shown_amount(self, payment: Payment) -> str:
        return shown(payment.amount, payment.currency)

    @admin.display(description=gettext_lazy("received amount"))
    def shown_received(self, payment: Payment) -> str:
        return shown(payment.received, payment.received_currency) if payment.received_at else "–"


class ShipmentInline(ReadOnlyInline):
    model = Shipment
    fields = ("carrier", "number", "units", "shipped_at", "sent_by", "delivered_at")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Shipment]:
        return super().get_queryset(request).select_related("shipped_by").prefetch_related("lines__line")

    @admin.display(description=gettext_lazy("by"))
    def sent_by(self, shipment: Shipment) -> str:
        return str(shipment.shipped_by or "–")

    @admin.display(description=gettext_lazy("goods"))
    def units(self, shipment: Shipment) -> str:
        return format_html_join("", "{}<br>", ((str(line),) for line in shipment.lines.all()))


class InvoiceInline(ReadOnlyInline):
    model = InvoiceData
    # It is called by a person's name.
    hide_title = True
    fields = ("kind", "shown_title", "tax_number", "shown_email", "note", "changed_at")
    readonly_fields = fields
    plain = False

    def get_formset(self, request: HttpRequest, obj: Order | None = None, **kwargs: Any) -> Any:
        self.plain = obj is not None and _plain(obj)
        return super().get_formset(request, obj, **kwargs)

    @admin.display(description=gettext_lazy("invoice title"))
    def shown_title(self, invoice: InvoiceData) -> str:
        return invoice.title if self.plain else masks.text(invoice.title)

    @admin.display(description=gettext_lazy("e-mail"))
    def shown_email(self, invoice: InvoiceData) -> str:
        return invoice.email if self.plain else masks.email(invoice.email)


class PostingInline(ReadOnlyInline):
    model = Posting
    verbose_name_plural = gettext_lazy("ledger")
    fields = ("about", "reference", "legs_shown", "at")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Posting]:
        return super().get_queryset(request).prefetch_related("legs")

    @admin.display(description=gettext_lazy("kind"))
    def about(self, posting: Posting) -> str:
        return str(POSTINGS.get(posting.kind, posting.kind))

    @admin.display(description=gettext_lazy("legs"))
    def legs_shown(self, posting: Posting) -> str:
        return format_html_join("", "{}: {}<br>", map(self._leg, posting.legs.all()))

    def _leg(self, leg: Leg) -> tuple[str, str]:
        return leg.get_account_display(), shown(leg.amount, leg.currency)


def where_it_goes(order: Order) -> str:
    """The buyer's address on one line, for who sends a parcel."""
    return " · ".join(part for part in (order.recipient, order.phone, order.address) if part)


def _plain(order: Order) -> bool:
    """Whether this page may show the order's personal data as they are."""
    return bool(getattr(order, "unmasked", False))


class OrderAdmin(Unmasks[Order], ExportsAndImports[Order], KeysetPage[Order], OfShop[Order], LifecycleAdmin[Order]):
    """Its shop sees who the buyer is while something may have to be sent there; everybody else, and the shop
    afterwards, asks. Verbs that give money back live in refunds, whose admin adds their ways and registers the page."""

    life = ORDER
    operator_may = frozenset({"view", "export", "import"})
    seller_may = frozenset({"view", "export"})
    resource_classes = (OrdersTable,)
    staff_path = "shop__staff__user"
    ways: ClassVar[dict[str, Way]] = {
        "ship": Way(lambda rows, by, form: actions.ship(rows, by, form.parcel()), ParcelForm),
        "deliver": Way(lambda rows, by, form: actions.deliver(rows, by), DeliverForm),
        "extend": Way(lambda rows, by, form: actions.extend(rows, by), ExtendForm),
    }
    inlines = (LineInline, ShipmentInline, PaymentInline, InvoiceInline, PostingInline)
    list_display = ("number", "badge", "deadline", "shop", "shown_buyer", "shown_total", "placed_at")
    list_filter = (
        queue_of(ORDER, Owner.SELLER, gettext_lazy("To be shipped")), state_filter(ORDER), ShopFilter, SetAsideFilter
    )  # fmt: skip
    list_select_related = ("shop", "buyer")
    search_fields = ("number__startswith", "buyer__email__iexact", "payments__number__startswith")
    search_help_text = gettext_lazy("Number of the order or payment from its beginning, or the buyer’s whole e-mail")
    ordering = (DEADLINE.asc(), "-pk")
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("number", "shop", "bought_by", "placed_at", "paid_at", "ship_by", "completed_at",
                           "why_closed", "shown_policy")}),
        (gettext_lazy("Where it goes"), {"fields": ("goes_to", "shown_phone", "shown_address")}),
        (gettext_lazy("Money"), {"fields": ("shown_total", "shown_freight", "shown_reserved", "shown_settled")}),
        (gettext_lazy("State"), {"fields": ("badge", "deadline", "entered_at", "extended_at", "imported")}),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        return super().get_queryset(request).select_related("shop", "buyer", "policy__shop")

    def sees(self, request: HttpRequest, row: Order) -> bool:
        sending = row.state in {OrderState.AWAITING_SHIPMENT, OrderState.AWAITING_RECEIPT} or row.open_tickets
        return bool(sending and self.is_seller(request, row)) or super().sees(request, row)

    def consequence(self, row: Order) -> str:
        if row.state == OrderState.AWAITING_SHIPMENT:
            return _("Nothing happens by itself; after the promised time the order is marked as late.")
        return order_consequence(row)

    def detail(self, event: Any, row: Order) -> str:
        return " ".join(str(event.data[key]) for key in ("carrier", "number", "payment") if event.data.get(key))

    @admin.display(description=gettext_lazy("due"), ordering=DEADLINE)
    def deadline(self, row: Order) -> str:
        if row.state == OrderState.AWAITING_SHIPMENT and row.ship_by and not row.set_aside_at:
            return until(row.ship_by)
        return super().deadline(row)

    @admin.display(description=gettext_lazy("buyer"))
    def bought_by(self, row: Order) -> str:
        name, email = row.buyer.name, row.buyer.email
        known = (name, email) if _plain(row) else (masks.text(name), masks.email(email))
        return " · ".join(part for part in known if part)

    @admin.display(description=gettext_lazy("buyer"))
    def shown_buyer(self, row: Order) -> str:
        return masks.buyer(row.buyer)

    @admin.display(description=gettext_lazy("recipient"))
    def goes_to(self, row: Order) -> str:
        return row.recipient if _plain(row) else masks.text(row.recipient)

    @admin.display(description=gettext_lazy("phone"))
    def shown_phone(self, row: Order) -> str:
        return row.phone if _plain(row) else masks.phone(row.phone)

    @admin.display(description=gettext_lazy("address"))
    def shown_address(self, row: Order) -> str:
        return row.address if _plain(row) else masks.text(row.address)

    @admin.display(description=gettext_lazy("why it closed"))
    def why_closed(self, row: Order) -> str:
        return row.get_closed_reason_display() or "–"

    @admin.display(description=gettext_lazy("policy"))
    def shown_policy(self, row: Order) -> str:
        return str(row.policy)

    @admin.display(description=gettext_lazy("total"), ordering="total")
    def shown_total(self, row: Order) -> str:
        return shown(row.total, row.currency)

    @admin.display(description=gettext_lazy("freight"))
    def shown_freight(self, row: Order) -> str:
        return shown(row.freight, row.currency)

    @admin.display(description=gettext_lazy("in refund"))
    def shown_reserved(self, row: Order) -> str:
        return shown(row.reserved, row.currency)

    @admin.display(description=gettext_lazy("refunded"))
    def shown_settled(self, row: Order) -> str:
        return shown(row.settled, row.currency)


@admin.register(Payment)
class PaymentAdmin(OfShopOrder[Payment]):
    """What buyers paid, read-only: the channel decides."""

    list_display = ("number", "order", "channel", "shown_amount", "shown_received", "received_at", "ended_code")
    list_select_related = ("order",)
    list_filter = ("pays_order",)
    search_fields = ("number__startswith", "order__number__startswith", "reference__startswith")
    fields = (
        "number", "order", "channel", "shown_amount", "created_at", "expires_at", "started_at", "shown_received",
        "received_at", "pays_order", "reference", "shown_reserved", "shown_settled", "ended_at", "ended_code",
        "next_at", "asked",
    )  # fmt: skip

    @admin.display(description=gettext_lazy("amount"), ordering="amount")
    def shown_amount(self, payment: Payment) -> str:
        return shown(payment.amount, payment.currency)

    @admin.display(description=gettext_lazy("received amount"))
    def shown_received(self, payment: Payment) -> str:
        return shown(payment.received, payment.received_currency) if payment.received_at else "–"

    @admin.display(description=gettext_lazy("in refund"))
    def shown_reserved(self, payment: Payment) -> str:
        return shown(payment.reserved, payment.received_currency or payment.currency)

    @admin.display(description=gettext_lazy("refunded"))
    def shown_settled(self, payment: Payment) -> str:
        return shown(payment.settled, payment.received_currency or payment.currency)
