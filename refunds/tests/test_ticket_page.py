"""The buyer's tickets: what each state shows and what the buyer can do there."""

import pytest
from django.template.loader import get_template
from django.test import Client
from django.urls import reverse

from aftersales import actors
from aftersales.actors import CLOCK, Role
from aftersales.lifecycle.move import move, story
from aftersales.testing import file, one, overdue, pay, place, ship
from orders.actions import receive
from orders.models import Order
from refunds import actions, money, words
from refunds.actions import Rejection
from refunds.lifecycle import DISPUTE, PAYOUT, TICKET
from refunds.models import Payout, Reason
from refunds.rules import Application, Found
from refunds.states import DisputeState, Kind, PayoutState, TicketState
from refunds.tests.filling import world
from refunds.tests.hearing import called
from refunds.views.ways import DISPUTE_WAYS, WAYS


@pytest.fixture
def alice(client, cast):
    client.force_login(cast.alice)
    return client


@pytest.fixture
def order(cast):
    return ship(pay(place(cast)), cast)


@pytest.fixture
def returning(cast, order):
    return file(order, {order.lines.get(sku=cast.mug).pk: 2}, kind="return_refund", description="too small")


def address(ticket, action="ticket"):
    return reverse(f"refunds:{action}", args=(ticket.number,))


def text(client, ticket):
    answer = client.get(address(ticket))
    assert answer.status_code == 200
    return answer.content.decode()


def seller(cast):
    return actors.seller(cast.bob)


def test_open_ticket_says_what_silence_leads_to(alice, cast, order):
    ticket = file(order, {order.lines.first().pk: 1})
    page = text(alice, ticket)
    assert "If the seller does not answer by then, the refund is granted." in page
    assert "Awaiting the seller" in page
    assert address(ticket, "amend") in page
    assert address(ticket, "withdraw") in page
    assert address(ticket, "send_waybill") not in page


def test_silence_on_a_return_agrees_to_the_return(alice, returning):
    assert "the return is agreed and the goods can be sent back" in text(alice, returning)


def test_agreed_return_shows_the_address_to_copy(alice, cast, returning):
    actions.agree(one(returning), seller(cast), version=1)
    page = text(alice, returning)
    assert "readonly>1 Return Road</textarea>" in page
    assert address(returning, "send_waybill") in page
    assert address(returning, "amend") not in page


def test_rejection_is_shown_with_its_reason(alice, cast, returning):
    reason = Reason.objects.get(side="seller", code="final_sale")
    actions.reject(one(returning), seller(cast), Rejection(reason, "it was on sale <i>"))
    page = text(alice, returning)
    assert "The seller’s reason: Sold as final" in page
    assert "it was on sale &lt;i&gt;" in page[: page.index('id="history"')]


def test_history_tells_every_version_and_its_clock(alice, cast, order, returning):
    line = order.lines.get(sku=cast.mug)
    late = Reason.objects.get(code="late")
    asked = Application("refund_only", late, {line.pk: 1}, {line.pk: 321}, freight=100, description="one only")
    actions.amend(one(returning), actors.buyer(cast.alice), asked)

    page = text(alice, returning)

    history = page[page.index('id="history"') :]
    assert "Mug × 1: CN¥3.21" in history
    assert "Mug × 2: CN¥20.00" in history
    assert "Freight: CN¥1.00" in history
    assert "Together: CN¥4.21" in history
    assert history.index("one only") < history.index("too small")
    assert history.count("The seller’s time to answer") == 2
    assert "Comes too late" in history
    assert "Changed my mind" in history


def test_history_says_when_nobody_answered(alice, returning):
    overdue(returning)
    actions.agree(one(returning), CLOCK)
    assert "Nobody answered in time" in text(alice, returning)


def test_waybill_starts_the_inspection(alice, cast, returning):
    actions.agree(one(returning), seller(cast), version=1)

    answer = alice.post(address(returning, "send_waybill"), {"carrier": " SF ", "number": "sf 1234 5678 9012 3"})

    returning.refresh_from_db()
    assert (answer.status_code, returning.state) == (303, "awaiting_inspection")
    page = text(alice, returning)
    assert "To the seller: <strong>SF SF1234567890123</strong>" in page
    assert "https://www.kuaidi100.com/chaxun?com=shunfeng&amp;nu=SF1234567890123" in page


