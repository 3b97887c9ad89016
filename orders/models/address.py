"""The address book: where a buyer's goods may go. An order keeps a copy, so that nothing here changes an order."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from aftersales.models import User

# What makes a place: the same is kept once.
PLACE: Final = ("recipient", "phone", "region", "address")


class AddressQuerySet(models.QuerySet["Address"]):
    def of_buyer(self, user: User) -> AddressQuerySet:
        return self.filter(owner=user)


class Address(models.Model):
    """One entry. At most one of a person's is the default; the same place is kept once."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("owner"), related_name="addresses"
    )
    recipient = models.CharField(_("recipient"), max_length=100)
    phone = models.CharField(_("phone"), max_length=30)
    region = models.CharField(_("region"), max_length=100, blank=True)
    address = models.CharField(_("address"), max_length=390)
    label = models.CharField(_("label"), max_length=20, blank=True)
    is_default = models.BooleanField(_("default"), default=False)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    objects = AddressQuerySet.as_manager()

    class Meta:
        verbose_name = _("address")
        verbose_name_plural = _("addresses")
        ordering = ("-is_default", "-pk")
        constraints = (
            models.UniqueConstraint(fields=("owner",), condition=Q(is_default=True), name="address_one_default"),
            models.UniqueConstraint(fields=("owner", *PLACE), name="address_same_place_once"),
        )

    def __str__(self) -> str:
        return f"{self.recipient} {self.phone} {self.whole}"

    @property
    def whole(self) -> str:
        """Region and address as one text, as an order keeps it."""
        return f"{self.region} {self.address}".strip()
