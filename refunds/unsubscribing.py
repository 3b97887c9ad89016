"""The link in a mail by which its reader keeps such mails out, without logging in."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.core import signing
from django.urls import reverse

from refunds.models import Notice, NoticeGroup, NoticeSettings
from refunds.told import group_of

_SALT: Final = "refunds.unsubscribing"


def link(notice: Notice) -> str:
    """Valid for ever, for this person and the notice's group; "" for a notice that always comes."""
    group = group_of(notice.life, notice.action)
    if group is None:
        return ""
    token = signing.Signer(salt=_SALT).sign_object([notice.person_id, group])
    return settings.PUBLIC_URL + reverse("refunds:unsubscribe", args=(token,))


def read(token: str) -> tuple[int, NoticeGroup]:
    """The person's key and the group. Raises BadSignature for a token that is not ours."""
    person, group = signing.Signer(salt=_SALT).unsign_object(token)
    return person, NoticeGroup(group)


def silence(person: int, group: NoticeGroup) -> None:
    """No more mails of this group to this person; a second time changes nothing."""
    NoticeSettings.objects.update_or_create(person_id=person, defaults={group: False})
