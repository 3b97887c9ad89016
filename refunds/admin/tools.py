"""The tools of people who answer tickets, for the pages of tickets and disputes: replies, notes, unsent words, who else
is there, and what keys do."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales import masks
from aftersales.actors import Role
from aftersales.keys import key_of
from aftersales.lifecycle.admin import LifecycleAdmin, person
from aftersales.lifecycle.admin.actions import ActionForm, Offer
from aftersales.lifecycle.errors import Refused
from aftersales.lifecycle.forms import refuse
from aftersales.lifecycle.rows import Row
from refunds.desk import jottings, notes, presence, replies
from refunds.models import Ticket
from refunds.models.desk import Audience

R = TypeVar("R", bound=Row)
# What is typed into such a field is kept, and a saved reply can be put into it.
WORDS = ("note",)


class NoteForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("Internal note"),
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=2000,
        help_text=gettext_lazy("Only your side reads this, never the buyer."),
    )


class WithTools(LifecycleAdmin[R]):
    """A page of rows that are about a ticket."""

    tools: ClassVar[str] = "admin/desk/tools.html"

    def ticket_of(self, row: Any) -> Ticket:
        """The ticket that the row is about."""
        found: Ticket = row if isinstance(row, Ticket) else row.ticket
        return found

    def audience(self, request: HttpRequest, row: Any) -> Audience | None:
        """Whose notes the person reads and writes: the shop's as its seller, else customer service's; None for who only
        looks on."""
        roles = self.roles(request, row)
        if Role.SELLER in roles and not person(request).sees_everything:
            return Audience.SHOP
        return Audience.CS if Role.CS in roles else None

    def reads(self, request: HttpRequest, audience: Audience | None) -> list[Audience]:
        """Whose notes the person reads: their own side's; who sees everything sees both."""
        if audience is not None:
            return [audience]
        return list(Audience) if person(request).sees_everything else []

    def jotting_key(self, row: Any, action: str) -> str:
        return f"{self.opts.label_lower}:{row.pk}:{action}"

    def get_urls(self) -> list[URLPattern]:
        name, wrap = f"{self.opts.app_label}_{self.opts.model_name}", self.admin_site.admin_view
        return [
            path("<int:key>/here/", wrap(self.here_view), name=f"{name}_here"),
            path("<int:key>/note/", wrap(self.note_view), name=f"{name}_note"),
            path("<int:key>/do/<slug:action>/jot/", wrap(self.jot_view), name=f"{name}_jot"),
            *super().get_urls(),
        ]

    def roles(self, request: HttpRequest, row: R) -> list[Role]:
        """Asked for many times while one page is made."""
        known: dict[tuple[str, int], list[Role]] = request.__dict__.setdefault("roles_of_rows", {})
        key = (self.opts.label_lower, row.pk)
        if key not in known:
            known[key] = super().roles(request, row)
        return known[key]

    # --- what pages show ----------------------------------------------------------------------------------------------

    def tools_of(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """What every page about the row has."""
        audience = self.audience(request, row)
        return {
            "tools": self.tools,
            "here_url": self._url("here", row.pk),
            "notes": notes.read(self.ticket_of(row), self.reads(request, audience)),
            "note_url": self._url("note", row.pk) if audience else "",
            "note_form": NoteForm(auto_id="internal_%s"),
        }

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **rest: Any) -> Any:
        if row := rest.get("obj"):
            context |= {**self.tools_of(request, row), "ask_here": True}
        return super().render_change_form(request, context, *args, **rest)

    def _page(self, request: HttpRequest, row: R, template: str, context: dict[str, Any], status: int) -> Any:
        """An action's page: with the replies that its words may be made of, and what was typed here before."""
        restored = request.__dict__.get("restored")
        context = {**self.tools_of(request, row), "writes": True, "restored": restored, **context}
        form, offer = context.get("form"), context.get("offer")
        # Asked for from the row's own page: only the form, to be answered there.
        if request.headers.get("HX-Target") == "ask" and template == "admin/lifecycle/action.html":
            template = "admin/desk/ask.html"
        if isinstance(form, ActionForm) and isinstance(offer, Offer):
            context |= self.asking(request, row, offer, form)
        return super()._page(request, row, template, context, status)

    def asking(self, request: HttpRequest, row: R, offer: Offer, form: ActionForm) -> dict[str, Any]:
        """What a form has beside itself: where it is sent, replies for its words and where these are kept, and where a
        form of two steps is looked at while it is typed."""
        found: dict[str, Any] = {
            "offer": offer,
            "form": form,
            "ask_url": offer.url,
            "ask_path": self._url("do", row.pk, offer.name),
            "preview_url": self._url("preview", row.pk, offer.name) if form.two_steps else "",
            "with_next": self.leads_on(request) and not form.two_steps,
        }
        if "note" in form.fields:
            cs = offer.role == Role.CS
            found["replies"] = self.replies(request, row, cs=cs)
            found["jot_url"] = self._url("jot", row.pk, offer.name)
        return found

    def replies(self, request: HttpRequest, row: R, *, cs: bool) -> list[tuple[str, str]]:
        """With the buyer's name only while the order shows it to this person."""
        ticket = self.ticket_of(row)
        return replies.ready(person(request), ticket, cs=cs, named=masks.is_shown(request, ticket.order))

    def begun(self, request: HttpRequest, row: R, action: str) -> dict[str, Any]:
        """What the form begins with: a reply that was chosen, else what the person typed the last time."""
        chosen = key_of(request.GET.get("reply"))
        if chosen is not None:
            ready = self.replies(request, row, cs=Role.CS in self.roles(request, row))
            if chosen < len(ready):
                return {"note": ready[chosen][1]}
        kept = jottings.find(person(request), self.jotting_key(row, action))
        if kept is None:
            return {}
        request.__dict__["restored"] = kept.saved_at
        return {name: value for name, value in kept.data.items() if name not in self.ways[action].form.carried}

    def ended(self, request: HttpRequest, row: R, action: str) -> None:
        """The form was sent: nothing of it has to be kept."""
        jottings.drop(person(request), self.jotting_key(row, action))

    # --- what pages send ----------------------------------------------------------------------------------------------

    def _asked(self, request: HttpRequest, key: int) -> R:
        row = self.get_object(request, str(key))
        if row is None:
            raise Http404
        return row

    def here_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """The page is open: who else has it open. Changes nothing that lasts."""
        row = self._asked(request, key)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        # Both pages about a ticket are one place; who works there on one side is no business of the other.
        place = f"ticket:{self.ticket_of(row).pk}:{self.audience(request, row) or 'house'}"
        others = presence.ping(place, person(request), writes="writes" in request.POST)
        return render(request, "admin/desk/others.html", {"others": others})

    def jot_view(self, request: HttpRequest, key: int, action: str) -> HttpResponse:
        """Keep what is typed into the form of an action: its words and choices, no files."""
        row = self._asked(request, key)
        if action not in self.ways or not self.granted(action, self.roles(request, row)):
            raise Http404
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        fields = self.ways[action].form(row).fields
        data = {name: request.POST[name] for name in fields if name in request.POST}
        words = {name: value for name, value in data.items() if name not in self.ways[action].form.carried}
        if any(words.get(name, "").strip() for name in WORDS):
            jottings.keep(person(request), self.jotting_key(row, action), words)
        else:
            jottings.drop(person(request), self.jotting_key(row, action))
        return HttpResponse(status=204)

    def note_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """A note for one's own side. 404 for who has none here."""
        row = self._asked(request, key)
        audience = self.audience(request, row)
        if audience is None:
            raise Http404
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        form = NoteForm(request.POST, auto_id="internal_%s")
        if form.is_valid():
            try:
                tickets = Ticket.objects.filter(pk=self.ticket_of(row).pk)
                notes.write(tickets, person(request), audience, form.cleaned_data["text"])
                return HttpResponseRedirect(self._url("change", row.pk) + "#notes")
            except Refused as error:
                refuse(form, error)
        context = {"note_form": form, "title": _("Internal note")}
        return super()._page(request, row, "admin/desk/note.html", {**self.tools_of(request, row), **context}, 422)
