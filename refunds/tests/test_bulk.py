"""Many tickets at once: only what the dry run promised moves, each once, and everything else says why not."""

import pytest
from django.urls import reverse

from aftersales import actors
from aftersales.changes.models import Change
from aftersales.jobs import work
from aftersales.jobs.models import Job
from aftersales.testing import file, one, pay, place
from aftersales.tests.many import statements
from orders.models import ShopStaff, Sku
from refunds import actions
from refunds.models import Note, Payout, Reason, Ticket, TicketEvent
from refunds.tests.in_bulk import LIST, choose, confirm, filed, job_of, planned, results, states, to_exchange


def test_a_choice_changes_nothing_until_it_is_confirmed(cast, client):
    tickets = [filed(cast), filed(cast)]
    client.force_login(cast.bob)

    url = planned(client, "agree", tickets)
    shown = client.get(url)
    work.work()

    assert [str(ticket) for ticket in shown.context["able"]] == [str(ticket) for ticket in tickets]
    assert shown.context["sums"] == ["CN¥20.00"]
    assert states(*tickets) == ["awaiting_seller"] * 2
    assert not Payout.objects.exists()


def test_what_was_confirmed_is_done_once(cast, client):
    tickets = [filed(cast), filed(cast)]
    client.force_login(cast.bob)
    url = planned(client, "agree", tickets)

    first = confirm(client, url)
    again = client.post(url, {"seen": "2/0/CNY=2000", "confirmed": "1"})
    work.work()
    work.work()

    assert first.url == again.url == reverse("admin:aftersales_job_change", args=[job_of(url).pk])
    assert states(*tickets) == ["refunding"] * 2
    assert [payout.amount for payout in Payout.objects.all()] == [1000, 1000]
    assert (
        list(TicketEvent.objects.filter(action="agree").values_list("actor", "role")) == [(cast.bob.pk, "seller")] * 2
    )
    assert results(job_of(url)) == {ticket.pk: "" for ticket in tickets}
    assert client.get(first.url).content.decode().count("badge-green") == 3


def test_what_cannot_move_says_why(cast, client):
    """Each stays as it was, and never moves later either."""
    moved, amended, gone = filed(cast), filed(cast), filed(cast)
    first, second, third = to_exchange(cast), to_exchange(cast), to_exchange(cast)
    Sku.objects.filter(pk=cast.mug.pk).update(stock=1)
    client.force_login(cast.bob)
    url = planned(client, "agree", [moved, amended, gone, first, second, third])
    line = amended.lines.get()
    actions.amend(one(amended), actors.buyer(cast.alice), _application(line))
    actions.withdraw(one(gone), actors.buyer(cast.alice))

    shown = client.get(url).context
    confirm(client, url)
    Sku.objects.filter(pk=cast.mug.pk).update(stock=5)
    work.work()

    assert {label: why.split(".")[0] for _key, label, why in shown["refused"]} == {
        amended.number: "The buyer has changed the application since you read it",
        gone.number: "It is no application that waits for the shop’s answer now",
        second.number: "There are not enough of Mug in stock",
        third.number: "There are not enough of Mug in stock",
    }
    assert states(moved, amended, gone, first, second, third) == [
        "refunding", "awaiting_seller", "closed", "awaiting_return", "awaiting_seller", "awaiting_seller",
    ]  # fmt: skip
    job = job_of(url)
    assert (job.outcome, job.done, job.failed) == ("finished", 2, 4)


def _application(line):
    from refunds.rules import Application

    reason = Reason.objects.get(side="buyer", code="changed_mind")
    return Application(kind="refund_only", reason=reason, units={line.line_id: 1}, shipped=False)


def test_a_world_that_changed_is_shown_again(cast, client):
    tickets = [filed(cast), filed(cast)]
    client.force_login(cast.bob)
    url = planned(client, "agree", tickets)
    seen = client.get(url).context["promised"].digest
    actions.withdraw(one(tickets[0]), actors.buyer(cast.alice))

    response = client.post(url, {"seen": seen, "confirmed": "1"})

    assert response.status_code == 409
    assert job_of(url).ready_at is None
    assert states(tickets[1]) == ["awaiting_seller"]


