"""The desk of customer service: whose case is next, both sides and the rules on one page, and the ruling."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from aftersales.actors import Role
from aftersales.keys import key_of
from aftersales.lifecycle.admin import Way, person
from aftersales.lifecycle.admin.actions import Offer
from aftersales.money import shown
from orders.admin.rights import OfShop
from refunds import actions, rules, words
from refunds.admin import desk, supervise
from refunds.admin.dispute_queue import DisputeQueue
from refunds.admin.rulings import (
    AcceptRulingForm,
    AppealForm,
    AskForm,
    AssignForm,
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

# What only the agent who has the dispute does, and what only another one than who ruled.
MINE, SECOND = frozenset({"hand_over", "ask", "rule"}), frozenset({"confirm", "object"})
# What only a supervisor does, and whose forms stand on the page of a case.
LEADS, ON_PAGE = frozenset({"assign"}), ("rule", "confirm")


@admin.register(Dispute)
class DisputeAdmin(DisputeQueue, OfShop[Dispute], WithTools[Dispute]):
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
        "assign": Way(
            lambda rows, by, form: actions.assign(rows, by, form.cleaned_data["to"], form.cleaned_data["note"]),
            AssignForm,
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
    # The page shows them as one list of names and values.
    facts: ClassVar[tuple[str, ...]] = (
        "shown_ticket", "kind", "why", "description", "called_by", "opened_at", "shown_amount", "shown_freight", "paid",
        "refundable", "stands_at", "freight_by", "heard", "outcome",
    )  # fmt: skip
    internal: ClassVar[tuple[str, ...]] = ("shown_agent", "late_at", "appealed_by", "limit")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Dispute]:
        rows = super().get_queryset(request)
        return rows.select_related(
            "agent", "ticket__reason", "ticket__rejection", "ticket__order__buyer", "ticket__order__shop",
            "ticket__order__policy", "order__shop",
        )  # fmt: skip

    def inside(self, request: HttpRequest, row: Dispute) -> bool:
        """Whether the person sees what only customer service is to see."""
        return person(request).is_auditor or bool({Role.CS, Role.OPERATOR} & set(self.roles(request, row)))

    def get_fieldsets(self, request: HttpRequest, obj: Dispute | None = None) -> Any:
        names = (*self.facts, *(self.internal if obj and self.inside(request, obj) else ()))
        return ((None, {"fields": names}),)

    def offers(self, request: HttpRequest, row: Dispute) -> dict[str, Offer]:
        """The table knows roles; who of customer service has the dispute, and who ruled, is known here."""
        found, me = super().offers(request, row), person(request).pk
        ruling = row.ruling
        foreign = MINE if row.agent_id != me else frozenset()
        own = SECOND if ruling and ruling.agent_id == me else frozenset()
        led = LEADS if not person(request).is_supervisor else frozenset()
        return {name: offer for name, offer in found.items() if name not in foreign | own | led}

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("next/", wrap(self.next), name="refunds_dispute_next"),
            path("supervise/", wrap(self.supervise), name="refunds_dispute_supervise"),
            path("<int:key>/holder/", wrap(self.holder), name="refunds_dispute_holder"),
            *super().get_urls(),
        ]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **rest: Any) -> Any:
        if row := rest.get("obj"):
            internal = self.inside(request, row)
            shown_page = desk.read(row, internal=internal)
            context |= {"desk": shown_page, "sla": desk.sla(row), "inside": internal}
            if internal:
                context["holder"] = desk.holder(row, person(request), shown_page.since)
                context["holder_url"] = f"{self._url('holder', row.pk)}?was={row.agent_id or ''}"
            offers = self.offers(request, row)
            context |= {"offers": list(offers.values()), "form_here": self.form_here(request, row, offers)}
            context["next_case"] = self.next_case(request, row)
        return super().render_change_form(request, context, *args, **rest)

    def history(self, row: Any) -> list[dict[str, Any]]:
        """The page tells it with what the sides said."""
        return []

    def form_here(self, request: HttpRequest, row: Dispute, offers: dict[str, Offer]) -> dict[str, Any] | None:
        """The form that stands on the page at first: of what ends the agent's work, if it may be done now."""
        for name, offer in offers.items():
            if name in ON_PAGE:
                form = self.ways[name].form(row, initial=self.begun(request, row, name))
                return self.asking(request, row, offer, form)
        return None

    # --- who leads ----------------------------------------------------------------------------------------------------

    def supervise(self, request: HttpRequest) -> HttpResponse:
        """Who has what and how it went; POST gives the chosen disputes to an agent."""
        if not supervise.may_see(request):
            raise Http404
        return supervise.page(self, request)

    # --- who has it, and what comes next ------------------------------------------------------------------------------

    def leads_on(self, request: HttpRequest) -> bool:
        """For who serves customers; a side has one case at a time."""
        return person(request).is_customer_service

    def next_case(self, request: HttpRequest, row: Dispute) -> str:
        return f"{self._url('next')}?after={row.pk}" if self.leads_on(request) else ""

    def next_url(self, request: HttpRequest, row: Dispute) -> str:
        return (self.wants_next(request) and self.next_case(request, row)) or super().next_url(request, row)

    def next(self, request: HttpRequest) -> HttpResponse:
        """Leads to the case that waits for this agent next, but not to the one that the address names."""
        if not person(request).is_customer_service:
            raise Http404
        rows = desk.worklist(person(request)).exclude(pk=key_of(request.GET.get("after")) or 0)
        if found := rows.values_list("pk", flat=True).first():
            return HttpResponseRedirect(self._url("change", found))
        self.message_user(request, _("Nothing else waits for you."))
        return HttpResponseRedirect(self._url("changelist"))

    def holder(self, request: HttpRequest, key: int) -> HttpResponse:
        """Who has the case now, for a page that is open; `was` is who had it when the page was made."""
        row = self.get_object(request, str(key))
        if row is None or not self.inside(request, row):
            raise Http404
        context = {
            "holder": desk.holder(row, person(request), desk.last_given(row)),
            "changed": request.GET.get("was", "") != str(row.agent_id or ""),
            "holder_url": request.get_full_path(),
        }
        return TemplateResponse(request, "admin/refunds/dispute/holder.html", context)

    def meanwhile(self, request: HttpRequest, row: Dispute) -> str:
        if not self.inside(request, row):
            return ""
        return desk.holder(row, person(request), desk.last_given(row)).words

    def act(self, request: HttpRequest, key: int, action: str) -> HttpResponse:
        """The table knows no supervisors: to anybody else what they do is not there."""
        if action in LEADS and not person(request).is_supervisor:
            raise Http404
        return super().act(request, key, action)

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
        cap = rules.caps_of(row.ticket, row.ticket.lines.all())
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
