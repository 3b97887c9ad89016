"""The pages of allauth that this shop has, each by the name that allauth knows it by."""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from django.urls import path
from django.views.decorators.http import require_POST

from aftersales.accounts.views import ActivateView, RecoveryCodesView, change_email, ours
from aftersales.accounts.views import account as account_page

login, logout = ours(account.login), require_POST(ours(account.logout))
urlpatterns = [
    path("login/", login, name="login"),
    path("login/", login, name="account_login"),
    path("logout/", logout, name="logout"),
    path("logout/", logout, name="account_logout"),
    path("account/", account_page, name="account"),
    path("account/sign-up/", ours(account.signup), name="account_signup"),
    path("account/closed/", ours(account.account_inactive), name="account_inactive"),
    path("account/code/", ours(account.email_verification_sent), name="account_email_verification_sent"),
    path("account/confirm/", ours(account.reauthenticate), name="account_reauthenticate"),
    path("account/email/", change_email, name="account_email"),
    path("account/password/", ours(account.password_change), name="account_change_password"),
    path("account/password/first/", ours(account.password_set), name="account_set_password"),
    path("account/password/reset/", ours(account.password_reset), name="account_reset_password"),
    path(
        "account/password/reset/code/",
        ours(account.confirm_password_reset_code),
        name="account_confirm_password_reset_code",
    ),
    path("account/password/reset/new/", ours(account.complete_password_reset), name="account_complete_password_reset"),
    path("account/two-factor/", ours(mfa.index), name="mfa_index"),
    path("account/two-factor/login/", ours(mfa.authenticate), name="mfa_authenticate"),
    path("account/two-factor/confirm/", ours(mfa.reauthenticate), name="mfa_reauthenticate"),
    path("account/two-factor/on/", ours(ActivateView.as_view()), name="mfa_activate_totp"),
    path("account/two-factor/off/", ours(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("account/two-factor/codes/", ours(RecoveryCodesView.as_view()), name="mfa_view_recovery_codes"),
    path("account/two-factor/codes/new/", ours(codes.generate_recovery_codes), name="mfa_generate_recovery_codes"),
    path("account/two-factor/codes/file/", ours(codes.download_recovery_codes), name="mfa_download_recovery_codes"),
]
