"""One change by a person; append-only."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import FieldDoesNotExist
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.functions import Now
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy


class Act(models.TextChoices):
    ADDED = "added", pgettext_lazy("change", "Added")
    CHANGED = "changed", pgettext_lazy("change", "Changed")
    REMOVED = "removed", pgettext_lazy("change", "Removed")
    IMPORTED = "imported", pgettext_lazy("change", "Imported")
    EXPORTED = "exported", pgettext_lazy("change", "Exported")
    UNMASKED = "unmasked", pgettext_lazy("change", "Looked at personal data")
    PUT_BACK = "put_back", pgettext_lazy("change", "Put back")
    SENT_AGAIN = "sent_again", pgettext_lazy("change", "Sent again")


class ChangeQuerySet(models.QuerySet["Change"]):
    def of_shop(self, user: Any) -> ChangeQuerySet:
        """What a person sees: owners what was changed in their shops, operators and auditors everything."""
        if user.sees_everything:
            return self
        return self.filter(shop__staff__user=user, shop__staff__role="owner")

    def of_row(self, row: models.Model) -> ChangeQuerySet:
        """What was changed of a row; nothing, where its key is no number: people change no such row."""
        return self.filter(kind=row._meta.label_lower, key=row.pk) if isinstance(row.pk, int) else self.none()


class Change(models.Model):
    """
    shop    whose row it was, null for what belongs to no shop
    kind    of the row, as "app.model"; key and name: which one, and what it was called
    before, after  the fields that differ, by name; empty before for what is new
    reason  why, where the person was asked
    """

    at = models.DateTimeField(gettext_lazy("at"), db_default=Now())
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=gettext_lazy("by"), related_name="+"
    )
    shop = models.ForeignKey(
        "orders.Shop", models.PROTECT, verbose_name=gettext_lazy("shop"), null=True, related_name="+"
    )
    act = models.CharField(gettext_lazy("what was done"), max_length=20, choices=Act)
    kind = models.CharField(gettext_lazy("kind of row"), max_length=60)
    key = models.BigIntegerField(null=True)
    name = models.CharField(gettext_lazy("row"), max_length=200)
    before: Any = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    after: Any = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    reason = models.CharField(gettext_lazy("why"), max_length=500, blank=True)

    objects = ChangeQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("change")
        verbose_name_plural = gettext_lazy("changes")
        ordering = ("-pk",)
        indexes = (
            models.Index(fields=("kind", "key", "-id"), name="change_of_row"),
            models.Index(fields=("shop", "-id"), name="change_of_shop"),
            models.Index(fields=("person", "-id"), name="change_by_person"),
        )

    def __str__(self) -> str:
        return f"{self.get_act_display()}: {self.name}"

    @property
    def kind_name(self) -> str:
        """The kind of row for a reader."""
        try:
            return capfirst(str(apps.get_model(self.kind)._meta.verbose_name))
        except LookupError:
            return self.kind

    @property
    def differences(self) -> list[tuple[str, str, str]]:
        """(field, before, after) for a reader, in the order of the fields' names."""
        names = sorted({*self.before, *self.after})
        return [(self._label(n), self._value(n, self.before.get(n)), self._value(n, self.after.get(n))) for n in names]

    def _field(self, name: str) -> Any:
        try:
            return apps.get_model(self.kind)._meta.get_field(name)
        except (LookupError, FieldDoesNotExist):
            return None

    def _label(self, name: str) -> str:
        field = self._field(name)
        return capfirst(str(field.verbose_name)) if field is not None and hasattr(field, "verbose_name") else name

    def _value(self, name: str, value: Any) -> str:
        if value is None or value == "":
            return "–"
        if isinstance(value, bool):
            return _("Yes") if value else _("No")
        if isinstance(value, list):
            return ", ".join(map(str, value)) or "–"
        choices = dict(getattr(self._field(name), "flatchoices", ()))
        return str(choices.get(value, value))
