"""Which policy an order is placed under: a running promotion, then the shop's own, then the platform's."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from aftersales.lifecycle.errors import Refused
from aftersales.testing import place
from orders import defaults
from orders.models import Policy, Shop

HOUR = timedelta(hours=1)


def _version(of, **changes):
    """The next version of a policy, or the first of another series."""
    values = {f.attname: getattr(of, f.attname) for f in Policy._meta.fields if f.attname not in ("id", "created_at")}
    if "shop" in changes:
        changes["shop_id"] = changes.pop("shop").pk
    values |= changes
    series = {key: values[key] for key in ("profile", "shop_id", "promotion")}
    newest = Policy.objects.filter(**series).order_by("-version").first()
    return Policy.objects.create(**values | {"version": newest.version + 1 if newest else 1})


def test_what_a_business_offers_from_the_start(cast):
    offers = {p.profile: (p.offers_returns, p.offers_dispatch) for p in Policy.objects.all()}
    assert offers == {"marketplace": (True, True), "local_delivery": (False, True), "virtual": (False, False)}


def test_figures_of_the_standing_policies(cast):
    """What the first migrations install and what a later one fills in is what defaults say."""
    for profile, durations in defaults._ROWS.items():
        policy = Policy.objects.get(profile=profile)
        assert tuple(getattr(policy, column) for column in defaults._COLUMNS) == durations
        assert (policy.confirm_above, policy.calendar) == (50_000, None)


@pytest.fixture
def platform(cast):
    return Policy.objects.get(profile="marketplace")


def _sale(of, name="sale", *, begins=-HOUR, ends=HOUR, **more):
    now = timezone.now()
    return _version(of, promotion=name, starts_at=now + begins, ends_at=now + ends, payment=15 * HOUR / 60, **more)


def _in_force(cast):
    return Policy.objects.in_force(cast.shop)


def test_the_platforms_policy_of_the_business(cast, platform):
    assert _in_force(cast) == platform
    cast.shop.profile = "virtual"
    assert _in_force(cast).profile == "virtual"


def test_the_shops_own_comes_first(cast, platform):
    own = _version(platform, shop=cast.shop)

    assert _in_force(cast) == own
    assert Policy.objects.in_force(cast.other_shop) == platform


def test_a_running_promotion_comes_before_the_shops_own(cast, platform):
    _version(platform, shop=cast.shop)
    sale = _sale(platform)

    assert _in_force(cast) == sale


def test_the_shops_promotion_comes_before_the_platforms(cast, platform):
    own = _sale(platform, shop=cast.shop)
    newer = _sale(platform, "another")

    assert _in_force(cast) == own
    assert Policy.objects.in_force(cast.other_shop) == newer


@pytest.mark.parametrize(("begins", "ends"), [(HOUR, 2 * HOUR), (-2 * HOUR, -HOUR)])
def test_a_promotion_counts_between_its_dates(cast, platform, begins, ends):
    _sale(platform, begins=begins, ends=ends)

    assert _in_force(cast) == platform


def test_a_promotion_of_another_business_does_not_count(cast, platform):
    _sale(Policy.objects.get(profile="virtual"))

    assert _in_force(cast) == platform


def test_the_newest_version_counts(cast, platform):
    newer = _version(platform, payment=HOUR)
    newest = _version(platform, payment=2 * HOUR)

    assert (newer.version, newest.version, _in_force(cast)) == (2, 3, newest)


def test_a_promotion_put_off_runs_no_more(cast, platform):
    """Its newest version lies in the future; the older one does not come back."""
    _sale(platform)
    _sale(platform, begins=HOUR, ends=2 * HOUR)

    assert _in_force(cast) == platform


def test_a_withdrawn_policy_gives_way(cast, platform):
    own = _version(platform, shop=cast.shop)
    _version(own, withdrawn=True)
    assert _in_force(cast) == platform

    again = _version(own, withdrawn=False)
    assert _in_force(cast) == again


def test_no_policy_at_all(cast, platform):
    _version(platform, withdrawn=True)

    with pytest.raises(Policy.DoesNotExist):
        _in_force(cast)


def test_an_order_keeps_what_it_was_placed_under(cast, platform):
    before = place(cast)
    newer = _version(platform, payment=HOUR)
    after = place(cast)

    for order, policy in ((before, platform), (after, newer)):
        order.refresh_from_db()
        assert order.policy == policy
        assert abs(order.due_at - order.placed_at - policy.payment) < timedelta(seconds=1)


def test_a_promotion_for_returns_needs_an_address(cast, platform):
    """The policy in force decides, not the shop's standing one."""
    Shop.objects.filter(pk=cast.shop.pk).update(return_address="")
    bare = dict.fromkeys(("return_goods", "inspection", "after_failed_inspection"))
    _version(platform, shop=cast.shop, **bare)
    assert place(cast).pk

    _sale(platform)
    with pytest.raises(Refused) as no:
        place(cast)
    assert no.value.code == "shop_cannot_sell"


