"""The desk's letters: what is open, who has it, what was written, and the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from aftersales import masks
from aftersales.help import actions
from aftersales.help.errors import HelpError
from aftersales.help.forms import LetterForm
from aftersales.help.models import Enquiry, Letter, Written
from aftersales.keys import LARGEST_KEY
from aftersales.lifecycle.admin import Unmasks, person
from aftersales.lifecycle.errors import Refused
from aftersales.lifecycle.forms import refuse
from aftersales.models import User

OPEN = Q(waiting_since__isnull=False)
QUEUES: dict[str, tuple[Any, Callable[[User], Q]]] = {
    "open": (pgettext_lazy("enquiry", "Open"), lambda user: OPEN),
    "new": (gettext_lazy("New, nobody’s"), lambda user: OPEN & Q(agent=None)),
    "mine": (gettext_lazy("Mine"), lambda user: OPEN & Q(agent=user)),
    "answered": (pgettext_lazy("enquiry", "Answered"), lambda user: ~OPEN),
    "unsent": (gettext_lazy("Answer could not be sent"), lambda user: Q(letters__failed_at__isnull=False)),
    "all": (gettext_lazy("Everything"), lambda user: Q()),
}


class QueueFilter(admin.SimpleListFilter):
    """What is open, unless a search or another filter asks for more. It stands first: see lifecycle.admin.lists."""

    title = gettext_lazy("queue")
    parameter_name = "queue"

    def __init__(self, request: HttpRequest, params: dict[str, Any], *rest: Any) -> None:
        self.user = person(request)
        self.standing = "all" if request.GET.get(SEARCH_VAR) or params.keys() - {self.parameter_name} else "open"
        super().__init__(request, params, *rest)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, title) for name, (title, _rows) in QUEUES.items()]

    def chosen(self) -> str:
        value = self.value()
        return value if value in QUEUES else self.standing

    def choices(self, changelist: ChangeList) -> Any:
        for value, title in self.lookup_choices:
            query = changelist.get_query_string({self.parameter_name: value})
            yield {"selected": self.chosen() == value, "query_string": query, "display": title}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        rows = queryset.filter(QUEUES[self.chosen()][1](self.user))
        return rows.distinct() if self.chosen() == "unsent" else rows


class AnswerForm(LetterForm):
    """`read` is the newest letter that stood above the form."""

    read = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=LARGEST_KEY)


@dataclass(frozen=True)
class Way:
    """`do` calls the verb; `form` is what it needs, None for a press of the button."""

    do: Callable[[QuerySet[Enquiry], User, Any], object]
    done: Any
    form: type[LetterForm] | None = None


WAYS: dict[str, Way] = {
    "take": Way(lambda rows, by, data: actions.take(rows, by), gettext_lazy("It is yours to answer.")),
    "release": Way(lambda rows, by, data: actions.release(rows, by), gettext_lazy("It is nobody’s again.")),
    "answer": Way(
        lambda rows, by, data: actions.answer(rows, by, data["text"], read=data["read"]),
        gettext_lazy("The answer is on its way."),
        AnswerForm,
    ),
    "annotate": Way(
        lambda rows, by, data: actions.annotate(rows, by, data["text"]), gettext_lazy("Noted."), LetterForm
    ),
}
_LABELS: dict[str, Any] = {"answer": gettext_lazy("Answer"), "annotate": gettext_lazy("Private note")}


@admin.register(Enquiry)
class EnquiryAdmin(Unmasks[Enquiry]):
    """Customer service and operators; nobody answers what they asked themselves. An auditor reads."""

    operator_may = frozenset({"view"})
    cs_may = frozenset({"view"})
    change_form_template = "admin/help/enquiry.html"
    list_display = ("number", "topic", "first_words", "asker", "agent", "waiting_since", "answered_at")
    list_filter = (QueueFilter, "topic", ("agent", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("agent", "person")
    search_fields = ("number__startswith", "about__startswith", "email__startswith", "person__email__startswith")
    search_help_text = gettext_lazy("Number of the question, order or ticket, or e-mail, from its beginning")
    ordering = (F("waiting_since").asc(nulls_last=True), "-pk")
    fields = ("number", "topic", "about", "asker", "spoken", "agent", "asked_at", "waiting_since", "answered_at")

    def narrow(self, rows: Any, user: User) -> QuerySet[Enquiry]:
        return cast("QuerySet[Enquiry]", rows.of_desk(user))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Enquiry]:
        first = Letter.objects.filter(enquiry=OuterRef("pk"), kind=Written.QUESTION).order_by("pk")
        return super().get_queryset(request).annotate(words=Subquery(first.values("text")[:1]))

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:key>/do/<slug:action>/", wrap(self.act), name="help_enquiry_do"),
            *super().get_urls(),
        ]

    @admin.display(description=gettext_lazy("question"))
    def first_words(self, row: Any) -> str:
        return Truncator(row.words).chars(60)

    @admin.display(description=gettext_lazy("asked by"))
    def asker(self, row: Enquiry) -> str:
        plain = getattr(row, "unmasked", False)
        if row.person is None:
            return format_html("{} <em>{}</em>", row.email if plain else masks.email(row.email), _("(not logged in)"))
        if not plain:
            return masks.buyer(row.person)
        return f"{row.person} ({row.person.email})" if row.person.name else row.person.email

    @admin.display(description=gettext_lazy("language"))
    def spoken(self, row: Enquiry) -> str:
        return str(dict(settings.LANGUAGES).get(row.language, row.language))

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **rest: Any) -> Any:
        if row := rest.get("obj"):
            context |= self.thread(request, row)
        return super().render_change_form(request, context, *args, **rest)

    def thread(self, request: HttpRequest, row: Enquiry, sent: tuple[str, LetterForm] | None = None) -> dict[str, Any]:
        """What was written, and what the person may do now; a form that was refused stands there as it was sent."""
        letters: list[Any] = list(row.letters.select_related("author"))
        for letter in letters:
            letter.by = masks.called(letter.author) if letter.author else ""
            letter.complaint = masks.within(letter.trouble)
        read = max(letter.pk for letter in letters if letter.kind != Written.NOTE)
        others = row.agent_id not in (None, person(request).pk)
        names = {
            "answer": row.is_open and not others,
            "take": row.is_open and row.agent_id is None,
            "release": row.agent_id is not None and (not others or person(request).is_superuser),
            "annotate": True,
        }
        reads = person(request).is_auditor
        asked = {name: self._form(name, read, sent) for name, open_to in names.items() if open_to and not reads}
        if sent and sent[0] not in asked:
            asked[sent[0]] = sent[1]
        return {
            "row": row,
            "letters": letters,
            "taken_by_other": others,
            **{f"{name}_form": form for name, form in asked.items()},
            **{f"{name}_url": reverse("admin:help_enquiry_do", args=(row.pk, name)) for name in asked},
        }

    def _form(self, name: str, read: int, sent: tuple[str, LetterForm] | None) -> LetterForm | None:
        kind = WAYS[name].form
        if sent and sent[0] == name:
            form: LetterForm | None = sent[1]
        else:
            form = kind(auto_id=f"id_{name}_%s", initial={"read": read}) if kind else None
        if form:
            form.fields["text"].label = _LABELS[name]
            form.fields["text"].widget.attrs["class"] = "vLargeTextField"
        return form

    def act(self, request: HttpRequest, key: int, action: str) -> HttpResponse:
        """One action, by POST. 404 for a row that is not this person's, 422 for words that cannot be, 409 when somebody
        was faster; then the page shows what was sent beside what happened meanwhile."""
        row, way = self.get_object(request, str(key)), WAYS.get(action)
        if row is None or way is None or person(request).is_auditor:
            raise Http404
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        form = (way.form or forms.Form)(request.POST, auto_id=f"id_{action}_%s")
        status = 422
        if form.is_valid():
            try:
                way.do(Enquiry.objects.of_desk(person(request)).filter(pk=row.pk), person(request), form.cleaned_data)
            except Refused as refused:
                status = 422 if refused.code == HelpError.EMPTY else 409
                if not isinstance(form, LetterForm):
                    messages.error(request, str(refused))
                    return HttpResponseRedirect(reverse("admin:help_enquiry_change", args=(row.pk,)))
                refuse(form, refused)
            else:
                messages.success(request, str(way.done))
                return HttpResponseRedirect(reverse("admin:help_enquiry_change", args=(row.pk,)))
        return self._again(request, row, action, cast("LetterForm", form), status)

    def _again(
        self, request: HttpRequest, row: Enquiry, action: str, form: LetterForm, status: int
    ) -> TemplateResponse:
        row.refresh_from_db(fields=("agent", "waiting_since", "answered_at"))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": row.number,
            "change_url": reverse("admin:help_enquiry_change", args=(row.pk,)),
            "list_url": reverse("admin:help_enquiry_changelist"),
            **self.thread(request, row, (action, form)),
        }
        return TemplateResponse(request, "admin/help/again.html", context, status=status)
