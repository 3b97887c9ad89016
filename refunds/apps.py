from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RefundsConfig(AppConfig):
    name = "refunds"
    verbose_name = _("After-sales")

    def ready(self) -> None:
        """Attach what the database refuses, which is part of the migrations' state; make the kinds of jobs known."""
        # Models must be loaded first.
        from aftersales.jobs.kinds import register
        from refunds import guards  # noqa: F401
        from refunds.bulk.work import KINDS

        for kind in KINDS:
            register(kind)
