"""The demo shop: two businesses, their people, and orders and tickets wherever they can be.

Everything is made by the verbs that pages use, in one transaction. Nothing asks the channel: the payments are left for
a worker to make known to it, and after them the payouts, so that its books and ours agree.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from PIL import Image, ImageDraw

from aftersales import actors
from aftersales.actors import Actor
from aftersales.models import User
from aftersales.wake import wake
from orders import actions as orders
from orders.actions import Checkout, Parcel
from orders.models import Calendar, Coupon, GoodsRule, Holiday, Order, Payment, Product, Shop, ShopStaff, Sku
from orders.states import Profile
from payments.base import Settled
from refunds import actions as refunds
from refunds.models import Channel, Reason, Ticket
from refunds.money import record_money
from refunds.notices import announce
from refunds.rules import Application, Found
from refunds.states import Kind, Side

PASSWORD: Final = "demo-aftersales"  # noqa: S105 - of demo accounts, printed for everybody
# e-mail, name, what they are, further columns
PEOPLE: Final = (
    ("mei@example.com", "李梅 Mei", "buyer", {"language": "zh-hans", "time_zone": "Asia/Shanghai"}),
    ("tom@example.com", "Tom", "buyer", {"language": "en"}),
    ("tea@example.com", "Tea & Pots", "seller", {"is_staff": True}),
    ("noodles@example.com", "Noodle Express", "seller", {"is_staff": True}),
    ("service@example.com", "Sam", "customer service", {"is_staff": True, "is_customer_service": True}),
    ("operator@example.com", "Olga", "operator", {"is_staff": True, "is_superuser": True}),
)
# shop -> code, title, department, variants as (code, variant, price, discount a unit, stock)
GOODS: Final = {
    "tea-and-pots": (
        ("longjing", "龙井绿茶 Longjing green tea", "茶 Tea", (("50g", "50 g", 4900, 0, 200),
                                                           ("250g", "250 g", 19800, 2000, 80))),
        ("puer", "云南普洱茶饼 Pu'er tea cake", "茶 Tea", (("357g", "357 g", 15800, 0, 60),)),
        ("yixing", "宜兴紫砂壶 Yixing clay teapot", "茶具 Teaware", (("220ml", "220 ml", 26800, 3000, 25),)),
        ("glass", "Glass teapot with warmer", "茶具 Teaware", (("600ml", "600 ml", 7900, 0, 40),)),
        ("cups", "Tasting cups", "茶具 Teaware", (("six", "set of six", 3301, 0, 120),)),
        ("tray", "竹制茶盘 Bamboo tea tray", "茶具 Teaware", (("40cm", "40 cm", 12990, 1000, 30),)),
        ("whisk", "Matcha whisk, 100 prongs", "茶具 Teaware", (("100", "", 5400, 0, 0),)),
        ("spring", "明前春茶 First flush of the coming spring", "茶 Tea", (("100g", "100 g", 23800, 0, 50),)),
    ),
    "noodle-express": (
        ("beef", "红烧牛肉面 Braised beef noodles", "面 Noodles", (("one", "", 3200, 0, 500),)),
        ("dandan", "担担面 Dan dan noodles", "面 Noodles", (("one", "", 2400, 300, 500),)),
        ("soup", "Vegetable noodle soup", "面 Noodles", (("one", "", 2200, 0, 500),)),
        ("dumplings", "煎饺 Fried dumplings", "小吃 Snacks", (("6", "6 pieces", 1500, 0, 500),
                                                            ("12", "12 pieces", 2700, 0, 500))),
    ),
}  # fmt: skip
COUPONS: Final = (("tea-and-pots", "TEA20", 2000, 10_000), ("noodle-express", "NOODLE5", 500, 4000))
NOT_YET_ON_SALE: Final = "spring"
FRESH: Final = "dumplings"
CALENDAR: Final = ("中国大陆 Mainland China", "CN")
_LOCK: Final = 0x64656D6F


def logins() -> list[str]:
    """One line for each demo account that exists."""
    there = set(User.objects.filter(email__in=[email for email, *_ in PEOPLE]).values_list("email", flat=True))
    return [f"{role:<17} {email:<22} {PASSWORD}" for email, _name, role, _ in PEOPLE if email in there]


def seed() -> bool:
    """Make the demo shop, once: a database that has orders is left as it is. Returns whether it was made."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            # Two at once: the second finds the first one's orders.
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        if Order.objects.exists():
            return False
        _people()
        _shops()
        _calendar()
        for story in STORIES:
            story(_cast())
        # What happened in the stories is in the inboxes, but it is no news to mail.
        announce(channels=(Channel.INBOX,))
        wake(orders.PURSUE_PAYMENTS)
    return True


