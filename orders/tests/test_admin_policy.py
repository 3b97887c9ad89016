"""Policies in the admin: every change is a new version, read together with what it will touch before it is saved."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from aftersales.actors import CLOCK
from aftersales.testing import one, overdue, place
from orders.actions import expire
from orders.admin.fields import human
from orders.admin.policy_form import RULES
from orders.models import Calendar, Policy, Shop
from orders.models.bound import DURATIONS

YES = {"confirmed": "1"}


def url(page, *args):
    return reverse(f"admin:orders_policy_{page}", args=args)


def filled(policy, **more):
    """The form as it is sent when nothing is changed but `more`."""
    durations = {name: human(value) if (value := getattr(policy, name)) else "" for name in DURATIONS}
    rules = {name: getattr(policy, policy._meta.get_field(name).attname) or "" for name in RULES}
    return durations | rules | more


def errors(response):
    assert response.status_code == 422, response.status_code
    return response.text


def kept(response):
    """What the check page would send when its button is pressed."""
    assert response.status_code == 200
    inputs = re.findall(r'<input type="hidden" name="([^"]+)"(?: value="([^"]*)")?', response.text)
    return {name: value for name, value in inputs if name != "csrfmiddlewaretoken"}


def changes(response):
    """The rows of the check page's table."""
    table = response.text[response.text.index("<tbody>") : response.text.index("</tbody>")]
    rows = re.findall(r'<th scope="row">(.*?)</th><td>(.*?)</td><td>(.*?)</td>', table)
    return {label: (before, after) for label, before, after in rows}


def versions():
    return Policy.objects.filter(profile="marketplace").count()


@pytest.fixture
def first(cast):
    return Policy.objects.in_force(cast.shop)


@pytest.fixture
def page(cast, client, first):
    client.force_login(cast.operator)
    return url("change", first.pk)


def test_saving_a_policy_makes_a_version(cast, client, first, page):
    place(cast)
    assert "1 orders were placed" in client.get(page).text
    response = client.post(page, filled(first, payment="1 d 12 h", **YES), follow=True)
    assert "were placed under version" not in response.text
    old, new = Policy.objects.filter(profile="marketplace", shop=None, promotion="").order_by("version")
    assert (old.pk, old.payment) == (first.pk, timedelta(days=3))
    assert (new.version, new.payment) == (2, timedelta(days=1, hours=12))
    assert (new.dispatch, new.confirm_above, new.calendar) == (timedelta(days=5), 50_000, None)
    assert place(cast).policy == new


def test_old_versions_are_read_only(cast, client, first, page):
    assert client.post(page, filled(first, **YES)).status_code == 302
    newest = url("change", Policy.objects.in_force(cast.shop).pk)
    for fields in (filled(first, **YES), filled(first)):
        response = client.post(page, fields, follow=True)
        assert response.redirect_chain == [(newest, 302)]
        assert "Version 2 of this policy exists already." in response.text
    assert 'name="payment"' not in client.get(page).text
    assert versions() == 2


@pytest.mark.parametrize("confirmed", [{}, YES])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"payment": "soon"}, "Write a duration above zero"),
        ({"payment": "0 min"}, "Write a duration above zero"),
        ({"payment": "99999 d"}, "Write a duration above zero"),
        ({"payment": ""}, "This field is required"),
        ({"appeal": ""}, "This field is required"),
        ({"inspection": ""}, "all three of their durations"),
        ({"dispatch": ""}, "both of its durations"),
        ({"dispatch": "", "buyer_receipt": ""}, "Returns need it"),
        ({"remind_first": ""}, "after a first one"),
        ({"remind_last": "24 h"}, "after a first one"),
        ({"confirm_above": "-1"}, "greater than or equal to 0"),
        ({"confirm_above": "5e4"}, "Enter a whole number"),
        ({"calendar": "99999999"}, "Select a valid choice"),
    ],
)
def test_errors_stand_beside_their_fields(client, first, page, change, words, confirmed):
    assert words in errors(client.post(page, filled(first, **change, **confirmed)))
    assert versions() == 1


