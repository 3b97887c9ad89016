"""The durations and rules in force for an order: immutable versions by business, shop and promotion."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Case, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.expressions import Combinable, Exists
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from orders.models.calendar import Calendar
from orders.models.catalog import Shop
from orders.states import Profile


def _running(at: datetime | Combinable) -> Q:
    """A promotion between its dates; a standing policy has none and always runs."""
    begun = Q(starts_at=None) | Q(starts_at__lte=at)
    return begun & (Q(ends_at=None) | Q(ends_at__gt=at))


class PolicyQuerySet(models.QuerySet["Policy"]):
    def current(self) -> PolicyQuerySet:
        """The newest version of each series (business, shop, promotion), withdrawn ones included."""
        series = ("profile", "shop_id", "promotion")
        return self.filter(pk__in=Policy.objects.order_by(*series, "-version").distinct(*series).values("pk"))

    def candidates(self, shop: Any, profile: Any, at: datetime | Combinable) -> PolicyQuerySet:
        """What may be in force in a shop of a business at a moment; what goes before the others comes first."""
        wanted = Q(Q(shop=shop) | Q(shop=None), profile=profile, withdrawn=False)
        standing = Case(When(promotion="", then=Value(1)), default=Value(0))
        ranked = (standing, F("shop_id").asc(nulls_last=True), "-pk")
        return self.current().filter(_running(at), wanted).order_by(*ranked)

    def in_force(self, shop: Shop) -> Policy:
        """What an order placed in the shop now is under: a running promotion before a standing policy, the shop's own
        before the platform's. Raises Policy.DoesNotExist where the business has no policy at all."""
        first = self.candidates(shop, shop.profile, Now()).first()
        if first is None:
            raise Policy.DoesNotExist(f"no policy for {shop.profile}")
        return first

    def shops_under(self, policy: Policy, at: datetime) -> QuerySet[Shop]:
        """The shops whose orders would come under `policy`, as the newest version of its series, at a moment: those
        where nothing else goes before it by the order of `candidates`."""
        first = Q(pk=None)
        if not policy.promotion:
            first |= ~Q(promotion="") & (Q(shop=None) | Q(shop=OuterRef("pk")))
        if policy.shop_id is None:
            kind = ~Q(promotion="") if policy.promotion else Q(promotion="")
            first |= kind & Q(shop=OuterRef("pk"))
        rivals = self.current().filter(_running(at), first, profile=policy.profile, withdrawn=False)
        shops = Shop.objects.filter(~Exists(rivals), profile=policy.profile)
        return shops.filter(pk=policy.shop_id) if policy.shop_id else shops


def _together(*columns: str) -> Q:
    """All of these columns are null, or none is."""
    return Q(**{f"{column}__isnull": True for column in columns}) | Q(
        **{f"{column}__isnull": False for column in columns}
    )


class Policy(models.Model):
    """One version. A null duration: this policy offers nothing that would need the clock.

    promotion      "" for the standing policy, else the name of the occasion between starts_at and ends_at
    withdrawn      this version ends its series: nothing new comes under it
    remind_first   how long before a clock its owner is reminded, and remind_last once more
    confirm_above  a ruling on more than this, in minor units, needs a second agent; null: none does
    calendar       whose holidays stretch the clocks; null: none do
    """

    profile = models.CharField(_("business"), max_length=20, choices=Profile)
    shop = models.ForeignKey(
        Shop, models.PROTECT, verbose_name=_("shop"), null=True, blank=True, related_name="policies"
    )
    promotion = models.CharField(_("promotion"), max_length=50, blank=True)
    starts_at = models.DateTimeField(_("starts"), null=True, blank=True)
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    withdrawn = models.BooleanField(_("withdrawn"), default=False)
    created_at = models.DateTimeField(_("saved"), db_default=Now(), editable=False)

    payment = models.DurationField(_("buyer pays within"))
    promise = models.DurationField(_("seller promises to ship within"))
    receipt = models.DurationField(_("received by itself after shipping"))
    after_delivery = models.DurationField(_("received by itself after delivery"), null=True, blank=True)
    receipt_floor = models.DurationField(_("receipt clock after a hold, at least"))
    answer_unshipped = models.DurationField(_("seller answers, goods not shipped"))
    answer_shipped = models.DurationField(_("seller answers, goods shipped"))
    answer_floor = models.DurationField(_("seller’s time after a declined offer, at least"))
    answer_offer = models.DurationField(_("buyer answers an offer"))
    answer_rejection = models.DurationField(_("buyer answers a rejection"))
    return_goods = models.DurationField(_("buyer sends the goods back"), null=True, blank=True)
    inspection = models.DurationField(_("seller inspects, from the waybill"), null=True, blank=True)
    after_failed_inspection = models.DurationField(_("after a failed inspection"), null=True, blank=True)
    dispatch = models.DurationField(_("seller dispatches"), null=True, blank=True)
    buyer_receipt = models.DurationField(_("buyer confirms what comes"), null=True, blank=True)
    evidence = models.DurationField(_("dispute: evidence of both sides"))
    review = models.DurationField(_("dispute: customer service rules"))
    appeal = models.DurationField(_("dispute: appeal against a ruling"))
    window = models.DurationField(_("after-sale window, from completion"))
    remind_first = models.DurationField(_("reminder before each"), null=True, blank=True)
    remind_last = models.DurationField(_("last reminder before each"), null=True, blank=True)
    confirm_above = models.PositiveBigIntegerField(
        _("second agent for rulings above"),
        null=True,
        blank=True,
        help_text=_("In the currency’s smallest unit: 50000 is 500.00. Empty: no ruling needs a second agent."),
    )
    calendar = models.ForeignKey(
        Calendar, models.PROTECT, verbose_name=_("calendar"), null=True, blank=True, related_name="policies"
    )

    objects = PolicyQuerySet.as_manager()

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")
        ordering = ("profile", "shop", "promotion", "-version")
        constraints = (
            models.UniqueConstraint(
                fields=("profile", "shop", "promotion", "version"), name="policy_version", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(promotion="") | Q(starts_at__isnull=False, ends_at__gt=F("starts_at")),
                name="policy_promotion_has_dates",
            ),
            models.CheckConstraint(
                condition=_together("return_goods", "inspection", "after_failed_inspection"),
                name="policy_returns_whole_or_not_at_all",
            ),
            models.CheckConstraint(
                condition=_together("dispatch", "buyer_receipt"), name="policy_dispatch_whole_or_not_at_all"
            ),
            # Goods that fail the inspection travel back to the buyer.
            models.CheckConstraint(
                condition=Q(return_goods__isnull=True) | Q(dispatch__isnull=False), name="policy_returns_need_dispatch"
            ),
            models.CheckConstraint(
                condition=Q(remind_last__isnull=True)
                | Q(remind_first__isnull=False, remind_first__gt=F("remind_last")),
                name="policy_last_reminder_comes_later",
            ),
        )

    def __str__(self) -> str:
        name = " · ".join(str(part) for part in (self.get_profile_display(), self.shop, self.promotion) if part)
        return f"{name} v{self.version}"

    @property
    def offers_returns(self) -> bool:
        return self.return_goods is not None

    @property
    def offers_dispatch(self) -> bool:
        """Whether anything is ever sent to the buyer again: an exchange, a repair, what was missing."""
        return self.dispatch is not None
