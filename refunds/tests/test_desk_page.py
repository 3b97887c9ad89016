"""The page of a case: the ruling looked at while it is typed, who has it, what comes next, and who leads."""

from django.urls import reverse

from aftersales import actors
from aftersales.models import User
from aftersales.testing import file, one, pay, place
from refunds import actions
from refunds.models import Dispute
from refunds.tests.at_admin import (
    agent,
    agent_of_shop,
    change,
    claimed,
    fresh,
    lead,
    page,
    read,
    reviewed,
    ruling,
    snapshot,
    to_confirm,
    with_cs,
)

SUPERVISE = "admin:refunds_dispute_supervise"


def preview(row, action):
    return reverse("admin:refunds_dispute_preview", args=[row.pk, action])


def typed(**more):
    return {"verdict": "refund", "amount": "5.00", "freight": "0.00", "freight_by": "buyer", "note": ""} | more


# --- the ruling, while it is typed ------------------------------------------------------------------------------------


def test_a_ruling_is_looked_at_while_it_is_typed(cast, client):
    """Before it says why, and with an answer to what is wrong; nothing is changed by looking."""
    dispute = reviewed(cast)
    client.force_login(agent())
    before = snapshot(dispute)
    answers = {
        amount: client.post(preview(dispute, "rule"), typed(amount=amount)) for amount in ("5.00", "99.00", "five")
    }
    assert [answer.status_code for answer in answers.values()] == [200, 422, 422]
    assert "CN¥5.00 goes back to the buyer." in read(answers["5.00"])
    assert "At most CN¥20.00 can be given back." in read(answers["99.00"])
    assert "such as 12.50" in read(answers["five"])
    assert client.get(preview(dispute, "rule")).status_code == 405
    assert snapshot(dispute) == before


def test_only_who_may_rule_looks_at_a_ruling(cast, client):
    dispute = reviewed(cast)
    before = snapshot(dispute)
    found = {}
    for name, user in (("sam", agent()), ("kim", agent("kim")), ("bob", cast.bob), ("gus", agent_of_shop(cast)),
                       ("dave", cast.dave), ("olga", cast.operator)):  # fmt: skip
        client.force_login(user)
        found[name] = client.post(preview(dispute, "rule"), typed()).status_code
    assert found == {"sam": 200, "kim": 409, "bob": 404, "gus": 404, "dave": 404, "olga": 404}
    client.force_login(agent())
    assert client.post(preview(dispute, "claim")).status_code == 404  # it is done in one step
    assert snapshot(dispute) == before


def test_the_second_agent_sees_what_a_ruling_does(cast, client):
    dispute = to_confirm(cast)
    client.force_login(agent("kim"))
    before = snapshot(dispute)
    assert client.get(change(dispute)).context["form_here"]["offer"].name == "confirm"
    fields = {"ruling": dispute.ruling.pk, "note": ""}
    answers = [client.post(preview(dispute, "confirm"), fields), client.post(page(dispute, "confirm"), fields)]
    for answer in answers:
        assert answer.status_code == 200
        assert "CN¥600.20 goes back to the buyer." in read(answer)
    assert snapshot(dispute) == before
    client.force_login(agent())
    assert client.post(preview(dispute, "confirm"), fields).status_code == 409  # who ruled is no second agent


# --- one case after the other -----------------------------------------------------------------------------------------


def test_after_a_ruling_comes_the_next_case(cast, client):
    first, second, free = reviewed(cast), reviewed(cast), with_cs(cast)
    for side in (actors.buyer(cast.alice), actors.seller(cast.bob)):
        actions.rest(one(free), side)
    client.force_login(agent())
    assert client.get(change(first)).context["form_here"]["offer"].name == "rule"
    told = client.post(page(first, "rule"), ruling(first, cast, confirmed="next"))
    assert (told.status_code, told.headers["Location"]) == (
        302,
        f"{reverse('admin:refunds_dispute_next')}?after={first.pk}",
    )
    assert client.get(told.headers["Location"]).headers["Location"] == change(second)
    url = f"{reverse('admin:refunds_dispute_next')}?after={second.pk}"
    assert client.get(url).headers["Location"] == change(free)
    assert client.get(url + "x" * 30).headers["Location"] == change(second)
    client.force_login(cast.bob)
    assert client.get(url).status_code == 404


