"""Who is asked to work for a shop."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.core import signing
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from aftersales.models import User
from orders.models.catalog import Shop
from orders.states import ShopRole

VALID: Final = timedelta(days=7)
_SALT: Final = "orders.invitation"
_OPEN: Final = Q(accepted_at=None, revoked_at=None)


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def of_shop(self, user: User) -> InvitationQuerySet:
        """Those of the shops a person works for."""
        return self.filter(shop__in=Shop.objects.of_staff(user))

    def open(self) -> InvitationQuerySet:
        """What can still be accepted, by the database's clock."""
        return self.filter(_OPEN, expires_at__gt=Now())


class Invitation(models.Model):
    """One person is asked by e-mail; whoever has the address accepts. The columns from `next_at` on send the mail:
    refunds.mailing knows them. The link in it is signed, so that nobody makes one from a row they have read."""

    shop = models.ForeignKey(Shop, models.PROTECT, verbose_name=_("shop"), related_name="invitations")
    email = models.EmailField(_("e-mail"))
    role = models.CharField(_("role"), max_length=10, choices=ShopRole, default=ShopRole.AGENT)
    language = models.CharField(_("language"), max_length=10)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("invited by"), related_name="+"
    )
    expires_at = models.DateTimeField(_("valid until"))
    accepted_at = models.DateTimeField(_("accepted"), null=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True)
    next_at = models.DateTimeField(_("next try"), null=True, db_default=Now())
    tries = models.PositiveIntegerField(_("tries"), default=0)
    sent_at = models.DateTimeField(pgettext_lazy("notice", "sent"), null=True)
    failed_at = models.DateTimeField(_("given up"), null=True)
    trouble = models.CharField(_("the mail server’s last complaint"), max_length=300, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ("-pk",)
        indexes = (
            models.Index(fields=("next_at", "id"), name="invitation_to_send", condition=Q(next_at__isnull=False)),
        )
        constraints = (
            models.UniqueConstraint(fields=("shop", "email"), condition=_OPEN, name="invitation_one_open"),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="invitation_email_lower"),
            models.CheckConstraint(condition=Q(role__in=ShopRole.values), name="invitation_role_known"),
            models.CheckConstraint(condition=Q(accepted_at=None) | Q(revoked_at=None), name="invitation_one_end"),
        )

    def __str__(self) -> str:
        return f"{self.email} · {self.shop}"

    @property
    def is_open(self) -> bool:
        return self.accepted_at is None and self.revoked_at is None and self.expires_at > timezone.now()

    @property
    def link(self) -> str:
        """Where the one who is asked accepts."""
        token = signing.Signer(salt=_SALT).sign_object(self.pk)
        return settings.PUBLIC_URL + reverse("orders:join", args=(token,))


def invited(token: str) -> int:
    """The key of the invitation that a link names. Raises BadSignature for a token that is not ours."""
    key: int = signing.Signer(salt=_SALT).unsign_object(token)
    return key
