"""The language in which a person reads."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.views import i18n
from django.views.decorators.http import require_POST

from aftersales.models import User


@require_POST
def set_language(request: HttpRequest) -> HttpResponseBase:
    """Read in this language from now on: this browser by its cookie, a logged-in person everywhere."""
    chosen = request.POST.get("language", "")
    if isinstance(request.user, User) and chosen in dict(settings.LANGUAGES):
        request.user.language = chosen
        request.user.save(update_fields=["language"])
    return i18n.set_language(request)
