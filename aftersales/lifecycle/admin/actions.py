"""How the admin does an action of a table: the form that asks for what it needs, and the verb."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import urlencode

from django import forms
from django.db.models import Q, QuerySet
from django.http import QueryDict

from aftersales.actors import Actor, Role


class ActionForm(forms.Form):
    """What an action asks for; nothing but a confirmation unless a subclass says more.

    carried    columns of the row that the button carries here, as they were when the person read them
    two_steps  what it will do is shown first; only a form that comes back `confirmed` does it
    spare      words that have no part in what it will do, so that this can be shown while they are being written
    """

    carried: ClassVar[tuple[str, ...]] = ()
    two_steps: ClassVar[bool] = False
    spare: ClassVar[tuple[str, ...]] = ()

    def __init__(self, row: Any, *args: Any, **kwargs: Any) -> None:
        self.row = row
        super().__init__(*args, **kwargs)

    def effects(self, rows: QuerySet[Any], by: Actor) -> list[str]:
        """What the action will do, one sentence each, of a valid form. Raises what the verb raises."""
        return []

    @classmethod
    def so_far(cls, data: QueryDict) -> QueryDict:
        """What has been typed until now, complete enough to be looked at."""
        filled = data.copy()
        for name in cls.spare:
            if not filled.get(name, "").strip():
                filled[name] = "…"
        return filled

    @classmethod
    def query(cls, row: Any) -> str:
        """What the button's address carries."""
        return urlencode({name: getattr(row, name) for name in cls.carried})


class VersionForm(ActionForm):
    """For an action on what the person has read: the version is sent along, so that a newer one is not answered."""

    carried = ("version",)
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, row: Any, *args: Any, **kwargs: Any) -> None:
        kwargs["initial"] = {"version": row.version} | kwargs.get("initial", {})
        super().__init__(row, *args, **kwargs)


@dataclass(frozen=True)
class Way:
    """`do` calls the verb with rows of one, the actor, and the cleaned form.

    label  what the button says, where the table's word is about something else
    when   what has to hold beside the table's guard, for a verb that moves other rows too
    """

    do: Callable[[QuerySet[Any], Actor, Any], object]
    form: type[ActionForm] = ActionForm
    label: Any = None
    when: Q = field(default_factory=Q)


@dataclass(frozen=True)
class Offer:
    """An action that a person may do now, in which role, and the address of its page."""

    name: str
    label: Any
    role: Role
    url: str = ""
