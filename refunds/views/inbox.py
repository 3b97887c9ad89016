"""A person's inbox: what they were told, each a link to the page it is about. Opening marks nothing as read."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_safe

from aftersales.keys import LARGEST_KEY
from orders.views.pages import asking, personal, reader, see_other
from refunds.models import Notice

PER_PAGE = 20


class ReadForm(forms.Form):
    """One notice by its id, or all up to the newest one that the reader has seen."""

    id = forms.IntegerField(min_value=1, max_value=LARGEST_KEY, required=False)
    upto = forms.IntegerField(min_value=1, max_value=LARGEST_KEY, required=False)

    def clean(self) -> dict[str, Any]:
        if (self.cleaned_data.get("id") is None) == (self.cleaned_data.get("upto") is None):
            raise forms.ValidationError("one of id and upto")
        return self.cleaned_data

    def chosen(self) -> Q:
        key, upto = self.cleaned_data["id"], self.cleaned_data["upto"]
        return Q(pk=key) if upto is None else Q(pk__lte=upto)


@personal
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """What the reader was told, newest first; with ?show=unread only what is not read."""
    return render(request, "refunds/inbox.html", _shown(request))


@asking
@require_http_methods(["GET", "HEAD", "POST"])
def read(request: HttpRequest) -> HttpResponse:
    """POST marks the reader's notices as read and shows the inbox as it was chosen by the address. GET, where a login
    leads back to, changes nothing."""
    if request.method == "POST":
        form = ReadForm(request.POST)
        if not form.is_valid():
            return HttpResponseBadRequest("Send id or upto.", content_type="text/plain")
        Notice.objects.in_inbox(reader(request)).filter(form.chosen()).mark_read()
        if getattr(request, "htmx", False):
            return render(request, "refunds/inbox_swapped.html", _shown(request))
    query = request.GET.urlencode()
    return see_other(reverse("refunds:inbox") + (f"?{query}" if query else ""))


def _shown(request: HttpRequest) -> dict[str, Any]:
    address, unread_only = reverse("refunds:inbox"), request.GET.get("show") == "unread"
    mine = Notice.objects.in_inbox(reader(request)).order_by("-pk")
    page = Paginator(mine.unread() if unread_only else mine, PER_PAGE).get_page(request.GET.get("page"))
    tabs = [
        (address, pgettext("notices", "All"), None, not unread_only),
        (f"{address}?show=unread", _("Unread"), None, unread_only),
    ]
    return {"page": page, "tabs": tabs, "unread_only": unread_only}
