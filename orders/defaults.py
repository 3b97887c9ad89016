"""The standing policies and the goods rules that a platform starts with. An operator replaces or adds to them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Model

from orders.states import GOODS_KINDS, Profile


def _min(minutes: int) -> timedelta:
    return timedelta(minutes=minutes)


def _h(hours: int) -> timedelta:
    return timedelta(hours=hours)


def _d(days: int) -> timedelta:
    return timedelta(days=days)


# In minor units: above 500.00 two agents rule.
_CONFIRM_ABOVE = 50_000
_COLUMNS = (
    "payment", "promise", "receipt", "after_delivery", "receipt_floor",
    "answer_unshipped", "answer_shipped", "answer_floor", "answer_offer", "answer_rejection",
    "return_goods", "inspection", "after_failed_inspection", "dispatch", "buyer_receipt",
    "evidence", "review", "appeal", "window", "remind_first", "remind_last",
)  # fmt: skip
_ROWS = {
    Profile.MARKETPLACE: (
        _d(3), _h(48), _d(10), None, _h(24),
        _h(48), _d(5), _h(24), _d(3), _d(7),
        _d(7), _d(10), _d(3), _d(5), _d(10),
        _h(48), _h(48), _h(24), _d(15), _h(24), _h(2),
    ),
    Profile.LOCAL_DELIVERY: (
        _min(15), _h(1), _h(24), _min(30), _min(15),
        _min(15), _h(2), _h(1), _h(12), _h(24),
        None, None, None, _h(2), _h(2),
        _h(2), _h(4), _h(2), _h(24), _min(10), None,
    ),
    Profile.VIRTUAL: (
        _min(30), _h(1), _d(3), None, _h(2),
        _h(24), _h(48), _h(24), _d(3), _d(3),
        None, None, None, None, None,
        _h(24), _h(24), _h(24), _d(7), _h(2), None,
    ),
}  # fmt: skip
# A shop may be kinder to its buyers than the platform, and quicker, never harder: it may lengthen what is the buyer's
# time up to three times, and shorten its own down to a quarter.
_BUYERS = ("receipt", "after_delivery", "answer_offer", "answer_rejection", "return_goods", "buyer_receipt", "window")
_SHOPS = ("promise", "answer_unshipped", "answer_shipped", "inspection", "after_failed_inspection", "dispatch")
# code, English, Chinese, kinds, window
_GOODS = (
    ("virtual", "Virtual goods", "虚拟商品", {"refund_only"}, None),
    ("final_sale", "Final sale", "特价不退", {"refund_only", "reissue"}, None),
    ("fresh", "Fresh food", "生鲜食品", {"refund_only", "reissue"}, _h(48)),
)


def install_policies(policy: type[Model]) -> None:
    """Create the standing policies that are missing; `policy` is the model, or a migration's picture of it."""
    for profile, durations in _ROWS.items():
        values: dict[str, Any] = dict(zip(_COLUMNS, durations, strict=True)) | {"confirm_above": _CONFIRM_ABOVE}
        if not policy._default_manager.filter(profile=profile, shop=None, promotion="").exists():
            policy._default_manager.create(profile=profile, **_known(policy, values))


def install_bounds(bound: type[Model]) -> None:
    """Create the bounds that are missing; `bound` is the model, or a migration's picture of it. For a flash sale a
    shop may ask to be paid within 15 minutes."""
    for profile, durations in _ROWS.items():
        for clock, length in zip(_COLUMNS, durations, strict=True):
            least, most = (length, length * 3) if length and clock in _BUYERS else (None, None)
            if length and clock in _SHOPS:
                least, most = length // 4, length
            if length and clock == "payment":
                least, most = _min(15), length
            limits = {"least": least, "most": most, "is_open": most is not None}
            bound._default_manager.get_or_create(profile=profile, clock=clock, defaults=limits)


def _known(policy: type[Model], values: dict[str, Any]) -> dict[str, Any]:
    """What the model has a column for. At first buyer_receipt was sent_back, and only where goods come back."""
    columns = {field.name for field in policy._meta.get_fields()}
    former = {"sent_back": values["return_goods"] and values["buyer_receipt"]}
    return {name: value for name, value in (values | former).items() if name in columns}


def install_goods_rules(rule: type[Model]) -> None:
    """Create the goods rules that are missing; `rule` is the model, or a migration's picture of it."""
    for code, en, zh, kinds, window in _GOODS:
        allowed = {kind: kind in kinds for kind in GOODS_KINDS}
        defaults = {"label_en": en, "label_zh": zh, "window": window, **allowed}
        rule._default_manager.get_or_create(code=code, defaults=defaults)
