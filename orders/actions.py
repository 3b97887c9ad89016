"""The verbs of orders: each one transaction, the same for pages, admin, workers and sweeps.

A verb that moves takes rows already narrowed to what its actor may see. It raises Conflict when nothing moved for a
person, Refused when a rule says no. Verbs that give money back live in refunds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.conf import settings
from django.db.models import QuerySet
from django.db.models.functions import Now

from aftersales import actors
from aftersales.actors import SYSTEM, Actor
from aftersales.lifecycle.errors import Conflict, Refused
from aftersales.lifecycle.move import begin, lock, move, move_one, story
from aftersales.lifecycle.rows import Event
from aftersales.models import User
from aftersales.wake import wake
from orders import effects, rules
from orders.errors import OrderError
from orders.ledger import Movement, count, post
from orders.lifecycle import ORDER
from orders.models import (
    Coupon,
    InvoiceData,
    Order,
    OrderLine,
    Payment,
    Policy,
    Product,
    Shipment,
    ShipmentLine,
    Shop,
    Sku,
)
from orders.states import Account, OrderState

PURSUE_PAYMENTS = "refunds.tasks.pursue_payments"


@dataclass(frozen=True)
class Checkout:
    """What a buyer wants: {sku: units} over any number of shops, where it goes, one coupon code for all shops."""

    units: Mapping[int, int]
    recipient: str = ""
    phone: str = ""
    address: str = ""
    coupon: str = ""


@dataclass(frozen=True)
class Parcel:
    """What goes into a parcel: {order line: units}, by which carrier and under which number."""

    units: Mapping[int, int] = field(default_factory=dict)
    carrier: str = ""
    number: str = ""


def place(buyer: User, checkout: Checkout) -> list[Order]:
    """Place one order a shop; stock and coupon are taken, all or nothing. An order with nothing to pay is paid.

    Raises Refused naming what is missing, and then nothing has changed.
    """
    if not checkout.units:
        raise Refused(OrderError.CART_EMPTY)
    if not (checkout.recipient.strip() and checkout.address.strip()):
        raise Refused(OrderError.ADDRESS_MISSING, "address")
    by = actors.buyer(buyer)
    with story(by):
        goods = _take_goods(checkout.units)
        shops: dict[Shop, list[tuple[Sku, int]]] = {}
        for sku, quantity in goods:
            shops.setdefault(sku.product.shop, []).append((sku, quantity))
        coupons = _lock_coupons(shops, checkout.coupon)
        orders = [_place_in(shop, shops[shop], coupons.get(shop.pk), by, checkout) for shop in shops]
        if checkout.coupon and not any(order.coupon_id for order in orders):
            raise Refused(OrderError.COUPON, "coupon")
        free = [order.pk for order in orders if not order.total]
        if free:
            move(ORDER, "pay", Order.objects.filter(pk__in=free), SYSTEM)
    return orders


def _take_goods(units: Mapping[int, int]) -> list[tuple[Sku, int]]:
    skus = effects.lock_stock(set(units))
    goods = [(sku, units[key]) for key, sku in skus.items()]
    on_sale = Product.objects.on_sale().filter(skus__in=skus).values_list("pk", flat=True)
    if len(goods) < len(units):
        raise Refused(OrderError.NOT_ON_SALE, title="–")
    rules.check_goods(goods, set(on_sale))
    effects.change_stock({sku.pk: -quantity for sku, quantity in goods})
    return goods


def _lock_coupons(shops: Iterable[Shop], code: str) -> dict[int, Coupon]:
    """Each shop's coupon of that code, locked by primary key, as those that are given back are."""
    if not code:
        return {}
    coupons = Coupon.objects.filter(shop__in=list(shops), code=code).order_by("pk").select_for_update(no_key=True)
    return {coupon.shop_id: coupon for coupon in coupons}


def _place_in(shop: Shop, goods: list[tuple[Sku, int]], coupon: Coupon | None, by: Actor, checkout: Checkout) -> Order:
    policy = Policy.objects.in_force(shop)
    rules.check_shop_sells(shop, policy)
    if coupon:
        rules.check_coupon(coupon, shop, sum(sku.unit_price * quantity for sku, quantity in goods))
        count(Coupon, {coupon.pk: {"left": -1}})
    lines = rules.price(goods, coupon)
    paid = sum(line.paid for line in lines)
    freight = shop.freight_for(paid)
    order = Order(
        buyer=by.user,
        shop=shop,
        policy=policy,
        coupon=coupon,
        currency=shop.currency,
        freight=freight,
        total=paid + freight,
        recipient=checkout.recipient.strip(),
        phone=checkout.phone.strip(),
        address=checkout.address.strip(),
    )
    begin(ORDER, [order], by)
    OrderLine.objects.bulk_create(
        OrderLine(
            order=order,
            sku=line.sku,
            title=str(line.sku),
            quantity=line.quantity,
            list_total=line.list_total,
            discount=line.discount,
            paid=line.paid,
        )
        for line in lines
    )
    return order


