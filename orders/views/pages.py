"""What the pages of orders and refunds share: whose page it is, paging, and how a refusal or a conflict is shown."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from django.contrib.auth.decorators import login_required
from django.core.paginator import InvalidPage, Page, Paginator
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django_htmx.http import HttpResponseClientRefresh

from aftersales.lifecycle.errors import Conflict
from aftersales.lifecycle.rows import Row
from aftersales.lifecycle.table import Lifecycle
from aftersales.models import User

V = TypeVar("V", bound=Callable[..., HttpResponseBase])
M = TypeVar("M", bound=Model)


def personal(view: V) -> V:
    """A page of one person: behind the login, and in no cache."""
    return never_cache(login_required(view))


def asking(view: V) -> V:
    """A personal page of which a script asks for parts. When the login has ended it is told to ask for the whole page,
    which leads to the login: the login's own page is no part of this one."""
    page: Callable[..., HttpResponseBase] = personal(view)

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        lost = is_fragment(request) and not request.user.is_authenticated
        return HttpResponseClientRefresh() if lost else page(request, *args, **kwargs)

    return cast(V, answer)


def reader(request: HttpRequest) -> User:
    """The person behind a `personal` page."""
    assert isinstance(request.user, User)  # noqa: S101  login_required came first; this is for the type checker
    return request.user


def is_fragment(request: HttpRequest) -> bool:
    """Whether a script asks for a part of the page. A page that it lost from its history is asked for whole."""
    htmx = request.htmx  # type: ignore[attr-defined]  # written by the middleware of django_htmx
    return bool(htmx) and not htmx.history_restore_request and not htmx.boosted


def see_other(url: str) -> HttpResponse:
    """303: the answer to a POST is read with GET."""
    return HttpResponseRedirect(url, status=303)


def page_of(request: HttpRequest, rows: QuerySet[M], size: int) -> Page[M]:
    """Raises Http404 for a page that is not there."""
    try:
        return Paginator(rows, size).page(request.GET.get("page", 1))
    except InvalidPage as error:
        raise Http404 from error


def with_query(query: QueryDict, **changes: str) -> str:
    """The address of this page with other parameters, "" for none, and from its beginning."""
    query = query.copy()
    query.pop("page", None)
    for name, value in changes.items():
        query[name] = value
    return "?" + "&".join(part for part in query.urlencode().split("&") if not part.endswith("="))


def conflict_page(request: HttpRequest, error: Conflict, life: Lifecycle, title: str, back: str) -> HttpResponse:
    """409: the world changed first. Shows where the row stands now; `back` is the address of its page."""
    state = life.state(error.row.state) if isinstance(error.row, Row) else None
    context: dict[str, Any] = {"title": title, "state": state, "back": back}
    return render(request, "conflict.html", context, status=409)
