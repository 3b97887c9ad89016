"""What the pages of orders and refunds share: whose page it is, and how a refusal or a conflict is shown."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from aftersales.lifecycle.errors import Conflict
from aftersales.lifecycle.rows import Row
from aftersales.lifecycle.table import Lifecycle
from aftersales.models import User


def reader(request: HttpRequest) -> User:
    """The person behind a view that needs a login."""
    assert isinstance(request.user, User)  # noqa: S101  login_required came first; this is for the type checker
    return request.user


def conflict_page(request: HttpRequest, error: Conflict, life: Lifecycle, title: str, back: str) -> HttpResponse:
    """409: the world changed first. Shows where the row stands now; `back` is the address of its page."""
    state = life.state(error.row.state) if isinstance(error.row, Row) else None
    return render(request, "conflict.html", {"title": title, "state": state, "back": back}, status=409)
