"""The form of a policy: what belongs together is there together, and nobody replaces what they have not read."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.admin.fields import HumanDurationField, WholeNumberField
from orders.models import Policy
from orders.models.bound import DURATIONS

EXISTS = gettext_lazy("Version %(version)s of this policy exists already. Open it and change that one.")
SERIES = ("profile", "shop", "promotion")
RULES = ("confirm_above", "calendar")
RETURNS = ("return_goods", "inspection", "after_failed_inspection")
DISPATCH = ("dispatch", "buyer_receipt")


class PolicyForm(forms.ModelForm[Policy]):
    """The next version of a series, or the first of a new one."""

    class Meta:
        model = Policy
        fields = (*SERIES, "starts_at", "ends_at", "withdrawn", *DURATIONS, *RULES)
        field_classes = {**dict.fromkeys(DURATIONS, HumanDurationField), "confirm_above": WholeNumberField}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self._check_together(data, RETURNS, _("Returns need all three of their durations, or none."))
        self._check_together(data, DISPATCH, _("Sending goods to the buyer needs both of its durations, or none."))
        self._check_dispatch(data)
        self._check_reminders(data)
        self._check_dates(data)
        self._check_newest(data)
        return data

    def _check_together(self, data: dict[str, Any], names: tuple[str, ...], words: str) -> None:
        missing = [name for name in names if name in data and data[name] is None]
        if 0 < len(missing) < len(names):
            for name in missing:
                self.add_error(name, words)

    def _check_dispatch(self, data: dict[str, Any]) -> None:
        if data.get("return_goods") and "dispatch" in data and not data["dispatch"]:
            self.add_error("dispatch", _("Returns need it: goods that fail the inspection travel back to the buyer."))

    def _check_reminders(self, data: dict[str, Any]) -> None:
        first, last = data.get("remind_first"), data.get("remind_last")
        if last and "remind_first" in data and not (first and last < first):
            self.add_error("remind_last", _("The last reminder has to come after a first one: give it a shorter time."))

    def _check_dates(self, data: dict[str, Any]) -> None:
        begins, ends = data.get("starts_at"), data.get("ends_at")
        promotion = data.get("promotion", self.instance.promotion)
        if promotion and not begins and "starts_at" in data:
            self.add_error("starts_at", _("A promotion needs its dates."))
        if promotion and not ends and "ends_at" in data:
            self.add_error("ends_at", _("A promotion needs its dates."))
        if begins and ends and ends <= begins:
            self.add_error("ends_at", _("The end has to be after the beginning."))

    def _check_newest(self, data: dict[str, Any]) -> None:
        """Nobody replaces a version that they have not read. Writers of policies take turns; orders go on."""
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE orders_policy IN SHARE ROW EXCLUSIVE MODE")
        series = {name: data.get(name, getattr(self.instance, name)) for name in SERIES}
        newest = Policy.objects.filter(**series).order_by("-version").first()
        if newest and newest.pk != self.instance.pk:
            raise ValidationError(EXISTS % {"version": newest.version})
