"""The buyer's after-sale pages and the channels' notices."""

from django.urls import URLPattern

app_name = "refunds"
urlpatterns: list[URLPattern] = []
