"""Every URL of the project."""

from django.contrib import admin
from django.urls import include, path

from aftersales.health import health
from aftersales.views import set_language

urlpatterns = [
    path("", include("aftersales.accounts.urls")),
    path("language/", set_language, name="set_language"),
    path("health", health, name="health"),
    path("admin/", admin.site.urls),
    path("help/", include("aftersales.help.urls")),
    path("", include("refunds.urls")),
    path("", include("orders.urls")),
]
