"""Pages that ask once more: GET asks, POST does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from aftersales.lifecycle.errors import Refused


def ask(
    page: ModelAdmin[Any], request: HttpRequest, row: Model, words: tuple[str, str, str], do: Callable[[], object]
) -> HttpResponse:
    """`words` are the button's, what it leads to, and that it was done; `do` is the verb. A refusal is shown on the
    page, and nothing has changed then."""
    title, consequence, done = words
    if request.method not in ("GET", "HEAD", "POST"):
        return HttpResponseNotAllowed(["GET", "POST"])
    back = reverse(f"admin:{page.opts.app_label}_{page.opts.model_name}_changelist")
    refusal = ""
    if request.method == "POST":
        try:
            do()
        except Refused as refused:
            refusal = str(refused)
        else:
            page.message_user(request, done, messages.SUCCESS)
            return HttpResponseRedirect(back)
    context = {**page.admin_site.each_context(request), "opts": page.opts, "title": title, "row": row}
    context |= {"consequence": consequence, "refusal": refusal, "back": back}
    return TemplateResponse(request, "admin/orders/ask.html", context, status=409 if refusal else 200)
