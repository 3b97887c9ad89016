"""Users, what staff changed, background jobs, and the heartbeat that /health shows."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from aftersales.changes.models import Change
from aftersales.jobs.models import Job, JobRow

__all__ = ["Change", "Heartbeat", "Job", "JobRow", "User", "UserManager"]


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save()
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        """E-mail addresses are compared without case."""
        return self.get(email=(username or "").lower())

    def agents(self) -> models.QuerySet["User"]:
        """Who serves customers now, and has a desk to do it at."""
        return self.filter(is_customer_service=True, is_staff=True, is_active=True)


class User(AbstractBaseUser, PermissionsMixin):
    """A person who logs in by e-mail. Sellers belong to a shop (orders.ShopStaff), an operator is a superuser.

    is_supervisor   leads customer service: reassigns cases, reads the figures of its agents
    is_auditor      reads what operators read, and changes nothing
    rights_version  counts the changes of the person's rights, shops included; the database keeps it. Sessions of before
                    a change have ended
    """

    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=100, blank=True)
    language = models.CharField(
        _("language"), max_length=10, choices=[("en", "English"), ("zh-hans", "简体中文")], blank=True
    )
    time_zone = models.CharField(_("time zone"), max_length=50, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("may open the admin"), default=False)
    is_customer_service = models.BooleanField(_("customer service"), default=False)
    is_supervisor = models.BooleanField(_("supervisor of customer service"), default=False)
    is_auditor = models.BooleanField(_("auditor"), default=False)
    rights_version = models.PositiveIntegerField(default=0, editable=False)
    date_joined = models.DateTimeField(_("joined"), default=timezone.now)

    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        indexes = (models.Index(models.functions.Upper("name"), name="user_by_name"),)
        constraints = (
            models.CheckConstraint(condition=models.Q(email=models.functions.Lower("email")), name="user_email_lower"),
            models.CheckConstraint(
                condition=models.Q(is_supervisor=False) | models.Q(is_customer_service=True),
                name="user_supervisor_serves",
                violation_error_message=_("A supervisor belongs to customer service: tick that too."),
            ),
            models.CheckConstraint(
                condition=models.Q(is_auditor=False) | models.Q(is_superuser=False, is_customer_service=False),
                name="user_auditor_only_reads",
                violation_error_message=_("An auditor only reads, and can be neither operator nor customer service."),
            ),
        )

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def sees_everything(self) -> bool:
        """Whether no shop and no case is hidden from the person. Who may act is another question."""
        return self.is_superuser or self.is_auditor

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """A session ends with the password that it began with, and with the rights."""
        proven: str = super()._get_session_auth_hash(secret)  # type: ignore[misc]  # Django's types leave it out
        return f"{proven}.{self.rights_version}" if self.rights_version else proven


def end_sessions(users: models.QuerySet[User]) -> None:
    """These people have to log in again, wherever they are logged in."""
    users.update(rights_version=models.F("rights_version") + 1)


class Heartbeat(models.Model):
    """When a periodic task last ran to its end, one row per name."""

    name = models.CharField(primary_key=True, max_length=50)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("heartbeat")
        verbose_name_plural = _("heartbeats")

    def __str__(self) -> str:
        return self.name
