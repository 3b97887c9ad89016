"""Products with their variants as a table: a row is a variant, told by the codes of shop, product and variant."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from import_export.widgets import Widget

from aftersales import money
from aftersales.exchange.cells import plain
from aftersales.exchange.tables import Incoming, Moment, column
from aftersales.keys import key_of
from orders.admin.forms import MOST
from orders.effects import change_stock
from orders.models import Product, Shop, Sku

OF_PRODUCT = ("title", "department", "description")
OF_SKU = ("variant", "price", "discount")
# (shop's key, product's code) and, of a variant, its own code.
Key = tuple[Any, ...]


class Amount(Widget):  # type: ignore[misc]  # comes without types
    """An amount in the currency of the row's shop, which `table` knows while it reads the row."""

    def __init__(self, table: GoodsTable) -> None:
        super().__init__()
        self.table = table

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> int:
        text = plain(value) or "0"
        try:
            return money.parse(text, self.table.currency)
        except ValueError:
            raise ValueError(_("%(text)s is not an amount such as 12.50.") % {"text": text}) from None

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return money.plain(value or 0, obj.product.shop.currency if obj else self.table.currency)


class GoodsTable(Incoming):
    """`stock` goes out only: buyers take from it meanwhile. Units come in by `add_to_stock`, below zero to take out."""

    shop = column("product__shop__code", "shop", readonly=True)
    product = column("product__code", "product", readonly=True)
    sku = column("code", "sku", readonly=True)
    title = column("product__title", "title")
    department = column("product__department", "department")
    description = column("product__description", "description")
    variant = column("variant", "variant")
    price = column("price", "price")
    discount = column("discount", "discount")
    stock = column("stock", "stock", readonly=True)
    add_to_stock = column("more", "add_to_stock")
    on_sale_from = column("product__on_sale_from", "on_sale_from", readonly=True, widget=Moment())
    on_sale_until = column("product__on_sale_until", "on_sale_until", readonly=True, widget=Moment())
    needed = ("product", "sku")
    currency = ""

    class Meta:
        model = Sku
        fields: ClassVar[list[str]] = [
            "shop", "product", "sku", "title", "department", "description", "variant", "price", "discount", "stock",
            "add_to_stock", "on_sale_from", "on_sale_until",
        ]  # fmt: skip
        import_id_fields: ClassVar[list[str]] = []
        use_bulk = True
        batch_size = None
        skip_unchanged = True
        report_skipped = True
        clean_model_instances = False
        name = gettext_lazy("Products")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.fields["price"].widget = self.fields["discount"].widget = Amount(self)
        self.shops: dict[str, Shop] = {}
        self.products: dict[Key, Product] = {}
        self.skus: dict[Key, Sku] = {}
        self.seen: set[Key] = set()
        self.moved: list[Sku] = []
        # Of the row that is being read.
        self.key: Key = ()
        self.shop_of_row = Shop()

    def filter_export(self, queryset: QuerySet[Any], **kwargs: Any) -> QuerySet[Sku]:
        """The variants of the products that the list shows."""
        skus = Sku.objects.filter(product__in=queryset.order_by().values("pk"))
        return skus.select_related("product__shop").order_by("product__shop__code", "product__code", "code")

    # --- reading ------------------------------------------------------------------------------------------------------

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        """Everything that the file names is read at once, of the shops whose goods the person may change."""
        super().before_import(dataset, **kwargs)
        self.shops = {shop.code: shop for shop in Shop.objects.of_owner(self.user)}
        codes = {plain(code) for code in dataset["product"]}
        known = {
            product.pk: product
            for product in Product.objects.filter(shop__in=self.shops.values(), code__in=codes).select_related("shop")
        }
        self.products = {(product.shop_id, product.code): product for product in known.values()}
        for sku in Sku.objects.filter(product__in=known):
            # One object a product, so that what one row says of it holds for the others.
            sku.product = known[sku.product_id]
            self.skus[sku.product.shop_id, sku.product.code, sku.code] = sku

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        """Raises ValidationError for a row that names nothing, or what an earlier one named."""
        shop = self._shop(row)
        key = (shop.pk, plain(row["product"]), plain(row["sku"]))
        empty = {
            name: _("This must not be empty.") for name, code in zip(self.needed, key[1:], strict=True) if not code
        }
        if empty:
            raise ValidationError(empty)
        if key in self.seen:
            raise ValidationError({"sku": _("An earlier row has the same variant.")})
        self.seen.add(key)
        self.currency, self.key, self.shop_of_row = shop.currency, key, shop

    def _shop(self, row: Any) -> Shop:
        """The shop that a row names; the person's own where there is only one."""
        code = plain(row.get("shop"))
        if not code and len(self.shops) == 1:
            return next(iter(self.shops.values()))
        if code not in self.shops:
            raise ValidationError({"shop": _("You have no shop with the code %(code)s.") % {"code": code or "–"}})
        return self.shops[code]

    def get_instance(self, instance_loader: Any, row: Any) -> Sku | None:
        return self.skus.get(self.key)

    def init_instance(self, row: Any = None) -> Sku:
        shop, product, code = self.key
        new = Product(shop=self.shop_of_row, code=product)
        return Sku(product=self.products.setdefault((shop, product), new), code=code, price=0)

    def after_init_instance(self, instance: Sku, new: bool, row: Any, **kwargs: Any) -> None:
        instance.more = ""  # type: ignore[attr-defined]  # only the table's

    def skip_row(self, instance: Any, original: Any, row: Any, import_validation_errors: Any = None) -> bool:
        return instance.pk is not None and bool(super().skip_row(instance, original, row, import_validation_errors))

    def validate_instance(
        self, instance: Any, import_validation_errors: Any = None, validate_unique: bool = True
    ) -> None:
        """All that is wrong with a row, by column."""
        errors: dict[str, Any] = {_column(name): error for name, error in (import_validation_errors or {}).items()}
        for row, names in ((instance.product, (*OF_PRODUCT, "code")), (instance, (*OF_SKU, "code"))):
            try:
                row.clean_fields(exclude={field.name for field in row._meta.fields} - set(names))
            except ValidationError as error:
                errors |= {_column(name, row): problems for name, problems in error.error_dict.items()}
        if instance.discount > instance.price:
            errors.setdefault("discount", _("The discount cannot be more than the price."))
        errors |= self._moved(instance)
        if errors:
            raise ValidationError(errors)

    def _moved(self, sku: Any) -> dict[str, Any]:
        """What is wrong with the units to add; `more` becomes their number."""
        text = sku.more or "0"
        units = key_of(text.removeprefix("-"))
        if units is None or units > MOST:
            return {"add_to_stock": _("%(text)s is not a whole number.") % {"text": text}}
        sku.more = int(text)
        if sku.stock + sku.more < 0:
            return {"add_to_stock": _("Only %(left)s are left.") % {"left": sku.stock}}
        return {}

    # --- writing ------------------------------------------------------------------------------------------------------

    def after_save_instance(self, instance: Sku, row: Any, **kwargs: Any) -> None:
        self.moved.append(instance)

    def bulk_create(self, *args: Any, **kwargs: Any) -> None:
        """New products go before their variants."""
        new = {id(sku.product): sku.product for sku in self.create_instances if sku.product.pk is None}
        Product.objects.bulk_create(new.values())
        for sku in self.create_instances:
            sku.product_id = sku.product.pk
        super().bulk_create(*args, **kwargs)

    def bulk_update(self, *args: Any, **kwargs: Any) -> None:
        changed = {sku.product.pk: sku.product for sku in self.moved}
        Product.objects.bulk_update(changed.values(), OF_PRODUCT)
        super().bulk_update(*args, **kwargs)

    def get_bulk_update_fields(self) -> list[str]:
        """Never the stock, which is moved by a difference."""
        return list(OF_SKU)

    def after_import(self, dataset: Any, result: Any, **kwargs: Any) -> None:
        """Raises ValidationError where buyers took meanwhile what is to be taken out."""
        try:
            change_stock({sku.pk: sku.more for sku in self.moved})  # type: ignore[attr-defined]
        except IntegrityError:
            raise ValidationError(_("Less is in stock by now than the file takes out. Upload it again.")) from None


def _column(name: str, row: Any = None) -> str:
    """The column of an attribute, so that an error stands where the person looks."""
    if name == "code":
        return "product" if isinstance(row, Product) else "sku"
    return "add_to_stock" if name == "more" else name.removeprefix("product__")
