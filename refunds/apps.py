from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RefundsConfig(AppConfig):
    name = "refunds"
    verbose_name = _("After-sales")

    def ready(self) -> None:
        """Attach what the database refuses; it is part of the migrations' state."""
        from refunds import guards  # noqa: F401  models must be loaded first
