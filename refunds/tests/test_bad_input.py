"""What people and scripts type into the application: a clear message at the right field, 422, and nothing changes."""

import struct
import zlib
from contextlib import suppress
from copy import deepcopy

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import translation
from django.utils.html import escape

from aftersales.lifecycle.errors import Refused
from aftersales.testing import file, make_cast, pay, place, ship
from refunds import photos
from refunds.errors import RefundError
from refunds.models import Reason, Ticket
from refunds.states import REFUNDS, Kind
from refunds.tests.filling import codes, filled, photo, world


@pytest.fixture(scope="module")
def built(shared):
    """The cast and an order, for hundreds of tests that change neither."""
    with shared():
        cast = make_cast()
        yield cast, ship(pay(place(cast)), cast)


@pytest.fixture
def mine(db, built):
    return deepcopy(built)


@pytest.fixture
def cast(mine):
    return mine[0]


@pytest.fixture
def order(mine):
    return mine[1]


@pytest.fixture
def alice(client, cast):
    client.force_login(cast.alice)
    return client


def send(alice, order, changed, names=None):
    """Post an application on two mugs with some fields changed; `mug` in their names is the line's key."""
    key = order.lines.get(title="Mug").pk
    fields = filled(order, {key: 2}) | {name.replace("mug", str(key)): value for name, value in changed.items()}
    return alice.post(reverse("refunds:apply", args=(order.number,)), fields), str(key)


UNITS = [
    "-1",
    "3",
    "1.5",
    "1e1",
    "１",
    "٣",
    "1" + "0" * 20,
    "NaN",
    "inf",
    "one",
    "0x1",
    "+1",
    "1,0",
    "1 1",
    "\x00",
    "½",
]
AMOUNTS = [
    "-1", "+1", "1,50", "1.005", "1.", ".5", "1e2", "NaN", "Infinity", "１２", "٣", "USD 5", "$5", "¥5", "5 CNY", "5元",
    "1" + "0" * 20, "0x10", "1 000", "1_000", "\x00", "5\x00", "--", "1.2.3",
]  # fmt: skip

WORDS = {"reason": "other", "description": "the handle is loose"}
NO_MONEY = [kind for kind in Kind if kind not in REFUNDS]
WANTED = ["-1", "0", "999999", "1.0", "x", "１", "1e1", "\x00", "1" + "0" * 18, "lamp"]

CASES = [
    *[({"units_mug": typed}, "units_mug", "units") for typed in UNITS],
    *[({"amount_mug": typed}, "amount_mug", "amount") for typed in AMOUNTS],
    *[({"freight": typed}, "freight", "amount") for typed in AMOUNTS],
    ({"amount_mug": "20.01"}, "amount_mug", "line_amount"),
    ({"units_mug": "1", "amount_mug": "10.01"}, "amount_mug", "line_amount"),
    ({"amount_mug": "100000000000"}, "amount_mug", "line_amount"),
    ({"units_mug": "", "amount_mug": "5"}, "amount_mug", "line_sum"),
    ({"units_mug": "0"}, "__all__", "nothing_chosen"),
    ({"units_mug": ""}, "__all__", "nothing_chosen"),
    ({"amount_mug": "0"}, "__all__", "nothing_to_refund"),
    ({"freight": "6.01"}, "freight", "freight"),
    ({"units_999999": "1"}, "__all__", "unknown_line"),
    ({"units_999999": ""}, "__all__", "unknown_line"),
    ({"amount_999999": "1"}, "__all__", "unknown_line"),
    ({"units_": "1"}, "__all__", "unknown_line"),
    ({"units_１": "1"}, "__all__", "unknown_line"),
    ({"units_1; drop table": "1"}, "__all__", "unknown_line"),
    ({"kind": ""}, "kind", "kind_missing"),
    ({"kind": "exchanged"}, "kind", "kind"),
    ({"kind": "REFUND_ONLY"}, "kind", "kind"),
    ({"kind": "\x00"}, "kind", "kind"),
    ({"kind": ["return_refund", "x"]}, "kind", "kind"),
    ({"goods": ""}, "goods", "required"),
    ({"goods": "perhaps"}, "goods", "invalid_choice"),
    ({"goods": "\x00"}, "goods", "invalid_choice"),
    ({"goods": "not_shipped", "kind": "return_refund"}, "kind", "not_shipped"),
    ({"goods": "not_shipped"}, "units_mug", "units"),
    ({"goods": "on_the_way", "kind": "return_refund"}, "kind", "not_arrived"),
    ({"goods": "on_the_way", "reason": "damaged"}, "reason", "reason_arrived"),
    ({"kind": "exchange", "reason": "late"}, "reason", "reason_kind"),
    *[(WORDS | {"kind": kind, "amount_mug": "5"}, "amount_mug", "no_money") for kind in NO_MONEY],
    *[(WORDS | {"kind": kind, "freight": "5"}, "freight", "no_money") for kind in NO_MONEY],
    *[({"kind": "exchange", "wanted_mug": typed}, "wanted_mug", "wanted") for typed in WANTED],
    ({"kind": "exchange", "units_mug": "3"}, "units_mug", "units"),
    ({"kind": "exchange", "units_mug": ""}, "__all__", "nothing_chosen"),
    ({"wanted_999999": "1"}, "__all__", "unknown_line"),
    ({"part_999999": "lid"}, "__all__", "unknown_line"),
    ({"kind": "reissue", "part_mug": "x" * 201}, "part_mug", "max_length"),
    ({"kind": "reissue", "part_mug": "a\x00"}, "part_mug", "null_characters_not_allowed"),
    ({"kind": "repair", "description": ""}, "description", "note"),
    ({"kind": "repair", "description": " \r\n "}, "description", "note"),
    ({"reason": ""}, "reason", "reason"),
    ({"reason": "nothing_like_it"}, "reason", "reason"),
    ({"reason": "final_sale"}, "reason", "reason"),
    ({"reason": "\x00"}, "reason", "reason"),
    ({"reason": "1" * 500}, "reason", "reason"),
    ({"reason": "damaged"}, "photos", "proof"),
    ({"description": "x" * 2001}, "description", "max_length"),
    ({"description": "a\x00b"}, "description", "null_characters_not_allowed"),
    ({"currency": "USD"}, "currency", "currency"),
    ({"currency": ""}, "currency", "currency"),
    ({"currency": "cny"}, "currency", "currency"),
    ({"token": ""}, "token", "required"),
    ({"token": "no-token"}, "token", "invalid"),
]


