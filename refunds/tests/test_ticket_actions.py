"""The buyer's forms on a ticket: done, refused at their fields, pressed twice, or pressed on an old page."""

import re
from uuid import uuid4

import pytest
from django.urls import reverse

from aftersales import actors
from aftersales.testing import file, one, pay, place, ship
from orders.models import Sku
from refunds import actions
from refunds.models import Offer, TicketEvent
from refunds.rules import Found, Terms
from refunds.tests.filling import photo, world
from refunds.tests.hearing import rejected
from refunds.tests.paying import agreed, pay_out
from refunds.tests.reading import cells, opened


@pytest.fixture
def alice(client, cast):
    client.force_login(cast.alice)
    return client


@pytest.fixture
def order(cast):
    return ship(pay(place(cast)), cast)


@pytest.fixture
def ticket(cast, order):
    return file(order, {line.pk: line.quantity for line in order.lines.all()})


@pytest.fixture
def returning(cast, order):
    """The seller pays the return freight."""
    line = order.lines.get(sku=cast.mug)
    found = file(order, {line.pk: 2}, kind="return_refund", reason="other")
    type(found).objects.filter(pk=found.pk).update(freight_by="seller")
    return agreed(found, cast)


def address(ticket, action="ticket"):
    return reverse(f"refunds:{action}", args=(ticket.number,))


def page(alice, ticket):
    answer = alice.get(address(ticket))
    assert answer.status_code == 200
    return answer.content.decode()


def forms(alice, ticket):
    """The actions whose forms the page shows."""
    return re.findall(r'action="/tickets/\w+/(?:dispute/)?(\w+)/"', page(alice, ticket))


def send(alice, ticket, action, **fields):
    answer = alice.post(address(ticket, action), fields)
    ticket.refresh_from_db()
    return answer


def errors(answer):
    data = answer.context["sent"].errors.as_data()
    return {field: [error.code for error in found] for field, found in data.items()}


def offered(ticket, cast, amount=2500, kind="refund_only", **more):
    actions.offer(one(ticket), actors.seller(cast.bob), Terms(kind, amount, **more), "the box <b>was</b> open")
    ticket.refresh_from_db()
    return Offer.objects.get(ticket=ticket, answer="")


def sent_in(ticket, cast, number="1"):
    actions.send_waybill(one(ticket), actors.buyer(cast.alice), "Runner", number)
    ticket.refresh_from_db()
    return ticket


# --- offers -----------------------------------------------------------------------------------------------------------


def test_offer_is_shown_in_full(alice, cast, ticket):
    offered(ticket, cast)

    text = page(alice, ticket)

    card = text[text.index('id="offer"') :]
    assert cells(card, "Mug × 2") == ["CN¥20.00", "CN¥10.00CN¥10.00 less"]
    assert cells(card, "Lamp × 1") == ["CN¥30.01", "CN¥15.00CN¥15.01 less"]
    assert cells(card, "Together") == ["CN¥50.01", "CN¥25.00CN¥25.01 less"]
    assert "the box &lt;b&gt;was&lt;/b&gt; open" in card
    assert "the offer counts as declined and the seller is asked again" in text
    assert {"accept_offer", "decline_offer"} <= set(forms(alice, ticket))


def test_accepted_offer_is_what_is_paid(alice, cast, ticket):
    offer = offered(ticket, cast)
    answer = send(alice, ticket, "accept_offer", offer=offer.pk)
    assert (answer.status_code, ticket.state, ticket.amount) == (303, "refunding", 2500)
    assert sorted(ticket.lines.values_list("amount", flat=True)) == [1000, 1500]


def test_accepting_twice_pays_once(alice, cast, ticket):
    offer = offered(ticket, cast)
    send(alice, ticket, "accept_offer", offer=offer.pk)
    before = world(ticket.order)
    answer = send(alice, ticket, "accept_offer", offer=offer.pk)
    assert answer.status_code == 409
    assert "Refunding" in answer.content.decode()
    assert world(ticket.order) == before


