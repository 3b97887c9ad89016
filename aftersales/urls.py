"""Every URL of the project."""

from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import include, path

from aftersales.health import health
from aftersales.views import Login, set_language

urlpatterns = [
    path("login/", Login.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("language/", set_language, name="set_language"),
    path("health", health),
    path("admin/", admin.site.urls),
    path("help/", include("aftersales.help.urls")),
    path("", include("refunds.urls")),
    path("", include("orders.urls")),
]
