"""The two ways an action is refused. Their texts are translated where they are shown."""

from __future__ import annotations

from typing import Any

from django.db.models import Model, TextChoices


class Refused(Exception):
    """A rule says no. `code` is a member of an app's errors.py, whose label is the sentence for the reader.

    field   the form field that the sentence belongs to, None for the form as a whole
    params  figures that the sentence names
    """

    def __init__(self, code: TextChoices, field: str | None = None, **params: Any) -> None:
        super().__init__(code.value)
        self.code, self.field, self.params = code, field, params

    def __str__(self) -> str:
        """The sentence in the language that is active now."""
        return str(self.code.label) % self.params


class Conflict(Exception):
    """Nothing moved, because the row is not (or no longer) where the action starts. `row` is None when it is locked
    by somebody else right now, or not to be seen by this actor; else the row as it stands now."""

    def __init__(self, action: str, row: Model | None = None) -> None:
        super().__init__(action)
        self.action, self.row = action, row
