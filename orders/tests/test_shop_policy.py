"""A shop's owner changes the shop's policy inside the platform's bounds, and nothing beside them."""

from datetime import timedelta

import pytest
from django.urls import reverse

from aftersales.testing import Cast, place
from orders.admin.fields import human
from orders.models import Policy, PolicyBound, Shop, ShopStaff
from orders.models.bound import DURATIONS
from orders.states import ShopRole

YES = {"confirmed": "1"}


def url(page, *args, model="policy"):
    return reverse(f"admin:orders_{model}_{page}", args=args)


def filled(cast: Cast, **more: object) -> dict[str, object]:
    """The open clocks as the platform's policy has them."""
    base = Policy.objects.get(shop=None, profile="marketplace", version=1)
    clocks = PolicyBound.objects.filter(profile="marketplace", is_open=True).values_list("clock", flat=True)
    return {"shop": cast.shop.pk, **{name: human(getattr(base, name)) for name in clocks}, **more}


def test_owners_write_versions_of_their_shops_policy(cast, client):
    base = Policy.objects.get(shop=None, profile="marketplace")
    client.force_login(cast.bob)
    shown = client.get(url("add")).context["adminform"].form
    assert set(shown.fields) & set(DURATIONS) == set(filled(cast)) - {"shop"}
    assert shown.fields["dispatch"].help_text == "Possible: 1 d 6 h to 5 d."
    data = filled(cast, window="30 d", dispatch="2 d")
    check = client.post(url("add"), data)
    assert ("Check before saving" in check.text, Policy.objects.filter(shop=cast.shop).count()) == (True, 0)
    assert client.post(url("add"), data | YES).status_code == 302
    first = Policy.objects.get(shop=cast.shop)
    assert (first.profile, first.version, first.window, first.dispatch) == (
        "marketplace", 1, timedelta(days=30), timedelta(days=2),
    )  # fmt: skip
    assert place(cast).policy == first
    # What is not the shop's to decide follows the platform, also when it has changed meanwhile.
    Policy.objects.create(profile="marketplace", version=2, **{
        **{name: getattr(base, name) for name in DURATIONS}, "evidence": timedelta(hours=50), "confirm_above": 7,
    })  # fmt: skip
    change = filled(cast, window="20 d", evidence="1 min", confirm_above="1", profile="virtual")
    assert client.post(url("change", first.pk), change | YES).status_code == 302
    second = Policy.objects.get(shop=cast.shop, version=2)
    assert (second.window, second.evidence, second.confirm_above, second.profile) == (
        timedelta(days=20), timedelta(hours=50), 7, "marketplace",
    )  # fmt: skip
    assert client.post(url("change", first.pk), filled(cast) | YES).headers["Location"] == url("change", second.pk)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("window", "14 d", "The platform allows shops 15 d to 45 d here."),
        ("window", "46 d", "The platform allows shops 15 d to 45 d here."),
        ("dispatch", "6 d", "The platform allows shops 1 d 6 h to 5 d here."),
        ("return_goods", "", "has this clock: give it a time"),
        ("receipt", "soon", "Write a duration above zero"),
        ("shop", "other", "Select a valid choice"),
        ("shop", "", "required"),
    ],
)
def test_bounds_are_named_at_the_field(cast, client, field, value, words):
    client.force_login(cast.bob)
    sent = cast.other_shop.pk if value == "other" else value
    for confirmed in ({}, YES):
        response = client.post(url("add"), filled(cast, **{field: sent}) | confirmed)
        form = response.context["adminform"].form
        assert (response.status_code, words in str(form.errors[field])) == (422, True), form.errors
    assert not Policy.objects.exclude(shop=None).exists()


def test_only_owners_change_only_their_shops(cast, client):
    base = Policy.objects.get(shop=None, profile="marketplace")
    client.force_login(cast.bob)
    client.post(url("add"), filled(cast) | YES)
    own = Policy.objects.get(shop=cast.shop)
    for user, pages in (
        (cast.bob, {base: 403}),
        (cast.agent_of_shop(), {own: 403, base: 403}),
        (cast.dave, {own: 404, base: 403}),
        (cast.alice, {own: 302}),
    ):
        client.force_login(user)
        for policy, answer in pages.items():
            assert client.post(url("change", policy.pk), filled(cast, window="20 d") | YES).status_code == answer, user
    assert Policy.objects.filter(window=timedelta(days=20)).count() == 0
    assert Policy.objects.exclude(shop=None).count() == 1


def test_operators_set_the_bounds(cast, client):
    bound = PolicyBound.objects.get(profile="marketplace", clock="evidence")
    page = url("change", bound.pk, model="policybound")
    client.force_login(cast.bob)
    assert client.get(page).status_code == 403
    client.force_login(cast.operator)
    refused = client.post(page, {"is_open": "on", "least": "3 d", "most": "2 d"})
    assert (refused.status_code, "cannot be shorter" in refused.text) == (422, True)
    assert client.post(page, {"is_open": "on", "least": "2 d", "most": "3 d"}).status_code == 302
    client.force_login(cast.bob)
    assert client.post(url("add"), filled(cast, evidence="60 h") | YES).status_code == 302
    assert Policy.objects.get(shop=cast.shop).evidence == timedelta(hours=60)


def test_an_owner_of_two_businesses(cast, client):
    """The clocks of both are shown; those that the chosen shop's business does not open follow the platform."""
    noodles = Shop.objects.create(code="noodles", name="Noodles", profile="local_delivery")
    ShopStaff.objects.create(shop=noodles, user=cast.bob, role=ShopRole.OWNER)
    client.force_login(cast.bob)
    local = Policy.objects.get(shop=None, profile="local_delivery")
    clocks = PolicyBound.objects.filter(profile="local_delivery", is_open=True).values_list("clock", flat=True)
    data = {name: human(getattr(local, name)) for name in clocks} | {"shop": noodles.pk, "return_goods": "9 d"}
    response = client.post(url("add"), data | YES)
    assert response.status_code == 302, response.context["adminform"].form.errors
    made = Policy.objects.get(shop=noodles)
    assert (made.profile, made.return_goods, made.answer_shipped) == ("local_delivery", None, timedelta(hours=2))
