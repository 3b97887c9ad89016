"""What an owner may change of the shop's policy: the clocks that the platform has opened, inside its bounds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, ClassVar, cast

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from orders.admin.fields import human
from orders.admin.policy_form import RULES, PolicyForm
from orders.models import Policy, PolicyBound, Shop
from orders.models.bound import DURATIONS

# What an owner's version takes from the platform's policy: everything that is not in its form.
TAKEN = (*DURATIONS, *RULES)


def open_clocks(profiles: Iterable[str]) -> dict[str, list[PolicyBound]]:
    """{clock: its bounds, one a business} of the clocks that shops of these businesses may change."""
    found = defaultdict(list)
    for bound in PolicyBound.objects.filter(profile__in=set(profiles), is_open=True):
        found[bound.clock].append(bound)
    return found


def limits(bound: PolicyBound) -> str:
    """The bounds of a clock in words."""
    lengths = {"least": human(bound.least), "most": human(bound.most)}
    if bound.least and bound.most:
        return _("%(least)s to %(most)s") % lengths
    if bound.least:
        return _("%(least)s or longer") % lengths
    return _("at most %(most)s") % lengths if bound.most else _("any length")


class ShopPolicyForm(PolicyForm):
    """The next version of a shop's policy, or its first. What the owner does not decide is as the platform's policy
    says now."""

    owned: ClassVar[QuerySet[Shop]]

    class Meta(PolicyForm.Meta):
        fields = ("shop", "promotion", "starts_at", "ends_at", "withdrawn", *DURATIONS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        shops = [self.instance.shop] if self.instance.shop_id else list(self.owned)
        self.bounds = open_clocks(shop.profile for shop in shops if shop)
        if shop := cast("forms.ModelChoiceField[Shop] | None", self.fields.get("shop")):
            shop.required, shop.empty_label = True, None
        for name in self.bounds.keys() & self.fields.keys():
            self.fields[name].help_text = self._help(self.bounds[name])
        if shops and not self.instance.pk:
            base = Policy.objects.in_force(cast("Shop", shops[0]))
            self.initial = {**{name: getattr(base, name) for name in self.bounds}, **self.initial}

    def _help(self, bounds: list[PolicyBound]) -> str:
        if len(bounds) == 1:
            return _("Possible: %(limits)s.") % {"limits": limits(bounds[0])}
        return " ".join(f"{bound.get_profile_display()}: {limits(bound)}." for bound in bounds)

    def clean(self) -> dict[str, Any]:
        shop = self.instance.shop or self.cleaned_data.get("shop")
        if shop is None:
            return self.cleaned_data
        self.instance.profile = shop.profile
        platform = Policy.objects.current().get(shop=None, profile=shop.profile, promotion="")
        mine = {
            bound.clock: bound for bounds in self.bounds.values() for bound in bounds if bound.profile == shop.profile
        }
        for name in TAKEN:
            if name in mine and name in self.fields:
                self._judge(name, mine[name], platform)
            else:
                self.cleaned_data[name] = getattr(platform, name)
                setattr(self.instance, name, self.cleaned_data[name])
        return super().clean()

    def _judge(self, name: str, bound: PolicyBound, platform: Policy) -> None:
        length = self.cleaned_data.get(name)
        if length is None and name not in self.errors and getattr(platform, name) is not None:
            self.add_error(name, _("The platform’s policy has this clock: give it a time."))
        if length is not None and not bound.holds(length):
            self.add_error(name, _("The platform allows shops %(limits)s here.") % {"limits": limits(bound)})
