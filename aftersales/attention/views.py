"""The page of what was set aside, and what an operator does about it. An auditor reads."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from aftersales.attention.sections import AT_ONCE, BY_SLUG, PATIENCE, SECTIONS, Section
from aftersales.counts import capped
from aftersales.keys import key_of
from aftersales.lifecycle.admin import person
from aftersales.models import Heartbeat

SHOWN = 20
# Beyond this many it is said that there are more; nobody needs the exact number of a flood.
MOST_COUNTED = 999


def may_see(request: HttpRequest) -> bool:
    user = request.user
    return bool(user.is_active and user.is_staff and person(request).sees_everything)


def waiting() -> int:
    """How much waits altogether, up to a limit for each kind; one query."""
    keys = [section.rows().order_by().values("pk")[:MOST_COUNTED] for section in SECTIONS]
    return int(keys[0].union(*keys[1:], all=True).count())


def page(request: HttpRequest) -> HttpResponse:
    if not may_see(request):
        raise PermissionDenied
    found = [_shown(section) for section in SECTIONS]
    unread = Heartbeat.objects.filter(name__startswith="books of ", at__lt=Now() - PATIENCE)
    context = {
        **admin.site.each_context(request),
        "title": _("Needs attention"),
        "sections": [each for each in found if each["items"]],
        "quiet": [each["section"].title for each in found if not each["items"]],
        "unread": [row.name.removeprefix("books of ") for row in unread],
        "may_act": request.user.is_superuser,
    }
    return TemplateResponse(request, "admin/attention/page.html", context)


def _shown(section: Section) -> dict[str, Any]:
    """The first rows, and how many there are; counted only where not all are shown."""
    rows = list(section.rows()[: SHOWN + 1])
    count = len(rows) if len(rows) <= SHOWN else section.rows().order_by()[: MOST_COUNTED + 1].count()
    return {
        "section": section,
        "items": [section.item(row) for row in rows[:SHOWN]],
        "count": capped(count, MOST_COUNTED),
    }


def act(request: HttpRequest, slug: str) -> HttpResponse:
    """GET asks about all of a kind; POST does it, to all or to the one row of `key`. 404 where nothing can be done."""
    section = BY_SLUG.get(slug)
    if not (may_see(request) and request.user.is_superuser):
        raise PermissionDenied
    if section is None or section.deed is None:
        raise Http404
    if request.method == "POST":
        return _done(request, section, _chosen(request, section))
    context = {
        **admin.site.each_context(request),
        "title": section.deed.label,
        "section": section,
        "count": min(section.rows().order_by()[: AT_ONCE + 1].count(), AT_ONCE),
    }
    return TemplateResponse(request, "admin/attention/all.html", context)


def _chosen(request: HttpRequest, section: Section) -> QuerySet[Any]:
    rows, asked = section.rows(), request.POST.get("key", "")
    if not asked:
        return rows
    key = key_of(asked)
    if key is None:
        raise Http404
    return rows.filter(pk=key)


def _done(request: HttpRequest, section: Section, rows: QuerySet[Any]) -> HttpResponse:
    """In one transaction with its record; rows that somebody else has dealt with are passed by."""
    assert section.deed is not None  # noqa: S101  act() has looked
    with transaction.atomic():
        keys = list(rows.values_list("pk", flat=True)[:AT_ONCE])
        number = section.deed.do(rows.model._base_manager.filter(pk__in=keys).order_by("pk"), person(request))
    words = ngettext("Done to %(count)s row.", "Done to %(count)s rows.", number) % {"count": number}
    messages.success(request, words) if number else messages.warning(request, _("Somebody has dealt with it already."))
    return HttpResponseRedirect(reverse("admin:attention"))
