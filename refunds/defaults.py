"""The reasons that a platform starts with. Operators add to them and take them out of use."""

from __future__ import annotations

from django.db.models import Model

from refunds.states import Side

# side, code, English, Chinese, needs a photo
_ROWS = (
    (Side.BUYER, "changed_mind", "Changed my mind", "不想要了", False),
    (Side.BUYER, "not_received", "Did not arrive", "未收到货", False),
    (Side.BUYER, "late", "Comes too late", "发货太慢", False),
    (Side.BUYER, "not_as_described", "Not as described", "与描述不符", True),
    (Side.BUYER, "damaged", "Arrived damaged", "商品破损", True),
    (Side.BUYER, "wrong_item", "Wrong item", "发错商品", True),
    (Side.BUYER, "missing", "Something is missing", "少件漏发", False),
    (Side.BUYER, "other", "Something else", "其他原因", False),
    (Side.SELLER, "already_delivered", "The goods were delivered", "商品已送达", True),
    (Side.SELLER, "used", "The goods have been used", "商品已使用", True),
    (Side.SELLER, "final_sale", "Sold as final", "商品不支持退货", False),
    (Side.SELLER, "not_convincing", "The proof does not show it", "凭证不足", False),
    (Side.SELLER, "other", "Something else", "其他原因", False),
)


def install_reasons(reason: type[Model]) -> None:
    """Create the reasons that are missing; `reason` is the model, or a migration's picture of it."""
    for position, (side, code, en, zh, proof) in enumerate(_ROWS):
        reason._default_manager.get_or_create(
            side=side,
            code=code,
            defaults={"label_en": en, "label_zh": zh, "needs_proof": proof, "position": position},
        )
