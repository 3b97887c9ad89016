"""Where goods of a shop come back to, when that is not the shop's own address."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from aftersales.models import User
from orders.models.catalog import Shop


class WarehouseQuerySet(models.QuerySet["Warehouse"]):
    def of_shop(self, user: User) -> WarehouseQuerySet:
        """Those of the shops a person works for."""
        return self.filter(shop__in=Shop.objects.of_staff(user))


class Warehouse(models.Model):
    """A place of a shop with a return address of its own. Products name it; the goods of those that name none, or one
    out of use, come back to the shop's address. Its shop never changes, so that no product names a foreign one."""

    shop = models.ForeignKey(Shop, models.PROTECT, verbose_name=_("shop"), related_name="warehouses")
    name = models.CharField(_("name"), max_length=50)
    return_address = models.TextField(
        _("return address"),
        max_length=500,
        help_text=_("Name, phone and address, as they stand on a parcel."),
    )
    in_use = models.BooleanField(
        _("in use"),
        default=True,
        help_text=_("While it is not, what its products’ buyers send back goes to the shop’s own address."),
    )

    objects = WarehouseQuerySet.as_manager()

    class Meta:
        verbose_name = _("warehouse")
        verbose_name_plural = _("warehouses")
        ordering = ("name", "pk")
        constraints = (
            models.UniqueConstraint(fields=("shop", "name"), name="warehouse_name_in_shop"),
            models.CheckConstraint(condition=Q(return_address__regex=r"\S"), name="warehouse_has_address"),
        )

    def __str__(self) -> str:
        return self.name