# What a step asks for, or again, instead of refusing it.
ASKED = [
    case
    for case in CASES
    if case[2] in ("nothing_chosen", "line_sum", "kind_missing", "not_shipped", "not_arrived", "proof", "note")
    or case[2] in ("reason", "reason_kind", "reason_arrived")
    or case[0] in ({"goods": ""}, {"goods": "not_shipped"})
]


@pytest.mark.parametrize(("changed", "field", "code"), CASES)
def test_bad_input_is_refused_at_its_field(alice, order, changed, field, code):
    _refused(alice, order, changed, field, code)


@pytest.mark.parametrize(("changed", "field", "code"), [case for case in CASES if case not in ASKED])
def test_a_step_refuses_it_as_well(alice, order, changed, field, code):
    _refused(alice, order, changed | {"preview": "1"}, field, code)


@pytest.mark.parametrize(("changed", "field", "code"), ASKED)
def test_a_step_asks_for_what_is_missing(alice, order, changed, field, code):
    before = world(order)
    answer, _ = send(alice, order, changed | {"preview": "1"})
    assert (answer.status_code, codes(answer)) == (200, {})
    assert world(order) == before


def _refused(alice, order, changed, field, code):
    before = world(order)

    answer, key = send(alice, order, changed)

    assert answer.status_code == 422
    assert codes(answer) == {field.replace("mug", key): [code]}
    (sentence,) = answer.context["form"].errors[field.replace("mug", key)]
    assert escape(sentence) in answer.content.decode()
    assert world(order) == before
    assert not Ticket.objects.exists()


def test_everything_wrong_is_said_at_once(alice, order):
    answer, key = send(alice, order, {"units_mug": "x", "amount_mug": "y", "freight": "z", "currency": "USD"})
    assert codes(answer) == {
        f"units_{key}": ["units"],
        f"amount_{key}": ["amount"],
        "freight": ["amount"],
        "currency": ["currency"],
    }


def test_empty_post_is_refused(alice, order):
    before = world(order)
    answer = alice.post(reverse("refunds:apply", args=(order.number,)))
    assert answer.status_code == 422
    assert world(order) == before


def test_line_of_another_order_is_unknown(alice, cast, order):
    other = ship(pay(place(cast)), cast)
    before = world(order), world(other)
    answer, _ = send(alice, order, {f"units_{other.lines.first().pk}": "1"})
    assert (answer.status_code, codes(answer)) == (422, {"__all__": ["unknown_line"]})
    assert (world(order), world(other)) == before


def test_busy_line_is_refused(alice, order):
    key = order.lines.get(title="Mug").pk
    file(order, {key: 1})
    before = world(order)
    answer, _ = send(alice, order, {"units_mug": "1"})
    assert (answer.status_code, codes(answer)) == (422, {f"units_{key}": ["line_busy"]})
    assert world(order) == before


def test_reason_out_of_use_is_refused(alice, order):
    Reason.objects.filter(code="changed_mind").update(in_use=False)
    answer, _ = send(alice, order, {})
    assert (answer.status_code, codes(answer)) == (422, {"reason": ["reason"]})


def test_message_stands_at_its_field(alice, order):
    answer, key = send(alice, order, {"amount_mug": "USD 5"})
    field = answer.content.decode().split(f'id="id_amount_{key}_error"')[1][:200]
    assert "The amount has to be a number such as 12.50" in field


