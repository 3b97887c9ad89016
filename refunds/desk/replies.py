"""Saved replies: which variables they have, and what they say of a ticket."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from django.db.models import Prefetch, Q, prefetch_related_objects
from django.utils import translation
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from aftersales.models import User
from aftersales.money import shown
from aftersales.readers import zone_named
from refunds.models import Reply, Ticket, TicketLine

_VARIABLE: Final = re.compile(r"\{([^{}]*)\}")


def _due(ticket: Ticket) -> str:
    """As the buyer's clock shows it."""
    zone = zone_named(ticket.order.buyer.time_zone)
    return date_format(localtime(ticket.due_at, zone), "DATETIME_FORMAT") if ticket.due_at else "–"


def _goods(ticket: Ticket) -> str:
    # The page may have read them already.
    prefetch_related_objects([ticket], Prefetch("lines", TicketLine.objects.select_related("line")))
    return pgettext("list", ", ").join(f"{item.line.title} × {item.quantity}" for item in ticket.lines.all())


# What a variable stands for, and how a list of them explains it.
VARIABLES: Final[dict[str, tuple[Any, Callable[[Ticket], str]]]] = {
    "buyer": (_("the buyer’s name while the order shows it, else “customer”"), lambda ticket: gettext("customer")),
    "shop": (_("the shop’s name"), lambda ticket: ticket.order.shop.name),
    "order": (_("the order’s number"), lambda ticket: ticket.order.number),
    "ticket": (_("the ticket’s number"), lambda ticket: ticket.number),
    "kind": (_("what was asked for"), lambda ticket: str(ticket.get_kind_display())),
    "reason": (_("the buyer’s reason"), lambda ticket: str(ticket.reason)),
    "amount": (_("the amount asked for"), lambda ticket: shown(ticket.amount, ticket.order.currency)),
    "goods": (_("the goods, with units"), _goods),
    "due": (_("when the clock runs out"), _due),
}


def unknown(text: str) -> list[str]:
    """The variables of a text that stand for nothing."""
    return [name for name in dict.fromkeys(_VARIABLE.findall(text)) if name not in VARIABLES]


def fill(reply: Reply, ticket: Ticket, known: dict[tuple[str, str], str]) -> str:
    """What the reply says to this ticket's buyer, in the buyer's language where it is written in it. `known`: what
    variables stand for, by language and name; what is found out is added, so that several replies ask once."""
    chinese = (ticket.order.buyer.language or translation.get_language() or "en").startswith("zh")
    body = (reply.body_zh or reply.body_en) if chinese else (reply.body_en or reply.body_zh)
    language = "zh-hans" if body == reply.body_zh else "en"
    with translation.override(language):
        for name in set(_VARIABLE.findall(body)) & VARIABLES.keys():
            if (language, name) not in known:
                known[language, name] = VARIABLES[name][1](ticket)
    return _VARIABLE.sub(lambda match: known.get((language, match[1]), match[0]), body)


def ready(user: User, ticket: Ticket, *, cs: bool, named: bool) -> list[tuple[str, str]]:
    """(title, text) of each reply that the person may use on a ticket: as customer service its own, else the shop's.
    `named`: whether the person sees the buyer's name now."""
    whose = Q(shop=None) if cs else Q(shop=ticket.shop_id)
    replies = Reply.objects.of_shop(user).filter(whose, in_use=True)
    name = ticket.order.buyer.name if named else ""
    known = {(language, "buyer"): name for language in ("en", "zh-hans")} if name else {}
    return [(reply.title, fill(reply, ticket, known)) for reply in replies]