@pytest.mark.parametrize(
    ("carrier", "number", "fields"),
    [
        ("", "", ["carrier", "number"]),
        ("SF", "  ", ["number"]),
        ("SF", "12345", ["number"]),
        ("FedEx", "986578788850", ["number"]),
        ("x" * 51, "1", ["carrier"]),
        ("a\x00", "1", ["carrier"]),
    ],
)
def test_bad_waybill_is_refused(alice, cast, order, returning, carrier, number, fields):
    actions.agree(one(returning), seller(cast), version=1)
    before = world(order)
    answer = alice.post(address(returning, "send_waybill"), {"carrier": carrier, "number": number})
    assert answer.status_code == 422
    assert list(answer.context["sent"].errors) == fields
    assert world(order) == before


def test_inspection_and_goods_sent_back(alice, cast, returning):
    actions.agree(one(returning), seller(cast), version=1)
    actions.send_waybill(one(returning), actors.buyer(cast.alice), "SF", "1")
    item = returning.lines.get()
    actions.fail_inspection(one(returning), seller(cast), {item.pk: Found(1, 1, "scratched")}, note="one is scratched")
    page = text(alice, returning)
    assert "inspected: 1 good, 1 damaged, 0 missing" in page
    assert "scratched" in page
    actions.send_back(one(returning), seller(cast), "SF", "2")
    assert "Back to you: <strong>SF 2</strong>" in text(alice, returning)

    answer = alice.post(address(returning, "confirm"))

    returning.refresh_from_db()
    assert answer.status_code == 303
    assert (returning.state, returning.closed_reason) == ("closed", "sent_back")
    assert "<strong>Goods sent back to you</strong>" in text(alice, returning)


def test_where_the_money_is(alice, cast, order):
    ticket = file(order, {order.lines.first().pk: 1})
    actions.agree(one(ticket), seller(cast), version=1)
    payout = Payout.objects.get()
    assert "The refund is being handed to the payment channel." in text(alice, ticket)
    overdue(payout)
    with story(CLOCK):
        move(PAYOUT, "send", one(payout), CLOCK)
    assert "The payment channel has been asked to return the money." in text(alice, ticket)
    money.settle(one(payout), "ref-77")
    page = text(alice, ticket)
    assert "The money has been returned." in page
    assert payout.number in page
    assert "ref-77" in page
    assert "CN¥10.00" in page


def test_withdrawing_is_asked_twice_and_ends_it(alice, returning):
    assert "Yes, withdraw it" in text(alice, returning)
    assert alice.post(address(returning, "withdraw")).status_code == 303
    returning.refresh_from_db()
    assert (returning.state, returning.closed_reason) == ("closed", "withdrawn")


def test_second_withdrawal_shows_where_it_stands(alice, order, returning):
    alice.post(address(returning, "withdraw"))
    before = world(order)
    answer = alice.post(address(returning, "withdraw"))
    assert answer.status_code == 409
    assert "Closed" in answer.content.decode()
    assert world(order) == before


@pytest.mark.parametrize("action", [*WAYS, *DISPUTE_WAYS])
def test_actions_do_nothing_on_get_or_forgery(cast, order, returning, client, action):
    before = world(order)
    client.force_login(cast.alice)
    # A login that came between leads back to the action's address.
    assert client.get(address(returning, action)).headers["Location"] == address(returning)
    assert client.put(address(returning, action)).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(cast.alice)
    assert strict.post(address(returning, action), {"carrier": "a", "number": "b"}).status_code == 403
    assert world(order) == before


def test_every_buyer_action_has_a_form():
    for life, ways in ((TICKET, {"amend", *WAYS}), (DISPUTE, set(DISPUTE_WAYS))):
        names = {t.name for t in life.transitions if Role.BUYER in t.who}
        assert names == ways
        for name in names:
            get_template(f"refunds/actions/{name}.html")


