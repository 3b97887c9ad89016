"""The door that payment channels knock at. A notice is believed for its number only: the truth is asked for."""

from __future__ import annotations

import logging

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from orders.models import Payment
from payments import base
from refunds import money
from refunds.models import Payout

log = logging.getLogger(__name__)
LARGEST = 64 * 1024


@csrf_exempt  # the channel's signature stands in its place
@require_POST
def notice(request: HttpRequest, channel: str) -> HttpResponse:
    """Take a notice: a worker will ask the channel about its number. Repeats and numbers that we do not know are taken
    too, so that the channel stops repeating them."""
    try:
        reader = base.channel(channel)
    except base.UnknownChannel:
        return HttpResponse("unknown channel", status=404, content_type="text/plain")
    body = request.read(LARGEST + 1)
    if len(body) > LARGEST:
        return HttpResponse("too large", status=413, content_type="text/plain")
    try:
        told = reader.read_notice(request.headers, body)
    except base.BadNotice as error:
        log.warning("a notice of %s is not believed: %s", channel, error)
        return HttpResponse("not believed", status=400, content_type="text/plain")
    _take(channel, told)
    return HttpResponse("taken", content_type="text/plain")


def _take(channel: str, told: base.Notice) -> None:
    number = told.number if told.number.isprintable() else ""  # a database does not take every text
    known, knock = (
        (Payout.objects.filter(payment__channel=channel, number=number), money.notice_of_refund)
        if told.kind == "refund"
        else (Payment.objects.filter(channel=channel, number=number), money.notice_of_payment)
    )
    if known.exists():
        knock(number)
    else:
        log.warning("a notice of %s names a %s %r that is not ours", channel, told.kind, told.number)
