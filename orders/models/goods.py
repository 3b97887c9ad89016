"""What may be done with goods of a class, whoever sells them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from aftersales.readers import reads_chinese
from orders.states import GOODS_KINDS


class GoodsRule(models.Model):
    """The kinds of tickets that goods of this class allow, out of those that the order's policy offers.

    window  replaces the policy's after-sale window where it is shorter
    in_use  a rule out of use is given to no further product; products that have it keep it
    """

    code = models.SlugField(_("code"), max_length=40, unique=True)
    label_en = models.CharField(_("English"), max_length=100)
    label_zh = models.CharField(_("Chinese"), max_length=100)
    refund_only = models.BooleanField(_("refund only"), default=True)
    return_refund = models.BooleanField(_("return and refund"), default=True)
    exchange = models.BooleanField(_("exchange"), default=True)
    repair = models.BooleanField(_("repair"), default=True)
    reissue = models.BooleanField(_("reissue"), default=True)
    window = models.DurationField(_("after-sale window, from completion"), null=True, blank=True)
    in_use = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("goods rule")
        verbose_name_plural = _("goods rules")
        ordering = ("code",)

    def __str__(self) -> str:
        return self.label_zh if reads_chinese() else self.label_en

    @property
    def kinds(self) -> frozenset[str]:
        """The codes of the kinds that are allowed."""
        return frozenset(kind for kind in GOODS_KINDS if getattr(self, kind))
