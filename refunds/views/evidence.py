"""Photos leave through here, after a check."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import FileResponse, Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from aftersales.models import User
from orders.views.pages import reader
from refunds.models import Evidence, Ticket


def _seen_by(user: User) -> Q:
    """The ticket's buyer, the shop's staff, customer service where it was called, and operators."""
    if user.is_superuser:
        return Q()
    seen = (Ticket.objects.of_buyer(user), Ticket.objects.of_shop(user), Ticket.objects.for_cs(user))
    return Q(*(("ticket__in", rows.values("pk")) for rows in seen), _connector=Q.OR)


@login_required
@require_safe
def evidence(request: HttpRequest, pk: int) -> FileResponse:
    """One photo, for those who may see its ticket; for everybody else there is none."""
    found = get_object_or_404(Evidence, _seen_by(reader(request)), pk=pk)
    try:
        photo = found.photo.open("rb")
    except FileNotFoundError:
        raise Http404 from None
    response = FileResponse(photo, content_type="image/jpeg", filename=f"evidence-{found.pk}.jpg")
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    patch_cache_control(response, private=True, max_age=600)
    return response
