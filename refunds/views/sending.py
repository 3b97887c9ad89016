"""How a form with photos comes in, of an application and of a ticket's page alike."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, QueryDict

from aftersales.keys import uuid_of
from aftersales.lifecycle.errors import Refused
from orders.views.pages import reader
from refunds import actions
from refunds.errors import RefundError


@dataclass(frozen=True)
class Sent:
    """A form that was sent. `is_step`: to be asked on; `refused`: why one of its photos was not taken."""

    data: QueryDict
    is_step: bool
    refused: Refused | None = None


def receive(request: HttpRequest) -> Sent:
    """What was sent; photos that came as files are uploads from now on, so that no answer loses them."""
    data, refused = request.POST.copy(), None
    tokens = data.getlist("photos_uploaded")
    dropped = data.get("drop", "")
    if dropped in tokens:
        tokens.remove(dropped)
        actions.drop_uploads(reader(request), filter(None, [uuid_of(dropped)]))
    files = request.FILES.getlist("photos")
    try:
        if len(tokens) + len(files) > settings.EVIDENCE_PER_MESSAGE:
            raise Refused(RefundError.PHOTOS, "photos", most=settings.EVIDENCE_PER_MESSAGE)
        tokens += [str(actions.upload(reader(request), file).token) for file in files]
    except Refused as error:
        refused = error
    data.setlist("photos_uploaded", tokens)
    return Sent(data, bool(data.get("preview") or dropped), refused)
