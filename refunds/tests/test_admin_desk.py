"""Customer service's desk: who sees which case, the queues, and what forged fields come to."""

from dataclasses import replace
from datetime import timedelta

from django.db.models.functions import Now
from django.urls import reverse

from aftersales import actors
from aftersales.testing import file, one, pay, place, ship
from orders.models import Product, Shop, ShopStaff, Sku
from refunds import actions
from refunds.models import Dispute, Reason, ReturnParcel, Ticket
from refunds.rules import Decision
from refunds.tests.at_admin import (
    agent,
    agent_of_shop,
    change,
    claimed,
    fresh,
    page,
    read,
    reviewed,
    ruled,
    ruling,
    sent_again,
    snapshot,
    to_confirm,
    with_cs,
)

DESK = "admin:refunds_dispute_changelist"


def shown(client, query=""):
    """The disputes on the list, in its order."""
    response = client.get(reverse(DESK) + query)
    assert response.status_code == 200
    return list(response.context["cl"].result_list)


# --- sight ------------------------------------------------------------------------------------------------------------


def test_who_sees_a_case(cast, client):
    dispute = with_cs(cast)
    seen = {}
    people = {"sam": agent(), "gus": agent_of_shop(cast), "bob": cast.bob, "dave": cast.dave, "olga": cast.operator}
    for name, user in people.items():
        client.force_login(user)
        # dave's shop has none; who serves customers and sells here sees it as a seller.
        seen[name] = (client.get(change(dispute)).status_code, shown(client) == [dispute])
    assert seen == {name: (200, True) if name != "dave" else (404, False) for name in people}


def test_agent_of_the_shop_acts_as_a_seller_only(cast, client):
    dispute = with_cs(cast)
    client.force_login(agent_of_shop(cast))
    text = read(client.get(change(dispute)))
    assert "do-rest" in text
    assert "do-claim" not in text
    before = snapshot(dispute)
    for action in ("claim", "hand_over", "ask", "rule", "confirm", "object"):
        assert client.post(page(dispute, action), ruling(dispute, cast)).status_code == 404
    assert snapshot(dispute) == before


def test_agent_sees_no_own_order(cast, client):
    dispute = with_cs(cast)
    buyer = cast.alice
    buyer.is_staff = buyer.is_customer_service = True
    buyer.save()
    client.force_login(buyer)
    assert shown(client) == []
    assert client.get(change(dispute)).status_code == 404
    assert client.post(page(dispute, "claim")).status_code == 404
    assert client.get(change(dispute.ticket)).status_code == 404


def test_agent_reads_the_ticket_and_cannot_open_its_order(cast, client):
    dispute = with_cs(cast)
    order = pay(place(cast))
    quiet = file(order, {order.lines.first().pk: 1})
    client.force_login(agent())
    text = read(client.get(change(dispute.ticket)))
    assert "do-message" in text
    assert dispute.order.number in text
    assert change(dispute.order) not in text
    assert client.get(change(dispute.order)).status_code == 403
    assert client.get(change(quiet)).status_code == 404
    listed = client.get(reverse("admin:refunds_ticket_changelist")).context["cl"].result_list
    assert list(listed) == [dispute.ticket]


def test_sides_read_no_ruling_that_waits_for_a_second_agent(cast, client):
    dispute = to_confirm(cast)
    client.force_login(cast.bob)
    text = read(client.get(change(dispute)))
    assert "The buyer is right." not in text
    assert "Taken by an agent" not in text
    client.force_login(agent("kim"))
    text = read(client.get(change(dispute)))
    assert "The buyer is right." in text
    assert "Taken by an agent" in text
    actions.confirm_ruling(one(dispute), actors.agent(agent("kim")))
    client.force_login(cast.bob)
    assert "The buyer is right." in read(client.get(change(dispute)))


def test_both_sides_stand_side_by_side(cast, client):
    dispute = with_cs(cast)
    actions.message(one(dispute.ticket), actors.buyer(cast.alice), "It was whole.")
    client.force_login(agent())
    sides = client.get(change(dispute)).context["desk"].sides
    assert [[entry.note for entry in side.entries] for side in sides] == [["It was whole."], ["We do not agree."]]


# --- queues -----------------------------------------------------------------------------------------------------------


def test_queues_of_the_desk(cast, client):
    new, mine, second = with_cs(cast), reviewed(cast), to_confirm(cast)
    appealed, done = ruled(cast), ruled(cast)
    actions.appeal(one(appealed), actors.seller(cast.bob), "No.")
    for side in (actors.buyer(cast.alice), actors.seller(cast.bob)):
        actions.accept_ruling(one(done), side)
    Dispute.objects.filter(pk=mine.pk).update(due_at=Now() - timedelta(minutes=1))
    client.force_login(agent())
    queues = {
        "open": {new, mine, second, appealed},
        "new": {new, appealed},
        "mine": {mine, second},
        "late": {mine},
        "evidence": {new},
        "confirm": {second},
        "appeals": {appealed},
        "all": {new, mine, second, appealed, done},
    }
    assert {name: set(shown(client, f"?queue={name}")) for name in queues} == queues
    assert set(shown(client)) == queues["open"]
    assert shown(client)[0] == mine  # overdue: before everything else
    assert shown(client, f"?q={done.number}") == [done]


# --- foreign keys in fields -------------------------------------------------------------------------------------------


