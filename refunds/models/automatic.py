"""Rules by which a shop answers by itself, and what each of them did."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from aftersales.models import User
from orders.models import Shop
from refunds.models.reason import Reason
from refunds.models.ticket import Ticket
from refunds.states import Automatic, Kind


class AutoRuleQuerySet(models.QuerySet["AutoRule"]):
    def of_shop(self, user: User) -> AutoRuleQuerySet:
        return self if user.sees_everything else self.filter(shop__staff__user=user)


class AutoRule(models.Model):
    """The first rule of a shop, by position, that fits an application answers it at once.

    most          fits what is worth at most so much, in minor units of the shop's currency
    kinds         fits these kinds; none for all that the rule can answer
    reasons       fits these reasons; none for all
    least_orders  the buyer has at least so many completed orders
    most_tickets  the buyer has filed at most so many tickets in the last 90 days, this one included; null: any number
    """

    shop = models.ForeignKey(Shop, models.PROTECT, verbose_name=_("shop"), related_name="auto_rules")
    name = models.CharField(_("name"), max_length=100)
    effect = models.CharField(_("what it does"), max_length=20, choices=Automatic, default=Automatic.AGREE)
    most = models.PositiveBigIntegerField(_("worth at most"))
    kinds: Any = ArrayField(
        models.CharField(max_length=20, choices=Kind), verbose_name=_("kinds"), default=list, blank=True
    )
    reasons = models.ManyToManyField(Reason, verbose_name=_("reasons"), blank=True, related_name="+")
    least_orders = models.PositiveIntegerField(_("buyer’s completed orders, at least"), default=0)
    most_tickets = models.PositiveIntegerField(_("buyer’s tickets in 90 days, at most"), null=True, blank=True)
    in_use = models.BooleanField(_("in use"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    objects = AutoRuleQuerySet.as_manager()

    class Meta:
        verbose_name = _("automatic answer")
        verbose_name_plural = _("automatic answers")
        ordering = ("shop", "position", "pk")
        constraints = (
            models.CheckConstraint(condition=Q(effect__in=Automatic.values), name="autorule_effect_known"),
            models.CheckConstraint(condition=Q(kinds__contained_by=Kind.values), name="autorule_kinds_known"),
        )

    def __str__(self) -> str:
        return self.name


class AutoDecisionQuerySet(models.QuerySet["AutoDecision"]):
    def of_shop(self, user: User) -> AutoDecisionQuerySet:
        return self if user.sees_everything else self.filter(rule__shop__staff__user=user)


class AutoDecision(models.Model):
    """What a rule did with one version of an application; `worth` in minor units of the order's currency."""

    rule = models.ForeignKey(AutoRule, models.PROTECT, verbose_name=_("rule"), related_name="decisions")
    ticket = models.ForeignKey(Ticket, models.PROTECT, verbose_name=_("ticket"), related_name="decisions")
    version = models.PositiveIntegerField(_("version"))
    effect = models.CharField(_("what it did"), max_length=20, choices=Automatic)
    worth = models.BigIntegerField(_("worth"))
    at = models.DateTimeField(_("at"), db_default=Now())

    objects = AutoDecisionQuerySet.as_manager()

    class Meta:
        verbose_name = _("automatic decision")
        verbose_name_plural = _("automatic decisions")
        ordering = ("-pk",)
        constraints = (models.UniqueConstraint(fields=("ticket", "version"), name="autodecision_once_a_version"),)

    def __str__(self) -> str:
        return f"{self.rule} · {self.ticket}"
