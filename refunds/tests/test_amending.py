"""Amending, withdrawing, rejecting and agreeing: what each releases, and which version counts."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now

from aftersales import actors
from aftersales.lifecycle.errors import Conflict, Refused
from aftersales.testing import counters, file, one, overdue, pay, place, ship, state_of
from orders.models import Order, Payment, Shop
from refunds import actions
from refunds.actions import Rejection
from refunds.models import Evidence, Reason, Ticket
from refunds.rules import Application
from refunds.tests.filling import photo
from refunds.tests.paying import agreed, held, line_of, order_of, time_passes
from refunds.tests.service import final, rejected

SECOND = timedelta(seconds=1)


@pytest.fixture
def order(cast):
    return ship(pay(place(cast)), cast)


@pytest.fixture
def ticket(cast, order):
    return file(order, {line_of(order, cast.mug).pk: 2}, kind="return_refund", freight=600)


def _asked(units, *, kind="refund_only", reason=None, **more):
    return Application(kind, reason or Reason.objects.get(side="buyer", code="other"), units, **more)


def _amend(ticket, cast, units, **more):
    event = actions.amend(one(ticket), actors.buyer(cast.alice), _asked(units, **more))
    ticket.refresh_from_db()
    return event


def _reject(ticket, cast, code="final_sale", **more):
    reason = Reason.objects.get(side="seller", code=code)
    event = actions.reject(one(ticket), actors.seller(cast.bob), Rejection(reason, "No.", **more))
    ticket.refresh_from_db()
    return event


# --- amend ------------------------------------------------------------------------------------------------------------


def test_an_amended_ticket_holds_the_new_and_frees_the_old(cast, order, ticket):
    mug, lamp = line_of(order, cast.mug), line_of(order, cast.lamp)

    event = _amend(ticket, cast, {lamp.pk: 1}, amounts={lamp.pk: 500}, freight=1, description="Only the lamp.")

    assert (ticket.state, ticket.kind, ticket.amount, ticket.freight) == ("awaiting_seller", "refund_only", 501, 1)
    assert (ticket.version, ticket.description) == (2, "Only the lamp.")
    assert list(ticket.lines.values_list("line", "quantity", "amount")) == [(lamp.pk, 1, 500)]
    mug.refresh_from_db()
    lamp.refresh_from_db()
    assert (mug.reserved, mug.open_tickets, mug.returning) == (0, 0, 0)
    assert (lamp.reserved, lamp.open_tickets, lamp.returning) == (500, 1, 0)
    found = order_of(order)
    assert (found.reserved, found.freight_reserved, found.open_tickets) == (501, 1, 1)
    assert Payment.objects.get().reserved == 501
    assert event.data["lines"] == [{"line": lamp.pk, "title": "Lamp", "units": 1, "amount": 500}]
    # The first version is still told by the history.
    assert ticket.events.first().data["amount"] == 2600


def test_an_amended_ticket_may_ask_for_what_it_held_itself(cast, order, ticket):
    mug = line_of(order, cast.mug)

    _amend(ticket, cast, {mug.pk: 2}, freight=600)

    assert ticket.amount == 2600


def test_the_clock_starts_anew(cast, ticket):
    overdue(ticket, -timedelta(minutes=5))

    _amend(ticket, cast, {ticket.lines.get().line_id: 1})

    assert abs(ticket.due_at - ticket.events.last().at - timedelta(days=5)) < SECOND


def test_an_amendment_that_is_refused_changes_nothing(cast, order, ticket):
    before = counters(order), Ticket.objects.filter(pk=ticket.pk).values().get(), list(ticket.lines.values())

    for units, more in (
        ({}, {}),
        ({ticket.lines.get().line_id: 3}, {}),
        ({ticket.lines.get().line_id: 1}, {"freight": 601}),
    ):
        with pytest.raises(Refused):
            _amend(ticket, cast, units, **more)

    assert (counters(order), Ticket.objects.filter(pk=ticket.pk).values().get(), list(ticket.lines.values())) == before
    assert ticket.events.count() == 1


def test_an_amendment_cannot_take_the_line_of_another_ticket(cast, order, ticket):
    lamp = line_of(order, cast.lamp)
    file(order, {lamp.pk: 1})

    with pytest.raises(Refused) as no:
        _amend(ticket, cast, {lamp.pk: 1})
    assert no.value.code == "line_busy"


def test_a_rejected_ticket_comes_back_by_amending(cast, ticket):
    _reject(ticket, cast)
    assert ticket.rejection.code == "final_sale"

    _amend(ticket, cast, {ticket.lines.get().line_id: 1})

    assert (ticket.state, ticket.version, ticket.rejection) == ("awaiting_seller", 2, None)


def test_whether_it_was_shipped_stays_as_filed(cast):
    order = pay(place(cast))
    mug = line_of(order, cast.mug)
    ticket = file(order, {mug.pk: 1})

    _amend(ticket, cast, {mug.pk: 2}, shipped=True)

    assert not ticket.shipped
    mug.refresh_from_db()
    assert mug.cancelling == 2


@pytest.mark.parametrize("state", ["refunding", "closed"])
def test_too_late_to_amend(cast, order, state):
    ticket = file(order, {line_of(order, cast.mug).pk: 1})
    if state == "refunding":
        agreed(ticket, cast)
    else:
        actions.withdraw(one(ticket), actors.buyer(cast.alice))
    before = counters(order)

    with pytest.raises(Conflict) as clash:
        _amend(ticket, cast, {line_of(order, cast.mug).pk: 2})

    assert state_of(clash.value.row) == state
    assert counters(order) == before


def test_a_ticket_filed_in_time_is_amended_after_the_window(cast, order, ticket):
    Order.objects.filter(pk=order.pk).update(completed_at=Now() - timedelta(days=16))
    _reject(ticket, cast)

    _amend(ticket, cast, {line_of(order, cast.mug).pk: 1})

    assert (ticket.state, ticket.version) == ("awaiting_seller", 2)


def test_proof_that_was_given_before_counts(cast, order):
    mug = line_of(order, cast.mug)
    asked = _asked({mug.pk: 1}, reason=Reason.objects.get(code="damaged"))
    ticket = actions.file_ticket(one(order), cast.alice, asked, photos=[photo()])

    _amend(ticket, cast, {mug.pk: 2}, reason=Reason.objects.get(code="damaged"))

    assert ticket.amount == 2000


# --- which version the seller read ------------------------------------------------------------------------------------


def test_a_seller_who_read_the_old_version_agrees_to_nothing(cast, order, ticket):
    _amend(ticket, cast, {ticket.lines.get().line_id: 1})
    before = counters(order)

    with pytest.raises(Refused) as no:
        actions.agree(one(ticket), actors.seller(cast.bob), version=1)

    assert no.value.code == "stale"
    ticket.refresh_from_db()
    assert (ticket.state, counters(order)) == ("awaiting_seller", before)
    actions.agree(one(ticket), actors.seller(cast.bob), version=2)


def test_a_seller_who_read_the_old_version_rejects_nothing(cast, ticket):
    _amend(ticket, cast, {ticket.lines.get().line_id: 1})

    with pytest.raises(Refused) as no:
        actions.reject(
            one(ticket), actors.seller(cast.bob), Rejection(Reason.objects.get(code="final_sale"), "No."), version=1
        )

    assert no.value.code == "stale"
    ticket.refresh_from_db()
    assert (ticket.state, ticket.rejection) == ("awaiting_seller", None)


def _agree(ticket, cast):
    actions.agree(one(ticket), actors.seller(cast.bob), version=1)


def _reject_one(ticket, cast):
    rejection = Rejection(Reason.objects.get(code="final_sale"), "No.")
    actions.reject(one(ticket), actors.seller(cast.bob), rejection, version=1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("answer", [_agree, _reject_one], ids=["agree", "reject"])
def test_an_amendment_that_commits_while_the_seller_waits(cast, answer):
    """given: the buyer's amendment is not committed yet; when: the seller answers version 1; then: nothing happens"""
    order = ship(pay(place(cast)), cast)
    mug = line_of(order, cast.mug)
    ticket = file(order, {mug.pk: 1})
    amended, ends = threading.Event(), []

    def seller():
        amended.wait()
        try:
            ends.append(answer(ticket, cast))
        except (Refused, Conflict) as no:
            ends.append(no)
        finally:
            connection.close()

    rival = threading.Thread(target=seller)
    rival.start()
    with transaction.atomic():
        _amend(ticket, cast, {mug.pk: 2})
        amended.set()
        rival.join(0.5)
        assert not ends
    rival.join(10)

    ticket.refresh_from_db()
    assert (ticket.state, ticket.version, ticket.amount) == ("awaiting_seller", 2, 2000)
    assert isinstance(ends[0], Refused)
    assert ends[0].code == "stale"