def _people() -> None:
    for email, name, _role, columns in PEOPLE:
        user = User.objects.filter(email=email).first() or User(email=email)
        for column, value in (columns | {"name": name}).items():
            setattr(user, column, value)
        user.set_password(PASSWORD)
        user.save()


def _shops() -> None:
    tea = Shop(code="tea-and-pots", name="Tea & Pots", freight=800)
    tea.return_address = "Tea & Pots 退货处, 杭州市西湖区龙井路 18 号 (18 Longjing Road, Hangzhou), 0571-5550-1818"
    noodles = Shop(code="noodle-express", name="Noodle Express", freight=500, profile=Profile.LOCAL_DELIVERY)
    for shop, staff in ((tea, "tea@example.com"), (noodles, "noodles@example.com")):
        shop.save()
        ShopStaff.objects.create(shop=shop, user=User.objects.get(email=staff))
        for code, title, department, variants in GOODS[shop.code]:
            product = Product.objects.create(shop=shop, code=code, title=title, department=department)
            Sku.objects.bulk_create(
                Sku(product=product, code=sku, variant=variant, price=price, discount=discount, stock=stock)
                for sku, variant, price, discount, stock in variants
            )
    Product.objects.filter(code=NOT_YET_ON_SALE).update(on_sale_from=Now() + timedelta(days=30))
    Product.objects.filter(code=FRESH).update(goods_rule=GoodsRule.objects.get(code="fresh"))
    for shop_code, code, amount, least in COUPONS:
        shop = Shop.objects.get(code=shop_code)
        Coupon.objects.create(shop=shop, code=code, amount=amount, least=least, left=100)


def _calendar() -> None:
    """A calendar to look at; the standing policies have none, so no clock of the demo is stretched."""
    calendar = Calendar.objects.create(name=CALENDAR[0], region=CALENDAR[1])
    there = timezone.now().astimezone(ZoneInfo("Asia/Shanghai"))
    begins = (there + timedelta(days=30)).replace(hour=0, minute=0, second=0, microsecond=0)
    Holiday.objects.create(
        calendar=calendar, name="春节 Spring Festival", starts_at=begins, ends_at=begins + timedelta(days=8)
    )


# --- what the stories are made of -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cast:
    """Who acts: two buyers, and each shop's seller."""

    mei: User
    tom: User
    tea: Actor
    noodles: Actor


def _cast() -> Cast:
    mei, tom, tea, noodles = (User.objects.get(email=email) for email, *_ in PEOPLE[:4])
    return Cast(mei, tom, actors.seller(tea), actors.seller(noodles))


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
    payment = orders.start_payment(_one(order), actors.buyer(order.buyer))
    record_money(payment.pk, Settled(payment.amount, payment.currency, timezone.now(), ""))
    Payment.objects.filter(pk=payment.pk).update(next_at=Now())
    return order


def ship(order: Order, by: Actor, carrier: str, number: str) -> Order:
    """Everything, in one parcel."""
    units = {line.pk: line.quantity for line in order.lines.all()}
    orders.ship(_one(order), by, Parcel(units, carrier, number))
    return order


def bought(cast: Cast, buyer: User, units: Mapping[str, int], coupon: str = "") -> Order:
    """Tea or pots, paid and shipped."""
    order = pay(place(buyer, units, coupon))
    return ship(order, cast.tea, "顺丰 SF", f"SF10{order.pk:08}")


def served(cast: Cast, order: Order) -> Order:
    """Noodles, paid and on their way."""
    return ship(pay(order), cast.noodles, "骑手 Courier", f"N{order.pk:06}")


