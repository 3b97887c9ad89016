"""Whose a ticket is: the shop's people see it and give it on from its page, and read who gave it to whom."""

import pytest
from django.urls import reverse

from aftersales import actors
from aftersales.changes.models import Change
from aftersales.testing import auditor, one
from orders.models import ShopStaff
from refunds import actions
from refunds.models import Ticket, TicketEvent
from refunds.tests import situations
from refunds.tests.at_admin import change, unshipped


@pytest.fixture
def ticket(cast):
    return unshipped(cast)


@pytest.fixture
def ann(cast):
    """An agent of the shop."""
    return ShopStaff.objects.get(user=cast.agent_of_shop())


def assign(ticket):
    return reverse("admin:refunds_ticket_assign", args=[ticket.pk])


def staff_of(cast, user):
    return ShopStaff.objects.get(shop=cast.shop, user=user)


def holder(ticket):
    return Ticket.objects.get(pk=ticket.pk).assignee


def test_given_to_a_colleague_to_oneself_and_to_nobody(cast, client, ticket, ann):
    client.force_login(cast.bob)
    bob = staff_of(cast, cast.bob)
    steps = [(ann.pk, ann), (bob.pk, bob), ("", None)]
    for sent, found in steps:
        response = client.post(assign(ticket), {"to": sent})
        assert (response.status_code, response.url, holder(ticket)) == (302, change(ticket), found)
    assert TicketEvent.objects.filter(ticket=ticket).count() == 1  # filed, and nothing since
    name = str(ann.user)
    told = Change.objects.filter(kind="refunds.ticket", key=ticket.pk).order_by("pk")
    assert [(c.person, c.before["assignee"], c.after["assignee"]) for c in told] == [
        (cast.bob, None, name), (cast.bob, name, "Bob"), (cast.bob, "Bob", None),
    ]  # fmt: skip


def test_the_page_says_whose_it_is_and_how_it_came_there(cast, client, ticket, ann):
    name = str(ann.user)
    client.force_login(cast.bob)
    before = client.get(change(ticket))
    assert before.context["me"] == staff_of(cast, cast.bob).pk
    client.post(assign(ticket), {"to": ann.pk})
    client.force_login(ann.user)
    shown = client.get(change(ticket))
    assert f"<strong>{name}</strong>" in shown.content.decode()
    entry = shown.context["entries"][0]
    assert (entry.title, entry.who, entry.facts) == ("Assigned", "Bob", [f"– → {name}"])
    assert shown.context["entries"][-1].action == "begin"
    # Who has it already is not offered to take it.
    assert shown.context["me"] is None
    history = client.get(reverse("admin:refunds_ticket_history", args=[ticket.pk]))
    assert f"– → {name}" in history.content.decode()


def test_nothing_is_given_by_looking(cast, client, ticket, ann):
    client.force_login(cast.bob)
    assert client.get(assign(ticket), {"to": ann.pk}).status_code == 405
    assert (holder(ticket), Change.objects.filter(kind="refunds.ticket").count()) == (None, 0)


def test_only_staff_of_that_shop_can_have_it(cast, client, ticket, ann, subtests):
    """Neither somebody of another shop, even for who works in both, nor somebody who may not log in any more."""
    one(ticket).update(assignee=ann)
    elsewhere = ShopStaff.objects.create(shop=cast.other_shop, user=cast.bob)
    gone = ShopStaff.objects.create(shop=cast.shop, user=cast.carol)
    cast.carol.is_active = False
    cast.carol.save(update_fields=["is_active"])
    client.force_login(cast.bob)
    choices = client.get(change(ticket)).context["assign_form"].fields["to"].queryset
    assert {staff.shop_id for staff in choices} == {cast.shop.pk}
    for sent in (ShopStaff.objects.get(user=cast.dave).pk, elsewhere.pk, gone.pk, 10**9, "x", "1;DROP"):
        with subtests.test(sent):
            response = client.post(assign(ticket), {"to": sent})
            assert response.status_code == 422
            assert response.context["assign_form"].errors["to"] == ["Choose somebody who works for this shop."]
            assert "Choose somebody who works for this shop." in response.content.decode()
    assert (holder(ticket), Change.objects.filter(kind="refunds.ticket").count()) == (ann, 0)


def test_what_has_ended_is_not_given_away(cast, client, ticket, ann):
    """Not from its page, nor by a page that was read before."""
    actions.withdraw(one(ticket), actors.buyer(cast.alice))
    client.force_login(cast.bob)
    assert "assign_url" not in client.get(change(ticket)).context
    assert client.post(assign(ticket), {"to": ann.pk}).status_code == 404
    assert holder(ticket) is None


def test_nobody_else_gives_it_away_or_learns_whose_it_is(cast, client):
    """Customer service reads the ticket, but not how the shop shares its work; who sees everything looks on."""
    case = situations.disputed(situations.stocked(cast))
    bob = staff_of(cast, cast.bob)
    actions.assign_many(case.tickets, case.seller, {case.ticket.pk: case.ticket.version}, bob)
    history = reverse("admin:refunds_ticket_history", args=[case.ticket.pk])
    for who, status, told in (
        (cast.sam, 200, False), (cast.operator, 200, True), (auditor(), 200, True), (cast.dave, 404, False),
    ):  # fmt: skip
        client.force_login(who)
        page = client.get(change(case.ticket))
        assert page.status_code == status
        assert ('id="assigned"' in page.content.decode(), "assign_url" in (page.context or {})) == (told, False)
        assert ("– → Bob" in client.get(history).content.decode()) is told
        assert client.post(assign(case.ticket), {"to": ""}).status_code == 404
    client.force_login(cast.sam)
    assert "assigned" not in client.get(reverse("admin:refunds_ticket_changelist")).context["cl"].list_display
    assert holder(case.ticket) == bob
