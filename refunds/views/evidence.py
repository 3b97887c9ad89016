"""Photos come in through here before their form, and leave after a check."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_POST, require_safe

from aftersales.lifecycle.errors import Refused
from aftersales.models import User
from orders.views.pages import reader
from refunds import actions
from refunds.errors import RefundError
from refunds.models import Evidence, Ticket, Upload


def _seen_by(user: User) -> Q:
    """The ticket's buyer, the shop's staff, customer service where it was called, and who sees everything."""
    if user.sees_everything:
        return Q()
    seen = (Ticket.objects.of_buyer(user), Ticket.objects.of_shop(user), Ticket.objects.for_cs(user))
    return Q(*(("ticket__in", rows.values("pk")) for rows in seen), _connector=Q.OR)


@login_required
@require_safe
def evidence(request: HttpRequest, pk: int) -> FileResponse:
    """One photo, for those who may see its ticket; for everybody else there is none."""
    found = get_object_or_404(Evidence, _seen_by(reader(request)), pk=pk)
    return _private(found.photo, f"evidence-{found.pk}.jpg")


@login_required
@require_safe
def thumbnail(request: HttpRequest, pk: int) -> FileResponse:
    """Its small picture, for the same people; one of before there were any shows the photo."""
    found = get_object_or_404(Evidence, _seen_by(reader(request)), pk=pk)
    return _private(found.thumbnail or found.photo, f"evidence-{found.pk}-small.jpg")


@login_required
@require_POST
def uploads(request: HttpRequest) -> HttpResponse:
    """One photo for a form that is not sent yet: 201 with its token and thumbnail, 422 with the sentence why not."""
    try:
        file = request.FILES.get("photo")
        if file is None:
            raise Refused(RefundError.PHOTO)
        new = actions.upload(reader(request), file)
    except Refused as refused:
        return JsonResponse({"error": str(refused)}, status=422)
    address = reverse("refunds:upload", args=(new.token,))
    return JsonResponse({"token": str(new.token), "thumbnail": address}, status=201, headers={"Location": address})


@login_required
@require_safe
def upload(request: HttpRequest, token: UUID) -> FileResponse:
    """The thumbnail of the reader's own photo that waits for its form."""
    found = get_object_or_404(Upload.objects.of(reader(request)), token=token)
    return _private(found.thumbnail, f"photo-{found.token}-small.jpg")


@login_required
@require_POST
def drop_upload(request: HttpRequest, token: UUID) -> HttpResponse:
    """The reader takes a photo back that they have not sent."""
    if not actions.drop_uploads(reader(request), [token]):
        raise Http404
    return HttpResponse(status=204)


def _private(file: FieldFile, name: str) -> FileResponse:
    """A stored picture that nothing may run and nobody else may keep. Raises Http404 for a lost file."""
    try:
        photo = file.open("rb")
    except FileNotFoundError:
        raise Http404 from None
    response = FileResponse(photo, content_type="image/jpeg", filename=name)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    patch_cache_control(response, private=True, max_age=600)
    return response