def test_what_was_typed_is_shown_escaped(alice, order):
    answer, _ = send(alice, order, {"amount_mug": '"><script>alert(1)</script>'})
    assert "<script>alert" not in answer.content.decode()


def test_line_breaks_count_once(alice, order):
    answer, _ = send(alice, order, {"description": "\r\n" * 2 + "x" * 1996 + "\r\n" * 2 + "."})
    assert answer.status_code == 303


def test_message_is_in_the_reader_s_language(alice, order):
    """Whatever the catalogue holds, the sentence of the form is the one of the active language, with its figures."""
    key = order.lines.get(title="Mug").pk
    fields = filled(order, {key: 9})
    address = reverse("refunds:apply", args=(order.number,))
    for language in ("en", "zh-hans"):
        answer = alice.post(address, fields, headers={"accept-language": language})
        with translation.override(language):
            words = str(RefundError.UNITS.label) % {"title": "Mug", "most": 2}
        assert answer.context["form"].errors[f"units_{key}"] == [words]


# --- photos -----------------------------------------------------------------------------------------------------------


def upload(content, name="photo.jpg", kind="image/jpeg"):
    return SimpleUploadedFile(name, content, kind)


def png(width, height, body=b""):
    """A PNG of a few bytes that says how large it is."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")


def jpeg():
    return photo().read()


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
BAD_PHOTOS = {
    "svg": lambda: upload(SVG, "photo.svg", "image/svg+xml"),
    "svg called jpeg": lambda: upload(SVG),
    "html": lambda: upload(b"<!doctype html><script>alert(1)</script>", "photo.jpg"),
    "empty": lambda: upload(b""),
    "truncated": lambda: upload(jpeg()[: len(jpeg()) // 2]),
    "truncated head": lambda: upload(jpeg()[:20]),
    "truncated png": lambda: upload(photo("PNG").read()[:60], "a.png", "image/png"),
    "truncated webp": lambda: upload(photo("WEBP").read()[:40], "a.webp", "image/webp"),
    "png bomb": lambda: upload(png(50_000, 50_000), "a.png", "image/png"),
    "png bomb below the library's limit": lambda: upload(png(9_000, 9_000), "a.png", "image/png"),
    "png without pixels": lambda: upload(png(0, 0), "a.png", "image/png"),
    "png with too few pixels": lambda: upload(png(100, 100, b"\x00"), "a.png", "image/png"),
    "gif": lambda: upload(photo("GIF").read(), "a.gif", "image/gif"),
    "tiff": lambda: upload(photo("TIFF").read(), "a.jpg"),
    "pdf": lambda: upload(photo("PDF").read(), "a.jpg"),
    "noise": lambda: upload(b"\xff\xd8\xff" + bytes(range(256)) * 20),
}


@pytest.mark.parametrize("name", BAD_PHOTOS)
def test_what_is_no_photo_is_refused(alice, order, name, settings):
    before = world(order)
    answer, _ = send(alice, order, {"reason": "damaged", "photos": [BAD_PHOTOS[name]()]})
    assert (answer.status_code, codes(answer)) == (422, {"photos": ["photo"]})
    assert world(order) == before


def test_photo_above_the_limit_is_refused(alice, order, settings):
    settings.EVIDENCE_MAX_BYTES = 2000
    before = world(order)
    answer, _ = send(alice, order, {"photos": [upload(jpeg() + b"\x00" * 2000)]})
    assert (answer.status_code, codes(answer)) == (422, {"photos": ["photo_size"]})
    assert world(order) == before


def test_ten_photos_are_refused(alice, order):
    before = world(order)
    answer, _ = send(alice, order, {"photos": [photo() for _ in range(10)]})
    assert (answer.status_code, codes(answer)) == (422, {"photos": ["photos"]})
    assert world(order) == before


def test_one_bad_photo_among_good_ones_files_nothing(alice, order):
    before = world(order)
    answer, _ = send(alice, order, {"photos": [photo(), upload(SVG), photo()]})
    assert (answer.status_code, codes(answer)) == (422, {"photos": ["photo"]})
    assert world(order) == before


def test_names_of_files_are_no_photos(alice, order):
    answer, _ = send(alice, order, {"reason": "damaged", "photos": ["photo.jpg"]})
    assert (answer.status_code, codes(answer)) == (422, {"photos": ["proof"]})


def spoilt(whole):
    """The photo cut short at 25 places, and with one byte turned at 25."""
    places = range(1, len(whole), max(1, len(whole) // 25))
    return [whole[:i] for i in places] + [whole[:i] + bytes([whole[i] ^ 0xFF]) + whole[i + 1 :] for i in places]


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_broken_photo_is_taken_or_refused(form):
    for content in spoilt(photo(form).read()):
        with suppress(Refused):
            assert len(list(photos.store([upload(content)]))) == 1
