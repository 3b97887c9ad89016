"""Photos that people send as proof: checked before they are decoded, re-encoded, stored privately."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from uuid import uuid4

from django.conf import settings
from django.core.files.base import ContentFile, File
from PIL import Image, ImageOps

from aftersales.lifecycle.errors import Refused
from refunds.errors import RefundError

FORMATS = ("JPEG", "PNG", "WEBP")
LONGEST_SIDE = 2048


def store(files: Sequence[File[bytes]]) -> Iterator[ContentFile[bytes]]:
    """Each photo as a new JPEG without metadata, under a random name. Raises Refused for anything that is none."""
    if len(files) > settings.EVIDENCE_PER_MESSAGE:
        raise Refused(RefundError.PHOTOS, "photos", most=settings.EVIDENCE_PER_MESSAGE)
    for file in files:
        if not file.size or file.size > settings.EVIDENCE_MAX_BYTES:
            code = RefundError.PHOTO_SIZE if file.size else RefundError.PHOTO
            raise Refused(code, "photos", megabytes=settings.EVIDENCE_MAX_BYTES // 1024**2)
        yield ContentFile(_encoded(file), name=f"evidence/{uuid4().hex}.jpg")


def _encoded(file: File[bytes]) -> bytes:
    file.seek(0)
    try:
        with warnings.catch_warnings():
            # Pillow only warns below twice its own limit; ours is judged from the header, before decoding.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image: Image.Image = Image.open(file, formats=FORMATS)
            if image.width * image.height > settings.EVIDENCE_MAX_PIXELS:
                raise Refused(RefundError.PHOTO, "photos")
            image = ImageOps.exif_transpose(image).convert("RGB")
    except Exception as error:  # a forged file ends a decoder in any way there is, struct.error and TypeError included
        raise Refused(RefundError.PHOTO, "photos") from error
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()
