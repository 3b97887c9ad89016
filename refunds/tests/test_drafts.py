"""An application that was left before it was sent: kept for its buyer, gone once it is filed or given up."""

import threading
from uuid import UUID, uuid4

import pytest
from django.urls import reverse

from aftersales.testing import file, pay, place, ship
from refunds.actions.drafts import keep_draft
from refunds.models import Draft, Ticket, Upload
from refunds.tests.filling import filled, offered, photo, world


@pytest.fixture
def alice(client, cast):
    client.force_login(cast.alice)
    return client


@pytest.fixture
def order(cast):
    return ship(pay(place(cast)), cast)


def address(order):
    return reverse("refunds:apply", args=(order.number,))


def mug(order):
    return order.lines.get(title="Mug")


def left(alice, order, **more):
    """A step, and then nothing."""
    fields = filled(order, {mug(order).pk: 2}, reason="damaged", description="off", preview="1") | more
    assert alice.post(address(order), fields).status_code == 200
    return fields


def test_a_step_is_kept_and_found_again(alice, order):
    fields = left(alice, order, photos=[photo()], **{f"amount_{mug(order).pk}": "3.00"})

    page = alice.get(address(order))

    form = page.context["form"]
    assert form["token"].value() == fields["token"]
    assert [form[name].value() for name in ("reason", "kind", "goods", "description")] == [
        "damaged",
        "refund_only",
        "arrived",
        "off",
    ]
    assert form["photos"].value() == [str(Upload.objects.get().token)]
    assert page.context["summary"].total == 300
    # The browser shows it in its own zone.
    assert 'You left this unsent on <time datetime="20' in page.content.decode()


def test_a_step_replaces_it(alice, order):
    fields = left(alice, order)
    left(alice, order, token=fields["token"], description="on")
    assert Draft.objects.get().fields["description"] == ["on"]


def test_looking_keeps_nothing(alice, order):
    alice.get(address(order))
    alice.head(address(order))
    assert not Draft.objects.exists()


def test_a_filed_ticket_ends_it(alice, order):
    fields = left(alice, order)
    del fields["preview"]
    alice.post(address(order), fields | {"reason": "other"})
    assert (Ticket.objects.count(), Draft.objects.count()) == (1, 0)


def test_a_refused_form_keeps_it(alice, order):
    fields = left(alice, order)
    del fields["preview"]
    assert alice.post(address(order), fields).status_code == 422
    assert Draft.objects.count() == 1


def test_a_slow_step_brings_nothing_back(alice, order):
    """given: a step that the server writes after its form has become a ticket"""
    fields = left(alice, order)
    del fields["preview"]
    alice.post(address(order), fields | {"reason": "other"})
    keep_draft(order, UUID(fields["token"]), {"description": ["off"]})
    page = alice.get(address(order))
    assert page.context["page"].draft is None
    assert not Draft.objects.filter(order=order).unsent().exists()


def test_starting_over(alice, order):
    left(alice, order, photos=[photo()])
    answer = alice.post(address(order), {"start_over": "1"})
    assert (answer.status_code, answer["Location"]) == (303, address(order))
    assert (Draft.objects.count(), Upload.objects.count()) == (0, 0)
    assert alice.get(address(order)).context["form"].chosen == {}


def test_a_foreign_draft_is_left_alone(alice, cast, order):
    left(alice, order)
    alice.force_login(cast.carol)
    for fields in ({"start_over": "1"}, filled(order, {}, preview="1")):
        assert alice.post(address(order), fields).status_code == 404
    assert Draft.objects.get().fields["description"] == ["off"]


def test_photos_that_are_gone_are_not_shown(alice, order):
    left(alice, order, photos=[photo()])
    Upload.objects.all().delete()
    page = alice.get(address(order))
    assert page.context["form"]["photos"].value() == []
    assert "This reason needs at least one photo." in page.content.decode()


@pytest.mark.parametrize("words", ["a\x00b", "x" * 5000, "\ud83d", "<b>"])
def test_anything_may_be_typed(alice, order, words):
    alice.post(
        address(order), filled(order, {mug(order).pk: 1}, preview="1", description=words.encode("utf-8", "replace"))
    )
    assert alice.get(address(order)).status_code == 200


def test_a_line_that_was_taken_meanwhile(alice, order):
    left(alice, order)
    file(order, {mug(order).pk: 1})
    page = alice.get(address(order))
    assert page.status_code == 200
    assert "This has an open ticket." in page.content.decode()
    assert page.context["form"].chosen == {}
    assert offered(page, "reason") == []


def test_two_steps_at_once_keep_one(cast, transactional_db):
    order = pay(place(cast))
    threads = [threading.Thread(target=_keep, args=(order, str(n))) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Draft.objects.count() == 1


def _keep(order, words):
    from django.db import connections

    keep_draft(order, uuid4(), {"description": [words]})
    connections.close_all()


def test_the_second_tab_is_led_to_the_ticket(alice, cast, order):
    """Two pages of the same order, each with a token of its own."""
    pages = [alice.get(address(order)).context["form"]["token"].value() for _ in range(2)]
    forms = [filled(order, {mug(order).pk: 1}, token=token, seen="0") for token in pages]
    first = alice.post(address(order), forms[0])
    before = world(order)

    answers = [alice.post(address(order), forms[1] | more) for more in ({}, {"preview": "1"})]

    assert {answer["Location"] for answer in answers} == {first["Location"]}
    assert world(order) == before
    # A page that was opened when the ticket was there already is told so at the line.
    late = forms[1] | {"seen": str(Ticket.objects.get().pk)}
    assert alice.post(address(order), late).status_code == 422
    for seen in ("x", "-1", "9" * 40, "١"):
        assert alice.post(address(order), forms[1] | {"seen": seen}).status_code == 422


def test_htmx_is_led_on(alice, order):
    """A redirect is followed by the browser's page, a conflict takes the place of the whole page."""
    headers = {"hx-request": "true"}
    fields = filled(order, {mug(order).pk: 1})
    answer = alice.post(address(order), fields, headers=headers)
    ticket = Ticket.objects.get()
    assert (answer.status_code, answer["HX-Redirect"]) == (200, reverse("refunds:ticket", args=(ticket.number,)))
    amending = reverse("refunds:amend", args=(ticket.number,))
    alice.post(amending, filled(order, {mug(order).pk: 1}, version="1"), headers=headers)
    conflict = alice.post(amending, filled(order, {mug(order).pk: 1}, version="1"), headers=headers)
    assert (conflict.status_code, conflict["HX-Retarget"], conflict["HX-Reselect"]) == (409, "#content", "#content")
