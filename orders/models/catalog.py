"""Shops, who works there, and what they sell."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from aftersales.models import User
from orders.models.goods import GoodsRule
from orders.models.search import words_of
from orders.states import Profile, ShopRole

# Of a variant with so many left or fewer, buyers are told how many, and sellers that it runs out.
FEW = 10


class ShopQuerySet(models.QuerySet["Shop"]):
    def of_staff(self, user: User) -> ShopQuerySet:
        """The shops a person works for; all of them for who sees everything."""
        return self if user.sees_everything else self.filter(staff__user=user)

    def of_owner(self, user: User) -> ShopQuerySet:
        """The shops a person may set up; all of them for an operator."""
        return self if user.is_superuser else self.filter(staff__user=user, staff__role=ShopRole.OWNER)


class Shop(models.Model):
    """A seller. Amounts are in minor units of `currency`.

    freight         what one order's delivery costs; nothing for goods worth `free_from` or more, after discounts
    return_address  where goods come back to, unless their product names a warehouse
    """

    code = models.SlugField(_("code"), max_length=50, unique=True)
    name = models.CharField(_("name"), max_length=100)
    profile = models.CharField(_("business"), max_length=20, choices=Profile, default=Profile.MARKETPLACE)
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    freight = models.PositiveBigIntegerField(_("freight"), default=0)
    free_from = models.PositiveBigIntegerField(_("free delivery from"), null=True, blank=True)
    return_address = models.TextField(_("return address"), blank=True, max_length=500)
    is_open = models.BooleanField(_("open"), default=True)

    objects = ShopQuerySet.as_manager()

    class Meta:
        verbose_name = _("shop")
        verbose_name_plural = _("shops")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def freight_for(self, goods: int) -> int:
        """What delivering an order costs whose goods cost `goods` after discounts."""
        return 0 if self.free_from is not None and goods >= self.free_from else self.freight


class ShopStaffQuerySet(models.QuerySet["ShopStaff"]):
    def of_shop(self, user: User) -> ShopStaffQuerySet:
        """The people of the shops that a person works for."""
        return self.filter(shop__in=Shop.objects.of_staff(user))


class ShopStaff(models.Model):
    """A person who acts for a shop. Who joins and leaves, and as what, is orders.staffing's to do."""

    shop = models.ForeignKey(Shop, models.CASCADE, verbose_name=_("shop"), related_name="staff")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("person"), related_name="employments"
    )
    role = models.CharField(_("role"), max_length=10, choices=ShopRole, default=ShopRole.AGENT)

    objects = ShopStaffQuerySet.as_manager()

    class Meta:
        verbose_name = _("member of staff")
        verbose_name_plural = _("shop staff")
        constraints = (
            models.UniqueConstraint(fields=("shop", "user"), name="shopstaff_once"),
            models.CheckConstraint(condition=Q(role__in=ShopRole.values), name="shopstaff_role_known"),
        )

    def __str__(self) -> str:
        return f"{self.user} · {self.shop}"

    def clean(self) -> None:
        """As the database will say, in words."""
        if User.objects.filter(pk=self.user_id, is_auditor=True).exists():
            raise ValidationError({"user": _("An auditor only reads, and works for no shop.")})


class ProductQuerySet(models.QuerySet["Product"]):
    def on_sale(self) -> ProductQuerySet:
        """What can be bought now, by the database's clock."""
        begun = Q(on_sale_from__isnull=True) | Q(on_sale_from__lte=Now())
        going_on = Q(on_sale_until__isnull=True) | Q(on_sale_until__gt=Now())
        return self.filter(begun, going_on, shop__is_open=True)

    def of_shop(self, user: User) -> ProductQuerySet:
        return self if user.sees_everything else self.filter(shop__staff__user=user)


class Product(models.Model):
    """Something a shop sells between two dates, in one or several variants.

    words  what searches read: title, department and code as orders.models.search spells them
    """

    shop = models.ForeignKey(Shop, models.PROTECT, verbose_name=_("shop"), related_name="products")
    code = models.CharField(_("code"), max_length=50)
    title = models.CharField(_("title"), max_length=200)
    department = models.CharField(_("department"), max_length=100, blank=True)
    description = models.TextField(_("description"), blank=True)
    goods_rule = models.ForeignKey(
        GoodsRule, models.PROTECT, verbose_name=_("goods rule"), null=True, blank=True, related_name="products"
    )
    warehouse = models.ForeignKey(
        "orders.Warehouse", models.PROTECT, verbose_name=_("warehouse"), null=True, blank=True, related_name="products"
    )
    on_sale_from = models.DateTimeField(_("on sale from"), null=True, blank=True)
    on_sale_until = models.DateTimeField(_("on sale until"), null=True, blank=True)
    words = models.GeneratedField(
        expression=words_of("title", "department", "code"), output_field=models.TextField(), db_persist=True
    )

    objects = ProductQuerySet.as_manager()

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering = ("title", "pk")
        indexes = (GinIndex(OpClass("words", name="gin_trgm_ops"), name="product_words"),)
        constraints = (models.UniqueConstraint(fields=("shop", "code"), name="product_code_in_shop"),)

    def __str__(self) -> str:
        return self.title


class Sku(models.Model):
    """One variant of a product: its price and discount per unit in minor units, and how many there are."""

    product = models.ForeignKey(Product, models.PROTECT, verbose_name=_("product"), related_name="skus")
    code = models.CharField(_("code"), max_length=50)
    variant = models.CharField(_("variant"), max_length=100, blank=True)
    price = models.PositiveBigIntegerField(_("price"))
    discount = models.PositiveBigIntegerField(_("discount per unit"), default=0)
    stock = models.BigIntegerField(_("stock"), default=0)

    class Meta:
        verbose_name = _("SKU")
        verbose_name_plural = _("SKUs")
        ordering = ("pk",)
        indexes = (GinIndex(OpClass(words_of("code", "variant"), name="gin_trgm_ops"), name="sku_words"),)
        constraints = (
            models.UniqueConstraint(fields=("product", "code"), name="sku_code_in_product"),
            models.CheckConstraint(condition=Q(stock__gte=0), name="sku_stock_not_negative"),
            models.CheckConstraint(condition=Q(discount__lte=models.F("price")), name="sku_discount_at_most_price"),
        )

    def __str__(self) -> str:
        return f"{self.product} {self.variant}".strip()

    @property
    def unit_price(self) -> int:
        """What one unit costs now, in minor units."""
        return self.price - self.discount

    @property
    def is_scarce(self) -> bool:
        """Few enough left to say how many."""
        return 0 < self.stock <= FEW


class Coupon(models.Model):
    """An amount off an order of one shop, as often as `left` says. Given back when the order closes unpaid."""

    shop = models.ForeignKey(Shop, models.PROTECT, verbose_name=_("shop"), related_name="coupons")
    code = models.CharField(_("code"), max_length=30)
    amount = models.PositiveBigIntegerField(_("amount off"))
    least = models.PositiveBigIntegerField(_("for goods worth at least"), default=0)
    left = models.BigIntegerField(_("uses left"), default=0)

    class Meta:
        verbose_name = _("coupon")
        verbose_name_plural = _("coupons")
        constraints = (
            models.UniqueConstraint(fields=("shop", "code"), name="coupon_code_in_shop"),
            models.CheckConstraint(condition=Q(left__gte=0), name="coupon_left_not_negative"),
        )

    def __str__(self) -> str:
        return self.code
