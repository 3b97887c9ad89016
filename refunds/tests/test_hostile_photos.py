"""What is sent as a photo to do harm: refused with a sentence, or made inert, and never decoded where that costs."""

import io
import re
import resource
import struct
import tracemalloc
import zlib
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image, ImageFile, PngImagePlugin

from aftersales.lifecycle.errors import Refused
from refunds import photos
from refunds.errors import RefundError
from refunds.models import Upload
from refunds.tests.filling import photo
from refunds.tests.test_bad_input import png

SCRIPT = b"<!doctype html><script>alert(1)</script>"
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200)


@pytest.fixture
def alice(client, cast):
    client.force_login(cast.alice)
    return client


def send(client, content, name="photo.jpg", kind="image/jpeg"):
    return client.post(reverse("refunds:uploads"), {"photo": SimpleUploadedFile(name, content, kind)})


def whole(form="JPEG", **save):
    return photo(form, **save).read()


def drawn(image, form="PNG", **save):
    out = io.BytesIO()
    image.save(out, form, **save)
    return out.getvalue()


def encoded(content):
    """The stored picture and its bytes."""
    stored = photos.encode(SimpleUploadedFile("a.jpg", content))
    return Image.open(io.BytesIO(stored.photo.read())), stored.photo.open().read() + stored.thumbnail.read()


def webp_bomb(side):
    """A WebP of a few bytes whose header says how large it is."""
    head = struct.pack("<B3x", 0) + (side - 1).to_bytes(3, "little") * 2
    body = b"WEBPVP8X" + struct.pack("<I", len(head)) + head
    return b"RIFF" + struct.pack("<I", len(body)) + body


def jpeg_bomb():
    """A JPEG whose frame says 65,000 x 65,000."""
    content = whole()
    at = content.index(b"\xff\xc0") + 5
    return content[:at] + struct.pack(">HH", 65_000, 65_000) + content[at + 4 :]


