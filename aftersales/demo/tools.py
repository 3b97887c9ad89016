"""What the stories are made of: who acts, and what happens in many of them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from django.core.files.base import ContentFile
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from PIL import Image, ImageDraw

from aftersales import actors
from aftersales.actors import Actor
from aftersales.demo.shops import PEOPLE
from aftersales.models import User
from orders import actions as orders
from orders.actions import Checkout, Parcel
from orders.models import Order, Payment, Sku
from payments.base import Settled
from refunds import actions as refunds
from refunds.models import Reason, Ticket
from refunds.money import record_money
from refunds.rules import Application, Found
from refunds.states import Kind, Side


@dataclass(frozen=True)
class Cast:
    """Who acts: two buyers, each shop's seller, two agents of customer service."""

    mei: User
    tom: User
    tea: Actor
    noodles: Actor
    sam: Actor
    kim: Actor


def the_cast() -> Cast:
    mei, tom, tea, noodles, sam, kim = (User.objects.get(email=email) for email, *_ in PEOPLE[:6])
    return Cast(mei, tom, actors.seller(tea), actors.seller(noodles), actors.agent(sam), actors.agent(kim))


_HOMES: Final = {
    "mei@example.com": {"recipient": "李梅", "phone": "13800001234", "address": "上海市徐汇区淮海中路 100 号 5 楼"},
    "tom@example.com": {"recipient": "Tom Baker", "phone": "13900005678", "address": "88 Nanjing Road, Shanghai"},
}


def place(buyer: User, units: Mapping[str, int], coupon: str = "") -> Order:
    """An order of {product/variant: units}."""
    skus = {f"{sku.product.code}/{sku.code}": sku.pk for sku in Sku.objects.select_related("product")}
    checkout = Checkout({skus[name]: number for name, number in units.items()}, coupon=coupon, **_HOMES[buyer.email])
    [order] = orders.place(buyer, checkout)
    return order


def pay(order: Order) -> Order:
    """The money came some other way than through the channel, which a worker therefore tells of it."""
    payment = orders.start_payment(one(order), actors.buyer(order.buyer))
    record_money(payment.pk, Settled(payment.amount, payment.currency, timezone.now(), ""))
    Payment.objects.filter(pk=payment.pk).update(next_at=Now())
    return order


def ship(order: Order, by: Actor, carrier: str, number: str) -> Order:
    """Everything, in one parcel."""
    units = {line.pk: line.quantity for line in order.lines.all()}
    orders.ship(one(order), by, Parcel(units, carrier, number))
    return order


def bought(cast: Cast, buyer: User, units: Mapping[str, int], coupon: str = "") -> Order:
    """Tea or pots, paid and shipped."""
    order = pay(place(buyer, units, coupon))
    return ship(order, cast.tea, "顺丰 SF", f"SF10{order.pk:08}")


def served(cast: Cast, order: Order) -> Order:
    """Noodles, paid and on their way."""
    return ship(pay(order), cast.noodles, "骑手 Courier", f"N{order.pk:06}")


def ask(
    order: Order, reason: str, words: str, *, kind: Kind = Kind.REFUND_ONLY, units: int = 0, instead: str = ""
) -> Ticket:
    """The buyer files a ticket on the first line: all its units unless said otherwise, for another variant `instead`
    in an exchange. Photos come where the reason asks for them."""
    line = order.lines.all()[0]
    asked = application(line.pk, units or line.quantity, reason, words, kind, shipped=bool(line.shipped))
    if instead:
        asked = replace(asked, wanted={line.pk: line.sku.product.skus.get(code=instead).pk})
    photos = [photo()] if asked.reason and asked.reason.needs_proof else []
    return refunds.file_ticket(one(order), order.buyer, asked, photos=photos)


def application(line: int, units: int, reason: str, words: str, kind: Kind, *, shipped: bool) -> Application:
    why = Reason.objects.get(side=Side.BUYER, code=reason)
    return Application(kind=kind, reason=why, units={line: units}, shipped=shipped, description=words)


def ask_to_return(order: Order, reason: str, words: str, *, units: int = 0) -> Ticket:
    return ask(order, reason, words, kind=Kind.RETURN_REFUND, units=units)


def sent_back(cast: Cast, ticket: Ticket) -> Ticket:
    """The seller agreed, and the buyer gave the goods to a carrier."""
    refunds.agree(this(ticket), cast.tea, version=1)
    refunds.send_waybill(this(ticket), actors.buyer(ticket.order.buyer), "中通 ZTO", f"ZTO77{ticket.pk:08}")
    return ticket


def fail(cast: Cast, ticket: Ticket, note: str) -> Ticket:
    """All units came back damaged."""
    found = {line.pk: Found(good=0, damaged=line.quantity, note=note) for line in ticket.lines.all()}
    refunds.fail_inspection(this(ticket), cast.tea, found, note)
    return ticket


def photo() -> ContentFile[bytes]:
    """A picture of a cracked pot, drawn."""
    image = Image.new("RGB", (800, 600), "#e9e2d5")
    pen = ImageDraw.Draw(image)
    pen.ellipse((220, 180, 580, 480), fill="#8a4b33", outline="#5b2f1f", width=6)
    pen.arc((520, 240, 700, 420), 250, 110, fill="#5b2f1f", width=22)
    pen.polygon(((240, 300), (110, 210), (150, 190), (260, 260)), fill="#8a4b33")
    pen.line(((400, 190), (380, 260), (430, 310), (390, 380), (420, 470)), fill="#f6efe4", width=7)
    out = io.BytesIO()
    image.save(out, "PNG")
    return ContentFile(out.getvalue(), name="photo.png")


def one(order: Order) -> QuerySet[Order]:
    return Order.objects.filter(pk=order.pk)


def this(ticket: Ticket) -> QuerySet[Ticket]:
    return Ticket.objects.filter(pk=ticket.pk)