def start_payment(orders: QuerySet[Order], by: Actor) -> Payment:
    """The buyer wants to pay: one open attempt, which a worker starts at the channel. A second click finds the same.

    Raises Conflict when the order is not (or no longer) to be paid.
    """
    with story(by):
        lock(orders, by)
        order = orders.filter(state=OrderState.AWAITING_PAYMENT, due_at__gt=Now()).first()
        if order is None:
            raise Conflict("pay", orders.first())
        payment = order.payments.open().first()
        if payment is None:
            payment = Payment.objects.create(
                order=order,
                channel=settings.PAYMENT_CHANNEL,
                amount=order.total,
                currency=order.currency,
                expires_at=order.due_at,
            )
        wake(PURSUE_PAYMENTS)
    return payment


def receive_money(payment: Payment) -> bool:
    """Book money that came for an attempt, once, and let it pay the order when it is exactly what was asked.

    The caller has locked the order and written the payment's received columns. Returns whether the order is paid by
    it; else the money is surplus, for refunds to give back.
    """
    order = Order.objects.filter(pk=payment.order_id, currency=payment.received_currency, total=payment.received)
    pays = bool(move(ORDER, "pay", order, SYSTEM, data={"payment": payment.number}))
    Payment.objects.filter(pk=payment.pk).update(pays_order=pays)
    account = Account.SALES if pays else Account.SURPLUS
    received = (payment.received, payment.received_currency)
    post([Movement(payment.order_id, "received", payment.number, account, Account.CHANNEL, *received)])
    return pays


def save_invoice(orders: QuerySet[Order], by: Actor, wanted: InvoiceData, version: int) -> InvoiceData:
    """The buyer says what is to stand on the invoice, having seen `version` of it, 0 for none. Sent twice, it is
    written once.

    Raises Conflict when the order closed unpaid, or when another version has been written meanwhile.
    """
    with story(by):
        lock(orders, by)
        order = orders.first()
        if order is None or not rules.may_be_invoiced(order):
            raise Conflict("invoice", order)
        kept = InvoiceData.objects.filter(order=order).first()
        values = {name: getattr(wanted, name) for name in ("kind", "title", "tax_number", "email", "note")}
        if kept and all(getattr(kept, name) == value for name, value in values.items()):
            return kept
        if version != (kept.version if kept else 0):
            raise Conflict("invoice", order)
        return InvoiceData.objects.update_or_create(order=order, defaults=values | {"version": version + 1})[0]


def cancel(orders: QuerySet[Order], by: Actor) -> Event:
    """The buyer does not want to pay: the order closes, stock and coupon go back."""
    with story(by):
        return move_one(ORDER, "cancel", orders, by)


def expire(orders: QuerySet[Order], by: Actor) -> list[Event]:
    """Orders that were not paid in time close, stock and coupon go back; one with an open attempt is asked about
    first."""
    with story(by):
        return move(ORDER, "expire", orders, by)


def ship(orders: QuerySet[Order], by: Actor, parcel: Parcel) -> Event:
    """Send a parcel; the last unit still to ship moves the order on. Raises Refused for units that cannot go."""
    with story(by):
        lock(orders, by)
        order = orders.filter(state=OrderState.AWAITING_SHIPMENT).first()
        if order is None:
            raise Conflict("ship", orders.first())
        units = {key: number for key, number in parcel.units.items() if number}
        rules.check_parcel(list(order.lines.all()), units)
        shipment = Shipment.objects.create(
            order=order, carrier=parcel.carrier, number=parcel.number, shipped_by=by.user
        )
        ShipmentLine.objects.bulk_create(
            ShipmentLine(shipment=shipment, line_id=key, quantity=number) for key, number in units.items()
        )
        count(OrderLine, {key: {"shipped": number} for key, number in units.items()})
        data = {"shipment": shipment.pk, "carrier": parcel.carrier, "number": parcel.number}
        return move_one(ORDER, "ship", orders, by, data=data)


def deliver(orders: QuerySet[Order], by: Actor) -> Event:
    """All parcels have arrived: the receipt clock becomes the shorter of what it was and the after-delivery time."""
    with story(by):
        event = move_one(ORDER, "deliver", orders, by)
        Shipment.objects.filter(order=event.row_id, delivered_at=None).update(delivered_at=Now())
        return event


def extend(orders: QuerySet[Order], by: Actor) -> Event:
    """Once more the policy's receipt time: once for the buyer, as often as they like for the seller."""
    with story(by):
        return move_one(ORDER, "extend", orders, by)


def receive(orders: QuerySet[Order], by: Actor) -> Event:
    """The buyer confirms that everything arrived."""
    with story(by):
        return move_one(ORDER, "receive", orders, by)


def auto_receive(orders: QuerySet[Order], by: Actor) -> list[Event]:
    """Nobody said anything until the receipt clock ran out."""
    with story(by):
        return move(ORDER, "auto_receive", orders, by)


def follow_tickets(keys: set[int]) -> None:
    """Let orders follow what their tickets did: hold or go on with the receipt clock, close what is fully refunded,
    move on what has nothing left to ship. Called inside the story that changed the counters, under the order's lock."""
    for action in ("refunded", "rest_cancelled", "hold", "release"):
        move(ORDER, action, Order.objects.filter(pk__in=keys), SYSTEM)


ON_DUE = {OrderState.AWAITING_PAYMENT: expire, OrderState.AWAITING_RECEIPT: auto_receive}
