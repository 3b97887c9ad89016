"""The list of tickets: the sellers' queue, with its tabs, filters and columns."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin
from django.db.models import BigIntegerField, Count, OuterRef, Prefetch, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Now
from django.db.models.lookups import GreaterThanOrEqual
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext, gettext_lazy, pgettext_lazy

from aftersales.lifecycle.admin import EVERYTHING, FilterForm, QueuePage, Tab, badge, deadline, person, tab_of
from aftersales.lifecycle.rows import DUE, NEVER
from aftersales.lifecycle.table import Owner
from aftersales.models import User
from orders.admin.rights import MOST_SHOPS_LISTED, works_of
from orders.filters import PriceField, amount_in
from orders.models import Order, Shop, ShopStaff
from refunds.admin.finding import found, with_goods
from refunds.lifecycle import TICKET
from refunds.models import Reason, Ticket, TicketLine
from refunds.states import Kind, Side

ANY = ("", gettext_lazy("Any"))
# How long ago a ticket was filed: (at least, at most) days.
AGES: dict[str, tuple[Any, float | None, float | None]] = {
    "day": (gettext_lazy("In the last 24 hours"), None, 1),
    "week": (gettext_lazy("In the last 7 days"), None, 7),
    "over_3": (gettext_lazy("More than 3 days ago"), 3, None),
    "over_7": (gettext_lazy("More than 7 days ago"), 7, None),
    "over_30": (gettext_lazy("More than 30 days ago"), 30, None),
}
HOURS: dict[str, tuple[Any, int]] = {
    "late": (gettext_lazy("Overdue"), 0),
    "2": (gettext_lazy("Within 2 hours"), 2),
    "24": (gettext_lazy("Within 24 hours"), 24),
}
ME, NOBODY = "me", "nobody"
MANY, SPAN = 3, timedelta(days=90)
BUYERS = {
    "many": gettext_lazy("3 or more tickets here in 90 days"),
    "share": gettext_lazy("More than half of their paid money here went back"),
    "first": gettext_lazy("The only order here"),
}


class TicketFilters(FilterForm):
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=[ANY, *Kind.choices])
    reason = forms.ModelChoiceField(
        Reason.objects.exclude(side=Side.SELLER), label=gettext_lazy("Reason"), empty_label=ANY[1]
    )
    least = PriceField(label=gettext_lazy("Amount from"), max_length=13)
    most = PriceField(label=gettext_lazy("Amount to"), max_length=13)
    filed = forms.ChoiceField(
        label=gettext_lazy("Filed"), choices=[ANY, *((key, words) for key, (words, *_) in AGES.items())]
    )
    due = forms.ChoiceField(
        label=pgettext_lazy("filter", "Due"), choices=[ANY, *((key, words) for key, (words, _) in HOURS.items())]
    )
    product = forms.CharField(label=gettext_lazy("Product"), max_length=100)
    buyer = forms.ChoiceField(label=gettext_lazy("Buyer"), choices=[ANY, *BUYERS.items()])
    assigned = forms.ChoiceField(label=gettext_lazy("Assigned to"))
    shop = forms.ChoiceField(label=gettext_lazy("Shop"))
    set_aside = forms.BooleanField(label=gettext_lazy("Set aside"))

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        keys = None if self.user.sees_everything else works_of(self.user)
        several = keys is None or len(keys) > 1
        shops = list(Shop.objects.of_staff(self.user)[: MOST_SHOPS_LISTED + 1]) if several else []
        if 1 < len(shops) <= MOST_SHOPS_LISTED:
            cast("Any", self.fields["shop"]).choices = [ANY, *((str(shop.pk), shop.name) for shop in shops)]
        else:
            del self.fields["shop"]
        if works := works_of(self.user):
            cast("Any", self.fields["assigned"]).choices = [ANY, *_colleagues(self.user, works)]
        else:
            # What a buyer did, and who works on what, is a shop's own business: nobody else compares.
            del self.fields["buyer"], self.fields["assigned"]

    def clean(self) -> dict[str, Any]:
        sent: dict[str, Any] = super().clean() or {}
        least, most = sent.get("least"), sent.get("most")
        if least and most and amount_in("KWD", least) > amount_in("KWD", most):
            self.add_error("most", gettext_lazy("This has to be at least the lowest amount."))
        return sent

    def narrow(self, rows: QuerySet[Ticket]) -> QuerySet[Ticket]:
        sent = {name: value for name, value in self.cleaned_data.items() if value}
        for name, value in sent.items():
            rows = getattr(self, f"by_{name}")(rows, value)
        return rows

    def by_kind(self, rows: QuerySet[Ticket], kind: str) -> QuerySet[Ticket]:
        return rows.filter(kind=kind)

    def by_reason(self, rows: QuerySet[Ticket], reason: Reason) -> QuerySet[Ticket]:
        return rows.filter(reason=reason)

    def by_least(self, rows: QuerySet[Ticket], text: str) -> QuerySet[Ticket]:
        return rows.filter(self._in_each_currency("amount__gte", text))

    def by_most(self, rows: QuerySet[Ticket], text: str) -> QuerySet[Ticket]:
        return rows.filter(self._in_each_currency("amount__lte", text))

    def _in_each_currency(self, lookup: str, text: str) -> Q:
        """Minor units of whichever currency a ticket's shop has."""
        shops = Shop.objects.of_staff(self.user).order_by()
        currencies = list(shops.values_list("currency", flat=True).distinct())
        if len(currencies) == 1:
            return Q((lookup, amount_in(currencies[0], text)))
        fits = Q(pk=None)
        for currency in currencies:
            fits |= Q(("order__currency", currency), (lookup, amount_in(currency, text)))
        return fits

    def by_filed(self, rows: QuerySet[Ticket], key: str) -> QuerySet[Ticket]:
        _words, least, most = AGES[key]
        if least is not None:
            rows = rows.filter(opened_at__lte=Now() - timedelta(days=least))
        return rows if most is None else rows.filter(opened_at__gte=Now() - timedelta(days=most))

    def by_due(self, rows: QuerySet[Ticket], key: str) -> QuerySet[Ticket]:
        return rows.alias(due=DUE).filter(due__lte=Now() + timedelta(hours=HOURS[key][1]))

    def by_product(self, rows: QuerySet[Ticket], words: str) -> QuerySet[Ticket]:
        return with_goods(rows, words, shops_of(self.user))

    def by_buyer(self, rows: QuerySet[Ticket], key: str) -> QuerySet[Ticket]:
        """By what the buyer did in the ticket's own shop: no shop is told of another."""
        orders = Order.objects.filter(buyer=OuterRef("order__buyer"), shop=OuterRef("shop")).order_by().values("buyer")
        if key == "first":
            return rows.alias(orders_here=_one(orders.annotate(found=Count("pk")))).filter(orders_here=1)
        if key == "share":
            paid = orders.filter(paid_at__isnull=False)
            back = paid.annotate(found=2 * Sum("settled") - Sum("total"))
            return rows.alias(over_half=_one(back)).filter(over_half__gt=0)
        # Rarely somebody: looked for among the shop's recent tickets once, not for each row of the queue.
        fits = Q(pk=None)
        for shop in works_of(self.user):
            recent = Ticket.objects.filter(shop=shop, opened_at__gte=Now() - SPAN).order_by().values("order__buyer")
            many = recent.annotate(found=Count("pk")).filter(found__gte=MANY)
            fits |= Q(shop=shop, order__buyer__in=many.values("order__buyer"))
        return rows.filter(fits)

    def by_assigned(self, rows: QuerySet[Ticket], key: str) -> QuerySet[Ticket]:
        if key == NOBODY:
            return rows.filter(assignee=None)
        # Named one by one, so that each is a walk along the index.
        mine = ShopStaff.objects.filter(user=self.user).values_list("pk", flat=True)
        return rows.filter(assignee__in=list(mine) if key == ME else [int(key)])

    def by_shop(self, rows: QuerySet[Ticket], key: str) -> QuerySet[Ticket]:
        return rows.filter(shop=int(key))

    def by_set_aside(self, rows: QuerySet[Ticket], wanted: bool) -> QuerySet[Ticket]:
        return rows.filter(set_aside_at__isnull=False)


