"""The first page of the admin says what waits for whom, in one query, and leads there."""

import pytest
from django.urls import reverse

from refunds.tests import situations


@pytest.mark.parametrize(
    ("who", "numbers"),
    [("bob", [0, 1, 0, 0, 0]), ("dave", [0, 0, 0, 0, 0]), ("sam", [0, 1, 0, 0]), ("operator", [0, 0])],
)
def test_what_waits(cast, client, who, numbers, django_assert_max_num_queries):
    situations.disputed(situations.stocked(cast))
    situations.asked(cast)
    client.force_login(getattr(cast, who))
    with django_assert_max_num_queries(9):
        response = client.get(reverse("admin:index"))
    assert [card.number for card in response.context["cards"]] == numbers
    for card in response.context["cards"]:
        assert client.get(card.url).status_code == 200, card.url
