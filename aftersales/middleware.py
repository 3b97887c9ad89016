"""What holds for every request: how its text is written, and the reader's time zone."""

from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from aftersales.readers import zone_named

ZONE_COOKIE = "zone"


class CharsetMiddleware:
    """Forms come in UTF-8, as every browser sends ours: 400 for any other. Python reads much more, halves of characters
    that no database takes among it. Django asks this only of forms without files."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        charset = (request.content_params or {}).get("charset", "utf-8")
        if request.content_type == "multipart/form-data" and charset.lower() not in ("utf-8", "utf8"):
            raise BadRequest("forms come in UTF-8")
        return self.get_response(request)


class ReaderMiddleware:
    """Times are shown in the zone that a person has chosen, else in the browser's, which js/page.js tells, else in
    UTC."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name = getattr(request.user, "time_zone", "") or request.COOKIES.get(ZONE_COOKIE, "")
        with timezone.override(zone_named(name)):
            return self.get_response(request)
