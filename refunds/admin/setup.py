"""The page of a shop's setup: what it still needs before it can sell, and where everything is kept."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from aftersales.keys import key_of
from aftersales.lifecycle.admin import person
from aftersales.lifecycle.errors import Refused
from aftersales.money import shown
from orders import rules
from orders.models import Policy, Product, Shop, Sku
from orders.states import ShopRole
from refunds.admin.figures import may_see


@dataclass(frozen=True)
class Step:
    """
    missing  whether the shop cannot sell before it is done
    says     how it is now, or what to do
    links    (address, words) of what may be looked at, and `adds` of what only who changes the shop may open
    """

    title: str
    missing: bool
    says: str
    links: tuple[tuple[str, str], ...]
    adds: tuple[tuple[str, str], ...] = ()


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Of one of the person's shops, the first unless the address says which; another's is a missing one."""
    if not may_see(request):
        raise PermissionDenied
    shops = Shop.objects.of_staff(person(request))
    asked = request.GET.get("shop", "")
    shop = shops.filter(pk=key_of(asked) or 0).first() if asked else shops.first()
    if shop is None:
        raise Http404
    needed, kept = steps(shop), rest(shop)
    missing = [step for step in needed if step.missing]
    context = {**admin.site.each_context(request), "title": _("Setup of %(shop)s") % {"shop": shop}, "shop": shop}
    context |= {"shops": shops[:51], "needed": needed, "kept": kept, "missing": missing}
    context["may_change"] = Shop.objects.of_owner(person(request)).filter(pk=shop.pk).exists()
    return TemplateResponse(request, "admin/setup.html", context)


def steps(shop: Shop) -> list[Step]:
    """What a shop needs to sell, in the order in which it is done."""
    policy = Policy.objects.in_force(shop)
    owners = shop.staff.filter(role=ShopRole.OWNER).count()
    return [
        Step(
            _("Somebody owns it"), not owners,
            _("Owners: %(number)s.") % {"number": owners},
            (_list("orders_shopstaff", _("Staff")),), (_new("orders_invitation", _("Invite a colleague")),),
        ),
        _address(shop, policy),
        _goods(shop),
        Step(
            _("It is open"), not shop.is_open,
            _("Buyers see what it sells.") if shop.is_open else _("Nothing is on sale while the shop is closed."),
            (), (_of_shop(shop, _("Close it") if shop.is_open else _("Open it")),),
        ),
    ]  # fmt: skip


def _address(shop: Shop, policy: Policy) -> Step:
    try:
        rules.check_shop_sells(shop, policy)
    except Refused:
        missing, says = True, _("Your policy offers returns, so buyers need an address for what they send back.")
    else:
        missing, says = False, shop.return_address.strip() or _("Your policy offers no returns, so none is needed.")
    change = _of_shop(shop, _("Change the address"))
    return Step(_("Return address"), missing, says, (_list("orders_warehouse", _("Warehouses")),), (change,))


def _goods(shop: Shop) -> Step:
    on_sale = Product.objects.on_sale().filter(shop=shop) if shop.is_open else Product.objects.filter(shop=shop)
    skus = Sku.objects.filter(product__in=on_sale)
    counts = skus.aggregate(number=Count("pk", filter=Q(stock__gt=0)), out=Count("pk", filter=Q(stock=0)))
    says = _("Articles on sale: %(number)s. Sold out: %(out)s.") % counts
    links, adds = (_list("orders_product", _("Products and stock")),), (_new("orders_product", _("Add a product")),)
    return Step(_("Something to sell"), not counts["number"], says, links, adds)


def rest(shop: Shop) -> list[Step]:
    """What has a sensible beginning and may be changed at any time."""
    own = Policy.objects.current().filter(shop=shop, promotion="", withdrawn=False).exists()
    return [
        Step(_("Freight"), False, _freight(shop), (), (_of_shop(shop, _("Change the freight")),)),
        Step(
            _("Times and promises"), False,
            _("The shop has a policy of its own.") if own else _("The platform’s policy holds."),
            (_list("orders_policy", _("Policies")),), (_new("orders_policy", _("A policy of your own")),),
        ),
        Step(
            _("Answers by rule"), False, _counted(shop.auto_rules.filter(in_use=True).count()),
            (_list("refunds_autorule", _("Rules")),),
        ),
        Step(
            _("Saved replies"), False, _counted(shop.replies.filter(in_use=True).count()),
            (_list("refunds_reply", _("Replies")),),
        ),
        Step(_("Coupons"), False, _counted(shop.coupons.count()), (_list("orders_coupon", _("Coupons")),)),
    ]  # fmt: skip


def _freight(shop: Shop) -> str:
    words = {"freight": shown(shop.freight, shop.currency)}
    if shop.free_from is None:
        return _("%(freight)s an order.") % words
    words["least"] = shown(shop.free_from, shop.currency)
    return _("%(freight)s an order, free for goods worth %(least)s or more.") % words


def _counted(number: int) -> str:
    return _("In use: %(number)s.") % {"number": number}


def _list(name: str, words: str) -> tuple[str, str]:
    return reverse(f"admin:{name}_changelist"), words


def _new(name: str, words: str) -> tuple[str, str]:
    return reverse(f"admin:{name}_add"), words


def _of_shop(shop: Shop, words: str) -> tuple[str, str]:
    return reverse("admin:orders_shop_change", args=[shop.pk]), words
