"""The durations and rules in force for an order: immutable versions by business, shop and promotion."""

from __future__ import annotations

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from orders.models.catalog import Shop
from orders.states import Profile


class PolicyQuerySet(models.QuerySet["Policy"]):
    def current(self) -> PolicyQuerySet:
        """The newest version of each series (business, shop, promotion), withdrawn ones included."""
        series = ("profile", "shop_id", "promotion")
        return self.filter(pk__in=Policy.objects.order_by(*series, "-version").distinct(*series).values("pk"))

    def in_force(self, shop: Shop) -> Policy:
        """What an order placed in the shop now is under: a running promotion before a standing policy, the shop's own
        before the platform's. Raises Policy.DoesNotExist where the business has no policy at all."""
        running = (Q(starts_at=None) | Q(starts_at__lte=Now())) & (Q(ends_at=None) | Q(ends_at__gt=Now()))
        candidates = self.current().filter(running, Q(shop=shop) | Q(shop=None), profile=shop.profile, withdrawn=False)
        standing = Case(When(promotion="", then=Value(1)), default=Value(0))
        first = candidates.order_by(standing, F("shop_id").asc(nulls_last=True), "-pk").first()
        if first is None:
            raise Policy.DoesNotExist(f"no policy for {shop.profile}")
        return first


class Policy(models.Model):
    """One version. A null duration: this policy offers nothing that would need the clock.

    promotion  "" for the standing policy, else the name of the occasion between starts_at and ends_at
    withdrawn  this version ends its series: nothing new comes under it
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
    answer_rejection = models.DurationField(_("buyer answers a rejection"))
    return_goods = models.DurationField(_("buyer sends the goods back"), null=True, blank=True)
    inspection = models.DurationField(_("seller inspects, from the waybill"), null=True, blank=True)
    after_failed_inspection = models.DurationField(_("after a failed inspection"), null=True, blank=True)
    sent_back = models.DurationField(_("buyer confirms what was sent back"), null=True, blank=True)
    window = models.DurationField(_("after-sale window, from completion"))

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
                condition=Q(
                    return_goods__isnull=True,
                    inspection__isnull=True,
                    after_failed_inspection__isnull=True,
                    sent_back__isnull=True,
                )
                | Q(
                    return_goods__isnull=False,
                    inspection__isnull=False,
                    after_failed_inspection__isnull=False,
                    sent_back__isnull=False,
                ),
                name="policy_returns_whole_or_not_at_all",
            ),
        )

    def __str__(self) -> str:
        name = " · ".join(str(part) for part in (self.get_profile_display(), self.shop, self.promotion) if part)
        return f"{name} v{self.version}"

    @property
    def offers_returns(self) -> bool:
        return self.return_goods is not None
