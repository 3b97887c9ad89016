"""The admin site, in one place so that its looks can be swapped."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.contrib.admin.views.main import SEARCH_VAR
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

V = TypeVar("V", bound=Callable[..., HttpResponseBase])


class Site(admin.AdminSite):
    site_header = _("Aftersales")
    site_title = _("Aftersales")
    index_title = _("Work")

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """There is one way in: the shop's login, with two-factor. Who is in and has no work here is refused."""
        enter: Callable[..., HttpResponse] = secure_admin_login(super().login)
        return enter(request, extra_context)

    def password_change(  # type: ignore[override]  # a page of ours instead of the admin's
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Staff change theirs where everybody does: the owner is told of it by e-mail."""
        return redirect("account_change_password")

    def admin_view(self, view: V, cacheable: bool = False) -> V:
        """PostgreSQL takes no NUL, and Django's filters hand on what the address says: 400. Its search looks itself."""

        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if any("\0" in text for name, texts in request.GET.lists() if name != SEARCH_VAR for text in texts):
                raise BadRequest("NUL in the address")
            return view(request, *args, **kwargs)

        return super().admin_view(cast("V", checked), cacheable)
