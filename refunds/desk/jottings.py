"""Words that are typed and not sent: kept while a person types, offered when they come back, gone when sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.db.models.functions import Now

from aftersales.models import User
from refunds.models import Jotting

KEPT = timedelta(days=7)
# Of one form; a ruling has at most two thousand characters of words.
MOST_CHARACTERS = 10_000


def keep(person: User, key: str, data: Mapping[str, str]) -> None:
    """Remember what stands in a form; one that says nothing is forgotten, one that is too long, and what the
    database cannot keep, is left out."""
    typed = {name: value for name, value in data.items() if value.strip() and "\x00" not in value}
    if not typed:
        drop(person, key)
    elif sum(map(len, typed.values())) <= MOST_CHARACTERS:
        columns = {"data": typed, "saved_at": Now()}
        Jotting.objects.update_or_create(person=person, key=key, defaults=columns)


def find(person: User, key: str) -> Jotting | None:
    return Jotting.objects.filter(person=person, key=key).first()


def drop(person: User, key: str) -> None:
    Jotting.objects.filter(person=person, key=key).delete()


def tidy() -> int:
    """Forget what nobody came back to. Returns how many there were."""
    return Jotting.objects.filter(saved_at__lt=Now() - KEPT).delete()[0]
