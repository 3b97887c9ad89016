"""Photos that people send as proof: checked before they are decoded, re-encoded, stored privately."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.core.files.base import ContentFile, File
from PIL import Image, ImageOps, PngImagePlugin

from aftersales.lifecycle.errors import Refused
from refunds.errors import RefundError

FORMATS = ("JPEG", "PNG", "WEBP")
LONGEST_SIDE, SMALL_SIDE = 2048, 320
FOLDER = "evidence"
# Pillow refuses at twice its limit while it reads the header, before a decoder takes memory for the picture.
Image.MAX_IMAGE_PIXELS = settings.EVIDENCE_MAX_PIXELS // 2
# What a PNG's notes may unfold to: each at most a megabyte, and not many of those.
PngImagePlugin.MAX_TEXT_MEMORY = 4 * 1024 * 1024

# What a form hands to a verb: a file, or the token of an upload.
Photo = File[bytes] | UUID


@dataclass(frozen=True)
class Stored:
    """A photo ready to become evidence, sizes in pixels: a new file, or the `upload` of this token, whose files and
    sizes are read when it is taken."""

    photo: Any = ""
    thumbnail: Any = ""
    width: int = 0
    height: int = 0
    upload: UUID | None = None

    def columns(self) -> dict[str, Any]:
        return {"photo": self.photo, "thumbnail": self.thumbnail, "width": self.width, "height": self.height}


def store(photos: Sequence[Photo]) -> list[Stored]:
    """Each photo once, files as new JPEGs without metadata, under random names. Raises Refused for anything that is no
    photo."""
    if len(photos) > settings.EVIDENCE_PER_MESSAGE:
        raise Refused(RefundError.PHOTOS, "photos", most=settings.EVIDENCE_PER_MESSAGE)
    return [Stored(upload=photo) if isinstance(photo, UUID) else encode(photo) for photo in dict.fromkeys(photos)]


def encode(file: File[bytes]) -> Stored:
    """The photo and its thumbnail as new files, not saved yet. Raises Refused for what is no photo."""
    if not file.size or file.size > settings.EVIDENCE_MAX_BYTES:
        code = RefundError.PHOTO_SIZE if file.size else RefundError.PHOTO
        raise Refused(code, "photos", megabytes=settings.EVIDENCE_MAX_BYTES // 1024**2)
    file.seek(0)
    try:
        image = _decoded(file)
    except Exception as error:  # a forged file ends a decoder in any way there is, struct.error and TypeError included
        raise Refused(RefundError.PHOTO, "photos") from error
    # Under the day, so that a sweep for files without a row need not list all there ever were.
    name = f"{FOLDER}/{datetime.now(UTC):%Y-%m-%d}/{uuid4().hex}"
    photo = ContentFile(_jpeg(image), name=f"{name}.jpg")
    return Stored(photo, ContentFile(small(image), name=f"{name}-small.jpg"), image.width, image.height)


def _decoded(file: File[bytes]) -> Image.Image:
    """Upright, opaque, and no larger than LONGEST_SIDE."""
    with warnings.catch_warnings():
        # Pillow warns from half of our limit on.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        image: Image.Image = Image.open(file, formats=FORMATS)
    if image.width * image.height > settings.EVIDENCE_MAX_PIXELS:
        raise Refused(RefundError.PHOTO, "photos")
    if image.mode in ("1", "P", "PA"):
        image = image.convert("RGBA")
    # First of all: whatever follows works on a small picture.
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return _opaque(ImageOps.exif_transpose(image))


def _opaque(image: Image.Image) -> Image.Image:
    """On white, in eight bits a colour, without anything that was noted beside the picture."""
    if image.mode.startswith("I"):
        image = image.point(lambda value: value * 2**-8).convert("L")
    if image.has_transparency_data:
        paper = Image.new("RGBA", image.size, "white")
        paper.alpha_composite(image.convert("RGBA"))
        image = paper
    image = image.convert("RGB")
    # A comment would be written into the new file.
    image.info.clear()
    return image


def small(image: Image.Image) -> bytes:
    """The thumbnail of a picture, as a JPEG."""
    copy = image.copy()
    copy.thumbnail((SMALL_SIDE, SMALL_SIDE))
    return _jpeg(copy)


def _jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()
