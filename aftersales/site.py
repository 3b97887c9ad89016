"""The admin site, in one place so that its looks can be swapped."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from allauth.account.decorators import secure_admin_login
from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_update
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.admin.views.main import SEARCH_VAR
from django.contrib.auth import get_user_model
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import path
from django.utils.translation import gettext_lazy as _

from aftersales.skin import AdminSite

V = TypeVar("V", bound=Callable[..., HttpResponseBase])
# What the skin cannot do without: Alpine evaluates the expressions of its attributes, and colours come in a <style>.
# No page says 'unsafe-inline' for scripts.
SKIN_NEEDS = {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}


class Choices(AutocompleteJsonView):
    """What a search for a choice finds: buyers as lists show them."""

    def serialize_result(self, obj: Any, to_field_name: str) -> dict[str, str]:
        found: dict[str, str] = super().serialize_result(obj, to_field_name)
        from aftersales import masks

        return found | {"text": masks.called(obj)} if isinstance(obj, get_user_model()) else found


class Site(AdminSite):
    site_header = _("Aftersales")
    site_title = _("Aftersales")
    index_title = _("Work")

    def get_urls(self) -> list[Any]:
        """With the pages that are no list of rows."""
        # The site is made before the models that these pages read.
        from aftersales.attention import views as attention
        from refunds.admin import figures, setup

        return [
            path("attention/", self.admin_view(attention.page), name="attention"),
            path("attention/<slug:slug>/", self.admin_view(attention.act), name="attention_act"),
            path("setup/", self.admin_view(setup.page), name="setup"),
            path("figures/", self.admin_view(figures.page), name="figures"),
            path("figures/<slug:name>.csv", self.admin_view(figures.table), name="figures_table"),
            *super().get_urls(),
        ]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """What waits for the person comes first."""
        from aftersales import worklist

        return super().index(request, {"cards": worklist.cards(request), **(extra_context or {})})

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        return cast("HttpResponse", Choices.as_view(admin_site=self)(request))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """There is one way in: the shop's login, with two-factor. Who is in and has no work here is refused."""
        enter: Callable[..., HttpResponse] = secure_admin_login(super().login)
        return enter(request, extra_context)

    def password_change(  # type: ignore[override]  # a page of ours instead of the admin's
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Staff change theirs where everybody does: the owner is told of it by e-mail."""
        return redirect("account_change_password")

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The skin's search of names of pages has no place here: the menu shows them all."""
        raise Http404

    def admin_view(self, view: V, cacheable: bool = False) -> V:
        """With what the skin needs of the browser. PostgreSQL takes no NUL, and Django's filters hand on what the
        address says: 400. Its search looks itself."""

        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if any("\0" in text for name, texts in request.GET.lists() if name != SEARCH_VAR for text in texts):
                raise BadRequest("NUL in the address")
            return view(request, *args, **kwargs)

        return cast("V", csp_update(SKIN_NEEDS)(super().admin_view(cast("V", checked), cacheable)))
