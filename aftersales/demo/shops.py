"""The people of the demo, its two shops and what they sell."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.utils import is_mfa_enabled
from django.db.models.functions import Now
from django.utils import timezone

from aftersales.dev.code import SECRET
from aftersales.models import User
from orders.models import Calendar, Coupon, GoodsRule, Holiday, Product, Shop, ShopStaff, Sku
from orders.states import Profile, ShopRole

PASSWORD: Final = "demo-aftersales"  # noqa: S105 - of demo accounts, printed for everybody
# e-mail, name, what they are, further columns
PEOPLE: Final = (
    ("mei@example.com", "李梅 Mei", "buyer", {"language": "zh-hans", "time_zone": "Asia/Shanghai"}),
    ("tom@example.com", "Tom", "buyer", {"language": "en"}),
    ("tea@example.com", "Tea & Pots", "seller", {"is_staff": True}),
    ("noodles@example.com", "Noodle Express", "seller", {"is_staff": True}),
    ("service@example.com", "Sam", "customer service", {"is_staff": True, "is_customer_service": True}),
    ("service2@example.com", "Kim", "customer service", {"is_staff": True, "is_customer_service": True}),
    ("operator@example.com", "Olga", "operator", {"is_staff": True, "is_superuser": True}),
    ("tea2@example.com", "Lin", "agent of a shop", {"is_staff": True}),
    ("lead@example.com", "Ruth", "supervisor of customer service",
     {"is_staff": True, "is_customer_service": True, "is_supervisor": True}),
    ("audit@example.com", "Ada", "auditor", {"is_staff": True, "is_auditor": True}),
)  # fmt: skip
# Whoever works for a shop: shop, e-mail, as what.
STAFF: Final = (
    ("tea-and-pots", "tea@example.com", ShopRole.OWNER),
    ("tea-and-pots", "tea2@example.com", ShopRole.AGENT),
    ("noodle-express", "noodles@example.com", ShopRole.OWNER),
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


def open_shops() -> None:
    """Everybody and everything that the stories need."""
    _people()
    _shops()
    _calendar()


def _people() -> None:
    for email, name, _role, columns in PEOPLE:
        user = User.objects.filter(email=email).first() or User(email=email)
        for column, value in (columns | {"name": name}).items():
            setattr(user, column, value)
        user.set_password(PASSWORD)
        user.save()
        if user.is_staff and not is_mfa_enabled(user):
            TOTP.activate(user, SECRET)


def _shops() -> None:
    tea = Shop(code="tea-and-pots", name="Tea & Pots", freight=800)
    tea.return_address = "Tea & Pots 退货处, 杭州市西湖区龙井路 18 号 (18 Longjing Road, Hangzhou), 0571-5550-1818"
    noodles = Shop(code="noodle-express", name="Noodle Express", freight=500, profile=Profile.LOCAL_DELIVERY)
    for shop in (tea, noodles):
        shop.save()
        for code, title, department, variants in GOODS[shop.code]:
            product = Product.objects.create(shop=shop, code=code, title=title, department=department)
            Sku.objects.bulk_create(
                Sku(product=product, code=sku, variant=variant, price=price, discount=discount, stock=stock)
                for sku, variant, price, discount, stock in variants
            )
    for code, email, role in STAFF:
        ShopStaff.objects.create(shop=Shop.objects.get(code=code), user=User.objects.get(email=email), role=role)
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
