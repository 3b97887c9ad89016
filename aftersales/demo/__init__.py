"""The demo shop: two businesses, their people, and orders and tickets wherever they can be.

Everything is made by the verbs that pages use, in one transaction. Nothing asks the channel: the payments are left for
a worker to make known to it, and after them the payouts, so that its books and ours agree.
"""

from __future__ import annotations

from typing import Final

from django.db import connection, transaction

from aftersales.demo import cases, questions, stories
from aftersales.demo.shops import PASSWORD, PEOPLE, open_shops
from aftersales.demo.tools import the_cast
from aftersales.models import User
from aftersales.wake import wake
from orders import actions as orders
from orders.models import Order
from refunds.models import Channel
from refunds.notices import announce

__all__ = ["PASSWORD", "PEOPLE", "logins", "seed"]

_LOCK: Final = 0x64656D6F


def logins() -> list[str]:
    """One line for each demo account that exists."""
    there = set(User.objects.filter(email__in=[email for email, *_ in PEOPLE]).values_list("email", flat=True))
    return [f"{role:<32} {email:<22} {PASSWORD}" for email, _name, role, _ in PEOPLE if email in there]


def seed() -> bool:
    """Make the demo shop, once: a database that has orders is left as it is. Returns whether it was made."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            # Two at once: the second finds the first one's orders.
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        if Order.objects.exists():
            return False
        open_shops()
        for story in (*stories.STORIES, *cases.STORIES, *questions.STORIES):
            story(the_cast())
        # What happened in the stories is in the inboxes, but it is no news to mail.
        announce(channels=(Channel.INBOX,))
        wake(orders.PURSUE_PAYMENTS)
    return True
