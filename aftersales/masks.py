"""Who a buyer is, as staff see it: masked, until somebody who has to know says why and has it shown for a while."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, Final

from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone

from aftersales.models import User

STARS: Final = "***"
# How long what was unmasked is shown: to the person who asked, in this session, of this row.
SHOWN_FOR: Final = timedelta(minutes=10)
_SESSION: Final = "unmasked"
_ADDRESS: Final = re.compile(r"[^\s<>@,;:\"']+@[^\s<>@,;:\"']+")
# Of a number, as many digits are left as name no single person.
_FIRST, _LAST, _LEAST = 3, 4, 9


def text(words: str) -> str:
    """A name or an address: its first letter, which helps whoever knows the rest to see that it is the right one."""
    return f"{words[0]}{STARS}" if words else ""


def email(address: str) -> str:
    """m***@example.com"""
    name, at, host = address.rpartition("@")
    return f"{name[:1]}{STARS}@{host}" if at else text(address)


def phone(number: str) -> str:
    """138****1234; of a short one only the first digit."""
    return f"{number[:_FIRST]}****{number[-_LAST:]}" if len(number) >= _LEAST else text(number)


def within(words: str) -> str:
    """A text of a machine, such as a mail server's complaint, in which addresses may stand."""
    return _ADDRESS.sub(lambda found: email(found[0]), words)


def buyer(user: User) -> str:
    """What a person is called where they buy."""
    return text(user.name) if user.name else email(user.email)


def called(user: Any) -> str:
    """Somebody who did something, buyer or not: colleagues see whom they work with."""
    return str(user) if user.is_staff else buyer(user)


def _key(row: Model) -> str:
    return f"{row._meta.label_lower}:{row.pk}"


def show(request: HttpRequest, row: Model) -> None:
    """From now on this session sees the row's personal data, for SHOWN_FOR. What was shown before is forgotten in
    time."""
    now = timezone.now().timestamp()
    kept = {key: until for key, until in request.session.get(_SESSION, {}).items() if until > now}
    request.session[_SESSION] = kept | {_key(row): now + SHOWN_FOR.total_seconds()}


def is_shown(request: HttpRequest, row: Model) -> bool:
    until = request.session.get(_SESSION, {}).get(_key(row), 0)
    return bool(until > timezone.now().timestamp())
