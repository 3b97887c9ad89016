"""Asking for something: what the page offers, promises and files."""

import re

import pytest
from django.urls import reverse

from aftersales import actors
from aftersales.testing import counters, file, one, pay, place, ship
from orders.actions import receive
from orders.models import Order
from refunds import actions
from refunds.actions import Rejection
from refunds.models import Reason, Ticket
from refunds.tests.filling import codes, filled, photo, world
from refunds.tests.paying import agreed, pay_out


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


def test_page_offers_what_is_possible(alice, cast, order):
    page = alice.get(address(order))

    assert page.status_code == 200
    line = mug(order, cast)
    text = page.content.decode()
    assert f'name="units_{line.pk}" min="0" max="2"' in text
    assert 'placeholder="20.00"' in text
    assert 'value="return_refund"' in text
    assert 'type="radio" name="goods" value="arrived"' in text
    assert 'type="radio" name="goods" value="on_the_way"' in text
    assert 'name="goods" value="not_shipped"' not in text
    assert 'accept="image/jpeg,image/png,image/webp"' in text
    assert "multiple" in text


def test_unshipped_goods_cannot_be_returned(alice, cast):
    text = alice.get(address(pay(place(cast)))).content.decode()
    assert 'value="return_refund"' not in text
    assert 'type="hidden" name="goods" value="not_shipped"' in text


def test_mixed_order_asks_which_goods(alice, cast):
    order = pay(place(cast))
    ship(order, cast, {mug(order, cast).pk: 1})
    text = alice.get(address(order)).content.decode()
    offered = re.findall(r'type="radio" name="goods" value="(\w+)"', text)
    assert offered == ["arrived", "on_the_way", "not_shipped"]
    assert "1 shipped, 1 not shipped." in text


def test_refunded_line_is_offered_no_more(alice, cast, order):
    line = mug(order, cast)
    pay_out(agreed(file(order, {line.pk: 1}, amounts={line.pk: 400}), cast))
    assert f'name="units_{line.pk}"' in alice.get(address(order)).content.decode()

    pay_out(agreed(file(order, {line.pk: 2}), cast))

    text = alice.get(address(order)).content.decode()
    assert f'name="units_{line.pk}"' not in text
    assert "Nothing of this is left to ask for." in text


def test_gift_may_go_back_with_what_was_bought(alice, cast):
    type(cast.mug).objects.filter(pk=cast.mug.pk).update(discount=1000)
    order = ship(pay(place(cast)), cast)
    gift, lamp = mug(order, cast), order.lines.get(sku=cast.lamp)
    assert gift.paid == 0

    alice.post(address(order), filled(order, {gift.pk: 1, lamp.pk: 1}, kind="return_refund"))

    assert [item.amount for item in Ticket.objects.get().lines.order_by("amount")] == [0, 3001]


def test_asking_writes_nothing(alice, cast, order):
    before = world(order)
    alice.get(address(order))
    alice.post(address(order), filled(order, {mug(order, cast).pk: 1}, preview="1"))
    assert world(order) == before


def test_filing_leads_to_the_ticket(alice, cast, order):
    line = mug(order, cast)

    answer = alice.post(address(order), filled(order, {line.pk: 2}) | {f"amount_{line.pk}": "12.50", "freight": "6"})

    ticket = Ticket.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, reverse("refunds:ticket", args=(ticket.number,)))
    assert (ticket.amount, ticket.freight, ticket.shipped, ticket.kind) == (1850, 600, True, "refund_only")
    item = ticket.lines.get()
    assert (item.line_id, item.quantity, item.amount) == (line.pk, 2, 1250)
    event = ticket.events.get()
    assert (event.action, event.role, event.actor) == ("begin", "buyer", cast.alice)


def test_freight_may_be_asked_for_alone(alice, cast, order):
    alice.post(address(order), filled(order, {}, freight="6.00"))
    assert Ticket.objects.get().amount == 600


@pytest.mark.parametrize(
    ("units", "amount", "freight"), [(1, "", ""), (2, "", ""), (1, "3.33", "0.01"), (2, "20.00", "6.00"), (2, "0", "1")]
)
def test_promise_is_what_is_filed(alice, cast, order, units, amount, freight):
    line = mug(order, cast)
    fields = filled(order, {line.pk: units}) | {f"amount_{line.pk}": amount, "freight": freight}

    preview = alice.post(address(order), fields | {"preview": "1"})
    alice.post(address(order), fields)

    assert preview.status_code == 200
    assert preview.context["summary"].total == Ticket.objects.get().amount
    assert "You will get back CN¥" in preview.content.decode()


def test_preview_keeps_what_was_typed_and_names_photos(alice, cast, order):
    line = mug(order, cast)
    fields = filled(order, {line.pk: 2}, description="it is <b>chipped</b>", reason="damaged", preview="1")

    # Without the files themselves, as the button's formenctype sends it.
    text = alice.post(address(order), fields | {"photos": ["a.jpg", "b.jpg"]}).content.decode()

    assert "it is &lt;b&gt;chipped&lt;/b&gt;" in text
    assert "Choose them again here:" in text
    assert "a.jpg, b.jpg" in text
    assert f'value="{fields["token"]}"' in text


