"""What every page shows the same way: money, a state's badge, a deadline.

Components that need no computing are plain includes of templates/components/.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from django import template
from django.conf import settings
from django.utils import timezone
from django.utils.html import avoid_wrapping
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from aftersales.lifecycle.rows import Row
from aftersales.lifecycle.table import State
from aftersales.money import shown

register = template.Library()
# How the pages show the colours of the tables' states.
TONES = {
    "amber": "warning",
    "blue": "info",
    "violet": "secondary",
    "green": "success",
    "red": "error",
    "grey": "neutral",
}


@register.simple_tag
def money(amount: int, currency: str) -> str:
    """`{% money order.total order.currency %}`"""
    return shown(amount, currency)


@register.inclusion_tag("components/badge.html")
def state_badge(state: State) -> dict[str, Any]:
    """`{% state_badge state %}` with a State of the table, not with its value: apps look theirs up by its lifecycle."""
    return {"label": state.label, "tone": TONES[state.colour]}


@register.inclusion_tag("components/deadline.html")
def deadline(row: Row, consequence: str = "") -> dict[str, Any]:
    """`{% deadline row "Then the order is closed." %}`: nothing for a row without a clock."""
    now = timezone.now()
    left = row.due_at - now if row.due_at else row.held_left
    return {
        "due": row.due_at,
        "held": row.held_left is not None,
        "now": now,
        "words": None if left is None else duration(left),
        "over": left is not None and left <= timedelta(0),
        "consequence": consequence,
    }


@register.simple_tag
def mail_folder() -> str:
    """`{% mail_folder as folder %}`: where mails are put instead of being sent, "" where they are sent."""
    kept = settings.DEBUG and settings.EMAIL_BACKEND.endswith(".filebased.EmailBackend")
    return str(Path(settings.EMAIL_FILE_PATH).relative_to(settings.BASE_DIR)) if kept else ""


@register.filter
def duration(length: timedelta) -> str:
    """A length of time in words of the active language, rounded down: "9 days 23 hours", "5 minutes"."""
    minutes = int(length.total_seconds()) // 60
    if minutes < 1:
        return _("less than a minute")
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    words = [
        ngettext("%(number)s day", "%(number)s days", days) % {"number": days} if days else "",
        ngettext("%(number)s hour", "%(number)s hours", hours) % {"number": hours} if hours else "",
        ngettext("%(number)s minute", "%(number)s minutes", minutes) % {"number": minutes} if minutes else "",
    ]
    # Minutes say nothing beside days.
    return avoid_wrapping(" ".join(filter(None, words[:2] if days else words)))
