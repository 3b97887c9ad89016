"""allauth's forms in our words, and the form of the account page."""

from __future__ import annotations

from typing import Any, Final

from allauth.account import forms as account
from allauth.mfa.base import forms as mfa
from allauth.mfa.totp import forms as totp
from django import forms
from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from aftersales.accounts import zones
from aftersales.models import User

PASSWORD_HELP: Final = _("At least 8 characters; not a common password, and not your name or address.")
LABELS: Final = {
    "login": pgettext_lazy("address", "E-mail"),
    "email": pgettext_lazy("address", "E-mail"),
    "password": _("Password"),
    "oldpassword": _("Present password"),
    "password1": _("New password"),
    "code": pgettext_lazy("to type in", "Code"),
    "remember": _("Stay logged in on this device"),
}
HELP: Final[dict[str, Any]] = {"password1": PASSWORD_HELP, "password": "", "oldpassword": ""}


class Plain:
    """A label above each field instead of words inside it, a password typed once, digits for a code."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("password2", None)
        for name, field in self.fields.items():
            field.label = LABELS.get(name, field.label)
            field.help_text = HELP.get(name, field.help_text)
            field.widget.attrs.pop("placeholder", None)
            if isinstance(field.widget, forms.PasswordInput):
                field.widget.attrs |= {"data-show": _("Show the password"), "data-hide": _("Hide the password")}
            if name == "code":
                field.widget.attrs |= {"inputmode": "numeric", "autocapitalize": "off", "spellcheck": "false"}


class LoginForm(Plain, account.LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["remember"].initial = True
        self.fields["login"].widget.attrs["autocomplete"] = "username"


class SignupForm(Plain, account.SignupForm):
    name = forms.CharField(
        label=_("Name"),
        max_length=100,
        help_text=_("How we address you."),
        widget=forms.TextInput({"autocomplete": "name"}),
    )
    field_order = ("name", "email", "password1")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].label = LABELS["password"]

    def save(self, request: HttpRequest) -> Any:
        """The account and its unproven address together: one without the other would count as proven."""
        with transaction.atomic():
            return super().save(request)

    def try_save(self, request: HttpRequest) -> Any:
        """Another request that took the address first makes it one that exists already, and says no more than that."""
        try:
            return super().try_save(request)
        except IntegrityError:
            self.account_already_exists = True
            return super().try_save(request)


class ResetPasswordForm(Plain, account.ResetPasswordForm):
    pass


class NewPasswordForm(Plain, account.ResetPasswordKeyForm):
    pass


class ChangePasswordForm(Plain, account.ChangePasswordForm):
    pass


class SetPasswordForm(Plain, account.SetPasswordForm):
    pass


class ReauthenticateForm(Plain, account.ReauthenticateForm):
    pass


class EmailForm(Plain, account.AddEmailForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("New e-mail")


class EmailCodeForm(Plain, account.ConfirmEmailVerificationCodeForm):
    pass


class ResetCodeForm(Plain, account.ConfirmPasswordResetCodeForm):
    pass


class AuthenticateForm(Plain, mfa.AuthenticateForm):
    pass


class AuthenticateAgainForm(Plain, mfa.ReauthenticateForm):
    pass


class ActivateForm(Plain, totp.ActivateTOTPForm):
    def clean_code(self) -> str:
        """There are no recovery codes yet that could be used instead."""
        try:
            return str(super().clean_code())
        except forms.ValidationError as error:
            if error.code != "incorrect_code":
                raise
            again = _("This is not the code. Wait for the next one in your app, then type it at once.")
            raise forms.ValidationError(again, code=error.code) from error


class AccountForm(forms.ModelForm[User]):
    language = forms.ChoiceField(
        label=_("Language"),
        choices=[("", pgettext_lazy("language", "As my browser")), *settings.LANGUAGES],
        required=False,
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=zones.choices,
        required=False,
        help_text=_("In which zone pages and mails show times. Mails use UTC while none is chosen."),
    )

    class Meta:
        model = User
        fields = ("name", "language", "time_zone")
        labels = {"name": _("Name")}
        widgets = {"name": forms.TextInput({"autocomplete": "name"})}
