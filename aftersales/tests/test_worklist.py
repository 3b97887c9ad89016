"""The first page of the admin says what waits for whom, in one query, and leads there."""

import pytest
from django.db.models.functions import Now
from django.urls import reverse

from aftersales.testing import overdue
from refunds.models import Dispute
from refunds.tests import situations
from refunds.tests.at_admin import agent, claimed, reviewed, to_confirm, with_cs


@pytest.mark.parametrize(
    ("who", "numbers"),
    [("bob", [0, 1, 0, 0, 0]), ("dave", [0, 0, 0, 0, 0]), ("sam", [0, 1, 0, 0]), ("operator", [1])],
)
def test_what_waits(cast, client, who, numbers, django_assert_max_num_queries):
    situations.disputed(situations.stocked(cast))
    aside = situations.asked(cast)
    aside.tickets.update(set_aside_at=Now(), set_aside_error="division by zero")
    client.force_login(getattr(cast, who))
    with django_assert_max_num_queries(9):
        response = client.get(reverse("admin:index"))
    assert [card.number for card in response.context["cards"]] == numbers
    for card in response.context["cards"]:
        assert client.get(card.url).status_code == 200, card.url


def test_a_card_of_disputes_says_what_its_tab_shows(cast, client):
    """Late is what waits for a second agent too, and nobody’s is what somebody can take."""
    for make in (with_cs, claimed, reviewed, to_confirm):
        overdue(make(cast))
    Dispute.objects.filter(pk=reviewed(cast).pk).update(agent=None, late_at=Now())
    client.force_login(agent())
    cards = [card for card in client.get(reverse("admin:index")).context["cards"] if "queue=" in card.url]
    assert [card.number for card in cards] == [len(client.get(card.url).context["cl"].result_list) for card in cards]
    assert [card.number for card in cards] == [3, 2, 3]
