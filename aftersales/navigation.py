"""The menu of the admin: what a person may open, grouped by the work it is for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, cast

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from aftersales.attention import views as attention
from aftersales.counts import capped
from aftersales.help.models import Enquiry
from aftersales.models import User
from refunds.admin import desk, figures, supervise
from refunds.templatetags.refunds_tags import unread_notices

# More is shown as "99+": a menu is no place to wait for a full count.
MOST_COUNTED = 99


@dataclass(frozen=True)
class Entry:
    """A list of the admin. `model` is "app.Model"; who may see the list has the entry. `icon` is the name of a
    Material symbol, `count` how much in it waits for the person, as far as it was counted."""

    model: str
    icon: str
    count: Callable[[User], int] | None = None

    def item(self, request: HttpRequest) -> dict[str, Any] | None:
        """As the skin shows it, or None for who may not open it."""
        model = apps.get_model(self.model)
        page = admin.site._registry.get(model)
        if page is None or not page.has_module_permission(request):
            return None
        link = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        item = {"title": capfirst(str(model._meta.verbose_name_plural)), "icon": self.icon, "link": link}
        if self.count and (found := self.count(cast("User", request.user))):
            item |= {"badge": capped(found, MOST_COUNTED), "badge_variant": "danger"}
        return item


@dataclass(frozen=True)
class Page:
    """A page of the admin that is no list. `url` is its name; `may` says who has the entry, `count` how much waits
    there."""

    url: str
    title: Any
    icon: str
    may: Callable[[HttpRequest], bool]
    count: Callable[[], int] | None = None

    def item(self, request: HttpRequest) -> dict[str, Any] | None:
        if not self.may(request):
            return None
        item = {"title": self.title, "icon": self.icon, "link": reverse(f"admin:{self.url}")}
        waits = self.count() if self.count else 0
        return item | {"badge": capped(waits, MOST_COUNTED), "badge_variant": "danger"} if waits else item


def _cases(user: User) -> int:
    """Disputes that nobody has, or that wait for a second agent."""
    return desk.waiting(user, MOST_COUNTED + 1) if user.is_customer_service else 0


def _enquiries(user: User) -> int:
    """Questions that nobody has taken."""
    if not user.is_customer_service:
        return 0
    return Enquiry.objects.of_desk(user).open().filter(agent=None)[: MOST_COUNTED + 1].count()


MENU: tuple[tuple[Any, tuple[Entry | Page, ...]], ...] = (
    (
        pgettext_lazy("menu", "After-sales"),
        (
            Entry("refunds.Ticket", "assignment_return"),
            Entry("refunds.Dispute", "gavel", _cases),
            Entry("orders.Order", "shopping_bag"),
            Entry("help.Enquiry", "mark_email_unread", _enquiries),
            Page("refunds_dispute_supervise", _("Who has what"), "supervisor_account", supervise.may_see),
        ),
    ),
    (
        pgettext_lazy("menu", "Money"),
        (Entry("refunds.Payout", "currency_exchange"), Entry("orders.Payment", "payments")),
    ),
    (
        pgettext_lazy("menu", "Shop"),
        (
            Page("figures", _("Figures"), "monitoring", figures.may_see),
            Page("setup", _("Setup"), "checklist", figures.may_see),
            Entry("orders.Shop", "storefront"),
            Entry("orders.ShopStaff", "badge"),
            Entry("orders.Invitation", "person_add"),
            Entry("orders.Product", "inventory_2"),
            Entry("orders.Warehouse", "warehouse"),
            Entry("orders.Coupon", "sell"),
            Entry("refunds.Reply", "quickreply"),
            Entry("refunds.AutoRule", "rule"),
            Entry("refunds.AutoDecision", "fact_check"),
        ),
    ),
    (
        pgettext_lazy("menu", "Rules"),
        (
            Entry("orders.Policy", "policy"),
            Entry("orders.PolicyBound", "straighten"),
            Entry("orders.Calendar", "calendar_month"),
            Entry("refunds.Reason", "list_alt"),
            Entry("orders.GoodsRule", "category"),
            Entry("help.Category", "folder"),
            Entry("help.Article", "help"),
        ),
    ),
    (
        _("System"),
        (
            Page("attention", _("Needs attention"), "error", attention.may_see, attention.waiting),
            Entry("aftersales.Job", "pending_actions"),
            Entry("refunds.Difference", "balance"),
            Entry("aftersales.Change", "history"),
            Entry("refunds.Notice", "notifications"),
            Entry("aftersales.User", "group"),
            Entry("mfa.Authenticator", "lock"),
            Entry("aftersales.Heartbeat", "monitor_heart"),
        ),
    ),
)


def menu(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups with something in them for this person."""
    groups = ({"title": title, "items": _open(request, entries)} for title, entries in MENU)
    return [group for group in groups if group["items"]]


def _open(request: HttpRequest, entries: Iterable[Entry | Page]) -> list[dict[str, Any]]:
    return [item for entry in entries if (item := entry.item(request)) is not None]


def account(request: HttpRequest) -> list[dict[str, Any]]:
    """What belongs to the person, in the menu under their name."""
    unread = unread_notices(request.user)
    return [
        {"title": f"{_('Inbox')} ({unread})" if unread else _("Inbox"), "link": reverse("refunds:inbox")},
        {"title": _("Account"), "link": reverse("account")},
    ]