def _colleagues(user: User, works: Collection[int]) -> list[tuple[str, Any]]:
    """Whom a ticket may be assigned to; with their shop where the reader has several."""
    staff = ShopStaff.objects.filter(shop__in=works).exclude(user=user).select_related("user", "shop")
    others = staff.order_by("user__email")[:MOST_SHOPS_LISTED]
    named = [(str(one.pk), str(one if len(works) > 1 else one.user)) for one in others]
    return [(ME, gettext_lazy("Me")), (NOBODY, gettext_lazy("Nobody")), *named]


def _one(groups: QuerySet[Any]) -> Subquery:
    """The figure that was `found` of the one group."""
    return Subquery(groups.values("found"), output_field=BigIntegerField())


def shops_of(user: User) -> list[int] | None:
    """The shops whose goods a person may ask for; None for any."""
    return None if user.sees_everything or user.is_customer_service else list(works_of(user))


# No clock runs there. Said as well, it lets the list begin behind everything that is due; said by "=", it would take
# the deadline out of the order, and the planner would rather read every ticket from the newest one.
NO_CLOCK = Q(GreaterThanOrEqual(DUE, Value(NEVER)))


class TicketQueue(QueuePage[Ticket]):
    """What waits for the seller first, by deadline."""

    tabs = (
        tab_of(TICKET, "waiting", gettext_lazy("To do"), lambda state: state.owner is Owner.SELLER),
        tab_of(TICKET, "buyer", gettext_lazy("With the buyer"), lambda state: state.owner is Owner.BUYER),
        tab_of(TICKET, "cs", gettext_lazy("With customer service"), lambda state: state.owner is Owner.CS),
        tab_of(TICKET, "refunding", gettext_lazy("Refunding"), lambda state: state.owner is Owner.CHANNEL),
        tab_of(TICKET, "ended", gettext_lazy("Ended"), lambda state: state.final, endless=True, also=NO_CLOCK),
        EVERYTHING,
    )
    filter_form = TicketFilters
    list_display: Any = ("case", "standing", "clock", "goods", "shown_amount", "buyer", "assigned")
    sortable_by = ("clock", "shown_amount")
    ordering: ClassVar[Any] = (DUE.asc(), "-pk")
    search_fields = ("number",)
    search_help_text = gettext_lazy(
        "Ticket, order or waybill number from its beginning, words of a product, or the buyer’s whole name or e-mail"
    )

    def narrow(self, rows: Any, user: User) -> QuerySet[Ticket]:
        """Who only sells names their shops: their queue is then one walk along an index."""
        if user.sees_everything or user.is_customer_service:
            return super().narrow(rows, user)
        return cast("QuerySet[Ticket]", rows.filter(shop__in=list(works_of(user))))

    def tabs_for(self, request: HttpRequest) -> tuple[Tab, ...]:
        """Who only serves customers has no queue of a shop."""
        sells = person(request).sees_everything or works_of(person(request))
        return self.tabs if sells else (EVERYTHING, *self.tabs[2:5])

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """Who of a shop works on what is no business of customer service."""
        told = person(request).sees_everything or works_of(person(request))
        return tuple(name for name in self.list_display if told or name != "assigned")

    def listed(self, rows: QuerySet[Ticket]) -> QuerySet[Ticket]:
        """Nothing but what the columns show: to plan each further table costs more than to read a page of it."""
        lines = Prefetch("lines", TicketLine.objects.select_related("line"))
        return rows.select_related(None).select_related("order__buyer", "assignee__user").prefetch_related(lines)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Ticket], search_term: str
    ) -> tuple[QuerySet[Ticket], bool]:
        term = search_term.strip()
        return (found(queryset, term, person(request), shops_of(person(request))) if term else queryset), False

    @admin.display(description=gettext_lazy("ticket"))
    def case(self, row: Ticket) -> str:
        return _two(row.number, row.order.number)

    @admin.display(description=gettext_lazy("state"))
    def standing(self, row: Ticket) -> str:
        return _two(badge(TICKET.state(row.state)), row.get_kind_display())

    @admin.display(description=gettext_lazy("due"), ordering=DUE)
    def clock(self, row: Ticket) -> str:
        filed = date_format(timezone.localtime(row.opened_at), "SHORT_DATE_FORMAT")
        return _two(deadline(row), gettext("filed %(day)s") % {"day": filed})

    @admin.display(description=gettext_lazy("assigned to"), empty_value="–")
    def assigned(self, row: Ticket) -> str | None:
        return str(row.assignee.user) if row.assignee else None

    @admin.display(description=gettext_lazy("goods"))
    def goods(self, row: Ticket) -> str:
        items = ((line.line.title, line.quantity) for line in row.lines.all())
        return format_html_join("", "{}\u00a0×\u00a0{}<br>", items)


def _two(first: Any, second: Any) -> str:
    """Two lines of a cell, the second one beside the point."""
    return format_html('{}<span class="second">{}</span>', first, second)
