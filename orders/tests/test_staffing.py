"""Who works for a shop: asked by its owners, joined by whoever was asked, and never without an owner."""

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from aftersales.changes.models import Change
from aftersales.lifecycle.errors import Refused
from aftersales.testing import auditor, one, person
from orders import staffing
from orders.models import Invitation, Shop, ShopStaff
from orders.models.invitation import VALID
from refunds.invitations import send_invitations


def url(model, page, *args):
    return reverse(f"admin:orders_{model}_{page}", args=args)


def invite(cast, email="alice@example.com", role="agent"):
    return staffing.invite(cast.shop, email, role, cast.bob)


def staff(cast):
    return dict(ShopStaff.objects.filter(shop=cast.shop).values_list("user__name", "role"))


def test_from_the_invitation_to_the_work(cast, client, woken, django_capture_on_commit_callbacks):
    client.force_login(cast.bob)
    asked = {"shop": cast.shop.pk, "email": " Alice@Example.com ", "role": "agent"}
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(url("invitation", "add"), asked).status_code == 302
    assert woken == [staffing.SEND]
    send_invitations()
    send_invitations()
    [letter] = mail.outbox
    assert (letter.to, letter.subject) == (["alice@example.com"], "Shop asks you to work with them")
    link = Invitation.objects.get().link
    assert link in letter.body
    page = link[link.index("/shops/") :]
    client.logout()
    assert client.get(page).headers["Location"].startswith("/login/?next=/shops/join/")
    client.force_login(cast.carol)
    assert "for another address" in client.get(page).text
    assert client.post(page).status_code == 409
    client.force_login(cast.alice)
    assert "as: Agent" in client.get(page).text
    assert staff(cast) == {"Bob": "owner"}
    assert client.post(page).headers["Location"] == reverse("admin:index")
    cast.alice.refresh_from_db()
    assert (staff(cast), cast.alice.is_staff) == ({"Bob": "owner", "Alice": "agent"}, True)
    assert client.post(page).status_code in {303, 409}
    assert staff(cast) == {"Bob": "owner", "Alice": "agent"}
    told = Change.objects.order_by("pk").values_list("kind", "act", "person__name", "shop")
    assert list(told) == [
        ("orders.invitation", "added", "Bob", cast.shop.pk),
        ("orders.shopstaff", "added", "Alice", cast.shop.pk),
    ]


@pytest.mark.parametrize("over", ["revoked", "expired", "forged"])
def test_what_counts_no_more_is_not_accepted(cast, client, over):
    invitation = invite(cast)
    if over == "revoked":
        staffing.revoke(one(invitation), cast.bob)
    if over == "expired":
        one(invitation).update(expires_at=timezone.now())
    send_invitations()
    assert len(mail.outbox) == (over == "forged")
    client.force_login(cast.alice)
    page = reverse("orders:join", args=[invitation.link.split("/")[-2] + ("x" if over == "forged" else "")])
    answers = (404, 404) if over == "forged" else (200, 409)
    assert (client.get(page).status_code, client.post(page).status_code) == answers
    assert staff(cast) == {"Bob": "owner"}


def test_whoever_is_asked_again_has_one_invitation(cast):
    first = invite(cast)
    one(first).update(next_at=None, sent_at=timezone.now(), expires_at=timezone.now())
    again = invite(cast, role="owner")
    assert (again.pk, again.role, again.sent_at) == (first.pk, "owner", None)
    assert abs(again.expires_at - timezone.now() - VALID).total_seconds() < 10


def test_who_cannot_be_asked(cast):
    ada = auditor()
    theirs = invite(cast, ada.email)
    cases = (
        (lambda: invite(cast, "BOB@example.com"), "works_here"),
        (lambda: staffing.accept(theirs.pk, ada), "auditor"),
        (lambda: staffing.accept(theirs.pk, cast.alice), "invitation_other"),
        (lambda: staffing.accept(0, cast.alice), "invitation_over"),
    )
    for act, code in cases:
        with pytest.raises(Refused) as no:
            act()
        assert no.value.code == code
    for number in range(staffing.MOST_OPEN - 1):
        invite(cast, f"{number}@example.com")
    with pytest.raises(Refused) as no:
        invite(cast)
    assert no.value.code == "invitations_full"
    assert staff(cast) == {"Bob": "owner"}


def test_roles_change_and_an_owner_stays(cast, client):
    eve = cast.agent_of_shop()
    bobs, eves = (ShopStaff.objects.get(shop=cast.shop, user=user) for user in (cast.bob, eve))
    client.force_login(cast.bob)
    page = url("shopstaff", "change", bobs.pk)
    refused = client.post(page, {"role": "agent"})
    assert (refused.status_code, "needs an owner" in refused.text) == (422, True)
    gone = client.post(url("shopstaff", "remove", bobs.pk))
    assert (gone.status_code, "needs an owner" in gone.text) == (409, True)
    before = type(eve).objects.get(pk=eve.pk).rights_version
    assert client.post(url("shopstaff", "change", eves.pk), {"role": "owner"}).status_code == 302
    assert staff(cast) == {"Bob": "owner", "Eve": "owner"}
    assert type(eve).objects.get(pk=eve.pk).rights_version == before + 1
    assert Change.objects.get().after == {"role": "owner"}
    assert client.get(url("shopstaff", "remove", eves.pk)).status_code == 200
    assert "Eve" in staff(cast)
    assert client.post(url("shopstaff", "remove", eves.pk)).status_code == 302
    eve.refresh_from_db()
    assert (staff(cast), eve.is_staff) == ({"Bob": "owner"}, False)


def test_who_works_elsewhere_stays_staff(cast):
    sam = person("sam", is_staff=True, is_customer_service=True)
    works = ShopStaff.objects.create(shop=cast.shop, user=sam)
    staffing.remove(one(works), cast.bob)
    sam.refresh_from_db()
    assert sam.is_staff


def test_only_owners_of_the_shop_change_its_people(cast, client):
    eve, invitation = cast.agent_of_shop(), invite(cast)
    row = ShopStaff.objects.get(user=eve)
    pages: tuple[tuple[str, dict[str, object]], ...] = (
        (url("shopstaff", "change", row.pk), {"role": "owner"}),
        (url("shopstaff", "remove", row.pk), {}),
        (url("invitation", "revoke", invitation.pk), {}),
        (url("invitation", "add"), {"shop": cast.shop.pk, "email": "x@example.com", "role": "owner"}),
    )
    for user, answers in ((eve, (403, 403, 403, 403)), (cast.dave, (404, 404, 404, 422)), (cast.alice, (302,) * 4)):
        client.force_login(user)
        assert tuple(client.post(page, data).status_code for page, data in pages) == answers, user
        lists = [client.get(url(model, "changelist")) for model in ("shopstaff", "invitation")]
        seen = [eve.email in lists[0].text, invitation.email in lists[1].text]
        assert seen == [user == eve] * 2, user
        # The owner of another shop has people of their own there.
        offered = {word for word in ("Let go…", "Revoke…") for page in lists if word in page.text}
        assert user == cast.dave or not offered, user
    assert staff(cast) == {"Bob": "owner", "Eve": "agent"}
    assert list(Invitation.objects.values_list("revoked_at", flat=True)) == [None]
    assert Shop.objects.filter(staff__user=cast.dave).count() == 1