def test_double_submit_finds_the_same_ticket(alice, cast, order):
    fields = filled(order, {mug(order, cast).pk: 1})
    first, before = alice.post(address(order), fields), world(order)

    second = alice.post(address(order), fields)

    assert second["Location"] == first["Location"]
    assert world(order) == before


def test_token_names_the_form_of_one_order_only(alice, cast, order):
    other = pay(place(cast))
    fields = filled(order, {mug(order, cast).pk: 1})
    alice.post(address(order), fields)

    answer = alice.post(address(other), filled(other, {mug(other, cast).pk: 1}, shipped=False, token=fields["token"]))

    assert answer.status_code == 302
    assert [t.order for t in Ticket.objects.order_by("pk")] == [order, other]


def test_parcel_left_meanwhile(alice, cast):
    """A page from before the parcel left does not turn a cancellation into a refund of shipped goods."""
    order = pay(place(cast))
    fields = filled(order, {mug(order, cast).pk: 1}, shipped=False)
    ship(order, cast)

    answer = alice.post(address(order), fields)

    assert (answer.status_code, codes(answer)) == (422, {f"units_{mug(order, cast).pk}": ["units"]})
    assert not Ticket.objects.exists()


def test_busy_line_says_so(alice, cast, order):
    file(order, {mug(order, cast).pk: 1})
    page = alice.get(address(order))
    text = page.content.decode()
    assert "This has an open ticket." in text
    assert f'name="units_{mug(order, cast).pk}"' not in text


def test_photos_come_with_the_ticket(alice, cast, order):
    fields = filled(order, {mug(order, cast).pk: 1}, reason="damaged")
    alice.post(address(order), fields | {"photos": [photo(), photo("PNG"), photo("WEBP")]})
    assert Ticket.objects.get().evidence.count() == 3


def test_window_that_ended(alice, cast, order):
    receive(one(order), actors.buyer(cast.alice))
    Order.objects.filter(pk=order.pk).update(completed_at="2020-01-01T00:00Z")
    before = world(order)

    page = alice.get(address(order))
    answer = alice.post(address(order), filled(order, {mug(order, cast).pk: 1}))

    assert "The time for after-sale requests ended" in page.content.decode()
    assert "multipart/form-data" not in page.content.decode()
    assert (answer.status_code, codes(answer)) == (422, {"__all__": ["window"]})
    assert world(order) == before


def test_unpaid_order_has_nothing_to_ask_for(alice, cast):
    order = place(cast)
    answer = alice.post(address(order), filled(order, {mug(order, cast).pk: 1}, shipped=False))
    assert (answer.status_code, codes(answer)) == (422, {"__all__": ["order_state"]})
    assert not Ticket.objects.exists()


def test_query_count_does_not_grow_with_the_lines(alice, cast, django_assert_num_queries):
    small, large = pay(place(cast, {cast.mug: 1})), pay(place(cast))
    for order in (small, large):
        with django_assert_num_queries(6):
            alice.get(address(order))


# --- amending ---------------------------------------------------------------------------------------------------------


def amending(ticket):
    return reverse("refunds:amend", args=(ticket.number,))


def test_amending_starts_from_the_present_values(alice, cast, order):
    line = mug(order, cast)
    ticket = file(order, {line.pk: 2}, amounts={line.pk: 1234}, freight=100, description="chipped")

    page = alice.get(amending(ticket))

    form = page.context["form"]
    assert page.status_code == 200
    assert (form[f"units_{line.pk}"].value(), form[f"amount_{line.pk}"].value()) == (2, "12.34")
    assert (form["freight"].value(), form["description"].value()) == ("1.00", "chipped")
    assert form["version"].value() == 1
    assert "selected" in str(form["reason"])


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
    assert answer.status_code == 302
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

    text = page.content.decode()
    offered = re.findall(r'type="radio" name="kind" value="(\w+)"', text)
    assert offered == ["refund_only", "reissue"]


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
    assert alice.post(amending(ticket), fields).status_code == 302


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
        assert re.search("badge-blue.*Refunding", answer.content.decode())
    assert world(order) == before


@pytest.mark.parametrize("version", ["", "0", "-1", "x", "1" * 30])
def test_version_has_to_be_a_number(alice, cast, order, version):
    line = mug(order, cast)
    ticket = file(order, {line.pk: 2})
    before = world(order)
    answer = alice.post(amending(ticket), filled(order, {line.pk: 1}, version=version))
    assert (answer.status_code, list(codes(answer))) == (422, ["version"])
    assert world(order) == before


def test_token_is_minted_for_every_page(alice, order):
    tokens = [alice.get(address(order)).context["form"]["token"].value() for _ in range(2)]
    assert tokens[0] != tokens[1]
