"""The cart: units by SKU in the session, what they would cost, and the lock that makes one checkout of two clicks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.db import transaction

from aftersales.lifecycle.errors import Refused
from orders import rules
from orders.errors import OrderError
from orders.models import Coupon, Order, OrderLine, Product, Shop, Sku
from orders.rules import PricedLine

KEY, PLACED, REMOVED = "cart", "placed", "removed"
# Enough for anybody; keeps the session small.
MOST_LINES = 50
REMEMBERED = 10


@dataclass(frozen=True)
class CartLine:
    """`trouble` says why this line cannot be bought as it stands; "" when it can."""

    priced: PricedLine
    trouble: str


@dataclass(frozen=True)
class Basket:
    """What one shop's order would be. Amounts in minor units of the shop's currency."""

    shop: Shop
    lines: list[CartLine]

    @property
    def goods(self) -> int:
        return sum(line.priced.list_total for line in self.lines)

    @property
    def discount(self) -> int:
        return sum(line.priced.discount for line in self.lines)

    @property
    def freight(self) -> int:
        return self.shop.freight_for(self.goods - self.discount)

    @property
    def to_free_delivery(self) -> int:
        """How much more of the shop's goods makes the delivery free; 0 where nothing does, or it is already."""
        return max(0, (self.shop.free_from or 0) - self.goods + self.discount) if self.freight else 0

    @property
    def total(self) -> int:
        return self.goods - self.discount + self.freight


def units(session: SessionBase) -> dict[int, int]:
    """{sku: units}, as JSON has kept it."""
    return {int(key): int(number) for key, number in session.get(KEY, {}).items()}


def removed(session: SessionBase) -> tuple[Sku, int] | None:
    """What the last change has taken out, and how many units of it there were."""
    key, number = session.get(REMOVED) or (0, 0)
    sku = Sku.objects.select_related("product").filter(pk=key).first() if number else None
    return (sku, number) if sku else None


def put(session: SessionBase, sku: Sku, number: int) -> None:
    """So many units of the SKU and no other number; 0 takes it out. Raises Refused for more than can be bought."""
    cart = units(session)
    before = cart.pop(sku.pk, 0)
    session[REMOVED] = [] if number else [sku.pk, before]
    if number:
        if len(cart) >= MOST_LINES:
            raise Refused(OrderError.CART_FULL, "quantity", most=MOST_LINES)
        if number > rules.MOST_UNITS:
            raise Refused(OrderError.QUANTITY, "quantity", most=rules.MOST_UNITS)
        if number > sku.stock:
            raise Refused(OrderError.OUT_OF_STOCK, "quantity", title=str(sku), left=sku.stock)
        cart[sku.pk] = number
    session[KEY] = {str(key): value for key, value in cart.items()}


def baskets(wanted: Mapping[int, int], code: str = "") -> list[Basket]:
    """What would be ordered, shop by shop, priced as `place` will price it. Raises Refused for an unusable coupon."""
    skus = Sku.objects.filter(pk__in=wanted).select_related("product__shop").order_by("pk")
    by_shop: dict[Shop, list[tuple[Sku, int]]] = {}
    for sku in skus:
        by_shop.setdefault(sku.product.shop, []).append((sku, wanted[sku.pk]))
    coupons = {coupon.shop_id: coupon for coupon in Coupon.objects.filter(shop__in=by_shop, code=code)} if code else {}
    if code and not coupons:
        raise Refused(OrderError.COUPON, "coupon")
    on_sale = set(Product.objects.on_sale().filter(skus__in=wanted).values_list("pk", flat=True))
    return [_basket(shop, goods, coupons.get(shop.pk), on_sale) for shop, goods in by_shop.items()]


def _basket(shop: Shop, goods: list[tuple[Sku, int]], coupon: Coupon | None, on_sale: set[int]) -> Basket:
    if coupon:
        rules.check_coupon(coupon, shop, sum(sku.unit_price * number for sku, number in goods))
    lines = rules.price(goods, coupon)
    return Basket(shop, [CartLine(line, _trouble(line, on_sale)) for line in lines])


def _trouble(line: PricedLine, on_sale: set[int]) -> str:
    try:
        rules.check_goods([(line.sku, line.quantity)], on_sale)
    except Refused as refused:
        return str(refused)
    return ""


def totals(shops: Iterable[Basket]) -> list[tuple[str, int]]:
    """(currency, minor units) of all orders together, one sum a currency."""
    sums: Counter[str] = Counter()
    for basket in shops:
        sums[basket.shop.currency] += basket.total
    return sorted(sums.items())


def promise(orders: list[Basket] | list[Order]) -> str:
    """What each shop's order comes to. The checkout page sends it back, so that nobody pays what was not shown."""
    return ",".join(sorted(f"{order.shop.pk}:{order.total}{order.shop.currency}" for order in orders))


def remember(session: SessionBase, token: str, orders: list[Order]) -> list[str]:
    """The checkout named by the token has become these orders; the cart is empty. Returns their numbers."""
    numbers = [order.number for order in orders]
    recent = list(session.get(PLACED, {}).items())[-REMEMBERED + 1 :]
    session[PLACED] = {**dict(recent), token: numbers}
    session[KEY], session[REMOVED] = {}, []
    return numbers


def put_again(session: SessionBase, order: Order) -> tuple[bool, list[str]]:
    """Put what an order bought into the cart, as far as it can be bought now; the cart holds at least as many units of
    it then. Sent twice, it adds once. Returns whether the cart has any of it now, and what could not be had, one
    sentence each."""
    lines = list(order.lines.select_related("sku__product"))
    on_sale = set(Product.objects.on_sale().filter(skus__in=[i.sku_id for i in lines]).values_list("pk", flat=True))
    missing = []
    for sku, wanted in _wanted(lines).items():
        lack = _lack(sku, wanted, on_sale)
        if lack:
            missing.append(str(Refused(lack, title=str(sku), left=sku.stock)))
        number = min(wanted, sku.stock, rules.MOST_UNITS)
        if lack != OrderError.GONE and number > units(session).get(sku.pk, 0):
            try:
                put(session, sku, number)
            except Refused as refused:
                missing.append(str(refused))
    return any(line.sku_id in units(session) for line in lines), missing


def _lack(sku: Sku, wanted: int, on_sale: set[int]) -> OrderError | None:
    """Why not all the units can be had."""
    if sku.product_id not in on_sale:
        return OrderError.GONE
    if not sku.stock:
        return OrderError.SOLD_OUT
    return OrderError.FEWER_LEFT if sku.stock < wanted else None


def _wanted(lines: Iterable[OrderLine]) -> dict[Sku, int]:
    wanted: Counter[Sku] = Counter()
    for line in lines:
        wanted[line.sku] += line.quantity
    return dict(wanted)


@contextmanager
def locked(session: SessionBase) -> Iterator[SessionBase]:
    """The session as it is now, held until the transaction ends and then saved: two requests of one browser change it
    one after the other. The request's own session stays untouched, so that it is not saved over this one."""
    key = session.session_key
    with transaction.atomic():
        if key is None or not Session.objects.select_for_update(no_key=True).filter(pk=key).exists():
            yield session
            return
        fresh = type(session)(key)
        yield fresh
        fresh.save()
    # What else the request may write, such as messages too long for a cookie, is written beside it and not over it.
    session._session_cache = fresh._session  # type: ignore[attr-defined]
