"""Which notices come by e-mail as well: a page for the person, and the one-click link in every mail."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core.signing import BadSignature
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from orders.views.pages import personal, reader, see_other
from refunds import unsubscribing
from refunds.models import NoticeGroup, NoticeSettings


class NoticeSettingsForm(forms.ModelForm[NoticeSettings]):
    class Meta:
        model = NoticeSettings
        fields = tuple(NoticeGroup.values)


@personal
@require_http_methods(["GET", "HEAD", "POST"])
def notice_settings(request: HttpRequest) -> HttpResponse:
    """POST saves the groups that come by e-mail; unticked ones do not. The inbox has all of them."""
    user = reader(request)
    if request.method == "POST":
        form = NoticeSettingsForm(request.POST)
        if form.is_valid():
            NoticeSettings.objects.update_or_create(person=user, defaults=form.cleaned_data)
            messages.success(request, _("Saved."))
            return see_other(reverse("refunds:notice_settings"))
    mine = NoticeSettings.objects.filter(person=user).first() or NoticeSettings(person=user)
    return render(request, "refunds/notice_settings.html", {"form": NoticeSettingsForm(instance=mine)})


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """POST, by the page's button or by a mail program (which sends no token of ours), keeps the group out of the
    person's mail. GET, which scanners of links do too, only shows the button. The signature is the right to it."""
    try:
        person, group = unsubscribing.read(token)
    except BadSignature as error:
        raise Http404 from error
    if request.method == "POST":
        unsubscribing.silence(person, group)
    context = {"group": group.label, "done": request.method == "POST"}
    return render(request, "refunds/unsubscribe.html", context)