def test_offer_of_an_old_page_is_not_accepted(alice, cast, ticket):
    old = offered(ticket, cast)
    actions.decline_offer(one(ticket), actors.buyer(cast.alice))
    offered(ticket, cast, 1500)
    before = world(ticket.order)
    answer = send(alice, ticket, "accept_offer", offer=old.pk)
    assert (answer.status_code, errors(answer)) == (422, {"__all__": ["no_offer"]})
    assert "This offer does not stand any more." in answer.content.decode()
    assert world(ticket.order) == before


@pytest.mark.parametrize("key", ["", "0", "-1", "x", "1" * 30, "\x00", "foreign"])
def test_offer_has_to_be_named(alice, cast, ticket, key):
    offered(ticket, cast)
    other = file(ship(pay(place(cast)), cast), {}, freight=600)
    foreign = offered(other, cast, 300, freight=300)
    before = world(ticket.order)
    answer = send(alice, ticket, "accept_offer", offer=foreign.pk if key == "foreign" else key)
    assert answer.status_code == 422
    assert world(ticket.order) == before


def test_declined_offer_goes_back_to_the_seller(alice, cast, ticket):
    offered(ticket, cast)
    answer = send(alice, ticket, "decline_offer", note="too little")
    assert (answer.status_code, ticket.state) == (303, "awaiting_seller")
    assert "too little" in page(alice, ticket)
    assert send(alice, ticket, "decline_offer", note="again").status_code == 409


def test_offer_of_another_kind_is_compared(alice, cast, returning):
    actions.send_waybill(one(returning), actors.buyer(cast.alice), "Runner", "1")
    item = returning.lines.get()
    actions.fail_inspection(one(returning), actors.seller(cast.bob), {item.pk: Found(1, 1)}, "one is broken")
    offered(returning, cast, 900, kind="return_refund")
    assert "CN¥11.00" in page(alice, returning)


# --- goods on their way -----------------------------------------------------------------------------------------------


def test_postage_is_asked_where_the_seller_pays(alice, cast, returning):
    assert "Return freight paid by: Seller" in page(alice, returning)
    answer = send(alice, returning, "send_waybill", carrier="Runner", number="7", postage="12.50")
    assert (answer.status_code, returning.state) == (303, "awaiting_inspection")
    assert returning.parcels.get().postage == 1250
    assert "Postage: CN¥12.50" in page(alice, returning)


def test_postage_is_not_asked_where_the_buyer_pays(alice, cast, order):
    found = agreed(file(order, {order.lines.first().pk: 1}, kind="return_refund"), cast)
    assert 'name="postage"' not in page(alice, found)
    send(alice, found, "send_waybill", carrier="Runner", number="7", postage="12.50")
    assert found.parcels.get().postage == 0


@pytest.mark.parametrize(
    ("typed", "code"),
    [("-1", "amount"), ("1.005", "amount"), ("¥5", "amount"), ("5\x00", "amount"), ("100.01", "postage")],
)
def test_bad_postage_is_refused(alice, cast, returning, typed, code):
    before = world(returning.order)
    answer = send(alice, returning, "send_waybill", carrier="Runner", number="7", postage=typed)
    assert (answer.status_code, errors(answer)) == (422, {"postage": [code]})
    assert world(returning.order) == before
    assert not returning.parcels.exists()


def test_return_freight_is_shown_once_it_is_owed(alice, cast, returning):
    send(alice, returning, "send_waybill", carrier="Runner", number="7", postage="12.50")
    actions.accept(one(returning), actors.seller(cast.bob))
    pay_out_text = page(alice, returning)
    assert "Return freight</h2>" in pay_out_text
    assert "The shop owes this and pays it itself" in pay_out_text


def test_second_parcel_is_added_once(alice, cast, returning):
    sent_in(returning, cast)
    assert send(alice, returning, "add_parcel", carrier="Runner", number="2", postage="").status_code == 303
    answer = send(alice, returning, "add_parcel", carrier="Runner", number="2")
    assert (answer.status_code, errors(answer)) == (422, {"number": ["known_parcel"]})
    assert sorted(returning.parcels.values_list("number", flat=True)) == ["1", "2"]


