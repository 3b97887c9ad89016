"""The account page, the change of address, and the rules that every page of allauth follows here."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, Final

from allauth.account.internal.flows import manage_email
from allauth.decorators import rate_limit
from allauth.mfa.recovery_codes.views import ViewRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from aftersales.accounts.addresses import vouch
from aftersales.accounts.forms import AccountForm, EmailForm
from aftersales.accounts.second_factor import prove, works_here
from orders.views.pages import personal, reader, see_other

View = Callable[..., HttpResponseBase]
METHODS: Final = ["GET", "HEAD", "POST"]
# How allauth answers a POST, and how every page of ours does.
ANSWERS: Final = {HTTPStatus.OK: HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.FOUND: HTTPStatus.SEE_OTHER}


def ours(view: View) -> View:
    """A view of allauth: in no cache, 303 after a POST that was taken, 422 for a form that was refused."""

    @never_cache
    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        if request.method == "POST":
            response.status_code = ANSWERS.get(HTTPStatus(response.status_code), response.status_code)
        return response

    return answered


class ActivateView(ActivateTOTPView):
    """The first code that was right proves the second factor for this session."""

    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        prove(self.request, reader(self.request))
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "required": works_here(reader(self.request))}


class RecoveryCodesView(ViewRecoveryCodesView):
    """Shown after the first code, and whenever asked for; who came here from the gate goes on to work."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "work": reader(self.request).is_staff}


@personal
@require_http_methods(METHODS)
def account(request: HttpRequest) -> HttpResponse:
    """POST saves name, language and time zone; the page leads to everything else that is about the person."""
    user = reader(request)
    form = AccountForm(request.POST or None, instance=user)
    if request.method == "POST" and form.is_valid():
        form.save()
        return _saved(request, user.language)
    if request.method == "POST":
        user.refresh_from_db()  # the header names the person as they are
    context = {"form": form, "secured": is_mfa_enabled(user)}
    return render(request, "account/account.html", context, status=422 if form.errors else 200)


def _saved(request: HttpRequest, language: str) -> HttpResponse:
    """Said in the language that was just chosen."""
    with translation.override(language or translation.get_language_from_request(request)):
        messages.success(request, _("Saved."))
    response = see_other(reverse("account"))
    if language:
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, samesite="Lax")
    else:
        response.delete_cookie(settings.LANGUAGE_COOKIE_NAME, samesite="Lax")
    return response


@personal
@require_http_methods(METHODS)
@rate_limit(action="manage_email")
def change_email(request: HttpRequest) -> HttpResponse:
    """POST sends a code to the new address; the present one stays until the code has been typed in."""
    user = reader(request)
    form = EmailForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        # The old address is told of the change by its row.
        vouch(user)
        manage_email.add_email(request, form)
        return see_other(reverse("account_email_verification_sent"))
    return render(request, "account/email.html", {"form": form}, status=422 if form.errors else 200)
