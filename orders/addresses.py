"""The verbs of the address book. Each is one transaction under a lock on its owner, so that two tabs keep its rules."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.db import transaction

from aftersales.lifecycle.errors import Refused
from aftersales.models import User
from orders.errors import OrderError
from orders.models import Address
from orders.models.address import PLACE, AddressQuerySet

MOST: Final = 20


@contextmanager
def _locked(owner: User) -> Iterator[AddressQuerySet]:
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=owner.pk)
        yield Address.objects.of_buyer(owner)


def keep(owner: User, entry: Address) -> Address:
    """Write a new or a changed entry into the owner's book; the first one is the default. A new one that is there
    already, as after a second click, is that one.

    Raises Refused for one too many, and for a changed one that is the same as another.
    """
    with _locked(owner) as book:
        place = {name: getattr(entry, name) for name in PLACE}
        same = book.filter(**place).exclude(pk=entry.pk).first()
        if same and entry.pk:
            raise Refused(OrderError.ADDRESS_TWICE, "address")
        if same:
            same.label, same.is_default, entry = entry.label or same.label, entry.is_default or same.is_default, same
        elif not entry.pk and book.count() >= MOST:
            raise Refused(OrderError.ADDRESSES_FULL, most=MOST)
        others = book.exclude(pk=entry.pk).filter(is_default=True)
        if entry.is_default:
            others.update(is_default=False)
        entry.owner, entry.is_default = owner, entry.is_default or not others.exists()
        entry.save()
        return entry


def make_default(owner: User, key: int) -> bool:
    """Whether there was such an entry. It is the default now, and no other one is."""
    with _locked(owner) as book:
        if not book.filter(pk=key).exists():
            return False
        book.exclude(pk=key).filter(is_default=True).update(is_default=False)
        book.filter(pk=key).update(is_default=True)
        return True


def remove(owner: User, key: int) -> bool:
    """Whether there was such an entry. It is gone; when it was the default, the newest of the others is."""
    with _locked(owner) as book:
        entry = book.filter(pk=key).first()
        if entry is None:
            return False
        entry.delete()
        heir = book.order_by("-pk").first() if entry.is_default else None
        if heir:
            book.filter(pk=heir.pk).update(is_default=True)
        return True