def test_a_single_answer_in_between_wins(cast, client):
    ticket, other = filed(cast), filed(cast)
    client.force_login(cast.bob)
    url = planned(client, "agree", [ticket, other])
    confirm(client, url)
    actions.agree(one(ticket), actors.seller(cast.bob), version=1)

    work.work()

    assert results(job_of(url)) == {ticket.pk: "not_waiting", other.pk: ""}
    assert Payout.objects.count() == 2


def test_rejected_with_a_reason(cast, client):
    tickets = [filed(cast), filed(cast)]
    client.force_login(cast.bob)
    url = planned(client, "reject", tickets)
    reason, proof = _plain(), Reason.objects.filter(side="seller", needs_proof=True).first()

    assert client.post(url, {"reason": proof.pk if proof else 0, "note": ""}).status_code == 422
    confirm(client, url, reason=reason.pk, note="Used for a year.")
    work.work()

    assert states(*tickets) == ["rejected"] * 2
    assert list(Ticket.objects.values_list("rejection", flat=True)) == [reason.pk] * 2
    assert set(TicketEvent.objects.filter(action="reject").values_list("note", flat=True)) == {"Used for a year."}


def test_assigned_to_a_colleague_and_left_behind(cast, client, colleague):
    tickets = [filed(cast), filed(cast)]
    client.force_login(cast.bob)
    url = planned(client, "assign", tickets)
    stranger = ShopStaff.objects.get(user=cast.dave)
    assert client.post(url, {"to": stranger.pk}).status_code == 422
    confirm(client, url, to=ShopStaff.objects.get(user=colleague).pk)
    work.work()

    client.force_login(colleague)
    mine = client.get(LIST + "?queue=all&assigned=me").context["cl"].result_list
    assert set(mine) == set(tickets)
    assert not client.get(LIST + "?queue=all&assigned=nobody").context["cl"].result_list
    assert not TicketEvent.objects.exclude(action="begin").exists()

    ShopStaff.objects.get(user=colleague).delete()
    assert set(Ticket.objects.values_list("assignee", flat=True)) == {None}


def test_assigning_many_writes_down_each(cast, client, colleague):
    """Who gave it to whom, in the same statements for any number; one that is theirs already has not changed."""
    staff = ShopStaff.objects.get(user=colleague)
    client.force_login(cast.bob)
    found = set()
    for number in (1, 4):
        tickets = [filed(cast) for _ in range(number + 1)]
        one(tickets[0]).update(assignee=staff)
        url = planned(client, "assign", tickets, token=f"6f1c9a3e-5a7d-4f0e-9f3c-0d6a2b6c9b3{number}")
        confirm(client, url, to=staff.pk)
        with statements() as done:
            work.step()
        found.add(len(done))
        written = Change.objects.filter(kind="refunds.ticket", key__in=[ticket.pk for ticket in tickets]).order_by(
            "key"
        )
        assert [(c.key, c.act, c.person, c.shop, c.before, c.after) for c in written] == [
            (ticket.pk, "changed", cast.bob, cast.shop, {"assignee": None}, {"assignee": "Ann"})
            for ticket in tickets[1:]
        ]
    assert len(found) == 1, found


def test_a_note_is_written_once_on_each(cast, client):
    tickets = [filed(cast), filed(cast)]
    actions.withdraw(one(tickets[0]), actors.buyer(cast.alice))
    client.force_login(cast.bob)
    url = planned(client, "note", tickets)

    assert client.post(url, {"text": " "}).status_code == 422
    confirm(client, url, text="Ask the depot.")
    work.work()
    work.work()

    found = Note.objects.order_by("ticket").values_list("ticket", "audience", "author", "text")
    assert list(found) == [(ticket.pk, "shop", cast.bob.pk, "Ask the depot.") for ticket in tickets]


def test_the_same_form_sent_twice_makes_one_plan(cast, client):
    ticket, other = filed(cast), filed(cast)
    client.force_login(cast.bob)

    urls = [planned(client, "agree", [ticket]) for _ in range(2)]
    another = planned(client, "agree", [other])

    assert urls[0] == urls[1] != another
    assert Job.objects.count() == 2


