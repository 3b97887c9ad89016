from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrdersConfig(AppConfig):
    name = "orders"
    verbose_name = _("Orders")

    def ready(self) -> None:
        """Attach what the database refuses; it is part of the migrations' state."""
        from orders import guards  # noqa: F401  models must be loaded first
