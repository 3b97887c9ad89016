"""Customer service rules, in two steps: what is shown before, who may do it, and what is refused."""

import pytest

from aftersales import actors
from aftersales.testing import one
from refunds import actions
from refunds.models import Dispute, Payout
from refunds.rules import Decision
from refunds.tests.at_admin import (
    agent,
    change,
    failed_inspection,
    fresh,
    page,
    read,
    reviewed,
    ruled,
    ruling,
    snapshot,
)
from refunds.tests.service import final, found_wanting


def looked_at(client, dispute, **more):
    """The answer to the first of the two posts."""
    fields = ruling(dispute, None, **more)
    del fields["confirmed"]
    return client.post(page(dispute, "rule"), fields)


def test_a_ruling_is_shown_before_it_is_given(cast, client):
    dispute = reviewed(cast)
    client.force_login(agent())
    before = snapshot(dispute)

    response = looked_at(client, dispute, amount="11.00", freight="6.00", freight_by="seller")

    assert response.status_code == 200
    told = response.context["effects"]
    assert told[:4] == [
        "The ticket goes to: Refunding, as Refund only.",
        "CN¥11.00 goes back to the buyer.",
        "Of it for Mug × 2: CN¥5.00.",
        "Of it for the freight: CN¥6.00.",
    ]
    assert "2 × Mug go to stock once the money has gone." in told
    assert "Return freight paid by: Seller." in told
    assert any("becomes final at" in sentence for sentence in told)
    assert snapshot(dispute) == before


def test_a_ruling_starts_from_what_was_asked_for(cast, client):
    dispute = reviewed(cast)
    assert (dispute.ticket.amount, dispute.ticket.freight) == (2000, 0)
    client.force_login(agent())
    form = client.get(page(dispute, "rule")).context["form"]
    assert (form["amount"].value(), form["freight"].value()) == ("20.00", "0.00")


def test_what_was_shown_is_what_happens(cast, client):
    dispute = reviewed(cast)
    client.force_login(agent())
    fields = {"amount": "11.00", "freight": "6.00"}
    told = looked_at(client, dispute, **fields).context["effects"]

    assert client.post(page(dispute, "rule"), ruling(dispute, cast, **fields)).status_code == 302
    assert fresh(dispute).state == "ruled"
    assert not Payout.objects.exists()
    for side in (actors.buyer(cast.alice), actors.seller(cast.bob)):
        actions.accept_ruling(one(dispute), side)

    payout = Payout.objects.get()
    assert (payout.amount, payout.freight, payout.lines.get().amount) == (1100, 600, 500)
    assert (fresh(dispute.ticket).state, told[0]) == ("refunding", "The ticket goes to: Refunding, as Refund only.")


def test_changing_leads_back_to_the_filled_form(cast, client):
    dispute = reviewed(cast)
    client.force_login(agent())
    response = looked_at(client, dispute, edit="1", amount="7.77")
    assert response.status_code == 200
    assert response.context["form"]["amount"].value() == "7.77"
    assert fresh(dispute).state == "review"


def test_much_money_is_said_to_wait_for_a_second_agent(cast, client):
    dispute = reviewed(cast, {cast.lamp: 20})
    client.force_login(agent())
    told = looked_at(client, dispute, amount="600.20").context["effects"]
    assert "A second agent has to confirm it before both sides read it." in told