def ask(order: Order, reason: str, words: str, *, kind: Kind = Kind.REFUND_ONLY, units: int = 0) -> Ticket:
    """The buyer files a ticket on the first line: all its units unless said otherwise. Photos come where the reason
    asks for them."""
    line = order.lines.all()[0]
    asked = _application(line.pk, units or line.quantity, reason, words, kind, shipped=bool(line.shipped))
    photos = [photo()] if asked.reason and asked.reason.needs_proof else []
    return refunds.file_ticket(_one(order), order.buyer, asked, photos=photos)


def _application(line: int, units: int, reason: str, words: str, kind: Kind, *, shipped: bool) -> Application:
    why = Reason.objects.get(side=Side.BUYER, code=reason)
    return Application(kind=kind, reason=why, units={line: units}, shipped=shipped, description=words)


def ask_to_return(order: Order, reason: str, words: str, *, units: int = 0) -> Ticket:
    return ask(order, reason, words, kind=Kind.RETURN_REFUND, units=units)


def sent_back(cast: Cast, ticket: Ticket) -> Ticket:
    """The seller agreed, and the buyer gave the goods to a carrier."""
    refunds.agree(_this(ticket), cast.tea, version=1)
    refunds.send_waybill(_this(ticket), actors.buyer(ticket.order.buyer), "中通 ZTO", f"ZTO77{ticket.pk:08}")
    return ticket


def fail(cast: Cast, ticket: Ticket, note: str) -> Ticket:
    """All units came back damaged."""
    found = {line.pk: Found(good=0, damaged=line.quantity, note=note) for line in ticket.lines.all()}
    refunds.fail_inspection(_this(ticket), cast.tea, found, note)
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


def _one(order: Order) -> QuerySet[Order]:
    return Order.objects.filter(pk=order.pk)


def _this(ticket: Ticket) -> QuerySet[Ticket]:
    return Ticket.objects.filter(pk=ticket.pk)


# --- the stories ------------------------------------------------------------------------------------------------------


def unpaid(cast: Cast) -> None:
    """Not paid yet, about to be paid, thought better of."""
    place(cast.mei, {"longjing/50g": 2, "cups/six": 1})
    started = place(cast.tom, {"glass/600ml": 1})
    orders.start_payment(_one(started), actors.buyer(cast.tom))
    cancelled = place(cast.tom, {"tray/40cm": 1})
    orders.cancel(_one(cancelled), actors.buyer(cast.tom))


def to_ship(cast: Cast) -> None:
    """Waiting for the seller; one with a parcel out already, one that its seller cannot deliver."""
    pay(place(cast.tom, {"puer/357g": 1, "cups/six": 2}, "TEA20"))
    partly = pay(place(cast.mei, {"longjing/250g": 2, "yixing/220ml": 1}))
    first = partly.lines.all()[0]
    orders.ship(_one(partly), cast.tea, Parcel({first.pk: 1}, "顺丰 SF", "SF1055550001"))
    hopeless = pay(place(cast.tom, {"tray/40cm": 2}))
    refunds.seller_cancel(_one(hopeless), cast.tea, "The last trays were damaged by water in our storehouse.")


def on_the_way(cast: Cast) -> None:
    """Shipped; extended; received."""
    bought(cast, cast.mei, {"puer/357g": 2})
    late = bought(cast, cast.tom, {"longjing/250g": 1, "glass/600ml": 1}, "TEA20")
    orders.extend(_one(late), actors.buyer(cast.tom))
    received = bought(cast, cast.mei, {"longjing/50g": 3})
    orders.receive(_one(received), actors.buyer(cast.mei))


def before_shipping(cast: Cast) -> None:
    """Refunds of goods that were not shipped: asked for, agreed, and overtaken by the parcel."""
    ask(pay(place(cast.mei, {"cups/six": 3, "glass/600ml": 1})), "changed_mind", "买多了，只要两套。", units=1)
    all_of_it = ask(pay(place(cast.tom, {"yixing/220ml": 1})), "late", "I need it before the weekend.")
    refunds.agree(_this(all_of_it), cast.tea, version=1, note="Sorry for the delay!")
    overtaken = pay(place(cast.mei, {"puer/357g": 1}))
    ask(overtaken, "late", "怎么还没发货？")
    parcel = Parcel({line.pk: line.quantity for line in overtaken.lines.all()}, "顺丰 SF", "SF1055550002")
    refunds.ship_anyway(_one(overtaken), cast.tea, parcel)


