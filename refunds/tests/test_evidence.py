"""Photos: stored without what the camera wrote into them, seen only by those whom the ticket concerns."""

import io
import struct

import pytest
from django.urls import reverse
from PIL import Image

from aftersales import actors
from aftersales.models import User
from aftersales.testing import PASSWORD, one, pay, place, ship
from orders.models import ShopStaff
from refunds import actions
from refunds.actions import Rejection
from refunds.models import Evidence, Reason
from refunds.tests.filling import filled, photo


def exif():
    """A camera's note of where and when, and that the photo stands on its side."""
    data = Image.Exif()
    data[0x010F], data[0x0112], data[0x9003] = "SpyCam", 6, "2026:11:20 12:00:00"
    return data


@pytest.fixture
def evidence(client, cast):
    order = ship(pay(place(cast)), cast)
    client.force_login(cast.alice)
    fields = filled(order, {order.lines.first().pk: 1}, reason="damaged", photos=[photo(exif=exif(), name="../me.php")])
    client.post(reverse("refunds:apply", args=(order.number,)), fields)
    client.logout()
    return Evidence.objects.get()


def address(evidence):
    return reverse("refunds:evidence", args=(evidence.pk,))


def body(answer):
    return b"".join(answer.streaming_content)


def test_buyer_sees_it_re_encoded(client, cast, evidence):
    client.force_login(cast.alice)

    answer = client.get(address(evidence))
    content = body(answer)

    image = Image.open(io.BytesIO(content))
    assert (answer.status_code, image.format, image.size) == (200, "JPEG", (40, 60))
    assert not image.getexif()
    assert b"SpyCam" not in content


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_every_format_becomes_a_jpeg_without_metadata(client, cast, form):
    order = ship(pay(place(cast)), cast)
    client.force_login(cast.alice)
    fields = filled(order, {order.lines.first().pk: 1}, photos=[photo(form, exif=exif())])
    client.post(reverse("refunds:apply", args=(order.number,)), fields)
    stored = Evidence.objects.get().photo
    assert str(stored.name).endswith(".jpg")
    with stored.open() as file:
        content = file.read()
    assert Image.open(io.BytesIO(content)).format == "JPEG"
    assert b"SpyCam" not in content


@pytest.mark.parametrize("tag", [0x011A, 0x0128])
def test_a_photo_whose_notes_are_nonsense_is_no_photo(client, cast, tag):
    """given: a note that should be a number and is a word, which the decoder meets with an error of no known class"""
    entries = ((0x0112, 3, 1, struct.pack("<HH", 6, 0)), (tag, 2, 4, b"abc\0"))
    notes = b"".join(struct.pack("<HHI4s", *entry) for entry in entries)
    order = ship(pay(place(cast)), cast)
    client.force_login(cast.alice)
    nonsense = photo(exif=b"Exif\0\0II*\0" + struct.pack("<IH", 8, 2) + notes + bytes(4))

    fields = filled(order, {order.lines.first().pk: 1}, reason="damaged", photos=[nonsense])
    answer = client.post(reverse("refunds:apply", args=(order.number,)), fields)

    assert answer.status_code == 422
    assert not Evidence.objects.exists()


def test_its_name_is_not_the_sender_s(evidence):
    assert evidence.photo.name.startswith("evidence/")
    assert "me" not in evidence.photo.name.removeprefix("evidence/").removesuffix(".jpg")
    assert "php" not in evidence.photo.name


def test_headers_keep_it_private_and_inert(client, cast, evidence):
    client.force_login(cast.alice)
    answer = client.get(address(evidence))
    body(answer)
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"] == f'inline; filename="evidence-{evidence.pk}.jpg"'
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert "private" in answer["Cache-Control"]
    assert "public" not in answer["Cache-Control"]


def colleague(cast):
    user = User.objects.create_user("ben@example.com", PASSWORD)
    ShopStaff.objects.create(shop=cast.shop, user=user)
    return user


def agent(cast):
    return User.objects.create_user("cs@example.com", PASSWORD, is_customer_service=True)


def staff_of_no_shop(cast):
    return User.objects.create_user("eve@example.com", PASSWORD, is_staff=True)


@pytest.mark.parametrize("who", [lambda c: c.alice, lambda c: c.bob, lambda c: c.operator, colleague])
def test_those_concerned_see_it(client, cast, evidence, who):
    client.force_login(who(cast))
    answer = client.get(address(evidence))
    assert answer.status_code == 200
    body(answer)


@pytest.mark.parametrize("who", [lambda c: c.carol, lambda c: c.dave, staff_of_no_shop, agent])
def test_nobody_else_does(client, cast, evidence, who):
    client.force_login(who(cast))
    answer = client.get(address(evidence))
    missing = client.get(reverse("refunds:evidence", args=(evidence.pk + 1,)))
    assert (answer.status_code, missing.status_code) == (404, 404)


def test_customer_service_does_once_it_is_called(client, cast, evidence):
    client.force_login(agent(cast))
    actions.reject(one(evidence.ticket), actors.seller(cast.bob), Rejection(Reason.objects.get(code="final_sale")))
    assert client.get(address(evidence)).status_code == 404
    actions.call_cs(one(evidence.ticket), actors.buyer(cast.alice), "Please look.")
    answer = client.get(address(evidence))
    assert answer.status_code == 200
    body(answer)


def test_former_staff_does_not(client, cast, evidence):
    ShopStaff.objects.filter(user=cast.bob).delete()
    client.force_login(cast.bob)
    assert client.get(address(evidence)).status_code == 404


def test_anonymous_is_asked_to_log_in(client, evidence):
    assert client.get(address(evidence)).status_code == 302
    assert client.get("/evidence/999999/").status_code == 302


def test_lost_file_is_not_found(client, cast, evidence):
    evidence.photo.storage.delete(evidence.photo.name)
    client.force_login(cast.alice)
    assert client.get(address(evidence)).status_code == 404


@pytest.mark.parametrize("key", ["0", "9" * 30, "9" * 6000])
def test_any_number_is_taken(client, cast, key):
    client.force_login(cast.alice)
    assert client.get(f"/evidence/{key}/").status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_it_only_shows(client, cast, evidence, method):
    client.force_login(cast.alice)
    assert getattr(client, method)(address(evidence)).status_code == 405