def test_waybill_is_mended_until_signed_for(alice, cast, returning):
    sent_in(returning, cast)
    actions.add_parcel(one(returning), actors.buyer(cast.alice), "Runner", "2")
    first, second = returning.parcels.order_by("pk")
    assert forms(alice, returning).count("change_waybill") == 2

    answer = send(alice, returning, "change_waybill", parcel=first.pk, carrier="Walker", number="1")

    first.refresh_from_db()
    assert (answer.status_code, str(first)) == (303, "Walker 1")
    actions.sign_for(one(returning), actors.seller(cast.bob), "1")
    assert forms(alice, returning).count("change_waybill") == 1
    answer = send(alice, returning, "change_waybill", parcel=first.pk, carrier="Walker", number="3")
    assert (answer.status_code, errors(answer)) == (422, {"__all__": ["signed_for"]})
    assert "has been signed for" in answer.content.decode()


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"parcel": "0"}, {"parcel": ["min_value"]}),
        ({"parcel": "x"}, {"parcel": ["invalid"]}),
        ({"parcel": ""}, {"parcel": ["required"]}),
        ({"parcel": "foreign"}, {"__all__": ["no_parcel"]}),
        ({"carrier": ""}, {"carrier": ["required"]}),
        ({"number": "x" * 51}, {"number": ["max_length"]}),
        ({"number": "1"}, {"number": ["known_parcel"]}),
    ],
)
def test_bad_mending_is_refused(alice, cast, returning, fields, found):
    sent_in(returning, cast)
    own = returning.parcels.get().pk
    other = ship(pay(place(cast)), cast)
    foreign = sent_in(agreed(file(other, {other.lines.first().pk: 1}, kind="return_refund"), cast), cast)
    typed = {"parcel": own, "carrier": "Runner", "number": "9"} | fields
    if typed["parcel"] == "foreign":
        typed["parcel"] = foreign.parcels.get().pk
    before = TicketEvent.objects.count()

    answer = send(alice, returning, "change_waybill", **typed)

    assert (answer.status_code, errors(answer)) == (422, found)
    assert [str(foreign.parcels.get()), str(returning.parcels.get())] == ["Runner 1", "Runner 1"]
    assert TicketEvent.objects.count() == before


def test_what_an_exchange_sends_is_confirmed(alice, cast, order):
    blue = Sku.objects.create(product=cast.mug.product, code="blue", variant="blue", price=1250, stock=5)
    line = order.lines.get(sku=cast.mug)
    found = agreed(file(order, {line.pk: 2}, kind="exchange", wanted={line.pk: blue.pk}), cast)
    sent_in(found, cast)
    actions.accept(one(found), actors.seller(cast.bob))
    actions.dispatch(one(found), actors.seller(cast.bob), "Runner", "N1")
    text = page(alice, found)
    assert "instead: Mug blue" in text
    assert "costs CN¥5.00 more" in text
    assert "To you: <strong>Runner N1</strong>" in text
    assert "Confirm when everything that was sent has arrived." in text
    assert "withdraw" not in forms(alice, found)

    assert send(alice, found, "confirm").status_code == 303
    assert (found.state, send(alice, found, "confirm").status_code) == ("succeeded", 409)


def test_repair_shows_what_was_done(alice, cast, order):
    line = order.lines.get(sku=cast.lamp)
    found = agreed(file(order, {line.pk: 1}, kind="repair", reason="other", description="it flickers"), cast)
    sent_in(found, cast)
    actions.accept(one(found), actors.seller(cast.bob))
    repairs = {found.lines.get().pk: ("loose wire", "soldered")}
    actions.dispatch(one(found), actors.seller(cast.bob), "Runner", "N1", repairs)
    text = page(alice, found)
    assert "repaired: loose wire. Done: soldered" in text
    assert "Confirm when the repaired goods have come back to you." in text


# --- words and customer service ---------------------------------------------------------------------------------------


