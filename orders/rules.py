"""What an order costs, what a unit of it is worth, and what may be shipped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from aftersales.lifecycle.errors import Refused
from aftersales.money import allocate, shown
from orders.errors import OrderError
from orders.models import Coupon, Order, OrderLine, Policy, Product, Shop, Sku
from orders.states import GOODS_KINDS, OrderState

MOST_UNITS = 999


@dataclass(frozen=True)
class PricedLine:
    """One line before it is written: units, and minor units frozen for ever."""

    sku: Sku
    quantity: int
    list_total: int
    discount: int

    @property
    def paid(self) -> int:
        return self.list_total - self.discount


def line_totals(lines: Sequence[tuple[int, int, int]], order_discount: int) -> list[int]:
    """What each line costs: lines as (unit price, quantity, discount per unit), all in minor units.

    The order's discount is spread in proportion to the lines' totals after unit discounts (design of the refund
    cases: largest remainder, ties to the earliest).
    """
    totals = [(price - discount) * quantity for price, quantity, discount in lines]
    shares = allocate(min(order_discount, sum(totals)), totals)
    return [total - share for total, share in zip(totals, shares, strict=True)]


def price(goods: Sequence[tuple[Sku, int]], coupon: Coupon | None) -> list[PricedLine]:
    """The lines of one shop's order. Preview and checkout both use this."""
    totals = line_totals([(s.price, quantity, s.discount) for s, quantity in goods], coupon.amount if coupon else 0)
    return [
        PricedLine(sku, quantity, sku.price * quantity, sku.price * quantity - total)
        for (sku, quantity), total in zip(goods, totals, strict=True)
    ]


def unit_shares(paid: int, quantity: int) -> list[int]:
    """What each unit of a line cost, the dearest first; they sum to `paid`."""
    return allocate(paid, [1] * quantity)


def refundable(line: OrderLine, units: int) -> int:
    """The most that `units` units of a line may get back: the smaller of its dearest unit shares and what is left."""
    return max(0, min(sum(unit_shares(line.paid, line.quantity)[:units]), line.left))


def kinds_offered(policy: Policy, shop: Shop) -> set[str]:
    """What a shop offers of goods that have arrived, by the codes of GOODS_KINDS: as far as the policy has clocks for
    it and the shop an address for what comes back."""
    returns = policy.offers_returns and shop.return_address.strip()
    kinds = {"refund_only"} | ({"return_refund", "exchange", "repair"} if returns else set())
    return kinds | ({"reissue"} if policy.offers_dispatch else set())


def window_of(policy: Policy, product: Product) -> timedelta:
    """How long after completion something may be asked for: the policy's window, or the shorter one of such goods."""
    rule = product.goods_rule
    return min(policy.window, rule.window) if rule and rule.window else policy.window


def offered(product: Product, policy: Policy) -> tuple[list[str], timedelta]:
    """What can be asked for after a sale of the product, and how long from completion."""
    found, rule = kinds_offered(policy, product.shop), product.goods_rule
    allowed = found & rule.kinds if rule else found
    return [kind for kind in GOODS_KINDS if kind in allowed], window_of(policy, product)


def may_be_invoiced(order: Order) -> bool:
    """Whether there is, or may come to be, something to make an invoice of."""
    return order.state != OrderState.CLOSED or order.paid_at is not None


def check_shop_sells(shop: Shop, policy: Policy) -> None:
    """Raises Refused for a shop whose policy offers returns and that has no address for them."""
    if policy.offers_returns and not shop.return_address.strip():
        raise Refused(OrderError.SHOP_CANNOT_SELL, shop=shop.name)


def check_goods(goods: Sequence[tuple[Sku, int]], on_sale: set[int]) -> None:
    """Raises Refused for goods that are not on sale, too few, or too many for one line. Stock is read under lock."""
    for sku, quantity in goods:
        if not 1 <= quantity <= MOST_UNITS:
            raise Refused(OrderError.QUANTITY, most=MOST_UNITS)
        if sku.product_id not in on_sale:
            raise Refused(OrderError.NOT_ON_SALE, title=str(sku))
        if sku.stock < quantity:
            raise Refused(OrderError.OUT_OF_STOCK, title=str(sku), left=sku.stock)


def check_coupon(coupon: Coupon, shop: Shop, goods_total: int) -> None:
    if coupon.shop_id != shop.pk or coupon.left < 1:
        raise Refused(OrderError.COUPON, "coupon")
    if goods_total < coupon.least:
        least = shown(coupon.least, shop.currency)
        raise Refused(OrderError.COUPON_LEAST, "coupon", least=least, shop=shop.name)


def check_parcel(lines: Sequence[OrderLine], units: Mapping[int, int]) -> None:
    """Raises Refused unless `units` ({line: units}) names at least one unit and none beyond what may be shipped now."""
    by_key = {line.pk: line for line in lines}
    if not any(units.values()) or set(units) - set(by_key) or min(units.values()) < 0:
        raise Refused(OrderError.NOTHING_TO_SHIP)
    for key, quantity in units.items():
        if quantity > by_key[key].to_ship:
            raise Refused(OrderError.TOO_MANY_UNITS, title=by_key[key].title, most=by_key[key].to_ship)
