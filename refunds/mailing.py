"""Sending notices by e-mail: one claim a mail, no transaction open while the mail server is spoken to.

A notice is claimed before its mail is handed over, so a worker killed at any line leaves a notice that is tried again
when its lease is over: at least once. A mail that had been taken by then comes a second time under the same
Message-ID, by which mail programs recognise it.
"""

from __future__ import annotations

import logging
import smtplib
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import singledispatch
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.utils import timezone, translation

from aftersales.readers import zone_named
from refunds import notice_words, unsubscribing
from refunds.models import Notice
from refunds.told import REMIND, group_of

log = logging.getLogger(__name__)
# Workers have clocks to watch as well: a run ends after so many seconds, the rest is for the next tick.
BUDGET: Final = 30.0
PAGE: Final = 50
# Longer than all the time-outs of one mail together.
LEASE: Final = timedelta(minutes=5)
# After the first tries; then every three hours, for about a day.
WAITS: Final = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))
THEN_EVERY: Final = timedelta(hours=3)
MOST_TRIES: Final = len(WAITS) + 8
# Imported buyers stand under addresses of this kind (RFC 2606): nobody ever reads there.
NOBODY: Final = Q(person__is_active=False) | Q(person__email__endswith=".invalid")


def send_notices() -> None:
    """Send the notices that are due."""
    _give_up_untried()
    send(Notice.objects.select_related("person"))


def send(rows: QuerySet[Any]) -> None:
    """Send what is due of these rows, the longest waiting first, until nothing is left, the time is over or the server
    is away. Other apps' rows have the columns of a notice from `next_at` to `trouble`, and a `message` of their own."""
    line = mail.get_connection()
    try:
        for notice in _claimed(rows):
            if not _deliver(notice, line):
                return
    finally:
        _hang_up(line)


def _give_up_untried() -> None:
    """Drop what is of no use to anybody, in two statements whatever the number."""
    due = Notice.objects.filter(next_at__lte=Now())
    due.filter(NOBODY).update(
        next_at=None, failed_at=Now(), tries=0, trouble="nobody reads at this address, or the account is closed"
    )
    due.filter(action=REMIND, due_at__lte=Now()).update(
        next_at=None, failed_at=Now(), tries=0, trouble="a reminder whose clock has run out"
    )


def _claimed(rows: QuerySet[Any]) -> Iterator[Any]:
    """Due rows, one claim at a time; what a rival claims first is passed by."""
    ends = time.monotonic() + BUDGET
    due = rows.filter(next_at__lte=Now()).order_by("next_at", "pk")
    while keys := list(due.values_list("pk", flat=True)[:PAGE]):
        won = 0
        for key in keys:
            if time.monotonic() > ends:
                return
            if due.filter(pk=key).order_by().update(next_at=Now() + LEASE, tries=F("tries") + 1):
                won += 1
                yield rows.get(pk=key)
        if not won:
            return


def _deliver(notice: Any, line: Any) -> bool:
    """Hand one mail over and write what became of it. Returns False when the server is away."""
    try:
        line.open()
        message(notice, line).send()
    except smtplib.SMTPRecipientsRefused as error:
        code, words = next(iter(error.recipients.values()))
        _judge(notice, code, words)
    except smtplib.SMTPDataError as error:
        _judge(notice, error.smtp_code, error.smtp_error)
    except ValueError as error:  # an address or a header that cannot be written
        _give_up(notice, str(error))
    except OSError as error:  # no answer, or one that is about us and not about this mail
        _hang_up(line)
        _put_off(notice, _said(error))
        return False
    else:
        _settle(notice, sent_at=Now(), trouble="")
    return True


def _said(error: OSError) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _words(error.smtp_code, error.smtp_error)
    return f"{type(error).__name__}: {error}"


def _words(code: int, words: bytes | str) -> str:
    return f"{code} {words.decode(errors='replace') if isinstance(words, bytes) else words}"


def _judge(notice: Any, code: int, words: bytes | str) -> None:
    """The server refuses this mail: 5xx for good, anything else for now."""
    (_give_up if code >= 500 else _put_off)(notice, _words(code, words))


def _put_off(notice: Any, trouble: str) -> None:
    """Try again later, the later the more often it was tried; give up after about a day."""
    if notice.tries >= MOST_TRIES:
        _give_up(notice, trouble)
        return
    wait = WAITS[notice.tries - 1] if notice.tries <= len(WAITS) else THEN_EVERY
    log.info("%s %s could not be sent: %s", notice._meta.model_name, notice.pk, trouble)
    _waiting(notice).update(next_at=Now() + wait, trouble=trouble[:300])


def _give_up(notice: Any, trouble: str) -> None:
    log.warning("%s %s is given up: %s", notice._meta.model_name, notice.pk, trouble)
    _settle(notice, failed_at=Now(), trouble=trouble[:300])


def _settle(notice: Any, **columns: Any) -> None:
    _waiting(notice).update(next_at=None, **columns)


def _waiting(notice: Any) -> QuerySet[Any]:
    """The row, unless a rival whose claim came after our lease has written the end already."""
    rows: QuerySet[Any] = type(notice)._default_manager.filter(pk=notice.pk, next_at__isnull=False)
    return rows


def _hang_up(line: Any) -> None:
    try:
        line.close()
    except OSError:
        log.info("the mail server had hung up before us")


# --- the mail ---------------------------------------------------------------------------------------------------------


@singledispatch
def message(row: Any, line: Any = None) -> EmailMultiAlternatives:
    """The mail of a row in the reader's language. Raises ValueError for what no header can hold."""
    raise TypeError(f"{type(row).__name__} has no mail")


@message.register
def _notice(notice: Notice, line: Any = None) -> EmailMultiAlternatives:
    """In the reader's time zone too."""
    person = notice.person
    with (
        translation.override(person.language or settings.LANGUAGE_CODE),
        timezone.override(zone_named(person.time_zone)),
    ):
        facts = _facts(notice)
        headers = {}
        if facts["unsubscribe"]:
            # One press in the mail program, without a page (RFC 8058).
            headers = {
                "List-Unsubscribe": f"<{facts['unsubscribe']}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            }
        return built(person.email, f"notice.{notice.pk}.{notice.life}.{notice.event_id}", facts, line, headers)


def built(to: str, name: str, facts: dict[str, Any], line: Any, headers: dict[str, str]) -> EmailMultiAlternatives:
    """A mail as text and as HTML, in the language that is active; `facts` are those of notices/email.txt, and `name`
    makes a second copy of it known as one."""
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    standing = {"Message-ID": f"<{name}@{host}>", "Auto-Submitted": "auto-generated"}
    text, html = (render_to_string(f"notices/email.{kind}", facts) for kind in ("txt", "html"))
    found = EmailMultiAlternatives(facts["subject"], text, to=[to], headers=standing | headers, connection=line)
    found.attach_alternative(html, "text/html")
    return found


def _facts(notice: Notice) -> dict[str, Any]:
    return {
        "subject": notice_words.subject(notice),
        "name": notice.person.name,
        "sentences": notice_words.sentences(notice),
        "until": notice_words.until(notice),
        "consequence": notice_words.consequence(notice),
        "about": notice.about if notice.about != notice.number else "",
        "link": f"{settings.PUBLIC_URL}{notice.path}",
        "language": translation.get_language(),
        "group": group.label if (group := group_of(notice.life, notice.action)) else "",
        "unsubscribe": unsubscribing.link(notice),
    }