def test_promotion_needs_dates_and_a_new_name(cast, client, first, page):
    data = filled(first, profile="marketplace", promotion="Sale", **YES)
    assert "needs its dates" in errors(client.post(url("add"), data))
    data |= {"starts_at_0": "2026-01-01", "starts_at_1": "00:00", "ends_at_0": "2036-01-01", "ends_at_1": "00:00"}
    assert client.post(url("add"), data).status_code == 302
    assert Policy.objects.get(promotion="Sale").version == 1
    assert "exists already" in errors(client.post(url("add"), data))
    assert place(cast).policy.promotion == "Sale"


def test_sellers_read_policies(cast, client, first):
    local = Policy.objects.get(profile="local_delivery")
    client.force_login(cast.agent_of_shop())
    content = client.get(url("change", first.pk)).text
    assert "10 d" in content
    assert "orders were placed" not in content
    assert "50000" not in content
    assert 'name="payment"' not in content
    for confirmed in ({}, YES):
        assert client.post(url("change", first.pk), filled(first, **confirmed)).status_code == 403
        assert client.post(url("add"), filled(first, profile="marketplace", shop=cast.shop.pk)).status_code == 403
    assert client.get(url("change", local.pk)).status_code == 404
    assert client.get(url("add")).status_code == 403
    assert versions() == 1


def test_durations_come_with_an_example(cast, client, page):
    assert "For example 3 d, 1 d 12 h or 30 min." in client.get(url("add")).text


# --- what it will touch -----------------------------------------------------------------------------------------------


def test_first_the_changes_are_shown(cast, client, first, page):
    calendar = Calendar.objects.create(name="Mainland China")
    response = client.post(
        page, filled(first, payment="1 d", remind_last="", confirm_above="", calendar=calendar.pk, withdrawn="on")
    )

    assert "Changes from Marketplace v1" in response.text
    assert changes(response) == {
        "Buyer pays within": ("3 d", "1 d"),
        "Last reminder before each": ("2 h", "–"),
        "Second agent for rulings above": ("50000", "–"),
        "Calendar": ("–", "Mainland China"),
        "Withdrawn": ("no", "yes"),
    }
    assert versions() == 1


def test_what_was_shown_is_what_is_saved(cast, client, first, page):
    response = client.post(page, filled(first, payment="1 d", confirm_above="", remind_last=""))
    assert "Save as version 2" in response.text

    assert client.post(page, kept(response)).status_code == 302
    new = Policy.objects.in_force(cast.shop)
    assert (new.version, new.payment, new.confirm_above, new.remind_last) == (2, timedelta(days=1), None, None)
    unchanged = [name for name in DURATIONS if name not in ("payment", "remind_last")]
    assert all(getattr(new, name) == getattr(first, name) for name in unchanged)


def test_a_promotion_is_shown_before_it_is_saved(cast, client, first, page):
    begins = timezone.localtime(timezone.now() + timedelta(days=10))
    data = filled(first, profile="marketplace", shop=cast.shop.pk, promotion="Sale", payment="15 min")
    data |= {
        "starts_at_0": f"{begins:%Y-%m-%d}",
        "starts_at_1": "08:00",
        "ends_at_0": "2036-01-01",
        "ends_at_1": "0:00",
    }
    response = client.post(url("add"), data)

    assert changes(response)["Buyer pays within"] == ("3 d", "15 min")
    assert re.search(r"come under it from .* 08:00 on:", response.text)
    assert "<li>Shop</li>" in response.text
    assert "<li>Other</li>" not in response.text
    assert not Policy.objects.filter(promotion="Sale").exists()

    assert client.post(url("add"), kept(response)).status_code == 302
    sale = Policy.objects.get(promotion="Sale")
    assert (sale.version, sale.shop, sale.withdrawn) == (1, cast.shop, False)
    assert f"{sale.starts_at:%H:%M}" == "08:00"
    assert Policy.objects.in_force(cast.shop) == first


