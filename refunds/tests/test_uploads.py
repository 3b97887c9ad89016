"""Photos that are here before their form: whose they are, that each is used once, and that no file is left alone."""

import io
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from aftersales.testing import one, pay, place, ship
from refunds import actions, photos
from refunds.actions.uploads import sweep_files
from refunds.errors import RefundError
from refunds.models import Draft, Evidence, Reason, Ticket, Upload, UploadDay
from refunds.rules import Application
from refunds.tasks import tidy_photos
from refunds.tests.filling import codes, filled, photo, world
from refunds.tests.racing import at_once, won


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    """The files of one test alone."""
    options = {"location": str(tmp_path), "base_url": None}
    settings.STORAGES = settings.STORAGES | {"default": settings.STORAGES["default"] | {"OPTIONS": options}}


@pytest.fixture
def alice(client, cast):
    client.force_login(cast.alice)
    return client


@pytest.fixture
def order(cast):
    return ship(pay(place(cast)), cast)


def apply(order):
    return reverse("refunds:apply", args=(order.number,))


def send(client, file=None):
    return client.post(reverse("refunds:uploads"), {"photo": file or photo()})


def sent(client, *files):
    """The tokens of photos sent one by one."""
    return [send(client, file).json()["token"] for file in files or (photo(),)]


def asked(order, tokens, name="Mug", **more):
    return filled(order, {order.lines.get(title=name).pk: 1}, reason="damaged", photos_uploaded=tokens, **more)


def stored():
    """Every file that is kept."""
    if not default_storage.exists(photos.FOLDER):
        return set()
    return {
        f"{photos.FOLDER}/{day}/{name}"
        for day in default_storage.listdir(photos.FOLDER)[0]
        for name in default_storage.listdir(f"{photos.FOLDER}/{day}")[1]
    }


def rows():
    pairs = [pair for model in (Upload, Evidence) for pair in model.objects.values_list("photo", "thumbnail")]
    return {name for pair in pairs for name in pair}


def older(model, column, **time):
    model.objects.update(**{column: F(column) - timedelta(**time)})


def test_a_photo_is_kept_re_encoded(alice, cast):
    answer = send(alice, photo("PNG", name="../\u202egpj.php"))

    kept = Upload.objects.get()
    assert (answer.status_code, answer["Location"]) == (201, reverse("refunds:upload", args=(kept.token,)))
    assert answer.json() == {"token": str(kept.token), "thumbnail": answer["Location"]}
    assert (kept.owner, kept.width, kept.height) == (cast.alice, 60, 40)
    assert stored() == {kept.photo.name, kept.thumbnail.name}
    assert "php" not in str(kept.photo.name)