def test_a_case_is_handed_to_agents_only(cast, client):
    dispute = claimed(cast)
    left = agent("lee")
    left.is_active = False
    left.save()
    client.force_login(agent())
    asked = client.get(page(dispute, "hand_over")).context["form"].fields["to"].queryset
    assert list(asked) == []
    before = snapshot(dispute)
    for user in (cast.bob, cast.alice, cast.operator, agent_of_shop(cast), left, agent()):
        response = client.post(page(dispute, "hand_over"), {"to": user.pk})
        assert (response.status_code, "Select a valid choice" in read(response)) == (422, True)
    assert snapshot(dispute) == before
    assert client.post(page(dispute, "hand_over"), {"to": agent("kim").pk, "note": "yours"}).status_code == 302
    assert fresh(dispute).agent == agent("kim")


def test_a_case_goes_back_to_the_queue(cast, client):
    dispute = claimed(cast)
    client.force_login(agent())
    assert client.post(page(dispute, "hand_over"), {"to": ""}).status_code == 302
    assert fresh(dispute).agent is None


def other_shops_ticket(cast):
    """A reissue that the other shop has sent."""
    product = Product.objects.create(shop=cast.other_shop, code="hat", title="Hat")
    hat = Sku.objects.create(product=product, code="hat", price=500, stock=9)
    order = pay(place(cast, {hat: 1}, buyer=cast.carol))
    ship(order, replace(cast, bob=cast.dave))
    ticket = file(order, {order.lines.get().pk: 1}, kind="reissue", reason="missing")
    actions.agree(one(ticket), actors.seller(cast.dave), version=1)
    actions.dispatch(one(ticket), actors.seller(cast.dave), "SF", "SF3")
    return ticket


def test_another_shops_parcel_is_not_mended(cast, client):
    ticket, foreign = sent_again(cast), other_shops_ticket(cast)
    client.force_login(cast.bob)
    before = snapshot(ticket), snapshot(foreign)
    fields = {"parcel": ReturnParcel.objects.get(ticket=foreign).pk, "carrier": "X", "number": "Y"}
    response = client.post(page(ticket, "change_waybill"), fields)
    assert (response.status_code, "Select a valid choice" in read(response)) == (422, True)
    assert (snapshot(ticket), snapshot(foreign)) == before


def test_money_is_given_back_for_own_lines_and_reasons(cast, client):
    order, foreign = pay(place(cast)), other_shops_ticket(cast)
    line = order.lines.first()
    gift, rejection = Reason.objects.get(code="goodwill"), Reason.objects.get(code="final_sale")
    client.force_login(cast.bob)
    before = snapshot(order), snapshot(foreign)
    for fields in (
        {f"amount_{foreign.lines.get().line_id}": "1.00", "reason": gift.pk, "note": "x"},
        {f"amount_{line.pk}": "1.00", "reason": rejection.pk, "note": "x"},
        {f"amount_{line.pk}": "20.01", "reason": gift.pk, "note": "x"},
        {f"amount_{line.pk}": "1.00", "freight": "6.01", "reason": gift.pk, "note": "x"},
        {f"amount_{line.pk}": "1.00", "reason": gift.pk, "note": " "},
    ):
        assert client.post(page(order, "give_back"), fields).status_code == 422
    assert (snapshot(order), snapshot(foreign)) == before


def test_seller_reads_what_agreeing_does(cast, client):
    order = ship(pay(place(cast)), cast)
    mug, lamp = order.lines.get(sku=cast.mug), order.lines.get(sku=cast.lamp)
    client.force_login(cast.bob)
    told = {}
    for kind, line in (("reissue", mug), ("exchange", lamp)):
        ticket = file(order, {line.pk: 1}, kind=kind, reason="other")
        told[kind] = client.get(page(ticket, "agree", "?version=1")).context["form"].summary.splitlines()[1:]
    assert told == {
        "reissue": [
            "1 × Mug are taken from stock now (998 there).",
            "You send it within the time that the ticket then shows.",
        ],
        "exchange": [
            "The goods come back first, to: 1 Return Road. Then you send the other ones.",
            "1 × Lamp are taken from stock now (999 there).",
        ],
    }


def test_offer_is_compared_with_what_was_asked(cast, client):
    order = pay(place(cast))
    ticket = file(order, {order.lines.get(sku=cast.lamp).pk: 1})
    client.force_login(cast.bob)
    fields = {"version": 1, "kind": "refund_only", "amount": "20.00", "freight": "", "note": "Would this do?"}
    for wrong in ({"amount": "36.02"}, {"amount": "30.01"}, {"kind": "repair"}, {"version": 2}, {"freight": "7.00"}):
        assert client.post(page(ticket, "offer"), fields | wrong).status_code == 422
    assert fresh(ticket).state == "awaiting_seller"
    assert client.post(page(ticket, "offer"), fields).status_code == 302
    assert "-CN¥10.01" in read(client.get(change(ticket)))


def test_an_agent_rules_on_no_shop_that_hires_them(cast, client):
    dispute = reviewed(cast)
    ShopStaff.objects.create(shop=cast.shop, user=agent())
    client.force_login(agent())
    before = snapshot(dispute)
    assert client.post(page(dispute, "rule"), ruling(dispute, cast)).status_code == 404
    assert snapshot(dispute) == before
    assert Shop.objects.of_staff(agent()).get() == cast.shop


def test_rehearsing_leaves_nothing(cast):
    dispute = reviewed(cast)
    before = snapshot(dispute)
    would = actions.rehearse(one(dispute), actors.agent(agent()), Decision("refund", 2000, 0, "buyer", "All."))
    assert (would.ticket.state, would.lines, would.payouts) == ("refunding", [("Mug", 2, 2000)], [("ticket", 2000)])
    assert (would.second, would.appeal, would.final_at is None) == (False, True, False)
    assert snapshot(dispute) == before
    assert Ticket.objects.get().state == "arbitration"
