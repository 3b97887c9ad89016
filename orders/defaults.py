"""The standing policies that a platform starts with. An operator replaces them by newer versions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Model

from orders.states import Profile


def _h(hours: float) -> timedelta:
    return timedelta(hours=hours)


def _d(days: float) -> timedelta:
    return timedelta(days=days)


_COLUMNS = (
    "payment", "promise", "receipt", "after_delivery", "receipt_floor", "answer_unshipped", "answer_shipped",
    "answer_rejection", "return_goods", "inspection", "after_failed_inspection", "sent_back", "window",
)  # fmt: skip
_ROWS = {
    Profile.MARKETPLACE: (
        _d(3), _h(48), _d(10), None, _h(24), _h(48), _d(5),
        _d(7), _d(7), _d(10), _d(3), _d(10), _d(15),
    ),
    Profile.LOCAL_DELIVERY: (
        _h(0.25), _h(1), _h(24), _h(0.5), _h(0.25), _h(0.25), _h(2),
        _h(24), None, None, None, None, _h(24),
    ),
    Profile.VIRTUAL: (
        _h(0.5), _h(1), _d(3), None, _h(2), _h(24), _h(48),
        _d(3), None, None, None, None, _d(7),
    ),
}  # fmt: skip


def install_policies(policy: type[Model]) -> None:
    """Create the standing policies that are missing; `policy` is the model, or a migration's picture of it."""
    for profile, durations in _ROWS.items():
        values: dict[str, Any] = dict(zip(_COLUMNS, durations, strict=True))
        if not policy._default_manager.filter(profile=profile, shop=None, promotion="").exists():
            policy._default_manager.create(profile=profile, **values)
