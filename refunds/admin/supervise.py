"""The page of who leads customer service: what each agent has, how it went, and open disputes to be given away."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from aftersales import actors
from aftersales.lifecycle.admin import lists, person
from aftersales.lifecycle.errors import Conflict, Refused
from aftersales.lifecycle.forms import refuse
from aftersales.lifecycle.rows import DUE
from aftersales.models import User
from aftersales.templatetags.aftersales import duration
from refunds import actions
from refunds.admin import figures
from refunds.figures import desk as numbers
from refunds.lifecycle import DISPUTE
from refunds.models import Dispute
from refunds.states import DisputeState as S

# So many open disputes are offered for giving away at once: the most urgent ones.
MOST = 200


class GiveForm(forms.Form):
    """Open disputes, and the agent who gets them."""

    disputes = forms.ModelMultipleChoiceField(
        Dispute.objects.none(),
        label=gettext_lazy("Disputes"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one dispute.")},
    )
    to = forms.ModelChoiceField(
        User.objects.none(), label=gettext_lazy("To"), required=False, empty_label=gettext_lazy("Back to the queue")
    )
    note = forms.CharField(
        label=gettext_lazy("Note"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Only customer service reads this."),
    )

    def __init__(self, rows: QuerySet[Dispute], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        agents = User.objects.agents().order_by("email")
        cast("Any", self.fields["disputes"]).queryset = rows
        cast("Any", self.fields["to"]).queryset = agents


def may_see(request: HttpRequest) -> bool:
    """Supervisors, and who sees everything; only supervisors give anything away."""
    user = person(request)
    return user.is_active and user.is_staff and (user.is_supervisor or user.sees_everything)


def open_ones(user: User) -> QuerySet[Dispute]:
    """What a supervisor may give to another agent: no cases of their own shop or orders; the most urgent first."""
    rows = Dispute.objects.for_cs(user).filter(state__in=(S.EVIDENCE, S.REVIEW)).order_by(DUE, "pk")
    return rows.select_related("agent", "ticket", "order__shop")


def page(admin_page: Any, request: HttpRequest) -> HttpResponse:
    user = person(request)
    rows = open_ones(user)
    form = GiveForm(rows, request.POST or None) if user.is_supervisor else None
    if request.method == "POST" and form is not None and form.is_valid() and _given(request, form):
        return HttpResponseRedirect(reverse("admin:refunds_dispute_supervise"))
    days = figures.DaysForm(request)
    found = numbers.by_agent(days.period()) if days.is_valid() else []
    chosen = set(request.POST.getlist("disputes"))
    context = {
        **admin_page.admin_site.each_context(request),
        "title": _("Customer service: who has what"),
        "opts": admin_page.opts,
        "days": days,
        "agents": [_shown(row) for row in found],
        "free": numbers.open_without_agent(),
        "form": form,
        "disputes": [_listed(row, chosen) for row in rows[:MOST]] if form else [],
        "most": MOST,
    }
    sound = days.is_valid() and not (form is not None and form.errors)
    return TemplateResponse(request, "admin/refunds/dispute/supervise.html", context, status=200 if sound else 422)


def _given(request: HttpRequest, form: GiveForm) -> bool:
    """Whether some were given away; the person is told how many, and the form why none was."""
    data = form.cleaned_data
    try:
        events = actions.assign(data["disputes"], actors.agent(person(request)), data["to"], data["note"])
    except Refused as error:
        refuse(form, error)
        return False
    except Conflict:
        form.add_error("disputes", _("These have changed meanwhile. Look at the list as it is now."))
        return False
    left = len(data["disputes"]) - len(events)
    words = ngettext("%(number)s dispute was given on.", "%(number)s disputes were given on.", len(events))
    messages.success(request, words % {"number": len(events)})
    if left:
        words = ngettext(
            "%(number)s stays as it is: the agent has it already or may not decide it.",
            "%(number)s stay as they are: the agent has them already or may not decide them.",
            left,
        )
        messages.warning(request, words % {"number": left})
    return True


def _shown(row: numbers.AgentRow) -> dict[str, Any]:
    return {
        "row": row,
        "kept": figures.percent(row.kept),
        "overturned": figures.percent(row.overturned_share),
        "median": "–" if row.median is None else duration(row.median),
        "p90": "–" if row.p90 is None else duration(row.p90),
        "url": f"{reverse('admin:refunds_dispute_changelist')}?queue=open&agent={row.agent.pk}",
    }


def _listed(row: Dispute, chosen: set[str]) -> dict[str, Any]:
    return {
        "row": row,
        "badge": lists.badge(DISPUTE.state(row.state)),
        "deadline": lists.deadline(row),
        "chosen": str(row.pk) in chosen,
        "url": reverse("admin:refunds_dispute_change", args=[row.pk]),
    }
