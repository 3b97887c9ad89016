"""The reader's language and time zone."""

import zoneinfo
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from aftersales.models import time_zones


class ReaderMiddleware:
    """Times are shown in the zone that a person has chosen, else in UTC."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name = getattr(request.user, "time_zone", "")
        with timezone.override(zoneinfo.ZoneInfo(name) if name in time_zones() else None):
            return self.get_response(request)
