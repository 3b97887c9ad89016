"""Many tickets at once, from the sellers' list: what to do, what would happen, a confirmation, a job."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from aftersales.jobs.kinds import KINDS
from aftersales.jobs.models import Job
from aftersales.lifecycle.admin import ByRole, person
from aftersales.lifecycle.admin.pages import CONFIRMED, EDIT
from aftersales.lifecycle.errors import Conflict
from aftersales.money import shown
from orders.admin.rights import employments, works_in_a_shop
from orders.models import ShopStaff
from orders.states import ShopRole
from refunds.admin.bulk_forms import FORMS, ChoiceForm
from refunds.bulk import plan, work
from refunds.models import Ticket
from refunds.states import REFUNDS, RETURNS, Kind

# Of the tickets that will not move, and of those that will; the job's page shows them all.
SHOWN = 200


class BulkActions(ByRole[Ticket]):
    """Beside LifecycleAdmin of tickets: the menu of the list, and a plan's own page. GET asks and shows, POST does."""

    action_form = ChoiceForm
    actions: Any = ("agree_many", "reject_many", "assign_many", "note_many")

    def get_actions(self, request: HttpRequest) -> Any:
        """For people who work in a shop: nobody else answers for one."""
        return super().get_actions(request) if works_in_a_shop(request) else {}

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.bulk_view)
        return [path("bulk/<uuid:token>/", view, name="refunds_ticket_bulk"), *super().get_urls()]

    @admin.action(description=work.Agree.label)
    def agree_many(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> HttpResponse | None:
        return self._begin(request, queryset, work.Agree.name)

    @admin.action(description=work.Reject.label)
    def reject_many(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> HttpResponse | None:
        return self._begin(request, queryset, work.Reject.name)

    @admin.action(description=work.Assign.label)
    def assign_many(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> HttpResponse | None:
        return self._begin(request, queryset, work.Assign.name)

    @admin.action(description=work.Annotate.label)
    def note_many(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> HttpResponse | None:
        return self._begin(request, queryset, work.Annotate.name)

    def _begin(self, request: HttpRequest, queryset: QuerySet[Ticket], kind: str) -> HttpResponse | None:
        """Freeze what was chosen, of the shops that the person works for, and lead on to its page."""
        mine = Ticket.objects.filter(pk__in=queryset.order_by().values("pk"), shop__in=list(employments(request)))
        shops = list(mine.order_by().values_list("shop", flat=True).distinct()[:2])
        if len(shops) != 1:
            several = _("Choose tickets of one shop at a time; the filter by shop helps.")
            self.message_user(request, several if shops else _("None of these is a ticket of yours."), messages.ERROR)
            return None
        number = mine.count()
        if number > settings.BULK_MOST:
            most = {"number": number, "most": settings.BULK_MOST}
            words = _("%(number)s tickets are too many at once. Choose at most %(most)s: the filters help.") % most
            self.message_user(request, words, messages.ERROR)
            return None
        token = UUID(request.POST["token"])
        job = plan.plan(_kind(kind), person(request), shops[0], token, mine)
        return HttpResponseRedirect(reverse("admin:refunds_ticket_bulk", args=[job.token]))

    def bulk_view(self, request: HttpRequest, token: UUID) -> HttpResponse:
        """A plan's page for the person who made it and, when it was handed on, for the shop's owners. 404 for others;
        once it is released, the job's page."""
        user = person(request)
        job = Job.objects.of(user).filter(token=token, kind__in=FORMS).select_related("by", "shop").first()
        if job is None:
            raise Http404
        owns = employments(request).get(job.shop_id or 0) == ShopRole.OWNER
        waits = bool(job.params.get("to_confirm"))
        if job.ready_at or job.ended_at or not (user.pk == job.by_id or (owns and waits)):
            return HttpResponseRedirect(_page_of(job))
        try:
            return _Plan(self, request, job, owns=owns, waits=waits).answer()
        except Conflict:
            # Another press of the button was faster: it is on its way.
            return HttpResponseRedirect(_page_of(job))


class _Plan:
    """One request about a job that is not released."""

    def __init__(self, page: BulkActions, request: HttpRequest, job: Job, *, owns: bool, waits: bool) -> None:
        self.page, self.request, self.job, self.owns, self.waits = page, request, job, owns, waits
        self.kind, self.posted = _kind(job.kind), request.method == "POST"
        form = FORMS[job.kind]
        if waits:
            # What was handed on is not changed any more.
            self.form = form(job.shop_id or 0, job.params)
        else:
            self.form = form(job.shop_id or 0, request.POST if self.posted else None)

    def answer(self) -> HttpResponse:
        asks = bool(self.form.fields) and not self.waits
        if asks and (not self.posted or EDIT in self.request.POST):
            return self._ask()
        if asks and not self.form.is_valid():
            return self._ask(422)
        promised = plan.outlook(self.kind, self.job)
        if not self.posted or CONFIRMED not in self.request.POST:
            return self._show(promised)
        if self.request.POST.get("seen") != promised.digest or not promised.able:
            return self._show(promised, 409)
        return self._confirm(promised)

    def _confirm(self, promised: plan.Outlook) -> HttpResponse:
        user, params = person(self.request), self._params()
        if plan.is_above(self.kind, promised):
            if not self.owns:
                plan.ask_owners(self.job, params)
                return HttpResponseRedirect(self.request.path)
            # Who confirms the work of a colleague is the second person; an owner's own takes the password once more.
            if user.pk == self.job.by_id and not did_recently_reauthenticate(self.request):
                plan.hand_on(self.job, params)
                again = urlencode({"next": self.request.path})
                return HttpResponseRedirect(f"{reverse('account_reauthenticate')}?{again}")
        plan.start(self.job, params, user, promised)
        return HttpResponseRedirect(_page_of(self.job))

    def _params(self) -> dict[str, Any]:
        if self.waits:
            return {name: value for name, value in self.job.params.items() if name != "to_confirm"}
        return self.form.params() if self.form.fields else {}

    def _ask(self, status: int = 200) -> TemplateResponse:
        return self._render("ask", {"form": self.form}, status)

    def _show(self, promised: plan.Outlook, status: int = 200) -> TemplateResponse:
        above = plan.is_above(self.kind, promised)
        by_kind = [
            (kind.label, number, shown(amount, currency) if amount else "", _follows(self.job.kind, kind))
            for kind, currency, number, amount in promised.by_kind
        ]
        labels = dict(self.job.rows.values_list("key", "label"))
        refused = [(key, labels[key], str(why)) for key, why in sorted(promised.refused.items())[:SHOWN]]
        context = {
            "form": self.form,
            "told": self._told(),
            "promised": promised,
            "by_kind": by_kind,
            "sums": [shown(amount, currency) for currency, amount in promised.sums.items() if amount],
            "able": promised.able[:SHOWN],
            "refused": refused,
            "more_able": max(0, len(promised.able) - SHOWN),
            "more_refused": max(0, len(promised.refused) - SHOWN),
            "changed": status == 409,
            "above": above,
            "may_confirm": bool(promised.able) and not (above and self.waits and not self.owns),
            "second": above and not self.owns,
            "again": above and self.owns and self.job.by_id == person(self.request).pk,
            "confirmed": CONFIRMED,
            "edit": EDIT,
            "asks": bool(self.form.fields) and not self.waits,
        }
        return self._render("show", context, status)

    def _told(self) -> list[tuple[Any, str]]:
        """What the form says, for the person who confirms it: (label, value)."""
        if not self.form.fields or not self.form.is_valid():
            return []
        values = ((field.label, self.form.cleaned_data[name]) for name, field in self.form.fields.items())
        empty = getattr(self.form.fields.get("to"), "empty_label", "")
        return [
            (label, str(value.user if isinstance(value, ShopStaff) else value or empty or "–"))
            for label, value in values
        ]

    def _render(self, name: str, context: dict[str, Any], status: int) -> TemplateResponse:
        context = {
            **self.page.admin_site.each_context(self.request),
            "opts": self.page.opts,
            "title": self.kind.title(self.job),
            "list_url": reverse("admin:refunds_ticket_changelist"),
            "job": self.job,
            "kind": self.kind,
            "waits": self.waits,
            **context,
        }
        return TemplateResponse(self.request, f"admin/refunds/bulk/{name}.html", context, status=status)


def _kind(name: str) -> work.OnTickets:
    return cast("work.OnTickets", KINDS[name])


def _page_of(job: Job) -> str:
    return reverse("admin:aftersales_job_change", args=[job.pk])


def _follows(kind_of_job: str, kind: Kind) -> str:
    """What agreeing to tickets of a kind leads to, in a few words; "" for other work."""
    if kind_of_job != work.Agree.name:
        return ""
    if kind in REFUNDS:
        return _("goes back once the goods are accepted") if kind in RETURNS else _("goes back now")
    return _("no money moves; the goods come back first") if kind in RETURNS else _("no money moves; to be sent again")