def test_agreeing_twice(cast, ticket):
    actions.agree(one(ticket), actors.seller(cast.bob), version=1)

    with pytest.raises(Conflict) as clash:
        actions.agree(one(ticket), actors.seller(cast.bob), version=1)
    assert state_of(clash.value.row) == "awaiting_return"


def test_agreeing_without_a_return_address(cast, order, ticket):
    Shop.objects.update(return_address="  ")
    before = counters(order)

    with pytest.raises(Refused) as no:
        actions.agree(one(ticket), actors.seller(cast.bob), version=1)

    assert no.value.code == "no_return_address"
    ticket.refresh_from_db()
    assert (ticket.state, counters(order)) == ("awaiting_seller", before)


def test_silence_without_a_return_address_is_set_aside(cast, ticket):
    Shop.objects.update(return_address="")

    swept = time_passes(ticket)

    assert (swept.moved, swept.set_aside) == (0, 1)
    assert ticket.set_aside_at
    Shop.objects.update(return_address="1 Return Road")
    actions.agree(one(ticket), actors.seller(cast.bob), version=1)
    ticket.refresh_from_db()
    assert (ticket.state, ticket.set_aside_at) == ("awaiting_return", None)


# --- what ends a ticket releases it -----------------------------------------------------------------------------------


def _all_free(ticket, order, reason="withdrawn"):
    ticket.refresh_from_db()
    assert (ticket.state, ticket.closed_reason, ticket.due_at) == ("closed", reason, None)
    assert held(order) == 0
    assert not ticket.lines.filter(is_open=True).exists()
    assert not ticket.payouts.exists()
    found = order_of(order)
    assert found.held_left is None
    assert found.due_at


