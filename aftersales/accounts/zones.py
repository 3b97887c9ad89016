"""The time zones that a person may choose from."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from aftersales.readers import time_zones

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Choice = tuple[str, "_StrPromise | str"]
Group = tuple["_StrPromise | str", Sequence[Choice]]

COMMON: Final[tuple[Choice, ...]] = (
    ("Asia/Shanghai", _("China")),
    ("Asia/Hong_Kong", _("Hong Kong")),
    ("Asia/Taipei", _("Taipei")),
    ("Asia/Tokyo", _("Tokyo")),
    ("Asia/Singapore", _("Singapore")),
    ("Asia/Kuwait", _("Kuwait")),
    ("Europe/London", _("London")),
    ("Europe/Berlin", _("Berlin")),
    ("America/New_York", _("New York")),
    ("America/Los_Angeles", _("Los Angeles")),
    ("Australia/Sydney", _("Sydney")),
    ("UTC", "UTC"),
)
REGIONS: Final = {
    "Africa": _("Africa"),
    "America": _("America"),
    "Antarctica": _("Antarctica"),
    "Asia": _("Asia"),
    "Atlantic": _("Atlantic"),
    "Australia": _("Australia"),
    "Europe": _("Europe"),
    "Indian": _("Indian Ocean"),
    "Pacific": _("Pacific"),
}


@cache
def choices() -> list[Choice | Group]:
    """The browser's own first, then the most common ones, then every city by its region."""
    places = sorted(name for name in time_zones() if name.partition("/")[0] in REGIONS and "/" in name)
    offered: list[Choice | Group] = [("", pgettext_lazy("time zone", "As my browser")), (_("Common"), list(COMMON))]
    for region, names in groupby(places, key=lambda name: name.partition("/")[0]):
        offered.append((REGIONS[region], [(name, _city(name)) for name in names]))
    return offered


def _city(name: str) -> str:
    return name.partition("/")[2].replace("_", " ").replace("/", " – ")
