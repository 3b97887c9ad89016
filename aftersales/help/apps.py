from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class HelpConfig(AppConfig):
    """Articles, and the questions of those whom no article helped."""

    name = "aftersales.help"
    label = "help"
    verbose_name = _("Help")
