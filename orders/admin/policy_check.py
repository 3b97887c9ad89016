"""What a version of a policy would touch, for an operator to read before it is saved."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from aftersales.counts import capped
from aftersales.lifecycle.admin.rights import MOST_COUNTED
from orders.admin.fields import human
from orders.models import Order, Policy, Shop

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_SHOPS = 50
# As bool("".strip()) judges it, in PostgreSQL's words.
_NO_ADDRESS = Q(return_address__regex=r"\A\s*\Z")


@dataclass(frozen=True)
class Change:
    """One column, in words."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Shops:
    """Some shops by name, and how many more there are."""

    names: list[str] = field(default_factory=list)
    more: int = 0

    def __bool__(self) -> bool:
        return bool(self.names)


@dataclass(frozen=True)
class Touched:
    """
    compared  what `changes` are changes of: the present version, or what a new policy goes before
    kept      the orders that stay under the present version, as a sentence; "" where there is none
    since     from when on the shops' new orders come under it
    shops     whose new orders do, and `others` how many shops have something that goes before it
    stuck     open shops that could not sell then
    """

    compared: Policy | None
    changes: list[Change]
    kept: str
    since: datetime | None
    shops: Shops
    others: int
    stuck: Shops


def touched(present: Policy | None, policy: Policy, columns: Iterable[str]) -> Touched:
    """What saving `policy` as the next version of `present`, or as the first of its series, would do."""
    compared = present or _standing(policy)
    now = timezone.now()
    at = max(now, policy.starts_at or now)
    shops = Policy.objects.shops_under(policy, at)
    if policy.withdrawn or (policy.ends_at and policy.ends_at <= now):
        shops = shops.none()
    in_business = Shop.objects.filter(profile=policy.profile, **({"pk": policy.shop_id} if policy.shop_id else {}))
    return Touched(
        compared=compared,
        changes=[change for name in columns if (change := _change(compared, policy, name))],
        kept=kept(present) if present else "",
        since=at if at > now else None,
        shops=_some(shops),
        others=in_business.count() - shops.count(),
        stuck=_some(_falling(present, now) if policy.withdrawn else _unable(policy, shops)),
    )


def kept(policy: Policy) -> str:
    """How many orders were placed under a version, and that they stay there."""
    orders = Order.objects.filter(policy=policy.pk)
    words = _(
        "%(count)s orders were placed under version %(version)s and keep it, %(running)s of them with a running clock."
    )
    running = counted(orders.filter(due_at__isnull=False))
    return words % {"count": counted(orders), "version": policy.version, "running": running}


def counted(orders: QuerySet[Order]) -> str:
    """How many orders, as far as it is worth counting."""
    return capped(orders.order_by()[: MOST_COUNTED + 1].count(), MOST_COUNTED)


def _standing(policy: Policy) -> Policy | None:
    """What the first version of a series will go before."""
    standing = Policy.objects.current().filter(profile=policy.profile, promotion="", withdrawn=False)
    of_shop = standing.filter(Q(shop=policy.shop_id) | Q(shop=None))
    return of_shop.select_related("shop").order_by(F("shop_id").asc(nulls_last=True)).first()


def _change(before: Policy | None, after: Policy, name: str) -> Change | None:
    was, will_be = (getattr(policy, name, None) for policy in (before, after))
    if was == will_be:
        return None
    label = str(Policy._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
    return Change(label, in_words(was), in_words(will_be))


def in_words(value: Any) -> str:
    """A column's value as a person reads it."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        return date_format(timezone.localtime(value), "SHORT_DATETIME_FORMAT")
    if isinstance(value, timedelta):
        return human(value)
    return "–" if value in (None, "") else str(value)


def _unable(policy: Policy, shops: QuerySet[Shop]) -> QuerySet[Shop]:
    """Open shops that a policy with returns would keep from selling."""
    return shops.filter(_NO_ADDRESS, is_open=True) if policy.offers_returns else shops.none()


def _falling(present: Policy | None, now: datetime) -> QuerySet[Shop]:
    """Open shops that could not sell under what comes into force when `present` is withdrawn, or that nothing comes
    into force for."""
    if present is None or present.withdrawn:
        return Shop.objects.none()
    rest = Policy.objects.exclude(pk=present.pk).candidates(OuterRef("pk"), OuterRef("profile"), now)
    falls = {"next": Subquery(rest.values("pk")[:1]), "returns": Subquery(rest.values("return_goods")[:1])}
    shops = Policy.objects.shops_under(present, now).annotate(**falls).filter(is_open=True)
    return shops.filter(Q(next=None) | (Q(returns__isnull=False) & _NO_ADDRESS))


def _some(shops: QuerySet[Shop]) -> Shops:
    names = list(shops.order_by("name").values_list("name", flat=True)[:MOST_SHOPS])
    return Shops(names, shops.count() - len(names) if len(names) == MOST_SHOPS else 0)
