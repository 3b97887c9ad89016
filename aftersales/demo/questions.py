"""What people ask customer service beside their tickets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from uuid import uuid4

from django.utils import translation

from aftersales.demo.tools import Cast
from aftersales.help import actions
from aftersales.help.actions import Question
from aftersales.help.models import Enquiry, Topic


def asked(cast: Cast) -> None:
    """Two that are open: a buyer's, and somebody's who cannot log in; the second has been taken and looked into."""
    with translation.override("zh-hans"):
        order = cast.mei.orders.latest("pk")
        actions.ask(Question(uuid4(), Topic.ORDER, "可以改一下收货电话吗？原来的号码停用了。", order.number), cast.mei)
    with translation.override("en"):
        words = "I cannot log in any more, and an order of mine is on its way. What can I do?"
        guest = actions.ask(Question(uuid4(), Topic.ACCOUNT, words, email="visitor@example.com"), None)
    rows = Enquiry.objects.filter(pk=guest.pk)
    actions.take(rows, cast.kim.person)
    actions.annotate(rows, cast.kim.person, "There is no account under this address. Ask which one was used.")


STORIES: Final[tuple[Callable[[Cast], None], ...]] = (asked,)
