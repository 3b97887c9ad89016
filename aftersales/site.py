"""The admin site, in one place so that its looks can be swapped."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _


class Site(admin.AdminSite):
    site_header = _("Aftersales")
    site_title = _("Aftersales")
    index_title = _("Work")