def test_who_was_faster_is_named(cast, client):
    dispute = with_cs(cast)
    client.force_login(agent())
    seen = client.get(change(dispute)).context["holder_url"]
    assert "This has changed" not in read(client.get(seen))
    actions.claim(one(dispute), actors.agent(agent("kim")))
    lost = client.post(page(dispute, "claim"))
    assert (lost.status_code, "Kim has this case, since" in read(lost)) == (409, True)
    assert "This has changed while you were reading." in read(client.get(seen))
    client.force_login(cast.bob)
    assert client.get(seen).status_code == 404


# --- who leads --------------------------------------------------------------------------------------------------------


def test_a_supervisor_gives_disputes_away(cast, client):
    """To whom may decide them; the rest stays, and is counted."""
    first, second = claimed(cast), with_cs(cast)
    order = pay(place(cast, buyer=agent("kim")))
    ticket = file(order, {order.lines.first().pk: 1})
    actions.call_cs(one(ticket), actors.seller(cast.bob), "No.")
    own = Dispute.objects.get(ticket=ticket)
    boss = lead()
    client.force_login(boss)
    shown = read(client.get(reverse(SUPERVISE)))
    assert all(row.number in shown for row in (first, second, own))
    fields = {"disputes": [first.pk, second.pk, own.pk], "to": agent("kim").pk, "note": "You know mugs."}
    told = client.post(reverse(SUPERVISE), fields, follow=True)
    assert "2 disputes were given on." in read(told)
    assert "1 stays as it is" in read(told)
    assert [fresh(row).agent for row in (first, second, own)] == [agent("kim"), agent("kim"), None]
    event = first.events.latest("pk")
    assert (event.action, event.actor, event.note, event.data) == ("assign", boss, "You know mugs.", {"to": "Kim"})


def test_what_cannot_be_given_away(cast, client):
    dispute = to_confirm(cast)  # with a second agent, and no longer to be given away
    mine = claimed(cast)
    before = snapshot(dispute), snapshot(mine)
    client.force_login(lead())
    for fields in (
        {"disputes": [], "to": agent("kim").pk},
        {"disputes": [dispute.pk], "to": agent("kim").pk},
        {"disputes": ["9" * 30], "to": agent("kim").pk},
        {"disputes": [mine.pk], "to": cast.bob.pk},
        {"disputes": [mine.pk], "to": agent().pk},
    ):
        assert client.post(reverse(SUPERVISE), fields).status_code == 422, fields
    assert (snapshot(dispute), snapshot(mine)) == before


def test_only_supervisors_lead(cast, client):
    dispute = claimed(cast)
    before = snapshot(dispute)
    fields = {"disputes": [dispute.pk], "to": agent("kim").pk}
    found = {}
    for name, user in (("sam", agent()), ("bob", cast.bob), ("olga", cast.operator), ("liz", lead())):
        client.force_login(user)
        found[name] = client.get(reverse(SUPERVISE)).status_code
        if name != "liz":
            client.post(reverse(SUPERVISE), fields)
            assert client.post(page(dispute, "assign"), {"to": agent("kim").pk}).status_code == 404
    assert found == {"sam": 404, "bob": 404, "olga": 200, "liz": 200}
    assert snapshot(dispute) == before
    assert Dispute.objects.get().agent == agent()


def test_cases_are_given_to_who_is_at_a_desk_only(cast, client):
    """Who has left, or may not open the admin, is offered neither by who leads nor by who hands over."""
    dispute = claimed(cast)
    for name, off in (("kim", {}), ("lee", {"is_active": False}), ("max", {"is_staff": False})):
        User.objects.filter(pk=agent(name).pk).update(**off)
    client.force_login(lead())
    given = client.get(reverse(SUPERVISE)).context["form"].fields["to"].queryset
    client.force_login(agent())
    handed = client.get(page(dispute, "hand_over")).context["form"].fields["to"].queryset
    assert [user.name for user in given] == ["Kim", "Liz", "Sam"]
    assert [user.name for user in handed] == ["Kim", "Liz"]
