"""Fields that people fill in: amounts as they say them, durations as they write them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from aftersales.keys import key_of
from aftersales.money import parse, plain

_UNITS = {"d": 86_400, "h": 3_600, "min": 60, "m": 60, "s": 1, "天": 86_400, "小时": 3_600, "分钟": 60, "秒": 1}
_SHOWN = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
_PART = re.compile(r"(\d{1,6})\s*(d|h|min|m|s|天|小时|分钟|秒)\s*", re.ASCII)
LONGEST = timedelta(days=3650)


def human(length: timedelta | None) -> str:
    """A duration as a person writes it, e.g. 1 d 12 h."""
    if length is None:
        return "–"
    left, parts = int(length.total_seconds()), []
    for unit, seconds in _SHOWN:
        if left >= seconds:
            parts.append(f"{left // seconds} {unit}")
            left %= seconds
    return " ".join(parts) or "0 s"


def read_duration(text: str) -> timedelta:
    """What `human` writes, and the same in Chinese. Raises ValueError for anything else."""
    text, at, seconds = text.strip().lower(), 0, 0
    while at < len(text):
        part = _PART.match(text, at)
        if part is None:
            raise ValueError(text)
        seconds += int(part[1]) * _UNITS[part[2]]
        at = part.end()
    if not 0 < seconds <= LONGEST.total_seconds():
        raise ValueError(text)
    return timedelta(seconds=seconds)


class WholeNumberField(forms.IntegerField):
    """ASCII digits, maybe with a sign. int() would also read other scripts' digits and underscores."""

    def to_python(self, value: Any) -> int | None:
        if isinstance(value, str) and value.strip() and not re.fullmatch(r"[+-]?[0-9]{1,10}", value.strip()):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(value)


class WhyField(forms.CharField):
    """Why goods are changed, kept with the change."""

    def __init__(self, **kwargs: Any) -> None:
        example = _("For example: delivery of 3 May, counted anew, broken. It stays in the history.")
        super().__init__(max_length=500, help_text=example, **kwargs)


class SearchedChoice(AutocompleteSelect):
    """A choice by searching; what is no key, which only a forged form sends, selects nothing. While nothing is chosen
    it says what is searched for, which is its name for who cannot see it."""

    def build_attrs(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return super().build_attrs(*args, **kwargs) | {"data-placeholder": capfirst(self.field.verbose_name)}

    def optgroups(self, name: str, value: Any, attr: dict[str, Any] | None = None) -> Any:
        keys = [key for key in value if key_of(key) is not None]
        return super().optgroups(name, keys, attr)


class HumanDurationField(forms.DurationField):
    """An interval typed as 3 d, 1 d 12 h or 30 min."""

    default_error_messages = {
        "invalid": _("Write a duration above zero such as 3 d, 1 d 12 h or 30 min, at most ten years."),
    }

    def __init__(self, **kwargs: Any) -> None:
        # A model's field hands on the help text that it does not have.
        kwargs["help_text"] = kwargs.get("help_text") or _("For example 3 d, 1 d 12 h or 30 min.")
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        return human(value) if isinstance(value, timedelta) else value

    def to_python(self, value: Any) -> timedelta | None:
        if value in self.empty_values or isinstance(value, timedelta):
            return value or None
        try:
            return read_duration(str(value))
        except ValueError:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None


class AmountField(forms.CharField):
    """Minor units typed as an amount, e.g. 12.50. The form says of which currency."""

    currency = "CNY"
    default_error_messages = {
        "amount": _("The amount has to be a number such as 12.50, without a sign or a currency."),
    }

    def __init__(self, **kwargs: Any) -> None:
        for option in ("min_value", "max_value"):
            kwargs.pop(option, None)  # the model's integer field offers them
        kwargs.setdefault("widget", forms.TextInput(attrs={"inputmode": "decimal", "class": "vIntegerField"}))
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        return plain(value, self.currency) if isinstance(value, int) else value

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values or isinstance(value, int):
            return None if value in self.empty_values else value
        try:
            return parse(str(value), self.currency)
        except ValueError:
            raise ValidationError(self.error_messages["amount"], code="amount") from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(initial != self.to_python(data))
        except ValidationError:
            return True
