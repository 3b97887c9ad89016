"""What a person has entered for a form that is not sent yet: photos that are already here, and a kept application."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from aftersales.models import User
from orders.models import Order
from refunds.models.ticket import Ticket


class UploadQuerySet(models.QuerySet["Upload"]):
    def of(self, user: User | None) -> UploadQuerySet:
        return self.filter(owner=user) if user else self.none()


class Upload(models.Model):
    """A photo that was sent for a form not yet submitted: re-encoded and private. Its owner alone sees it; the Evidence
    that it becomes takes over its files, and this row goes in the same transaction.

    token          its public name
    width, height  of the photo, in pixels
    """

    token = models.UUIDField(unique=True, default=uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("by"), related_name="+")
    photo = models.FileField(_("photo"), max_length=200)
    thumbnail = models.FileField(_("thumbnail"), max_length=200)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    created_at = models.DateTimeField(_("given"), db_default=Now())

    objects = UploadQuerySet.as_manager()

    class Meta:
        verbose_name = _("upload")
        verbose_name_plural = _("uploads")
        ordering = ("pk",)
        indexes = (models.Index(fields=("created_at",), name="upload_by_age"),)

    def __str__(self) -> str:
        return str(self.token)


class UploadDay(models.Model):
    """How many photos a person has sent on a day (UTC), those that were refused or removed included."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    day = models.DateField()
    number = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("photos of a day")
        verbose_name_plural = _("photos of a day")
        constraints = (models.UniqueConstraint(fields=("owner", "day"), name="uploadday_once"),)

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d}"


class DraftQuerySet(models.QuerySet["Draft"]):
    def of_buyer(self, user: User) -> DraftQuerySet:
        return self.filter(order__buyer=user)

    def unsent(self) -> DraftQuerySet:
        """Without one that a slow request wrote after its form had become a ticket."""
        same = Ticket.objects.filter(order=models.OuterRef("order"), token=models.OuterRef("token"))
        return self.exclude(models.Exists(same))


class Draft(models.Model):
    """An application as far as the order's buyer has come with it, kept until it is filed or given up.

    token   of the form, so that sending it from two devices makes one ticket
    fields  {name: values}, as the form sends them
    """

    order = models.OneToOneField(Order, models.CASCADE, verbose_name=_("order"), related_name="draft")
    token = models.UUIDField(editable=False)
    fields: Any = models.JSONField(default=dict)
    saved_at = models.DateTimeField(_("saved"), db_default=Now())

    objects = DraftQuerySet.as_manager()

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        indexes = (models.Index(fields=("saved_at",), name="draft_by_age"),)

    def __str__(self) -> str:
        return str(self.order)