def test_sending_back_moves_goods_and_no_money(cast, client):
    ticket = failed_inspection(cast)
    actions.call_cs(one(ticket), actors.buyer(cast.alice), "It was whole.")
    dispute = Dispute.objects.get()
    for side in (actors.buyer(cast.alice), actors.seller(cast.bob)):
        actions.rest(one(dispute), side)
    actions.claim(one(dispute), actors.agent(agent()))
    client.force_login(agent())
    # The amounts that the form has filled in are for the rulings that move money.
    told = looked_at(client, dispute, verdict="send_back", amount="10.00").context["effects"]
    assert told == [
        "The ticket goes to: Awaiting dispatch, as Return and refund.",
        "No money goes back to the buyer.",
        "The buyer’s own goods go back: 1 × Mug.",
        "Return freight paid by: Buyer.",
        *told[4:],
    ]
    assert client.post(page(dispute, "rule"), ruling(dispute, cast, verdict="send_back")).status_code == 302


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"verdict": "return_first"}, "Select a valid choice"),
        ({"verdict": "send_back"}, "Select a valid choice"),
        ({"verdict": ""}, "This field is required"),
        ({"amount": "99.00"}, "At most"),
        ({"amount": "-1"}, "has to be a number"),
        ({"amount": "0"}, "above zero"),
        ({"amount": "5.00", "freight": "5.01"}, "At most"),
        ({"freight": "7.00"}, "Of the freight at most"),
        ({"freight_by": "nobody"}, "Select a valid choice"),
        ({"note": " "}, "This field is required"),
    ],
)
@pytest.mark.parametrize("step", ["look", "rule"])
def test_what_cannot_be_ruled_is_told(cast, client, fields, words, step):
    dispute = reviewed(cast)
    client.force_login(agent())
    before = snapshot(dispute)
    if step == "look":
        response = looked_at(client, dispute, **fields)
    else:
        response = client.post(page(dispute, "rule"), ruling(dispute, cast, **fields))
    assert response.status_code == 422
    assert words in read(response)
    assert snapshot(dispute) == before


def test_only_the_agent_who_has_it_is_offered_to_rule(cast, client):
    dispute = reviewed(cast)
    client.force_login(agent("kim"))
    text = read(client.get(change(dispute)))
    assert "do-rule" not in text
    before = snapshot(dispute)
    for action in ("rule", "ask", "hand_over"):
        assert client.post(page(dispute, action), ruling(dispute, cast)).status_code == 409
    assert snapshot(dispute) == before


def test_who_ruled_is_told_that_an_appeal_is_anothers(cast, client):
    dispute = ruled(cast)
    actions.appeal(one(dispute), actors.buyer(cast.alice), "Look again.")
    client.force_login(agent())
    response = client.post(page(dispute, "claim"))
    assert response.status_code == 422
    assert "You ruled on this before" in read(response)
    client.force_login(agent("kim"))
    assert client.post(page(dispute, "claim")).status_code == 302


def test_an_old_page_does_not_answer_a_new_ruling(cast, client):
    dispute = ruled(cast)
    old = dispute.ruling.pk
    actions.appeal(one(dispute), actors.buyer(cast.alice), "Look again.")
    kim = actors.agent(agent("kim"))
    actions.claim(one(dispute), kim)
    actions.rule(one(dispute), kim, Decision("refuse", note="Not shown."))
    before = snapshot(dispute)
    client.force_login(cast.bob)
    assert client.post(page(dispute, "accept_ruling"), {"ruling": old}).status_code == 409
    assert snapshot(dispute) == before

    asked = client.get(page(dispute, "accept_ruling")).context["form"]
    assert client.post(page(dispute, "accept_ruling"), {"ruling": asked["ruling"].value()}).status_code == 302
    assert fresh(dispute).seller_accepts


def test_agreeing_to_send_goods_back_promises_no_money(desk, client):
    ticket = final(desk, found_wanting(desk), "send_back")
    actions.call_cs(one(ticket), actors.buyer(desk.alice), "Nothing comes.")
    client.force_login(desk.bob)
    text = read(client.get(page(ticket, "agree")))
    assert "own goods go back: 1 × " in text
    assert "goes back to the buyer now" not in text

    actions.agree(one(ticket), actors.seller(desk.bob))
    assert (fresh(ticket).state, fresh(ticket).sending_back) == ("awaiting_dispatch", True)
    assert not ticket.payouts.exists()
