"""What is read: the first page, a category, an article, a search, and what is suggested while somebody types."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Prefetch, Q
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from aftersales.help import search
from aftersales.help.forms import SearchForm, VoteForm
from aftersales.help.models import Article, Category, Vote
from aftersales.models import User
from orders.views.pages import see_other

MOST_FREQUENT, MOST_RELATED, MOST_SUGGESTED = 12, 4, 3
# Without words of its own, a description of fewer characters says nothing yet.
SHORTEST = 2


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    published = Count("articles", filter=Q(articles__published=True))
    categories = Category.objects.annotate(number=published).filter(number__gt=0)
    frequent = Article.objects.light().filter(published=True, is_frequent=True)[:MOST_FREQUENT]
    context = {"form": SearchForm(), "categories": categories, "frequent": frequent}
    return render(request, "help/home.html", context)


@require_safe
def category(request: HttpRequest, slug: str) -> HttpResponse:
    articles = Prefetch("articles", Article.objects.light().filter(published=True))
    found = get_object_or_404(Category.objects.prefetch_related(articles), slug=slug)
    return render(request, "help/category.html", {"category": found, "form": SearchForm()})


@require_safe
def article(request: HttpRequest, slug: str) -> HttpResponse:
    found = _readable(request, slug)
    related = Article.objects.light().filter(published=True, category=found.category_id).exclude(pk=found.pk)
    vote = Vote.objects.filter(article=found, **voter(request)).first() if knows(request) else None
    context = {"article": found, "related": related[:MOST_RELATED], "vote": vote}
    return render(request, "help/article.html", context)


@require_POST
def vote(request: HttpRequest, slug: str) -> HttpResponse:
    """An opinion on an article: one a person, or a browser where nobody is logged in; a second one changes it."""
    found, form = _readable(request, slug), VoteForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest("Send helpful.", content_type="text/plain")
    if not knows(request):
        request.session.create()
    given, _new = Vote.objects.update_or_create(article=found, **voter(request), defaults=form.cleaned_data)
    if request.htmx:  # type: ignore[attr-defined]  # django_htmx
        return render(request, "help/helpful.html", {"article": found, "vote": given, "swapped": True})
    return see_other(f"{found.get_absolute_url()}#helpful")


@require_safe
def results(request: HttpRequest) -> HttpResponse:
    """What was found; without a question the same page with an empty search. 422 for a question that cannot be."""
    form = SearchForm(request.GET)
    sound = form.is_valid()
    question = form.cleaned_data.get("q", "") if sound else ""
    context = {"form": form, "question": question}
    if question:
        rows = Article.objects.light().filter(published=True).select_related("category")
        context["found"], context["is_alike"] = search.find(rows, question)
    return render(request, "help/results.html", context, status=200 if sound else 422)


@require_POST
def suggest(request: HttpRequest) -> HttpResponse:
    """Up to three articles for what is being described in the field that `from` names, and for the code of a `reason`;
    nothing when nothing fits. Changes nothing: what people describe comes by POST to stay out of addresses and logs."""
    typed = request.POST.get(request.GET.get("from", ""), "")
    description = search.normal(typed[-search.LONGEST_DESCRIPTION :]).strip()
    reason = request.POST.get("reason", "")
    reason = reason if reason.isascii() and reason.isidentifier() and len(reason) <= 40 else ""
    found: list[Article] = []
    if reason or len(description) >= SHORTEST:
        rows = Article.objects.light().filter(published=True)
        found = search.suggest(rows, description, reason, MOST_SUGGESTED)
    if not found:
        return HttpResponse()
    return render(request, "help/suggestions.html", {"articles": found, "question": description})


def knows(request: HttpRequest) -> bool:
    """Whether there is a person, or a session, that an opinion can belong to."""
    return isinstance(request.user, User) or bool(request.session.session_key)


def voter(request: HttpRequest) -> dict[str, Any]:
    if isinstance(request.user, User):
        return {"person": request.user, "session": ""}
    return {"person": None, "session": request.session.session_key}


def _readable(request: HttpRequest, slug: str) -> Article:
    articles = Article.objects.light().readable(request.user).select_related("category")
    return get_object_or_404(articles, slug=slug)