@pytest.mark.parametrize(
    ("who", "state"),
    [("buyer", "awaiting_seller"), ("buyer", "rejected"), ("buyer", "awaiting_return")]
    + [("clock", "rejected"), ("clock", "awaiting_return")],
)
def test_withdrawing_releases_everything(cast, order, ticket, state, who):
    if state == "rejected":
        _reject(ticket, cast)
    elif state == "awaiting_return":
        agreed(ticket, cast)

    if who == "buyer":
        actions.withdraw(one(ticket), actors.buyer(cast.alice))
    else:
        assert time_passes(ticket).moved == 1

    _all_free(ticket, order)


def test_goods_on_their_way_cannot_be_withdrawn(cast, order, ticket):
    agreed(ticket, cast)
    actions.send_waybill(one(ticket), actors.buyer(cast.alice), "SF", "1")

    with pytest.raises(Conflict) as clash:
        actions.withdraw(one(ticket), actors.buyer(cast.alice))
    assert state_of(clash.value.row) == "awaiting_inspection"


def test_a_rejected_ticket_still_holds(cast, order, ticket):
    _reject(ticket, cast)

    assert order_of(order).reserved == 2600
    assert abs(ticket.due_at - ticket.entered_at - timedelta(days=7)) < SECOND


def test_silence_of_the_seller_agrees(cast, order):
    ticket = file(order, {line_of(order, cast.mug).pk: 1})

    assert time_passes(ticket).moved == 1

    assert (ticket.state, ticket.payouts.get().amount) == ("refunding", 1000)
    assert ticket.events.last().role == "system"


# --- reject -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "photos", "refusal"),
    [("used", 0, "proof"), ("used", 1, None), ("final_sale", 0, None), ("damaged", 1, "reason"), (None, 0, "reason")],
)
def test_a_rejection_needs_a_sellers_reason_and_its_proof(cast, ticket, code, photos, refusal):
    reason = Reason.objects.get(code=code) if code else None
    rejection = Rejection(reason, "See the photo.", [photo() for _ in range(photos)])

    if refusal:
        with pytest.raises(Refused) as no:
            actions.reject(one(ticket), actors.seller(cast.bob), rejection)
        assert no.value.code == refusal
    else:
        actions.reject(one(ticket), actors.seller(cast.bob), rejection)

    ticket.refresh_from_db()
    assert ticket.state == ("awaiting_seller" if refusal else "rejected")
    assert Evidence.objects.filter(ticket=ticket, role="seller").count() == (0 if refusal else photos)


@pytest.mark.parametrize("verb", [actions.agree, actions.withdraw])
def test_a_strangers_ticket_looks_missing(cast, ticket, verb):
    rows = Ticket.objects.of_shop(cast.dave).filter(pk=ticket.pk)
    by = actors.seller(cast.dave) if verb is actions.agree else actors.buyer(cast.dave)

    with pytest.raises(Conflict) as clash:
        verb(rows, by)

    assert clash.value.row is None
    ticket.refresh_from_db()
    assert ticket.state == "awaiting_seller"


def test_a_ruled_payer_of_freight_stays(desk):
    ticket = final(desk, rejected(desk), "negotiate", freight_by="seller")
    again = Application("return_refund", ticket.reason, {ticket.lines.get().line_id: 1})
    actions.amend(one(ticket), actors.buyer(desk.alice), again)
    ticket.refresh_from_db()
    assert (ticket.kind, ticket.freight_by) == ("return_refund", "seller")
