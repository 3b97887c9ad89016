"""Why buyers file, and why sellers reject or give money back unasked: a table that operators edit."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from aftersales.readers import reads_chinese
from refunds.states import Kind, Payer, Side


class Reason(models.Model):
    """
    kinds         the kinds it is offered for; none for all of them
    needs_proof   a photo has to come with it
    not_arrived   for goods that have not arrived; null where that does not matter
    freight_by    who pays the freight of goods that come back for it
    sellers_fault counts as the seller's fault in the shop's figures
    """

    side = models.CharField(_("given by"), max_length=10, choices=Side)
    code = models.SlugField(_("code"), max_length=40)
    label_en = models.CharField(_("English"), max_length=100)
    label_zh = models.CharField(_("Chinese"), max_length=100)
    kinds: Any = ArrayField(
        models.CharField(max_length=20, choices=Kind), verbose_name=_("kinds"), default=list, blank=True
    )
    needs_proof = models.BooleanField(_("needs proof"), default=False)
    not_arrived = models.BooleanField(_("for goods that have not arrived"), null=True, blank=True)
    freight_by = models.CharField(_("return freight paid by"), max_length=10, choices=Payer, default=Payer.BUYER)
    sellers_fault = models.BooleanField(_("counts as the seller’s fault"), default=False)
    in_use = models.BooleanField(_("in use"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("reason")
        verbose_name_plural = _("reasons")
        ordering = ("side", "position", "pk")
        constraints = (
            models.UniqueConstraint(fields=("side", "code"), name="reason_code"),
            models.CheckConstraint(condition=Q(kinds__contained_by=Kind.values), name="reason_kinds_known"),
        )

    def __str__(self) -> str:
        return self.label_zh if reads_chinese() else self.label_en

    def fits(self, kind: str) -> bool:
        return not self.kinds or kind in self.kinds
