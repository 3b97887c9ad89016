"""Photos that are sent before their form is, and what becomes of what was never sent.

A file is deleted only after its row is gone for good. What a crash leaves behind is a file without a row, which the
hourly job finds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from PIL import Image

from aftersales.lifecycle.errors import Refused
from aftersales.models import User
from refunds import photos
from refunds.errors import RefundError
from refunds.models import Draft, Evidence, Upload, UploadDay

# How long an upload waits for its form, and a draft for its buyer.
UPLOAD_LASTS, DRAFT_LASTS = timedelta(hours=48), timedelta(days=14)
# The days whose folders are searched for files without a row, counted back from today. Younger files may still be
# waiting for their row.
_DAYS = range(3, 31)
_BATCH = 500


def upload(owner: User, file: File[bytes]) -> Upload:
    """Keep a person's photo for a form that they have not sent yet. Raises Refused for what is no photo, or for more
    than a day allows: decoding is work, whatever comes of it."""
    _count(owner)
    return Upload.objects.create(owner=owner, **photos.encode(file).columns())


def _count(owner: User) -> None:
    day, _created = UploadDay.objects.get_or_create(owner=owner, day=datetime.now(UTC).date())
    most = settings.UPLOADS_PER_DAY
    if not UploadDay.objects.filter(pk=day.pk, number__lt=most).update(number=F("number") + 1):
        raise Refused(RefundError.TOO_MANY_UPLOADS, "photos", most=most)


def drop_uploads(owner: User, tokens: Iterable[UUID]) -> int:
    """A person takes photos back that they have not sent. Returns how many there were."""
    return _delete(Upload.objects.of(owner).filter(token__in=list(tokens)))


def take(owner: User | None, stored: Sequence[photos.Stored]) -> list[photos.Stored]:
    """The files of uploads among these belong to evidence from now on. Raises Refused for one that is not the owner's,
    or that another form has taken first."""
    tokens = [item.upload for item in stored if item.upload]
    if not tokens:
        return list(stored)
    rows = Upload.objects.of(owner).filter(token__in=tokens).select_for_update().order_by("pk")
    found = {row.token: row for row in rows}
    if len(found) < len(tokens):
        raise Refused(RefundError.PHOTO_GONE, "photos")
    Upload.objects.filter(pk__in=[row.pk for row in found.values()]).delete()
    return [_stored(found[item.upload]) if item.upload else item for item in stored]


def _stored(row: Upload) -> photos.Stored:
    return photos.Stored(row.photo.name, row.thumbnail.name, row.width, row.height)


def _delete(uploads: QuerySet[Upload]) -> int:
    """Rows first, then their files. A form that is taking one right now keeps it."""
    with transaction.atomic():
        rows = list(uploads.select_for_update(skip_locked=True)[:_BATCH])
        Upload.objects.filter(pk__in=[row.pk for row in rows]).delete()
    for row in rows:
        for file in (row.photo, row.thumbnail):
            file.storage.delete(str(file.name))
    return len(rows)


def tidy() -> None:
    """Delete what was never sent and files without a row; draw the thumbnails that are missing. Safe to run twice."""
    now = datetime.now(UTC)
    while _delete(Upload.objects.filter(created_at__lt=Now() - UPLOAD_LASTS)) == _BATCH:
        pass
    Draft.objects.filter(saved_at__lt=Now() - DRAFT_LASTS).delete()
    UploadDay.objects.filter(day__lt=now.date() - timedelta(days=1)).delete()
    # Another day every hour: a folder is searched about once a day while it is in reach.
    hours = int(now.timestamp()) // 3600
    sweep_files(now.date() - timedelta(days=_DAYS[hours % len(_DAYS)]))
    for row in Evidence.objects.filter(thumbnail="").order_by("pk")[:_BATCH]:
        _draw(row)


def sweep_files(day: date) -> None:
    """Delete the files that were stored on a day and that no row names."""
    folder = f"{photos.FOLDER}/{day:%Y-%m-%d}"
    names = _listed(folder)
    # Evidence is read last: a photo that has left the uploads by then is there.
    for model in (Upload, Evidence) if names else ():
        rows: QuerySet[Any] = model._default_manager.filter(photo__startswith=f"{folder}/")
        names = names.difference(*rows.values_list("photo", "thumbnail"))
    for name in names:
        default_storage.delete(name)


def _listed(folder: str) -> set[str]:
    try:
        return {f"{folder}/{name}" for name in default_storage.listdir(folder)[1]}
    except FileNotFoundError:
        return set()


def _draw(row: Evidence) -> None:
    """The thumbnail of a photo of before there were any. One that cannot be read shows itself."""
    size, thumbnail = (0, 0), row.photo.name
    try:
        with row.photo.open("rb") as file, Image.open(file, formats=("JPEG",)) as image:
            size = image.size
            thumbnail = default_storage.save(f"{photos.FOLDER}/{row.pk}-small.jpg", ContentFile(photos.small(image)))
    except OSError:
        pass
    Evidence.objects.filter(pk=row.pk, thumbnail="").update(thumbnail=thumbnail, width=size[0], height=size[1])
