"""Where allauth asks what this shop does differently."""

from __future__ import annotations

import logging
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as current
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.addresses import vouch
from aftersales.accounts.second_factor import works_here
from aftersales.models import User
from aftersales.network import client_address

log = logging.getLogger(__name__)
WRONG_CODE = _("This is not the code. Look at the newest mail and type it again.")
WRONG_APP_CODE = _("This is not the code. Wait for the next one in your app, or use one of your recovery codes.")
TOO_MANY = _("Too many attempts. Please wait a few minutes and try again.")


class Adapter(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _(
            "The e-mail address or the password is wrong. If you have forgotten it, set a new one."
        ),
        "incorrect_code": WRONG_CODE,
        "incorrect_password": _("This is not your password."),
        "enter_current_password": _("This is not your present password."),
        "duplicate_email": _("This is your address already."),
        "email_taken": _("This address belongs to another account. Use a different one."),
        "too_many_login_attempts": TOO_MANY,
        "rate_limited": TOO_MANY,
    }

    def clean_email(self, email: str) -> str:
        """Imported buyers stand under such addresses (RFC 2606): nobody else takes one."""
        if email.endswith(".invalid"):
            raise ValidationError(_("No mail arrives at this address. Use a different one."), code="invalid")
        return str(super().clean_email(email))

    def get_client_ip(self, request: HttpRequest) -> str:
        """As everywhere here: a request that came past the proxies is counted by its own address, and answered."""
        return client_address(request)

    def save_user(self, request: HttpRequest, user: Any, form: BaseForm, commit: bool = True) -> Any:
        """Whoever signs up goes on reading, and gets mails, in the language of the form."""
        user.name = form.cleaned_data["name"]
        user.language = get_language() or ""
        return super().save_user(request, user, form, commit)

    def pre_login(self, request: HttpRequest, user: Any, **rest: Any) -> HttpResponse | None:
        if not rest["signup"]:
            vouch(user)
        response: HttpResponse | None = super().pre_login(request, user, **rest)
        return response

    def post_login(self, request: HttpRequest, user: Any, **rest: Any) -> HttpResponse:
        """The language chosen once comes back on every device."""
        response: HttpResponse = super().post_login(request, user, **rest)
        if user.language:
            response.set_cookie(settings.LANGUAGE_COOKIE_NAME, user.language, samesite="Lax")
        return response

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """A mail server that is away is said on the page, the same to everybody: it tells nobody who has an account."""
        try:
            super().send_mail(template_prefix, email, context)
        except OSError:
            log.exception("%s could not be sent", template_prefix)
            messages.error(current.request, _("The mail could not be sent. Please try again in a few minutes."))

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Who works here begins at the work, buyers at their orders; a page that was asked for comes before either."""
        if getattr(request.user, "is_staff", False):
            return reverse("admin:index")
        return str(super().get_login_redirect_url(request))

    def get_email_verification_redirect_url(self, email_address: Any) -> str:
        return reverse("account")

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account")


class MfaAdapter(DefaultMFAAdapter):
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": WRONG_APP_CODE,
        "unverified_email": _("Confirm your e-mail address first."),
        "cannot_delete_authenticator": _("Whoever works here keeps two-factor on."),
    }

    def can_delete_authenticator(self, authenticator: Any) -> bool:
        """Staff have one app; without it nothing would open for them any more."""
        return not works_here(authenticator.user)


def display(user: User) -> str:
    """A person's name where allauth names them."""
    return str(user)
