"""Amending: the page that starts from the application as it stands, and what becomes of it."""

import re

import pytest
from django.urls import reverse

from aftersales import actors
from aftersales.testing import counters, file, one, pay, place, ship
from refunds import actions
from refunds.actions import Rejection
from refunds.models import Reason, Ticket
from refunds.tests.filling import codes, filled, offered, photo, world


@pytest.fixture
def alice(client, cast):
    client.force_login(cast.alice)
    return client


@pytest.fixture
def order(cast):
    return ship(pay(place(cast)), cast)


def address(order):
    return reverse("refunds:apply", args=(order.number,))


def mug(order, cast):
    return order.lines.get(sku=cast.mug)


def amending(ticket):
    return reverse("refunds:amend", args=(ticket.number,))


def test_amending_starts_from_the_present_values(alice, cast, order):
    line = mug(order, cast)
    ticket = file(order, {line.pk: 2}, amounts={line.pk: 1234}, freight=100, description="chipped")

    page = alice.get(amending(ticket))

    form = page.context["form"]
    assert page.status_code == 200
    assert (form[f"units_{line.pk}"].value(), form[f"amount_{line.pk}"].value()) == ("2", "12.34")
    assert (form["freight"].value(), form["description"].value()) == ("1.00", "chipped")
    assert form["version"].value() == "1"
    assert 'id="reason-changed_mind" value="changed_mind" checked' in page.content.decode()


@pytest.mark.parametrize(("kind", "shipped"), [("refund_only", True), ("refund_only", False), ("return_refund", True)])
def test_amended_promise_is_what_is_written(alice, cast, kind, shipped):
    order = pay(place(cast))
    order = ship(order, cast) if shipped else order
    line, lamp = mug(order, cast), order.lines.get(sku=cast.lamp)
    ticket = file(order, {line.pk: 2}, kind=kind, freight=600)
    fields = filled(order, {line.pk: 1, lamp.pk: 1}, shipped=shipped, kind=kind, freight="6.00", version="1")

    preview = alice.post(amending(ticket), fields | {"preview": "1"})
    unchanged = counters(order)
    answer = alice.post(amending(ticket), fields)

    ticket.refresh_from_db()
    assert answer.status_code == 303
    assert preview.context["summary"].total == ticket.amount == 1000 + 3001 + 600
    assert ticket.version == 2
    assert unchanged != counters(order)


def test_returns_that_are_not_taken_any_more(alice, cast, order):
    """A return can still be amended into the kinds that are left."""
    line = mug(order, cast)
    ticket = file(order, {line.pk: 2}, kind="return_refund")
    cast.shop.return_address = ""
    cast.shop.save(update_fields=["return_address"])

    page = alice.get(amending(ticket))

    assert offered(page, "kind") == ["refund_only"]


def test_amending_twice_at_once_counts_once(alice, cast, order):
    line = mug(order, cast)
    ticket = file(order, {line.pk: 2})
    fields = filled(order, {line.pk: 1}, version="1")
    alice.post(amending(ticket), fields)
    before = world(order)

    answer = alice.post(amending(ticket), fields)

    assert answer.status_code == 409
    assert "Awaiting the seller" in answer.content.decode()
    assert world(order) == before


def test_amending_keeps_photos_that_prove(alice, cast, order):
    line = mug(order, cast)
    alice.post(address(order), filled(order, {line.pk: 2}, reason="damaged") | {"photos": [photo()]})
    ticket = Ticket.objects.get()
    fields = filled(order, {line.pk: 1}, reason="damaged", version="1")
    assert alice.post(amending(ticket), fields | {"preview": "1"}).status_code == 200
    assert alice.post(amending(ticket), fields).status_code == 303


def test_amending_answers_a_rejection(alice, cast, order):
    line = mug(order, cast)
    ticket = file(order, {line.pk: 2})
    reason = Reason.objects.get(side="seller", code="final_sale")
    actions.reject(one(ticket), actors.seller(cast.bob), Rejection(reason, "no"))

    alice.post(amending(ticket), filled(order, {line.pk: 1}, version="1"))

    ticket.refresh_from_db()
    assert (ticket.state, ticket.version, ticket.rejection) == ("awaiting_seller", 2, None)


def test_agreed_ticket_is_not_amended(alice, cast, order):
    line = mug(order, cast)
    ticket = file(order, {line.pk: 2})
    actions.agree(one(ticket), actors.seller(cast.bob), version=1)
    before = world(order)

    for answer in (
        alice.get(amending(ticket)),
        alice.post(amending(ticket), filled(order, {line.pk: 1}, version="1")),
    ):
        assert answer.status_code == 409
        assert re.search("badge-info.*Refunding", answer.content.decode())
    assert world(order) == before


@pytest.mark.parametrize("version", ["", "0", "-1", "x", "1" * 30])
def test_version_has_to_be_a_number(alice, cast, order, version):
    line = mug(order, cast)
    ticket = file(order, {line.pk: 2})
    before = world(order)
    answer = alice.post(amending(ticket), filled(order, {line.pk: 1}, version=version))
    assert (answer.status_code, list(codes(answer))) == (422, ["version"])
    assert world(order) == before


def test_freight_that_was_ruled_is_what_the_page_says(alice, cast, order):
    line = mug(order, cast)
    ticket = file(order, {line.pk: 2}, kind="return_refund")
    assert "You pay the way back." in alice.get(amending(ticket)).text
    Ticket.objects.filter(pk=ticket.pk).update(verdict="negotiate", freight_by="seller")
    page = alice.get(amending(ticket)).text
    assert "The seller pays the way back." in page
    assert "You pay the way back." not in page
