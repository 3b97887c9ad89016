"""The list of disputes: the queues of customer service as tabs, with what an agent has before everything else."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django import forms
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from aftersales.lifecycle.admin import EVERYTHING, FilterForm, QueuePage, Tab, person
from aftersales.lifecycle.rows import DUE
from aftersales.models import User
from orders.admin.rights import MOST_SHOPS_LISTED
from orders.models import Shop
from refunds.admin import desk
from refunds.models import Dispute
from refunds.states import DisputeState as S
from refunds.states import Kind

ANY = ("", gettext_lazy("Any"))
OPEN = ~Q(state=str(S.FINAL))
AT_AGENTS = (S.REVIEW, S.CONFIRMATION)
LATE = OPEN & (Q(late_at__isnull=False) | Q(state__in=AT_AGENTS, due_at__lte=Now()))

# The queues of who serves customers, and of a side.
TABS = (
    Tab("open", gettext_lazy("Everything open"), OPEN),
    Tab("mine", gettext_lazy("Mine"), lambda user: OPEN & Q(agent=user)),
    Tab("new", gettext_lazy("New, nobody’s"), Q(agent=None, state__in=(S.EVIDENCE, S.REVIEW))),
    Tab("late", gettext_lazy("Late"), LATE),
    Tab("evidence", gettext_lazy("Waiting for evidence"), Q(state=S.EVIDENCE)),
    Tab("confirm", gettext_lazy("To confirm"), Q(state=S.CONFIRMATION)),
    Tab("appeals", gettext_lazy("Appeals"), ~Q(appealed_by="") & Q(state__in=AT_AGENTS)),
    EVERYTHING,
)
OF_SIDES = tuple(tab for tab in TABS if tab.key in ("open", "evidence", "all"))


class DisputeFilters(FilterForm):
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=[ANY, *Kind.choices])
    state = forms.ChoiceField(label=gettext_lazy("State"), choices=[ANY, *S.choices()])
    agent = forms.ModelChoiceField(User.objects.none(), label=gettext_lazy("Agent"), empty_label=ANY[1])
    shop = forms.ChoiceField(label=gettext_lazy("Shop"))
    set_aside = forms.BooleanField(label=gettext_lazy("Set aside"))

    # The column of each field that narrows by equality.
    columns: ClassVar[dict[str, str]] = {
        "kind": "ticket__kind",
        "state": "state",
        "agent": "agent",
        "shop": "order__shop",
    }

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        if serves(request):
            agents = User.objects.filter(is_customer_service=True, is_active=True).order_by("email")
            cast("Any", self.fields["agent"]).queryset = agents
        else:
            del self.fields["agent"]
        shops = list(Shop.objects.of_staff(self.user)[: MOST_SHOPS_LISTED + 1])
        if 1 < len(shops) <= MOST_SHOPS_LISTED:
            cast("Any", self.fields["shop"]).choices = [ANY, *((str(shop.pk), shop.name) for shop in shops)]
        else:
            del self.fields["shop"]

    def narrow(self, rows: QuerySet[Dispute]) -> QuerySet[Dispute]:
        sent = {name: value for name, value in self.cleaned_data.items() if value}
        if sent.pop("set_aside", False):
            rows = rows.filter(set_aside_at__isnull=False)
        return rows.filter(**{self.columns[name]: value for name, value in sent.items()})


def serves(request: HttpRequest) -> bool:
    """Whether the person works for customer service, or sees what it does."""
    return person(request).is_customer_service or person(request).sees_everything


class DisputeQueue(QueuePage[Dispute]):
    tabs = TABS
    filter_form = DisputeFilters
    list_display: Any = ("number", "badge", "deadline", "kind", "shown_amount", "shop", "shown_agent", "is_late")
    sortable_by = ()
    search_fields = ("number__startswith", "ticket__number__startswith", "order__number__startswith")
    search_help_text = gettext_lazy("Number of the dispute, ticket or order, from its beginning")

    def get_ordering(self, request: HttpRequest) -> Any:
        return (desk.mine_first(person(request)).asc(), DUE.asc(), "-pk")

    def tabs_for(self, request: HttpRequest) -> tuple[Tab, ...]:
        return TABS if serves(request) else OF_SIDES

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """Which agent has it is no business of the sides."""
        return tuple(name for name in self.list_display if serves(request) or name not in ("shown_agent", "is_late"))
