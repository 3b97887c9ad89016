"""The desk of customer service: whose case is next, both sides on one page, and the ruling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from aftersales.actors import Role
from aftersales.lifecycle.admin import SetAsideFilter, Way, person, state_filter
from aftersales.lifecycle.admin.actions import Offer
from aftersales.models import User
from aftersales.money import shown
from orders.admin.fields import human
from orders.admin.rights import OfShop, OrderShopFilter
from orders.models import Policy
from refunds import actions, history, rules, words
from refunds.admin.inlines import RulingInline
from refunds.admin.rulings import (
    AcceptRulingForm,
    AppealForm,
    AskForm,
    ClaimForm,
    HandOverForm,
    ObjectForm,
    RestForm,
    RuleForm,
    SecondForm,
)
from refunds.admin.tools import WithTools
from refunds.lifecycle import DISPUTE, TICKET
from refunds.models import Dispute
from refunds.states import DisputeState as S

# The clocks of a policy that a case may turn on.
CLOCKS = (
    "answer_unshipped", "answer_shipped", "answer_offer", "return_goods", "inspection", "after_failed_inspection",
    "dispatch", "buyer_receipt", "evidence", "review", "appeal",
)  # fmt: skip
# What only the agent who has the dispute does, and what only another one than who ruled.
MINE, SECOND = frozenset({"hand_over", "ask", "rule"}), frozenset({"confirm", "object"})
LATE = Q(late_at__isnull=False) | Q(state__in=(S.REVIEW, S.CONFIRMATION), due_at__lte=Now())

QUEUES: dict[str, tuple[Any, Callable[[User], Q]]] = {
    "open": (gettext_lazy("Everything open"), lambda user: Q()),
    "new": (gettext_lazy("New, nobody’s"), lambda user: Q(agent=None, state__in=(S.EVIDENCE, S.REVIEW))),
    "mine": (gettext_lazy("Mine"), lambda user: Q(agent=user)),
    "late": (gettext_lazy("Late"), lambda user: LATE),
    "evidence": (gettext_lazy("Waiting for evidence"), lambda user: Q(state=S.EVIDENCE)),
    "confirm": (gettext_lazy("To confirm"), lambda user: Q(state=S.CONFIRMATION)),
    "appeals": (gettext_lazy("Appeals"), lambda user: ~Q(appealed_by="") & Q(state__in=(S.REVIEW, S.CONFIRMATION))),
    "all": (gettext_lazy("With those that are final"), lambda user: Q()),
}


class DeskFilter(admin.SimpleListFilter):
    """The queues of the desk; what is final is found by asking for it, or by a search."""

    title = gettext_lazy("queue")
    parameter_name = "queue"

    def __init__(self, request: HttpRequest, params: dict[str, Any], *rest: Any) -> None:
        self.user = person(request)
        self.standing = "all" if request.GET.keys() - {self.parameter_name, "o", "p"} else "open"
        super().__init__(request, params, *rest)

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> list[tuple[str, Any]]:
        return [(name, title) for name, (title, _rows) in QUEUES.items()]

    def chosen(self) -> str:
        value = self.value()
        return value if value in QUEUES else self.standing

    def choices(self, changelist: ChangeList) -> Any:
        for value, title in self.lookup_choices:
            query = changelist.get_query_string({self.parameter_name: value})
            yield {"selected": self.chosen() == value, "query_string": query, "display": title}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        name = self.chosen()
        rows = queryset if name == "all" else queryset.exclude(state=str(S.FINAL))
        return rows.filter(QUEUES[name][1](self.user))


@admin.register(Dispute)
class DisputeAdmin(OfShop[Dispute], WithTools[Dispute]):
    """Agents of customer service work here. A shop's sellers see its disputes and act as a side; operators look on."""

    life = DISPUTE
    cs_may = frozenset({"view"})
    staff_path = "order__shop__staff__user"
    change_form_template = "admin/refunds/dispute/change_form.html"
    ways: ClassVar[dict[str, Way]] = {
        "claim": Way(lambda rows, by, form: actions.claim(rows, by), ClaimForm),
        "hand_over": Way(
            lambda rows, by, form: actions.hand_over(rows, by, form.cleaned_data["to"], form.cleaned_data["note"]),
            HandOverForm,
        ),
        "ask": Way(lambda rows, by, form: actions.ask(rows, by, form.cleaned_data["note"]), AskForm),
        "rule": Way(lambda rows, by, form: actions.rule(rows, by, form.decision()), RuleForm),
        "confirm": Way(lambda rows, by, form: actions.confirm_ruling(rows, by, **form.cleaned_data), SecondForm),
        "object": Way(lambda rows, by, form: actions.object_to(rows, by, **form.cleaned_data), ObjectForm),
        "rest": Way(lambda rows, by, form: actions.rest(rows, by), RestForm),
        "accept_ruling": Way(
            lambda rows, by, form: actions.accept_ruling(rows, by, **form.cleaned_data), AcceptRulingForm
        ),
        "appeal": Way(lambda rows, by, form: actions.appeal(rows, by, **form.cleaned_data), AppealForm),
    }
    inlines = (RulingInline,)
    list_display = ("number", "badge", "deadline", "kind", "shown_amount", "shop", "shown_agent", "is_late")
    list_filter = (DeskFilter, state_filter(DISPUTE), OrderShopFilter, SetAsideFilter)
    list_select_related = ("ticket", "order__shop", "agent")
    search_fields = ("number__startswith", "ticket__number__startswith", "order__number__startswith")
    search_help_text = gettext_lazy("Number of the dispute, ticket or order, from its beginning")
    facts: ClassVar[Any] = (
        (None, {"fields": ("number", "shown_ticket", "kind", "why", "description", "called_by", "opened_at")}),
        (gettext_lazy("Money"), {"fields": ("shown_amount", "shown_freight", "paid", "refundable")}),
        (gettext_lazy("State"), {"fields": ("badge", "deadline", "stands_at", "freight_by", "heard", "outcome")}),
        (gettext_lazy("Clocks of this order"), {"fields": ("clocks",), "classes": ("collapse",)}),
    )
    internal: ClassVar[Any] = (
        gettext_lazy("Customer service"),
        {"fields": ("shown_agent", "late_at", "appealed_by", "limit")},
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Dispute]:
        rows = super().get_queryset(request)
        return rows.select_related(
            "agent", "ticket__reason", "ticket__order__shop", "ticket__order__policy", "order__shop"
        )

    def inside(self, request: HttpRequest, row: Dispute) -> bool:
        """Whether the person sees what only customer service is to see."""
        return person(request).is_auditor or bool({Role.CS, Role.OPERATOR} & set(self.roles(request, row)))

    def get_inlines(self, request: HttpRequest, obj: Dispute | None) -> Any:
        return self.inlines if obj and obj.rulings.exists() else ()

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """Which agent has it is no business of the sides."""
        served = person(request).is_customer_service or person(request).sees_everything
        return tuple(name for name in self.list_display if served or name not in ("shown_agent", "is_late"))

    def get_fieldsets(self, request: HttpRequest, obj: Dispute | None = None) -> Any:
        return (*self.facts, *((self.internal,) if obj and self.inside(request, obj) else ()))

    def offers(self, request: HttpRequest, row: Dispute) -> dict[str, Offer]:
        """The table knows roles; who of customer service has the dispute, and who ruled, is known here."""
        found, me = super().offers(request, row), person(request).pk
        ruling = row.ruling
        foreign = MINE if row.agent_id != me else frozenset()
        own = SECOND if ruling and ruling.agent_id == me else frozenset()
        return {name: offer for name, offer in found.items() if name not in foreign | own}

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **rest: Any) -> Any:
        if row := rest.get("obj"):
            entries = history.entries(row.ticket, internal=self.inside(request, row))
            context["entries"] = entries
            context["sides"] = [
                (title, [entry for entry in entries if entry.role == role and (entry.note or entry.photos)])
                for role, title in ((Role.BUYER, _("What the buyer says")), (Role.SELLER, _("What the seller says")))
            ]
        return super().render_change_form(request, context, *args, **rest)

    def consequence(self, row: Dispute) -> str:
        return words.dispute_consequence(row) or words.dispute_next(row)

    def event_label(self, event: Any) -> str:
        return words.event_title(event)

    # --- the case -----------------------------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("ticket"))
    def shown_ticket(self, row: Dispute) -> str:
        link = reverse("admin:refunds_ticket_change", args=[row.ticket_id])
        return format_html('<a href="{}">{}</a>', link, row.ticket)

    @admin.display(description=gettext_lazy("kind"))
    def kind(self, row: Dispute) -> str:
        return row.ticket.get_kind_display()

    @admin.display(description=gettext_lazy("reason"))
    def why(self, row: Dispute) -> str:
        return str(row.ticket.reason)

    @admin.display(description=gettext_lazy("what happened"))
    def description(self, row: Dispute) -> str:
        return row.ticket.description or "–"

    @admin.display(description=gettext_lazy("asked for"))
    def shown_amount(self, row: Dispute) -> str:
        return shown(row.ticket.amount, row.order.currency)

    @admin.display(description=gettext_lazy("of which freight"))
    def shown_freight(self, row: Dispute) -> str:
        return shown(row.ticket.freight, row.order.currency)

    @admin.display(description=gettext_lazy("paid"))
    def paid(self, row: Dispute) -> str:
        figures = {"paid": row.order.total, "settled": row.order.settled}
        return _("%(paid)s, refunded %(settled)s") % {k: shown(v, row.order.currency) for k, v in figures.items()}

    @admin.display(description=gettext_lazy("refundable"))
    def refundable(self, row: Dispute) -> str:
        cap = rules.caps(row.ticket)
        figures = {"goods": shown(cap.goods, row.order.currency), "freight": shown(cap.freight, row.order.currency)}
        return _("%(goods)s for the goods, %(freight)s of the freight") % figures

    @admin.display(description=gettext_lazy("where negotiating goes on"))
    def stands_at(self, row: Dispute) -> str:
        return str(TICKET.state(row.ticket.stands_at).label)

    @admin.display(description=gettext_lazy("return freight paid by"))
    def freight_by(self, row: Dispute) -> str:
        return row.ticket.get_freight_by_display()

    @admin.display(description=gettext_lazy("answers of the sides"))
    def heard(self, row: Dispute) -> str:
        """Who has nothing to add, and who accepts the ruling."""
        said = {
            _("the buyer has nothing to add"): row.buyer_rests,
            _("the seller has nothing to add"): row.seller_rests,
            _("the buyer accepts the ruling"): row.buyer_accepts,
            _("the seller accepts the ruling"): row.seller_accepts,
        }
        return pgettext("list", ", ").join(sentence for sentence, so in said.items() if so) or "–"

    @admin.display(description=gettext_lazy("clocks"))
    def clocks(self, row: Dispute) -> str:
        policy = row.ticket.order.policy
        known = [name for name in CLOCKS if getattr(policy, name) is not None]
        shown_clocks = ((Policy._meta.get_field(n).verbose_name, human(getattr(policy, n))) for n in known)  # type: ignore[union-attr]
        return format_html("<dl class='terms'>{}</dl>", format_html_join("", "<dt>{}</dt><dd>{}</dd>", shown_clocks))

    @admin.display(description=gettext_lazy("a second agent confirms above"))
    def limit(self, row: Dispute) -> str:
        above = row.ticket.order.policy.confirm_above
        return "–" if above is None else shown(above, row.order.currency)

    @admin.display(description=gettext_lazy("agent"), ordering="agent")
    def shown_agent(self, row: Dispute) -> str:
        return str(row.agent or "–")

    @admin.display(description=gettext_lazy("shop"))
    def shop(self, row: Dispute) -> str:
        return str(row.order.shop)

    @admin.display(description=gettext_lazy("late"))
    def is_late(self, row: Dispute) -> str:
        """In words: a red cross for what is in time would frighten."""
        return format_html('<span class="late">{}</span>', _("Late")) if row.late_at else ""