def test_its_thumbnail_is_small_and_private(alice, cast, client):
    answer = send(alice, photo_of(1200, 800))
    seen = alice.get(answer["Location"])
    picture = Image.open(io.BytesIO(b"".join(seen.streaming_content)))
    assert (picture.format, picture.size) == ("JPEG", (320, 213))
    assert seen["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert "private" in seen["Cache-Control"]


def photo_of(width, height):
    out = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(out, "JPEG")
    return ContentFile(out.getvalue(), name="large.jpg")


@pytest.mark.parametrize("who", ["carol", "bob", "operator", None])
def test_an_upload_is_its_owners_alone(alice, cast, order, who):
    [token] = sent(alice)
    alice.logout()
    if who:
        alice.force_login(getattr(cast, who))
    answers = [alice.get(reverse("refunds:upload", args=(token,)))]
    answers += [alice.post(reverse("refunds:drop_upload", args=(token,)))]
    assert {answer.status_code for answer in answers} == ({404} if who else {302})
    assert Upload.objects.count() == 1


def test_nobody_is_asked_to_log_in(client, cast):
    assert send(client).status_code == 302
    assert not Upload.objects.exists()


def test_an_upload_needs_the_form_s_secret(cast):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(cast.alice)
    assert send(strict).status_code == 403
    assert not Upload.objects.exists()


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_an_upload_is_posted(alice, method):
    assert getattr(alice, method)(reverse("refunds:uploads")).status_code == 405


def test_nothing_is_no_photo(alice):
    answer = alice.post(reverse("refunds:uploads"))
    assert (answer.status_code, answer.json()) == (422, {"error": str(RefundError.PHOTO.label)})


def test_a_day_takes_so_many(alice, settings):
    """Those that were refused or removed count: looking at them was work."""
    settings.UPLOADS_PER_DAY = 3
    [token] = sent(alice)
    alice.post(reverse("refunds:drop_upload", args=(token,)))
    send(alice, ContentFile(b"<html>", name="a.jpg"))
    sent(alice)
    before = stored()

    answer = send(alice)

    assert (answer.status_code, answer.json()["error"]) == (
        422,
        "At most 3 photos can be sent in a day. Please go on tomorrow.",
    )
    assert (stored(), Upload.objects.count()) == (before, 1)


def test_an_upload_costs_a_fixed_number_of_queries(alice, django_assert_num_queries):
    sent(alice, photo())
    with django_assert_num_queries(5):
        send(alice)


def test_a_removed_photo_is_gone_with_its_files(alice):
    [token] = sent(alice)
    address = reverse("refunds:drop_upload", args=(token,))
    assert (alice.post(address).status_code, alice.post(address).status_code) == (204, 404)
    assert (stored(), Upload.objects.count()) == (set(), 0)


def test_a_filed_ticket_takes_the_files_over(alice, cast, order):
    tokens = sent(alice, photo(), photo("PNG"))
    kept = list(Upload.objects.order_by("pk").values_list("photo", "thumbnail", "width", "height"))

    alice.post(apply(order), asked(order, tokens[::-1]))

    taken = Evidence.objects.order_by("pk").values_list("photo", "thumbnail", "width", "height")
    assert list(taken) == kept[::-1]
    assert {row.given_by for row in Evidence.objects.all()} == {cast.alice}
    assert not Upload.objects.exists()
    assert stored() == rows()


def test_uploads_and_files_come_together(alice, order):
    alice.post(apply(order), asked(order, sent(alice)) | {"photos": [photo()]})
    assert Evidence.objects.count() == 2
    assert stored() == rows()


def test_an_upload_is_used_once(alice, order):
    tokens = sent(alice)
    alice.post(apply(order), asked(order, tokens))
    before = world(order)
    answer = alice.post(apply(order), asked(order, tokens, "Lamp"))
    assert (answer.status_code, codes(answer)) == (422, {"photos": ["photo_gone"]})
    assert world(order) == before


def test_another_s_upload_is_not_there(alice, cast, order):
    tokens = sent(alice)
    alice.force_login(cast.carol)
    foreign = sent(alice)
    alice.force_login(cast.alice)
    before = world(order)

    answer = alice.post(apply(order), asked(order, tokens + foreign))

    assert (answer.status_code, codes(answer)) == (422, {"photos": ["photo_gone"]})
    assert (world(order), Upload.objects.count()) == (before, 2)


@pytest.mark.parametrize("token", ["x", "\x00", "0" * 40, "00000000-0000-4000-8000-000000000000"])
def test_what_names_no_upload_is_refused(alice, order, token):
    before = world(order)
    answer = alice.post(apply(order), asked(order, [token]))
    assert (answer.status_code, codes(answer)) == (422, {"photos": ["photo_gone"]})
    assert world(order) == before


def test_ten_are_too_many_wherever_they_are(alice, order):
    tokens = sent(alice, photo(), photo(), photo())
    answer = alice.post(apply(order), asked(order, tokens) | {"photos": [photo() for _ in range(7)]})
    assert (answer.status_code, codes(answer)) == (422, {"photos": ["photos"]})
    assert Upload.objects.count() == 3


def test_a_message_takes_uploads_too(alice, order):
    alice.post(apply(order), asked(order, sent(alice)))
    ticket = Ticket.objects.get()
    address = reverse("refunds:message", args=(ticket.number,))
    fields = {"note": "look", "token": str(uuid4()), "photos_uploaded": sent(alice)}

    answers = [alice.post(address, fields) for _ in range(2)]

    # The second press finds the message of the first, though its photos are used.
    assert {answer.status_code for answer in answers} <= {302, 303}
    assert (ticket.events.filter(action="message").count(), ticket.evidence.count()) == (1, 2)


@pytest.mark.django_db(transaction=True)
def test_two_forms_at_once_take_one_photo_once(cast):
    kept = actions.upload(cast.alice, photo())
    orders = [ship(pay(place(cast)), cast) for _ in range(2)]
    reason = Reason.objects.get(side="buyer", code="damaged")

    def file(order):
        asked = Application("refund_only", reason, {order.lines.first().pk: 1})
        return lambda: actions.file_ticket(one(order), cast.alice, asked, photos=[kept.token])

    outcome = at_once(*map(file, orders))

    assert len(won(outcome)) == 1
    assert (Ticket.objects.count(), Evidence.objects.count(), Upload.objects.count()) == (1, 1, 0)
    assert stored() == rows()


# --- what was never sent ----------------------------------------------------------------------------------------------


def test_old_uploads_go_with_their_files(alice, cast):
    sent(alice, photo(), photo())
    older(Upload, "created_at", hours=49)
    [young] = sent(alice)

    tidy_photos()
    tidy_photos()

    assert [str(row.token) for row in Upload.objects.all()] == [young]
    assert stored() == rows()


def test_old_drafts_go(alice, order):
    Draft.objects.create(order=order, token=uuid4(), fields={})
    UploadDay.objects.create(owner=order.buyer, day=timezone.now().date() - timedelta(days=3))
    tidy_photos()
    assert Draft.objects.count() == 1
    older(Draft, "saved_at", days=15)
    tidy_photos()
    assert (Draft.objects.count(), UploadDay.objects.count()) == (0, 0)


def test_files_without_a_row_are_swept(alice, order):
    """As a crash leaves them between file and row."""
    alice.post(apply(order), asked(order, sent(alice)))
    sent(alice)
    today = timezone.now().date()
    default_storage.save(f"evidence/{today:%Y-%m-%d}/left.jpg", ContentFile(b"x"))

    sweep_files(today)
    sweep_files(today - timedelta(days=1))

    assert stored() == rows()
    assert len(rows()) == 4


def test_a_failed_filing_keeps_the_upload(alice, order, monkeypatch):
    tokens = sent(alice)
    monkeypatch.setattr("refunds.actions.filing._answer_by_rule", lambda ticket: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        alice.post(apply(order), asked(order, tokens))
    assert (Upload.objects.count(), Evidence.objects.count()) == (1, 0)
    assert stored() == rows()


def test_photos_of_before_get_their_thumbnails(alice, order):
    alice.post(apply(order), asked(order, sent(alice)))
    new = Evidence.objects.get()
    whose = {"ticket": new.ticket, "event": new.event, "role": "buyer", "given_by": new.given_by}
    first, lost = (Evidence.objects.create(photo=photo_of(1000, 500), **whose) for _ in range(2))
    default_storage.delete(str(lost.photo.name))
    shown = alice.get(reverse("refunds:thumbnail", args=(first.pk,)))
    assert Image.open(io.BytesIO(b"".join(shown.streaming_content))).size == (1000, 500)

    tidy_photos()

    first.refresh_from_db()
    lost.refresh_from_db()
    assert (first.width, first.height, lost.thumbnail) == (1000, 500, lost.photo)
    with first.thumbnail.open() as file:
        assert Image.open(file).size == (320, 160)
    with CaptureQueriesContext(connection) as queries:
        tidy_photos()
    assert 'UPDATE "refunds_evidence"' not in "".join(query["sql"] for query in queries)