def test_orders_that_keep_their_version_are_counted(cast, client, first, page):
    place(cast)
    over = place(cast)
    overdue(over, timedelta(hours=1))
    expire(one(over), CLOCK)

    text = client.post(page, filled(first, payment="1 d")).text
    assert "2 orders were placed under version 1 and keep it, 1 of them with a running clock." in text


def test_nobody_replaces_what_they_have_not_read(cast, client, first, page):
    """A colleague saves while the check page is open."""
    response = client.post(page, filled(first, payment="1 d"))
    assert client.post(page, filled(first, payment="2 d", **YES)).status_code == 302

    newest = Policy.objects.in_force(cast.shop)
    assert client.post(page, kept(response)).url == url("change", newest.pk)
    assert (newest.version, newest.payment) == (2, timedelta(days=2))
    assert versions() == 2


def test_a_series_begun_meanwhile_is_not_begun_again(cast, client, first, page):
    data = filled(first, profile="marketplace", shop=cast.shop.pk)
    response = client.post(url("add"), data)
    assert client.post(url("add"), data | YES).status_code == 302

    assert "exists already" in errors(client.post(url("add"), kept(response)))
    assert "exists already" in errors(client.post(url("add"), data))
    assert Policy.objects.filter(shop=cast.shop).count() == 1


def test_shops_that_could_not_sell_are_named(cast, client, first, page):
    Shop.objects.filter(pk=cast.shop.pk).update(return_address=" \n")
    closed = Shop.objects.create(code="closed", name="Closed", is_open=False)

    text = client.post(page, filled(first, payment="1 d")).text
    stuck = text[text.index("could not sell any more") :]
    assert ("<li>Shop</li>" in stuck, "<li>Other</li>" in stuck) == (True, False)
    assert f"<li>{closed}</li>" not in stuck

    bare = dict.fromkeys(("return_goods", "inspection", "after_failed_inspection"), "")
    assert "could not sell any more" not in client.post(page, filled(first, **bare)).text


def test_shops_with_a_policy_of_their_own_are_not_touched(cast, client, first, page):
    assert client.post(url("add"), filled(first, profile="marketplace", shop=cast.shop.pk, **YES)).status_code == 302

    text = client.post(page, filled(first, payment="1 d")).text
    assert ("<li>Other</li>" in text, "<li>Shop</li>" in text) == (True, False)
    assert "come under another policy: 1." in text


def test_withdrawing_says_who_is_left_without(cast, client, first, page):
    text = client.post(page, filled(first, withdrawn="on")).text
    assert "No shop’s new orders come under it." in text
    stuck = text[text.index("could not sell any more") :]
    assert "<li>Shop</li>" in stuck
    assert "<li>Other</li>" in stuck

    bare = dict.fromkeys(("return_goods", "inspection", "after_failed_inspection"), "")
    data = filled(first, profile="marketplace", shop=cast.shop.pk, **bare)
    assert client.post(url("add"), data | YES).status_code == 302
    own = Policy.objects.get(shop=cast.shop)
    withdraw = filled(own, withdrawn="on")
    assert "could not sell any more" not in client.post(url("change", own.pk), withdraw).text
    Shop.objects.filter(pk=cast.shop.pk).update(return_address="")
    assert "could not sell any more" in client.post(url("change", own.pk), withdraw).text


def test_a_page_that_changes_nothing_says_so(client, first, page):
    response = client.post(page, filled(first))
    assert "Nothing changes." in response.text
    assert versions() == 1


def test_what_is_not_there_has_no_check_page(cast, client, page):
    assert client.post(url("change", 99_999_999), filled(Policy.objects.first())).status_code == 404
    client.logout()
    assert client.post(page, filled(Policy.objects.first())).status_code == 302
    assert versions() == 1
