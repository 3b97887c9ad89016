"""Above what one person decides alone: an owner of the shop confirms, or proves once more who they are."""

from django.urls import reverse

from aftersales.jobs import work
from aftersales.models import User
from orders.models import ShopStaff
from refunds.mailing import message
from refunds.models import Notice, NoticeSettings
from refunds.tests.in_bulk import confirm, filed, job_of, planned, states


def test_above_the_limit_an_owner_confirms(cast, client, colleague, settings):
    settings.BULK_TICKETS_ALONE = 1
    tickets = [filed(cast), filed(cast)]
    client.force_login(colleague)
    url = planned(client, "agree", tickets)
    assert confirm(client, url).url == url
    assert confirm(client, url).status_code == 302
    assert job_of(url).ready_at is None

    client.force_login(cast.bob)
    assert url in client.get(reverse("admin:aftersales_job_change", args=[job_of(url).pk])).content.decode()
    confirm(client, url)
    work.work()

    job = job_of(url)
    assert (job.by, job.released_by, job.done) == (colleague, cast.bob, 2)
    assert states(*tickets) == ["refunding"] * 2


def test_the_owners_are_told_what_waits_for_them(cast, client, colleague, settings):
    """On their first page, until it is confirmed; whoever made it, another agent and the owner of another shop are
    not, and none of these gets it going."""
    settings.BULK_TICKETS_ALONE = 1
    second = User.objects.create_user("mia@example.com", "x", name="Mia", is_staff=True)
    ShopStaff.objects.create(shop=cast.shop, user=second, role="owner")
    tickets = [filed(cast), filed(cast)]
    client.force_login(colleague)
    url = planned(client, "agree", tickets)
    assert waiting(client, cast.bob) == 0  # nobody was asked yet
    client.force_login(colleague)
    confirm(client, url)

    agent = cast.agent_of_shop()
    people = (cast.bob, second, colleague, agent, cast.dave, cast.operator)
    assert [waiting(client, who) for who in people] == [1, 1, None, None, 0, None]
    page = reverse("admin:aftersales_job_change", args=[job_of(url).pk])
    for who, shown, reached in ((agent, 200, 302), (cast.dave, 404, 404), (cast.operator, 200, 302)):
        client.force_login(who)
        seen = client.get(page)
        assert (seen.status_code, url in seen.content.decode()) == (shown, False)
        assert client.get(url).status_code == reached
        assert client.post(url, {"seen": "2/0/CNY=2000", "confirmed": "1"}).status_code == reached
    assert job_of(url).ready_at is None

    client.force_login(cast.bob)
    assert url in client.get(page).content.decode()
    confirm(client, url)
    assert job_of(url).ready_at
    assert [waiting(client, who) for who in (cast.bob, second)] == [0, 0]


def test_the_owners_get_a_notice(cast, client, colleague, settings):
    """Once, in the inbox and by mail, whoever gets mails about cases; it leads to what they have to confirm."""
    settings.BULK_TICKETS_ALONE = 1
    second = User.objects.create_user("mia@example.com", "x", name="Mia", is_staff=True, language="zh-hans")
    ShopStaff.objects.create(shop=cast.shop, user=second, role="owner")
    NoticeSettings.objects.create(person=second, cases=False)
    client.force_login(colleague)
    url = planned(client, "agree", [filed(cast), filed(cast)])
    confirm(client, url)
    confirm(client, url)

    notices = Notice.objects.filter(life="job").select_related("person")
    assert {(notice.person, notice.channel) for notice in notices} == {
        (cast.bob, "inbox"),
        (cast.bob, "email"),
        (second, "inbox"),
    }
    mail = message(notices.get(channel="email"))
    assert mail.subject == f"Work in bulk {job_of(url).pk}: Waits for an owner’s confirmation"
    assert f"{settings.PUBLIC_URL}{url}" in mail.body
    for who, words in ((cast.bob, "Waits for an owner’s confirmation"), (second, "等待店主确认")):
        client.force_login(who)
        client.cookies.pop(settings.LANGUAGE_COOKIE_NAME, None)
        inbox = client.get(reverse("refunds:inbox"), headers={"Accept-Language": who.language or "en"}).content.decode()
        assert words in inbox
        assert url in inbox
        assert client.get(url).status_code == 200


def test_an_owner_is_not_told_of_their_own(cast, client, settings):
    """They are asked to prove who they are; another owner may confirm it as well."""
    settings.BULK_TICKETS_ALONE = 1
    second = User.objects.create_user("mia@example.com", "x", name="Mia", is_staff=True)
    ShopStaff.objects.create(shop=cast.shop, user=second, role="owner")
    client.force_login(cast.bob)
    url = planned(client, "agree", [filed(cast), filed(cast)])
    confirm(client, url)
    assert (waiting(client, cast.bob), waiting(client, second)) == (0, 1)
    confirm(client, url)
    assert job_of(url).released_by == second


def waiting(client, who):
    """The figure on the card of what they have to confirm; None without such a card."""
    client.force_login(who)
    cards = client.get(reverse("admin:index")).context["cards"]
    found = [card.number for card in cards if card.title == "Work that waits for your confirmation"]
    return found[0] if found else None


def test_above_the_amount_an_owner_proves_who_it_is(cast, client, settings):
    settings.BULK_AMOUNT_ALONE = {"CNY": 999}
    ticket = filed(cast)
    client.force_login(cast.bob)
    url = planned(client, "agree", [ticket])

    response = confirm(client, url)

    assert response.url.startswith(reverse("account_reauthenticate") + "?next=")
    assert job_of(url).ready_at is None
    _prove_again(client)
    confirm(client, url)
    assert job_of(url).released_by == cast.bob


def _prove_again(client):
    """As the page that asks for the password does."""
    import time

    session = client.session
    session["account_authentication_methods"] = [
        *session["account_authentication_methods"],
        {"method": "password", "reauthenticated": True, "at": time.time()},
    ]
    session.save()