def test_message_with_photos_is_in_the_history(alice, cast, ticket):
    fields = {"note": "look <i>here</i>", "token": str(uuid4())}

    first = send(alice, ticket, "message", **fields, photos=[photo(), photo()])
    again = send(alice, ticket, "message", **fields, photos=[photo(), photo()])

    assert (first.status_code, again.status_code) == (303, 303)
    assert ticket.events.filter(action="message").count() == 1
    assert ticket.evidence.count() == 2
    text = page(alice, ticket)
    history = text[text.index('id="history"') :]
    assert "look &lt;i&gt;here&lt;/i&gt;" in history
    assert history.count("/small/") == 2


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"note": " "}, {"note": ["no_words"]}),
        ({"note": "x" * 1001}, {"note": ["max_length"]}),
        ({"note": "a\x00"}, {"note": ["null_characters_not_allowed"]}),
        ({"note": "", "photos": ["photo.jpg"]}, {"note": ["no_words"]}),
        ({"token": "x"}, {"token": ["invalid"]}),
    ],
)
def test_bad_message_is_refused(alice, ticket, fields, found):
    before = world(ticket.order)
    answer = send(alice, ticket, "message", **{"note": "words", "token": str(uuid4())} | fields)
    assert (answer.status_code, errors(answer)) == (422, found)
    assert world(ticket.order) == before


def test_what_is_no_photo_is_no_message(alice, ticket):
    before = world(ticket.order)
    broken = photo()
    broken.seek(0)
    broken.write(b"no photo at all")
    answer = send(alice, ticket, "message", note="words", token=str(uuid4()), photos=[broken])
    assert (answer.status_code, errors(answer)) == (422, {"photos": ["photo"]})
    assert world(ticket.order) == before


def test_message_is_open_while_the_ticket_is(alice, cast, ticket):
    assert "message" in forms(alice, ticket)
    pay_out(agreed(ticket, cast))
    assert "message" not in forms(alice, ticket)
    assert send(alice, ticket, "message", note="x", token=str(uuid4())).status_code == 409


def test_customer_service_is_called_with_words(alice, cast, ticket):
    assert "call_cs" not in forms(alice, ticket)
    rejected(ticket, cast)
    assert "call_cs" in forms(alice, ticket)

    answer = send(alice, ticket, "call_cs", note="it was not on sale", photos=[photo()])

    assert (answer.status_code, ticket.state) == (303, "arbitration")
    assert (ticket.disputes.count(), ticket.evidence.count()) == (1, 1)
    assert send(alice, ticket, "call_cs", note="again").status_code == 409
    assert ticket.disputes.count() == 1


@pytest.mark.parametrize(
    ("note", "code"), [("", "note"), ("x" * 1001, "max_length"), ("\x00", "null_characters_not_allowed")]
)
def test_call_without_words_is_refused(alice, cast, ticket, note, code):
    rejected(ticket, cast)
    before = world(ticket.order)
    answer = send(alice, ticket, "call_cs", note=note)
    assert (answer.status_code, errors(answer)) == (422, {"note": [code]})
    assert opened(answer.text) == ["Call customer service"]
    assert world(ticket.order) == before


def test_ids_of_the_forms_are_their_own(alice, cast, returning):
    sent_in(returning, cast)
    actions.add_parcel(one(returning), actors.buyer(cast.alice), "Runner", "2")
    ids = re.findall(r' id="([^"]+)"', page(alice, returning))
    assert len(ids) == len(set(ids))


def test_photos_outlive_a_refusal(alice, cast, ticket):
    """What was chosen once need not be chosen again, and may be taken back."""
    rejected(ticket, cast)
    refused = send(alice, ticket, "call_cs", note="", photos=[photo()])
    assert (refused.status_code, errors(refused)) == (422, {"note": ["note"]})
    (token,) = re.findall(r'name="photos_uploaded" value="([^"]+)"', refused.text)

    kept = send(alice, ticket, "message", note="words", token=str(uuid4()), photos_uploaded=[token], drop=token)

    assert (kept.status_code, ticket.evidence.count(), ticket.events.filter(action="message").exists()) == (
        200,
        0,
        False,
    )
    assert "words</textarea>" in kept.text
    assert token not in kept.text