@pytest.mark.parametrize(
    "change", [{"payment": HOUR}, {"withdrawn": True}, {"version": 9}, {"promotion": "x"}, {"window": HOUR}]
)
def test_a_version_never_changes(cast, change):
    with pytest.raises(IntegrityError), transaction.atomic():
        Policy.objects.update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        Policy.objects.all()._raw_delete("default")


@pytest.mark.parametrize(
    "wrong",
    [
        {"promotion": "sale"},
        {"return_goods": None},
        {"inspection": None},
        {"after_failed_inspection": None},
        {"dispatch": None},
        {"buyer_receipt": None},
        {"dispatch": None, "buyer_receipt": None},
        {"remind_first": None},
        {"remind_last": 24 * HOUR},
        {"version": 1},
    ],
)
def test_a_policy_that_makes_no_sense(cast, platform, wrong):
    values = {f.attname: getattr(platform, f.attname) for f in Policy._meta.fields if f.attname != "id"}

    with pytest.raises(IntegrityError), transaction.atomic():
        Policy.objects.create(**values | {"version": 2} | wrong)


# --- whose orders come under it ---------------------------------------------------------------------------------------


# Everything that may go before something else: promotions and standing policies, of the platform or of one shop.
RIVALS = {
    "nothing": lambda cast, platform: None,
    "own": lambda cast, platform: _version(platform, shop=cast.shop),
    "own withdrawn": lambda cast, platform: _version(platform, shop=cast.shop, withdrawn=True),
    "sale": lambda cast, platform: _sale(platform, "rival"),
    "sale to come": lambda cast, platform: _sale(platform, "rival", begins=HOUR, ends=2 * HOUR),
    "own sale": lambda cast, platform: _sale(platform, "rival", shop=cast.shop),
    "sale of another business": lambda cast, platform: _sale(Policy.objects.get(profile="virtual"), "rival"),
}


@pytest.mark.parametrize("rival", RIVALS.values(), ids=RIVALS)
def test_shops_under_are_those_where_it_will_be_in_force(cast, platform, rival, subtests):
    rival(cast, platform)
    for promotion in ("", "sale"):
        for shop in (None, cast.shop):
            dates = {"starts_at": timezone.now() - HOUR, "ends_at": timezone.now() + HOUR} if promotion else {}
            policy = Policy(profile="marketplace", shop=shop, promotion=promotion, **dates)
            with subtests.test(promotion=promotion, shop=shop), transaction.atomic():
                told = set(Policy.objects.shops_under(policy, timezone.now()))
                saved = _version(platform, promotion=promotion, **dates, **({"shop": shop} if shop else {}))
                shops = Shop.objects.filter(profile="marketplace")
                assert told == {each for each in shops if Policy.objects.in_force(each) == saved}
                transaction.set_rollback(True)