def test_foreign_tickets_are_left_out(cast, client):
    mine = filed(cast)
    client.force_login(cast.dave)

    response = choose(client, "agree", [mine])
    forged = client.post(LIST, {"action": "agree_many", "_selected_action": ["1; drop"], "token": "x"})

    assert (response.status_code, forged.status_code) == (302, 400)
    assert "bulk" not in response.url
    assert not Job.objects.exists()


@pytest.mark.parametrize("who", ["dave", "operator", "alice"])
def test_nobody_else_opens_or_confirms_a_plan(cast, client, who):
    ticket = filed(cast)
    client.force_login(cast.bob)
    url = planned(client, "agree", [ticket])
    client.force_login(getattr(cast, who))

    shown, posted = client.get(url), client.post(url, {"seen": "1/0/CNY=1000", "confirmed": "1"})

    assert shown.status_code == posted.status_code == (404 if who == "dave" else 302)
    assert job_of(url).ready_at is None
    menu = client.get(LIST)
    assert who == "dave" or menu.status_code != 200 or not menu.context["action_form"]


def test_who_left_the_shop_moves_nothing(cast, client, colleague):
    ticket = filed(cast)
    client.force_login(colleague)
    url = planned(client, "agree", [ticket])
    confirm(client, url)
    ShopStaff.objects.get(user=colleague).delete()

    work.work()

    assert results(job_of(url)) == {ticket.pk: "not_in_shop"}
    assert states(ticket) == ["awaiting_seller"]


def test_all_that_match_the_filter_are_chosen(cast, client, monkeypatch):
    from refunds.admin.ticket import TicketAdmin

    monkeypatch.setattr(TicketAdmin, "list_per_page", 1)
    tickets = [filed(cast) for _ in range(3)]
    actions.reject(one(tickets[2]), actors.seller(cast.bob), actions.Rejection(_plain()), version=1)
    client.force_login(cast.bob)

    data = {"action": "agree_many", "_selected_action": [tickets[0].pk], "select_across": "1", "index": 0}
    url = client.post(LIST, {**data, "token": "6f1c9a3e-5a7d-4f0e-9f3c-0d6a2b6c9b12"}).url

    assert set(results(job_of(url))) == {ticket.pk for ticket in tickets[:2]}


def _plain():
    return Reason.objects.filter(side="seller", needs_proof=False)[0]


def test_too_many_and_several_shops_are_refused(cast, client, settings):
    tickets = [filed(cast), filed(cast)]
    client.force_login(cast.bob)
    settings.BULK_MOST = 1
    assert "bulk" not in choose(client, "agree", tickets).url
    settings.BULK_MOST = 2
    # One of them stands for a second shop of the same person.
    ShopStaff.objects.create(shop=cast.other_shop, user=cast.bob)
    client.force_login(cast.bob)
    elsewhere = _in_other_shop(cast)
    assert "bulk" not in choose(client, "agree", [tickets[0], elsewhere]).url
    assert not Job.objects.exists()


def _in_other_shop(cast):
    from orders.models import Product

    product = Product.objects.create(shop=cast.other_shop, code="tea", title="Tea")
    tea = Sku.objects.create(product=product, code="tea", price=500, stock=10)
    order = pay(place(cast, {tea: 1}))
    return file(order, {order.lines.get().pk: 1})


def test_one_and_many_take_the_same_statements(cast, client):
    """A dry run, and the step of a job, whatever the number of tickets."""
    client.force_login(cast.bob)
    found = set()
    for number in (1, 4):
        tickets = [filed(cast) for _ in range(number)] + [to_exchange(cast) for _ in range(number)]
        url = planned(client, "agree", tickets, token=f"6f1c9a3e-5a7d-4f0e-9f3c-0d6a2b6c9b2{number}")
        with statements() as shown:
            client.get(url)
        confirm(client, url)
        with statements() as done:
            work.step()
        assert job_of(url).done == 2 * number
        found.add((len(shown), len(done)))
    assert len(found) == 1, found