def stuffed(size):
    """A good JPEG with that many bytes of notes in front of the picture."""
    note = b"\xff\xe1" + struct.pack(">H", 65_000) + b"Exif\0\0" + bytes(64_992)
    content = whole()
    return content[:2] + note * (size // len(note) + 1) + content[2:]


def unfolding_png():
    """A PNG of little size with notes that unfold to 60 MB."""
    content = whole("PNG")
    note = b"k%d\0\0" + zlib.compress(bytes(1_000_000))
    chunk = b"zTXt" + note
    part = struct.pack(">I", len(note)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return content[:33] + part * 60 + content[33:]


REFUSED = {
    "html": SCRIPT,
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "nothing": b"",
    "gif": whole("GIF"),
    "pdf": whole("PDF"),
    "heic": HEIC,
    "cut short": whole()[:-300],
    "png bomb": png(50_000, 50_000),
    "webp bomb": webp_bomb(16_000),
    "jpeg bomb": jpeg_bomb(),
    "notes that unfold": unfolding_png(),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_in_words(alice, name):
    answer = send(alice, REFUSED[name])
    assert (answer.status_code, answer.json()) == (422, {"error": str(RefundError.PHOTO.label)})
    assert not Upload.objects.exists()


def test_ten_megabytes_of_notes_are_too_large(alice):
    answer = send(alice, stuffed(10_000_000))
    assert (answer.status_code, "at most 8 MB" in answer.json()["error"]) == (422, True)


@pytest.mark.parametrize("name", ["png bomb", "webp bomb", "jpeg bomb"])
def test_a_bomb_is_never_decoded(name, monkeypatch):
    """Its header is enough: no pixel is touched, and no memory taken."""
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: pytest.fail("decoded"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tracemalloc.start()
    with pytest.raises(Refused):
        photos.encode(SimpleUploadedFile("a.jpg", REFUSED[name]))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


def test_notes_take_little_memory():
    tracemalloc.start()
    with pytest.raises(Refused):
        photos.encode(SimpleUploadedFile("a.png", unfolding_png()))
    image, _ = encoded(stuffed(6_000_000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert image.size == (60, 40)
    assert peak < 40_000_000


def notes(form):
    """A photo with everything that can be noted beside it."""
    exif = Image.Exif()
    exif[0x010F] = "SpyCam"
    more: dict[str, Any] = {"exif": exif, "icc_profile": b"SpyCam" * 20}
    if form == "JPEG":
        more["comment"] = b"SpyCam"
    if form == "PNG":
        more["pnginfo"] = PngImagePlugin.PngInfo()
        more["pnginfo"].add_text("Comment", "SpyCam")
        more["pnginfo"].add_itxt("XML:com.adobe.xmp", "SpyCam")
    else:
        more["xmp"] = b"<x:xmpmeta>SpyCam</x:xmpmeta>"
    return whole(form, **more)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("behind", [b"", SCRIPT, b"PK\3\4" + SCRIPT])
def test_only_the_picture_stays(form, behind):
    """Notes of the camera, and a page or an archive behind the picture."""
    content = notes(form) + behind
    assert b"SpyCam" in content
    image, kept = encoded(content)
    assert not image.getexif()
    assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert not any(word in kept for word in (b"SpyCam", b"script", b"PK\3\4", b"Exif"))


def clear(mode, colour):
    return Image.new(mode, (60, 40), colour)


def palette():
    image = clear("P", 0)
    image.putpalette([255, 0, 0] * 256)
    return drawn(image, transparency=0)


ODD = {
    "CMYK": (drawn(clear("CMYK", (0, 255, 255, 0)), "JPEG"), (255, 0, 0)),
    "grey": (drawn(clear("L", 128)), (128, 128, 128)),
    "16 bits": (drawn(clear("I;16", 0x8080)), (128, 128, 128)),
    "black and white": (drawn(clear("1", 1)), (255, 255, 255)),
    "clear": (drawn(clear("RGBA", (0, 0, 0, 0))), (255, 255, 255)),
    "clear grey": (drawn(clear("LA", (0, 0))), (255, 255, 255)),
    "clear in a palette": (palette(), (255, 255, 255)),
    "one clear colour": (drawn(clear("RGB", (0, 0, 0)), transparency=(0, 0, 0)), (255, 255, 255)),
    "moving": (
        drawn(clear("RGB", (255, 0, 0)), "WEBP", save_all=True, append_images=[clear("RGB", (0, 0, 255))]),
        (255, 0, 0),
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_what_cameras_and_programs_write_is_taken(name):
    content, colour = ODD[name]
    image, _ = encoded(content)
    assert (image.mode, image.size) == ("RGB", (60, 40))
    assert all(abs(a - b) < 12 for a, b in zip(image.getpixel((30, 20)), colour, strict=True))


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_photo_stands_upright(turn):
    """The left half is red, as the camera's note says that it is to be seen."""
    exif = Image.Exif()
    exif[0x0112] = turn
    seen = Image.new("RGB", (60, 40), "blue")
    seen.paste((255, 0, 0), (0, 0, 30, 40))
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    raw = seen.transpose(Image.Transpose(back[turn])) if turn in back else seen
    image, _ = encoded(drawn(raw, "JPEG", exif=exif))
    assert image.size == (60, 40)
    assert [image.getpixel((at, 20))[0] > 150 for at in (5, 55)] == [True, False]


@pytest.mark.parametrize("name", ["../../etc/passwd", "\u202egpj.exe", "a" * 300, "a\r\nSet-Cookie: x.jpg", ".jpg"])
@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", ""])
def test_neither_name_nor_type_is_believed(alice, name, kind):
    answer = send(alice, whole(), name, kind)
    assert answer.status_code == 201
    assert re.fullmatch(r"evidence/[-\d]{10}/[0-9a-f]{32}\.jpg", str(Upload.objects.get().photo.name))
