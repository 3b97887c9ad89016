"""Whoever works here proves a second factor, in this session, before anything else opens: a stolen password opens
nothing. There is one gate for every road in, and it asks the session, so that no road can miss it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.utils import is_mfa_enabled
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _

from aftersales.models import User
from orders.models import ShopStaff

# What opens without: the way to the second factor, the way out, and what knows its reader by a signature.
OPEN: Final = frozenset({
    "mfa_activate_totp", "mfa_reauthenticate", "mfa_index", "account_reauthenticate", "logout", "account_logout",
    "set_language", "health", "refunds:unsubscribe", "refunds:notices",
})  # fmt: skip
_METHOD: Final = "mfa"


def works_here(user: User) -> bool:
    """Whether the person is staff of a shop or of the platform. No query for those who never worked for a shop."""
    if user.is_staff or user.sees_everything or user.is_customer_service:
        return True
    return bool(user.rights_version) and ShopStaff.objects.filter(user=user).exists()


def prove(request: HttpRequest, user: User) -> None:
    """The person has proven a second factor in this session."""
    record_authentication(request, user, _METHOD, type="totp")


def is_proven(request: HttpRequest, user: User) -> bool:
    """Whether the person has proven one in this session, by a code of the app or by a recovery code."""
    return any(record["method"] == _METHOD for record in get_authentication_records(request, user))


class SecondFactorMiddleware:
    """Leads staff without a proven second factor to proving it, or to their first one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        user, match = request.user, request.resolver_match
        if not isinstance(user, User) or (match and match.view_name in OPEN):
            return None
        if is_proven(request, user) or not works_here(user):
            return None
        response = _led(request, reverse("mfa_reauthenticate" if is_mfa_enabled(user) else "mfa_activate_totp"))
        add_never_cache_headers(response)
        return response


def _led(request: HttpRequest, gate: str) -> HttpResponse:
    """A page is led to the gate, and back to itself from there; a script, a picture or a program is refused."""
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=403, headers={"HX-Redirect": _back(gate, _page(request))})
    if request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate" or not request.accepts("text/html"):
        return JsonResponse({"error": _("Prove your second factor first.")}, status=403)
    if request.method == "GET":
        return HttpResponseRedirect(_back(gate, request.get_full_path()))
    return HttpResponseRedirect(gate, status=303)


def _page(request: HttpRequest) -> str:
    """Where the script that asks stands, if it says so and it is one of ours; else ""."""
    current = request.headers.get("HX-Current-URL", "")
    ours = url_has_allowed_host_and_scheme(current, {request.get_host()}, require_https=request.is_secure())
    return urlsplit(current)._replace(scheme="", netloc="").geturl() if ours else ""


def _back(gate: str, page: str) -> str:
    return f"{gate}?{urlencode({REDIRECT_FIELD_NAME: page})}" if page else gate
