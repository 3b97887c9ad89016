"""The reasons that a platform starts with. Operators add to them and take them out of use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Model

from refunds.states import Kind, Payer, Side

_MONEY, _SIZE = (Kind.REFUND_ONLY, Kind.RETURN_REFUND), (Kind.RETURN_REFUND, Kind.EXCHANGE)
# side, code, English, Chinese, needs a photo, kinds (none: all), for goods that have not arrived, the seller's fault
_ROWS: tuple[tuple[Any, ...], ...] = (
    (Side.BUYER, "changed_mind", "Changed my mind", "不想要了", False, (*_MONEY, Kind.EXCHANGE), None, False),
    (Side.BUYER, "not_received", "Did not arrive", "未收到货", False, (Kind.REFUND_ONLY, Kind.REISSUE), None, True),
    (Side.BUYER, "late", "Comes too late", "发货太慢", False, _MONEY, None, True),
    (Side.BUYER, "not_as_described", "Not as described", "与描述不符", True, (*_MONEY, Kind.EXCHANGE), False, True),
    (Side.BUYER, "damaged", "Arrived damaged", "商品破损", True, (), False, True),
    (Side.BUYER, "wrong_item", "Wrong item", "发错商品", True, (*_MONEY, Kind.EXCHANGE, Kind.REISSUE), False, True),
    (Side.BUYER, "missing", "Something is missing", "少件漏发", False, (Kind.REFUND_ONLY, Kind.REISSUE), None, True),
    (Side.BUYER, "wrong_size", "Wrong size or colour", "尺码或颜色不合适", False, _SIZE, False, False),
    (Side.BUYER, "defect", "Does not work", "质量问题", True, (*_MONEY, Kind.EXCHANGE, Kind.REPAIR), False, True),
    (Side.BUYER, "other", "Something else", "其他原因", False, (), None, False),
    (Side.SELLER, "already_delivered", "The goods were delivered", "商品已送达", True, (), None, False),
    (Side.SELLER, "used", "The goods have been used", "商品已使用", True, (), None, False),
    (Side.SELLER, "final_sale", "Sold as final", "商品不支持退货", False, (), None, False),
    (Side.SELLER, "not_convincing", "The proof does not show it", "凭证不足", False, (), None, False),
    (Side.SELLER, "other", "Something else", "其他原因", False, (), None, False),
    (Side.UNASKED, "goodwill", "Goodwill", "返现补贴", False, (), None, False),
    (Side.UNASKED, "price", "Price adjusted", "价保补差", False, (), None, False),
)  # fmt: skip


def install_reasons(reason: type[Model]) -> None:
    """Create the reasons that are missing; `reason` is the model, or a migration's picture of it."""
    known = {field.name for field in reason._meta.get_fields()}
    for row, columns in _columns():
        defaults = {name: value for name, value in columns.items() if name in known}
        reason._default_manager.get_or_create(**row, defaults=defaults)


def complete_reasons(reason: type[Model]) -> None:
    """Give the reasons of before what they did not have yet, and create those that are missing."""
    for row, columns in _columns():
        new = {name: columns[name] for name in ("kinds", "not_arrived", "freight_by", "sellers_fault")}
        reason._default_manager.filter(**row).update(**new)
    install_reasons(reason)


def _columns() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """(what names a reason, the rest of it)."""
    for position, (side, code, en, zh, proof, kinds, not_arrived, fault) in enumerate(_ROWS):
        columns = {"label_en": en, "label_zh": zh, "needs_proof": proof, "position": position, "kinds": list(kinds)}
        columns |= {"not_arrived": not_arrived, "sellers_fault": fault}
        columns |= {"freight_by": Payer.SELLER if fault else Payer.BUYER}
        yield {"side": side, "code": code}, columns
