from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class AftersalesConfig(AppConfig):
    name = "aftersales"


class AdminConfig(DjangoAdminConfig):
    """The admin with our own site, so that it can be swapped in one place."""

    default_site = "aftersales.site.Site"
