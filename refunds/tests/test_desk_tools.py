"""The tools of who answers tickets: each side has its own, buyers never see them, and they change nothing else."""

import pytest
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.urls import reverse

from aftersales.testing import auditor
from refunds.models import Jotting, Note, Reply, TicketEvent
from refunds.tests import situations
from refunds.tests.at_admin import page, unshipped


def at(name, row, *args):
    kind = row._meta.model_name
    return reverse(f"admin:refunds_{kind}_{name}", args=[row.pk, *args])


@pytest.fixture
def ticket(cast):
    cast.alice.language = "en"
    cast.alice.save(update_fields=["language"])
    return unshipped(cast)


def test_a_reply_says_what_the_ticket_says(cast, client, ticket):
    Reply.objects.create(shop=cast.shop, title="Thanks", body_en="Dear {buyer}: {amount} for {goods}.", body_zh="您好")
    Reply.objects.create(shop=cast.other_shop, title="Foreign", body_en="No")
    Reply.objects.create(title="Service", body_en="Agents only")
    client.force_login(cast.bob)
    shown = client.get(page(ticket, "message"))
    assert [title for title, _text in shown.context["replies"]] == ["Thanks"]
    filled = client.get(page(ticket, "message", "?reply=0")).context["form"].initial["note"]
    assert filled == "Dear customer: CN¥10.00 for Mug × 1."
    assert "Alice" not in shown.content.decode()
    unmask = reverse("admin:orders_order_unmask", args=[ticket.order_id])
    assert client.post(unmask, {"why": "calling", "words": "asked to be called"}).status_code == 302
    filled = client.get(page(ticket, "message", "?reply=0")).context["form"].initial["note"]
    assert filled == "Dear Alice: CN¥10.00 for Mug × 1."
    for forged in ("1", "-1", "x", "²"):
        assert "note" not in client.get(page(ticket, "message", f"?reply={forged}")).context["form"].initial


@pytest.mark.parametrize("body", ["{buyer.password}", "{}", "{money}"])
def test_unknown_variables_are_refused(cast, client, body):
    client.force_login(cast.bob)
    data = {"shop": cast.shop.pk, "title": "x", "body_en": body, "body_zh": "", "position": 0, "in_use": "on"}
    response = client.post(reverse("admin:refunds_reply_add"), data)
    assert (response.status_code, Reply.objects.count()) == (422, 0)
    assert "{amount}" in response.context["adminform"].form.errors["body_en"][0]
    foreign = data | {"body_en": "{amount}", "shop": cast.other_shop.pk}
    response = client.post(reverse("admin:refunds_reply_add"), foreign)
    assert (response.status_code, Reply.objects.count()) == (422, 0)
    assert client.post(reverse("admin:refunds_reply_add"), data | {"body_en": "{amount}"}).status_code == 302


def test_notes_stay_on_their_side(cast, client):
    case = situations.disputed(situations.stocked(cast))
    ticket, dispute = case.ticket, case.disputes.get()
    events = TicketEvent.objects.count()
    for user, row in ((cast.bob, ticket), (cast.sam, dispute)):
        client.force_login(user)
        assert client.post(at("note", row), {"text": f"secret of {user.email}"}).status_code == 302
    for user, row, reads in (
        (cast.bob, ticket, ["bob"]), (cast.sam, dispute, ["sam"]), (cast.sam, ticket, ["sam"]),
        (cast.operator, ticket, ["bob", "sam"]), (auditor(), dispute, ["bob", "sam"]),
    ):  # fmt: skip
        client.force_login(user)
        content = client.get(at("change", row)).content.decode()
        assert [name for name in ("bob", "sam") if f"secret of {name}" in content] == reads
        assert client.post(at("note", row), {"text": ""}).status_code == (422 if len(reads) == 1 else 404)
    client.force_login(cast.alice)
    assert "secret of" not in client.get(f"/tickets/{ticket.number}/").content.decode()
    assert TicketEvent.objects.count() == events
    with pytest.raises(IntegrityError), transaction.atomic():
        Note.objects.update(text="other")


def test_an_empty_note_is_said(cast, client, ticket):
    client.force_login(cast.bob)
    response = client.post(at("note", ticket), {"text": " "})
    assert (response.status_code, Note.objects.count()) == (422, 0)
    assert response.context["note_form"].errors["text"]


def test_who_else_is_there(cast, client, ticket):
    cache.clear()
    client.force_login(cast.bob)
    assert client.post(at("here", ticket)).context["others"] == []
    for other_side in (cast.operator, auditor()):
        client.force_login(other_side)
        assert "Bob" not in [other.name for other in client.post(at("here", ticket)).context["others"]]
    client.force_login(cast.agent_of_shop())
    (bob,) = client.post(at("here", ticket), {"writes": "1"}).context["others"]
    assert (bob.name, bob.writes) == ("Bob", False)
    client.force_login(cast.bob)
    assert "is answering this right now" in client.post(at("here", ticket)).content.decode()


def test_what_is_typed_is_kept_until_it_is_sent(cast, client, ticket):
    client.force_login(cast.bob)
    jot = at("jot", ticket, "message")
    assert client.post(jot, {"note": "Dear buyer,", "state": "closed"}).status_code == 204
    assert Jotting.objects.get().data == {"note": "Dear buyer,"}
    again = client.get(page(ticket, "message"))
    assert again.context["form"].initial["note"] == "Dear buyer,"
    assert "What you typed here before is in the form again." in again.content.decode()
    client.post(page(ticket, "message"), {"note": "Dear buyer, hello."})
    assert not Jotting.objects.exists()
    client.post(jot, {"note": "x"})
    client.post(jot, {"note": " "})
    assert not Jotting.objects.exists()
    client.post(jot, {"note": "x" * 10_001})
    client.post(jot, {"note": "\x00"})
    assert not Jotting.objects.exists()
    for onlooker in (auditor(), cast.operator):
        client.force_login(onlooker)
        assert client.post(jot, {"note": "x"}).status_code == 404
    assert not Jotting.objects.exists()


@pytest.mark.parametrize("name", ["here", "note", "jot"])
def test_foreign_rows_and_gets(cast, client, ticket, name):
    address = at(name, ticket, *(["message"] if name == "jot" else []))
    client.force_login(cast.dave)
    assert client.post(address, {"text": "x", "note": "x"}).status_code == 404
    client.force_login(cast.bob)
    assert client.get(address).status_code == 405
    assert (Note.objects.count(), Jotting.objects.count()) == (0, 0)


def test_the_page_shows_what_to_decide_on(cast, client):
    case = situations.disputed(situations.stocked(cast))
    client.force_login(cast.bob)
    shown = client.get(at("change", case.ticket))
    record = shown.context["case"].record
    assert (record.orders, record.tickets, record.granted, record.lost) == (1, 1, 0, 0)
    (goods,) = shown.context["case"].goods
    assert (goods.title, goods.item.quantity) == ("Mug", 1)


def test_a_form_is_answered_on_the_page_and_leads_to_the_next(cast, client, ticket):
    second = unshipped(cast)
    client.force_login(cast.bob)
    part = client.get(page(ticket, "agree"), headers={"HX-Request": "true", "HX-Target": "ask"})
    assert "<html" not in part.content.decode()
    response = client.post(page(ticket, "agree"), {"version": 1, "next": "1"})
    assert response.url == at("change", second)
    response = client.post(page(second, "agree"), {"version": 1, "next": "1"})
    assert response.url == reverse("admin:refunds_ticket_changelist")
