"""What a kind of application leads to and how long that takes at most, by the policy of the order. Read by the buyer
before anything is sent."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext as _

from aftersales.templatetags.aftersales import duration
from orders.models import Policy
from refunds.states import Kind, Payer


def when(policy: Policy, kind: Kind, *, shipped: bool) -> str:
    """One or two sentences; a clock that the policy lacks has no kind that needs it."""
    lengths = {
        "answer": policy.answer_shipped if shipped else policy.answer_unshipped,
        "back": policy.return_goods,
        "look": policy.inspection,
        "send": policy.dispatch,
    }
    return _sentence(kind, shipped) % {name: duration(length or timedelta(0)) for name, length in lengths.items()}


def _sentence(kind: Kind, shipped: bool) -> str:
    if kind == Kind.REFUND_ONLY and shipped:
        return _(
            "Nothing has to go back. The seller answers within %(answer)s, silence means yes; then the money goes back "
            "to where it was paid from."
        )
    if kind == Kind.REFUND_ONLY:
        return _(
            "These goods will not be sent. The seller answers within %(answer)s, silence means yes; then the money "
            "goes back to where it was paid from."
        )
    if kind == Kind.RETURN_REFUND:
        return _(
            "The seller answers within %(answer)s. You send the goods within %(back)s; the money goes back once they "
            "are accepted, at most %(look)s after you sent them."
        )
    if kind == Kind.EXCHANGE:
        return _(
            "The seller answers within %(answer)s. You send yours within %(back)s; the new goods leave within "
            "%(send)s after yours are accepted."
        )
    if kind == Kind.REPAIR:
        return _(
            "The seller answers within %(answer)s. You send the goods within %(back)s; repaired, they leave within "
            "%(send)s after they are accepted."
        )
    return _("The seller answers within %(answer)s and sends within %(send)s. Nothing has to go back.")


def freight(payer: str) -> str:
    """Who pays for the goods' way back."""
    if payer == Payer.SELLER:
        return _("The seller pays the way back.")
    return _("You pay the way back.")