def asked_for(cast: Cast) -> None:
    """Waiting for the seller's answer: a photo of the damage; a second version; one taken back by the buyer."""
    ask(bought(cast, cast.mei, {"yixing/220ml": 1, "cups/six": 1}), "damaged", "收到时壶身有一道裂纹，请看照片。")
    order = bought(cast, cast.tom, {"longjing/50g": 4})
    ticket = ask(order, "missing", "Two of the four bags were not in the parcel.")
    line = order.lines.all()[0]
    less = _application(line.pk, 1, "missing", "I found one of them: one is missing.", Kind.REFUND_ONLY, shipped=True)
    refunds.amend(_this(ticket), actors.buyer(cast.tom), less)
    found = ask(bought(cast, cast.tom, {"puer/357g": 1}), "not_received", "The parcel never came.")
    refunds.withdraw(_this(found), actors.buyer(cast.tom))


def turned_down(cast: Cast) -> None:
    """The seller said no, with a reason."""
    ticket = ask(bought(cast, cast.tom, {"puer/357g": 1}), "not_as_described", "It tastes of earth.")
    reason = Reason.objects.get(side=Side.SELLER, code="not_convincing")
    words = "Ripe pu'er tastes of earth; that is how it should be. The photo shows the right cake."
    refunds.reject(_this(ticket), cast.tea, refunds.Rejection(reason, words), version=1)


def returned(cast: Cast) -> None:
    """Goods on their way back, from the agreement to the money."""
    agreed = ask_to_return(bought(cast, cast.mei, {"tray/40cm": 1}), "changed_mind", "尺寸太大，放不下。")
    refunds.agree(_this(agreed), cast.tea, version=1, note="请按地址寄回，谢谢。")
    glass = bought(cast, cast.tom, {"glass/600ml": 2, "cups/six": 1})
    sent_back(cast, ask_to_return(glass, "changed_mind", "One is enough.", units=1))
    order = bought(cast, cast.mei, {"longjing/250g": 1, "cups/six": 1})
    orders.receive(_one(order), actors.buyer(cast.mei))
    back = sent_back(cast, ask_to_return(order, "other", "家人已经买过了。"))
    refunds.accept(_this(back), cast.tea)


def found_wanting(cast: Cast) -> None:
    """What came back was not as it was sent: waiting, on its way back to the buyer, and there again."""
    note = "The lid is missing and the spout is chipped."
    for buyer, steps in ((cast.mei, 0), (cast.tom, 1), (cast.mei, 2)):
        order = bought(cast, buyer, {"yixing/220ml": 1})
        ticket = fail(cast, sent_back(cast, ask_to_return(order, "changed_mind", "I prefer the glass one.")), note)
        if steps:
            refunds.send_back(_this(ticket), cast.tea, "顺丰 SF", f"SF20{ticket.pk:08}")
        if steps == 2:
            refunds.confirm(_this(ticket), actors.buyer(buyer))


def noodles(cast: Cast) -> None:
    """The same in minutes: to pay, to cook, on its way, delivered, something missing, too late."""
    place(cast.mei, {"dandan/one": 1})
    pay(place(cast.tom, {"beef/one": 2, "dumplings/6": 1}, "NOODLE5"))
    served(cast, place(cast.mei, {"beef/one": 1}))
    delivered = served(cast, place(cast.tom, {"soup/one": 2}))
    orders.deliver(_one(delivered), cast.noodles)
    eaten = served(cast, place(cast.mei, {"dumplings/12": 1, "dandan/one": 2}))
    orders.receive(_one(eaten), actors.buyer(cast.mei))
    ask(eaten, "missing", "少了一份煎饺。")
    cold = served(cast, place(cast.tom, {"soup/one": 1, "dumplings/6": 2}))
    ticket = ask(cold, "late", "An hour late, and cold.")
    refunds.agree(_this(ticket), cast.noodles, version=1, note="We are sorry. The soup is on us.")


STORIES: Final[tuple[Callable[[Cast], None], ...]] = (
    unpaid, to_ship, on_the_way, before_shipping, asked_for, turned_down, returned, found_wanting, noodles,
)  # fmt: skip
