"""The pages of rows that have a life: a queue, a read-only page with its history, and buttons from the table.

A button leads to the action's own page: GET asks, POST does. Nothing happens on a GET.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar, cast

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales import masks
from aftersales.actors import Actor, Role
from aftersales.changes.models import Act
from aftersales.changes.record import record
from aftersales.lifecycle.admin import lists
from aftersales.lifecycle.admin.actions import ActionForm, Offer, Way
from aftersales.lifecycle.admin.rights import ByRole, person
from aftersales.lifecycle.errors import Conflict, Refused
from aftersales.lifecycle.forms import refuse
from aftersales.lifecycle.offers import judge
from aftersales.lifecycle.rows import DUE, Event, Row
from aftersales.lifecycle.table import Lifecycle, Transition
from aftersales.models import User

R = TypeVar("R", bound=Row)
# What tells that the page of what will happen has been read, and that the person wants to change the form again.
CONFIRMED, EDIT = "confirmed", "edit"
# That the person wants to go on with the next row of their queue: a field of its own, or the value of `confirmed`.
NEXT = "next"
# What is in a history without being an action of the table.
BESIDE_THE_TABLE = {"begin": gettext_lazy("Created"), "remind": gettext_lazy("Reminded")}


def put_back(rows: QuerySet[Any]) -> int:
    """Let the sweeps try again what they had set aside. Returns how many rows there were."""
    return rows.filter(set_aside_at__isnull=False).update(set_aside_at=None, set_aside_error="")


class LifecycleAdmin(ByRole[R]):
    """
    life        the table
    ways        {action: how it is done here}; covers every action that the table gives to sellers, customer service and
                operators
    staff_path  from the row to the people who act for its shop
    """

    life: ClassVar[Lifecycle]
    ways: ClassVar[Mapping[str, Way]]
    staff_path: ClassVar[str]
    seller_may = frozenset({"view"})
    change_form_template = "admin/lifecycle/change_form.html"
    ordering: ClassVar[Any] = (DUE.asc(), "-pk")
    list_display: Any = ("number", "badge", "deadline")

    def consequence(self, row: R) -> str:
        """What silence leads to, as a sentence; "" where no clock runs."""
        return ""

    def detail(self, event: Any, row: R) -> str:
        """What an event's data say to a reader; "" for nothing."""
        return ""

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def badge(self, row: R) -> str:
        return lists.badge(self.life.state(row.state))

    @admin.display(description=gettext_lazy("due"), ordering=DUE)
    def deadline(self, row: R) -> str:
        return lists.deadline(row)

    # --- what a person may do -----------------------------------------------------------------------------------------

    def roles(self, request: HttpRequest, row: R) -> list[Role]:
        """The roles in which a person stands to a row that they see: seller in its shop, customer service where they
        belong to no side of it, operator everywhere; an auditor in none."""
        if person(request).is_auditor:
            return []
        works_there = self.model._default_manager.filter(pk=row.pk, **{self.staff_path: person(request)})
        found = {
            Role.SELLER: works_there.exists(),
            Role.CS: bool(self.cs_may) and self.served(person(request)).filter(pk=row.pk).exists(),
            Role.OPERATOR: person(request).is_superuser,
        }
        return [role for role, holds in found.items() if holds]

    def served(self, user: User) -> QuerySet[R]:
        """The rows on which a person works for customer service."""
        return cast("QuerySet[R]", cast("Any", self.model._default_manager).for_cs(user))

    def narrow(self, rows: Any, user: User) -> QuerySet[R]:
        """What a person sells, and what they serve."""
        found = super().narrow(rows, user)
        if not self.cs_may or user.sees_everything or not user.is_customer_service:
            return found
        sold, served = found.order_by().values("pk"), self.served(user).values("pk")
        return cast("QuerySet[R]", rows.filter(Q(pk__in=sold) | Q(pk__in=served)))

    def granted(self, action: str, roles: list[Role]) -> bool:
        """Whether the table gives the action to one of these roles in any state."""
        return any(t.name == action and set(roles) & set(t.who) for t in self.life.transitions)

    def offers(self, request: HttpRequest, row: R) -> dict[str, Offer]:
        """What the person may do with the row now: its state and a guard allow it, in the table's order."""
        roles = self.roles(request, row)
        open_to = [(role, transition) for role in roles for transition in self._from(role, row)]
        allowed = self._judge(row, [transition for role, transition in open_to])
        found: dict[str, Offer] = {}
        for (role, transition), holds in zip(open_to, allowed, strict=True):
            if holds:
                found.setdefault(transition.name, self.offer(row, transition.name, transition.label, role))
        return found

    def _from(self, role: Role, row: R) -> list[Transition]:
        names = [t.name for t in self.life.actions_of(role, row.state)]
        found = [t for t in self.life.transitions if t.name in names and role in t.who and row.state in t.sources]
        return sorted(found, key=lambda t: names.index(t.name))

    def _judge(self, row: R, transitions: list[Transition]) -> list[bool]:
        """Whether each guard, and what its way asks for here, holds for the row now."""
        return judge(row, [t.guard & self.ways[t.name].when for t in transitions])

    def offer(self, row: R, action: str, label: Any, role: Role) -> Offer:
        way = self.ways[action]
        query = way.form.query(row)
        return Offer(action, way.label or label, role, self._url("do", row.pk, action) + (f"?{query}" if query else ""))

    def _url(self, page: str, *args: Any) -> str:
        return reverse(f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_{page}", args=args)

    # --- pages --------------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        wrap = self.admin_site.admin_view
        return [
            path("<int:key>/do/<slug:action>/", wrap(self.act), name=f"{name}_do"),
            path("<int:key>/preview/<slug:action>/", wrap(self.preview), name=f"{name}_preview"),
            path("<int:key>/put-back/", wrap(self.put_back_view), name=f"{name}_put_back"),
            *super().get_urls(),
        ]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **rest: Any) -> Any:
        row: R | None = rest.get("obj")
        if row is not None:
            context |= {
                "row": row,
                "badge": self.badge(row),
                "deadline": self.deadline(row),
                "consequence": self.consequence(row),
                "offers": context["offers"] if "offers" in context else list(self.offers(request, row).values()),
                "history": self.history(row),
                "put_back": self._url("put_back", row.pk) if person(request).is_superuser else "",
            }
        return super().render_change_form(request, context, *args, **rest)

    def history(self, row: Any) -> list[dict[str, Any]]:
        """The row's events as a table shows them, the latest first."""
        events = row.events.select_related("actor").order_by("-pk")
        return [
            {
                "event": event,
                "action": self.event_label(event),
                "who": masks.called(event.actor) if event.actor else "",
                "source": self.life.state(event.from_state) if event.from_state else None,
                "target": self.life.state(event.to_state),
                "detail": self.detail(event, row),
            }
            for event in events
        ]

    def event_label(self, event: Event) -> Any:
        return BESIDE_THE_TABLE.get(event.action) or self.life.named(event.action)[0].label

    def act(self, request: HttpRequest, key: int, action: str) -> HttpResponse:
        """One action on one row: GET asks, POST does. 404 for a row or an action that is not this person's, 409 when
        the row has moved on, 422 for input that cannot be."""
        row = self.get_object(request, str(key))
        if row is None or not self.granted(action, self.roles(request, row)):
            raise Http404
        offer = self.offers(request, row).get(action)
        if offer is None:
            return self._conflict(request, row)
        way = self.ways[action]
        if request.method != "POST":
            carried = {name: request.GET[name] for name in way.form.carried if name in request.GET}
            return self._ask(request, row, offer, way.form(row, initial=self.begun(request, row, action) | carried))
        form = way.form(row, request.POST, request.FILES)
        return self._do(request, row, offer, form)

    def begun(self, request: HttpRequest, row: R, action: str) -> dict[str, Any]:
        """What an action's form begins with."""
        return {}

    def ended(self, request: HttpRequest, row: R, action: str) -> None:
        """An action's form has been sent and done."""

    def leads_on(self, request: HttpRequest) -> bool:
        """Whether a form may lead on to the next row of the person's queue."""
        return False

    def wants_next(self, request: HttpRequest) -> bool:
        return NEXT in request.POST or request.POST.get(CONFIRMED) == NEXT

    def next_url(self, request: HttpRequest, row: R) -> str:
        """Where a person goes on after an action."""
        return self._url("change", row.pk)

    def _do(self, request: HttpRequest, row: R, offer: Offer, form: ActionForm) -> HttpResponse:
        rows = self.narrow(self.model._default_manager.filter(pk=row.pk), person(request))
        try:
            if form.is_valid():
                if form.two_steps and CONFIRMED not in request.POST:
                    return self._preview(request, row, offer, form, rows)
                self.ways[offer.name].do(rows, Actor(offer.role, person(request)), form)
                words = _("Done: %(action)s, %(name)s.") % {"action": offer.label, "name": str(row)}
                self.message_user(request, words, messages.SUCCESS)
                self.ended(request, row, offer.name)
                return HttpResponseRedirect(self.next_url(request, row))
        except Refused as error:
            refuse(form, error)
        except Conflict as conflict:
            return self._conflict(request, row, busy=conflict.row is None)
        return self._ask(request, row, offer, form, status=422)

    def preview(self, request: HttpRequest, key: int, action: str) -> HttpResponse:
        """What a form, as far as it is filled in, would do: a part of a page, asked for by a script while somebody
        types. Changes nothing. The answers of `act`: 404, 409, 422."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        row = self.get_object(request, str(key))
        if row is None or not self.granted(action, self.roles(request, row)) or not self.ways[action].form.two_steps:
            raise Http404
        offer = self.offers(request, row).get(action)
        if offer is None:
            return TemplateResponse(request, "admin/lifecycle/effects.html", {"gone": True}, status=409)
        kind = self.ways[action].form
        form = kind(row, kind.so_far(request.POST), request.FILES)
        rows = self.narrow(self.model._default_manager.filter(pk=row.pk), person(request))
        effects: list[str] = []
        try:
            if form.is_valid():
                effects = form.effects(rows, Actor(offer.role, person(request)))
        except Refused as error:
            refuse(form, error)
        except Conflict:
            return TemplateResponse(request, "admin/lifecycle/effects.html", {"gone": True}, status=409)
        context, status = {"form": form, "effects": effects}, 422 if form.errors else 200
        return TemplateResponse(request, "admin/lifecycle/effects.html", context, status=status)

    def _preview(
        self, request: HttpRequest, row: R, offer: Offer, form: ActionForm, rows: QuerySet[R]
    ) -> TemplateResponse:
        """What the form will do, and the form itself once more, to be sent again or changed."""
        if EDIT in request.POST:
            return self._ask(request, row, offer, form)
        effects = form.effects(rows, Actor(offer.role, person(request)))
        context = {"offer": offer, "form": form, "effects": effects, "title": offer.label}
        context |= {"confirmed": CONFIRMED, "edit": EDIT, "and_next": NEXT if self.leads_on(request) else ""}
        return self._page(request, row, "admin/lifecycle/preview.html", context, 200)

    def _ask(
        self, request: HttpRequest, row: R, offer: Offer, form: ActionForm, *, status: int = 200
    ) -> TemplateResponse:
        context = {"offer": offer, "form": form, "title": offer.label}
        return self._page(request, row, "admin/lifecycle/action.html", context, status)

    def _conflict(self, request: HttpRequest, row: R, *, busy: bool = False) -> TemplateResponse:
        """Somebody was faster: the present state, not an error."""
        row.refresh_from_db()
        context = {
            "busy": busy,
            "title": _("This has changed meanwhile"),
            "meanwhile": self.meanwhile(request, row),
        }
        return self._page(request, row, "admin/lifecycle/conflict.html", context, 409)

    def meanwhile(self, request: HttpRequest, row: R) -> str:
        """Who was faster, where this person may know; "" otherwise."""
        return ""

    def _page(
        self, request: HttpRequest, row: R, template: str, context: dict[str, Any], status: int
    ) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "row": row,
            "badge": self.badge(row),
            "deadline": self.deadline(row),
            "consequence": self.consequence(row),
            "change_url": self._url("change", row.pk),
            "list_url": self._url("changelist"),
            "media": self.media,
            **context,
        }
        return TemplateResponse(request, template, context, status=status)

    def put_back_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """An operator lets the sweeps try a set-aside row again."""
        row = self.get_object(request, str(key))
        if row is None or not person(request).is_superuser:
            raise Http404
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if put_back(self.model._base_manager.filter(pk=row.pk)):
            record(person(request), Act.PUT_BACK, row)
            self.message_user(request, _("The clock of %(name)s works again.") % {"name": str(row)}, messages.SUCCESS)
        return HttpResponseRedirect(self._url("change", row.pk))
