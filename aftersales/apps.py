from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig
from django.utils.translation import gettext_lazy as _


class AftersalesConfig(AppConfig):
    name = "aftersales"
    verbose_name = _("System")

    def ready(self) -> None:
        """Attach what the database does by itself; it is part of the migrations' state."""
        from aftersales import guards  # noqa: F401  models must be loaded first
        from aftersales.exchange.work import Export
        from aftersales.jobs.kinds import register

        register(Export())


class AdminConfig(DjangoAdminConfig):
    """The admin with our own site, so that it can be swapped in one place."""

    default_site = "aftersales.site.Site"
