"""What a page sends back as a key: nothing but a key is taken for one, wherever it is read."""

import pytest
from django.test import Client
from django.urls import reverse

from aftersales.keys import LARGEST_KEY, key_of
from aftersales.testing import agent
from refunds.models import Reply
from refunds.tests.at_admin import page, unshipped

HOSTILE = ("", "-1", "+1", " 1", "1e3", "1_0", "0x1", "９", "٣", "²", "1\0", "99999999999999999999", "9" * 5000, None)


@pytest.mark.parametrize(
    ("text", "key"), [("0", 0), ("7", 7), ("007", 7), (7, 7), (str(LARGEST_KEY), LARGEST_KEY), (LARGEST_KEY + 1, None)]
)
def test_a_key_is_ascii_digits(text, key):
    assert key_of(text) == key


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_else_is_a_key(text):
    assert key_of(text) is None


def test_pages_take_nothing_else(cast, client):
    """A missing row, a wrong field, or a choice that was not made; the server stands."""
    bob, sam, ticket = Client(), Client(), unshipped(cast)
    Reply.objects.create(shop=cast.shop, title="Sorry", body_en="We are sorry.")
    for one, person in ((client, cast.operator), (bob, cast.bob), (sam, agent())):
        one.force_login(person)
    for text in filter(None, HOSTILE):
        # Every page of the admin refuses a NUL in its address.
        refused = 400 if "\0" in text else None
        assert client.post(reverse("admin:attention_act", args=["failed"]), {"key": text}).status_code == 404
        assert client.post(reverse("admin:orders_coupon_add"), {"shop": text, "amount": "1"}).status_code == 422
        assert sam.get(reverse("admin:refunds_dispute_next"), {"after": text}).status_code == (refused or 302)
        assert bob.get(reverse("admin:setup"), {"shop": text}).status_code == (refused or 404)
        chosen = {"action": "agree_many", "_selected_action": [text], "index": 0}
        assert bob.post(reverse("admin:refunds_ticket_changelist"), chosen).status_code == 400
        answer = bob.get(page(ticket, "message"), {"reply": text})
        assert answer.status_code == refused or "note" not in answer.context["form"].initial