def test_every_state_has_its_words():
    assert set(words.CONSEQUENCES) == set(TicketState.timed())
    assert set(words.NEXT) == {str(state) for state in TicketState.all()}
    assert set(words.MONEY) == {str(state) for state in PayoutState.all()}
    assert set(words.EXPECT) == set(words.MONEY)
    assert set(words.EVENTS) == {"begin", "remind", *(transition.name for transition in TICKET.transitions)}
    assert set(words.CLOCKS) == {s.clock for life in (TicketState, DisputeState) for s in life.all() if s.clock}
    assert set(words.PROMISES) == set(Kind)
    assert set(words.DISPUTE_CONSEQUENCES) == set(DisputeState.timed())
    assert set(words.DISPUTE_NEXT) == {str(state) for state in DisputeState.all()}
    assert set(words.DISPUTE_EVENTS) == {"begin", "remind", *(t.name for t in DISPUTE.transitions)}


# --- the list ---------------------------------------------------------------------------------------------------------


def test_list_has_open_and_ended_tickets(alice, cast, order, returning):
    lamp = file(order, {order.lines.get(sku=cast.lamp).pk: 1})
    actions.withdraw(one(lamp), actors.buyer(cast.alice))

    opened = alice.get(reverse("refunds:tickets")).content.decode()
    ended = alice.get(reverse("refunds:tickets") + "?tab=ended").content.decode()

    assert returning.number in opened
    assert lamp.number not in opened
    assert lamp.number in ended
    assert returning.number not in ended


def test_list_shows_the_disputes_clock(alice, cast, returning):
    dispute = called(returning, cast)
    page = alice.get(reverse("refunds:tickets")).text
    assert f'data-due="{int(dispute.due_at.timestamp())}"' in page
    assert str(words.dispute_consequence(dispute)) in page


@pytest.mark.parametrize("query", ["?page=99", "?page=x", "?page=-1", "?tab=x&page=%00", "?page=" + "9" * 30])
def test_list_takes_any_page(alice, returning, query):
    assert alice.get(reverse("refunds:tickets") + query).status_code == 200


def test_photo_without_a_move_is_shown(alice, cast, returning):
    old = returning.evidence.create(photo="evidence/old.jpg", role="buyer", given_by=cast.alice)
    assert text(alice, returning).count(reverse("refunds:evidence", args=(old.pk,))) == 2


def test_pages_are_paged(alice, cast, monkeypatch):
    monkeypatch.setattr("refunds.views.tickets.PER_PAGE", 1)
    for _ in range(2):
        other = ship(pay(place(cast)), cast)
        file(other, {other.lines.first().pk: 1})
    assert "Page 1 of 2" in alice.get(reverse("refunds:tickets")).content.decode()


# --- on the order's page ----------------------------------------------------------------------------------------------


def on_order_page(alice, order):
    return alice.get(reverse("orders:order", args=(order.number,))).content.decode()


def test_order_page_leads_here(alice, cast, order):
    page = on_order_page(alice, order)
    assert reverse("refunds:apply", args=(order.number,)) in page
    ticket = file(order, {line.pk: line.quantity for line in order.lines.all()}, freight=600)
    page = on_order_page(alice, order)
    assert reverse("refunds:apply", args=(order.number,)) not in page
    assert "Every item has an open ticket" in page
    assert ticket.number in page


def test_unpaid_order_offers_nothing(alice, cast):
    page = on_order_page(alice, place(cast))
    assert "Request after-sales" not in page
    assert "No ticket can be filed" not in page


def test_ended_window_says_why_not(alice, cast, order):
    receive(one(order), actors.buyer(cast.alice))
    Order.objects.filter(pk=order.pk).update(completed_at="2020-01-01T00:00Z")
    page = on_order_page(alice, order)
    assert "The time for after-sale requests ended" in page
    assert "Request after-sales" not in page


def test_pages_render_in_chinese(alice, returning):
    answer = alice.get(address(returning), headers={"accept-language": "zh-hans"})
    assert answer.status_code == 200
    assert 'lang="zh-hans"' in answer.content.decode()


@pytest.mark.parametrize("page", ["/tickets/", "ticket"])
def test_no_cache_keeps_a_persons_tickets(alice, returning, page):
    answer = alice.get(address(returning) if page == "ticket" else page)
    assert "no-store" in answer.headers["Cache-Control"]
