"""Questions: asked once, within limits, seen by nobody else; and the answer's road back."""

from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from aftersales.help import actions, mailing
from aftersales.help.errors import HelpError
from aftersales.help.models import Enquiry, Letter
from aftersales.help.tests.asking import CONTACT, agent, answered, asked, fields, last
from aftersales.lifecycle.errors import Refused
from aftersales.testing import file, one, pay, place
from refunds.mailing import send_notices
from refunds.models import Notice

pytestmark = pytest.mark.django_db
LIST = reverse("help:enquiries")


@pytest.fixture
def alice(client, cast):
    client.force_login(cast.alice)
    return client


def errors(answer):
    assert answer.status_code == 422
    assert not Enquiry.objects.exists()
    return {name: list(texts) for name, texts in answer.context["form"].errors.items()}


# --- asking -----------------------------------------------------------------------------------------------------------


def test_a_person_asks(alice, cast):
    answer = alice.post(CONTACT, fields(text="Hello?\r\nAnybody?"))
    assert (answer.status_code, answer["Location"]) == (303, "/help/contact/sent/")
    enquiry = Enquiry.objects.get()
    assert (enquiry.person, enquiry.email, enquiry.topic, enquiry.is_open) == (cast.alice, "", "money", True)
    assert enquiry.letters.get().text == "Hello?\nAnybody?"
    assert enquiry.number in alice.get(answer["Location"]).text
    assert enquiry.number in alice.get(LIST).text


def test_somebody_without_a_login_asks(client):
    client.cookies["django_language"] = "zh-hans"
    answer = client.post(CONTACT, fields(email="Guest@Example.org", about="whatever 1"))
    enquiry = Enquiry.objects.get()
    assert (enquiry.person, enquiry.email, enquiry.about) == (None, "guest@example.org", "whatever 1")
    assert enquiry.language == "zh-hans"
    assert enquiry.number in client.get(answer["Location"]).text


def test_sending_twice_asks_once(alice):
    sent = fields()
    assert alice.post(CONTACT, sent).status_code == alice.post(CONTACT, sent).status_code == 303
    assert Letter.objects.count() == 1


def test_a_form_may_outlive_a_login(client, cast):
    sent = fields(email="guest@example.org")
    client.post(CONTACT, sent)
    client.force_login(cast.alice)
    assert client.post(CONTACT, sent).status_code == 303
    assert set(Enquiry.objects.values_list("person", "email")) == {(None, "guest@example.org"), (cast.alice.pk, "")}


def test_only_ones_own_order_can_be_named(alice, cast):
    mine, foreign = place(cast), place(cast, buyer=cast.carol)
    refusal = {"about": [str(HelpError.NOT_YOURS.label)]}
    assert errors(alice.post(CONTACT, fields(about=foreign.number))) == refusal
    assert errors(alice.post(CONTACT, fields(about="nonsense"))) == refusal
    alice.post(CONTACT, fields(about=f" {mine.number.lower()} "))
    ticket = file(pay(mine), {mine.lines.first().pk: 1})
    alice.post(CONTACT, fields(about=ticket.number))
    assert list(Enquiry.objects.order_by("pk").values_list("about", flat=True)) == [mine.number, ticket.number]


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"text": " "}, "text"),
        ({"text": "x" * 2001}, "text"),
        ({"text": "a\x00b"}, "text"),
        ({"topic": "lottery"}, "topic"),
        ({"about": "x" * 1_000_000}, "about"),
        ({"website": "http://spam.example"}, "website"),
        ({"token": "x"}, "token"),
        ({"email": "nobody"}, "email"),
        ({"email": "a@b.c\nBcc: d@e.f"}, "email"),
    ],
)
def test_what_cannot_be_is_said_at_its_field(client, sent, field):
    answer = client.post(CONTACT, fields(**{"email": "guest@example.org"} | sent))
    assert set(errors(answer)) == {field}


def test_half_a_character_does_no_harm(client):
    body = "&".join(f"{k}={v}" for k, v in fields(email="g@example.org", text="a%ED%A0%80b").items())
    assert client.post(CONTACT, body, content_type="application/x-www-form-urlencoded").status_code == 303


def test_a_person_is_limited(alice, cast, settings):
    settings.ENQUIRIES_PER_DAY = 2
    for _ in range(2):
        assert alice.post(CONTACT, fields()).status_code == 303
    answer = alice.post(CONTACT, fields())
    assert answer.status_code == 422
    assert "You have asked 2 times within 24 hours." in answer.text
    assert Letter.objects.count() == 2
    Letter.objects.update(at=timezone.now() - timedelta(days=1))
    assert alice.post(CONTACT, fields()).status_code == 303


def test_an_address_is_limited(client, settings):
    settings.ENQUIRIES_PER_ADDRESS = 2
    for number in range(2):
        assert client.post(CONTACT, fields(email=f"g{number}@example.org")).status_code == 303
    answer = client.post(CONTACT, fields(email="g3@example.org"), headers={"X-Forwarded-For": "9.9.9.9"})
    assert answer.status_code == 422
    assert "Too many questions came from this connection" in answer.text
    assert client.post(CONTACT, fields(email="g3@example.org"), REMOTE_ADDR="10.0.0.2").status_code == 303
    settings.TRUSTED_PROXIES = 1
    headers = {"X-Forwarded-For": "127.0.0.1, 8.8.8.8"}
    assert client.post(CONTACT, fields(email="g4@example.org"), headers=headers).status_code == 303


# --- whose it is ------------------------------------------------------------------------------------------------------


def test_a_foreign_question_is_a_missing_one(client, cast):
    enquiry = answered(asked(cast.alice), agent())
    before = list(Letter.objects.values())
    addresses = [enquiry.get_absolute_url(), reverse("help:enquiry", args=("QNOTHERE",))]
    for user in (cast.carol, cast.bob, cast.operator):
        client.force_login(user)
        assert [client.get(a).status_code for a in addresses] == [404, 404]
        assert [client.post(a, {"text": "x"}).status_code for a in addresses] == [404, 404]
        assert enquiry.number not in client.get(LIST).text
    client.logout()
    assert {client.get(a).status_code for a in (*addresses, LIST)} == {302}
    assert client.get(reverse("help:sent"))["Location"] == CONTACT
    assert list(Letter.objects.values()) == before


def test_notes_are_not_for_the_one_who_asked(alice, cast):
    enquiry = asked(cast.alice)
    actions.annotate(one(enquiry), agent(), "A difficult one.")
    assert "A difficult one." not in alice.get(enquiry.get_absolute_url()).text + alice.get(LIST).text


def test_pages_cost_the_same_for_many(alice, cast, django_assert_num_queries):
    sam = agent()
    enquiries = [answered(asked(cast.alice), sam) for _ in range(8)]
    with django_assert_num_queries(6):  # session, reader, unread, count, questions, letters
        alice.get(LIST)
    with django_assert_num_queries(5):
        alice.get(enquiries[0].get_absolute_url())


# --- the answer -------------------------------------------------------------------------------------------------------


def test_an_answer_reaches_a_person(alice, cast, woken):
    cast.alice.language = "zh-hans"
    cast.alice.save(update_fields=["language"])
    enquiry = answered(asked(cast.alice), agent())

    assert enquiry.answered_at
    assert not enquiry.is_open
    assert {n.channel for n in Notice.objects.filter(person=cast.alice, life="enquiry")} == {"inbox", "email"}
    alice.cookies["django_language"] = "en"
    inbox = alice.get("/inbox/").text
    assert f"Question {enquiry.number}: Answered" in inbox
    assert f'href="{enquiry.get_absolute_url()}"' in inbox
    assert "It is on its way." in alice.get(enquiry.get_absolute_url()).text
    send_notices()
    [sent] = mail.outbox
    assert (sent.to, sent.subject) == (["alice@example.com"], f"提问 {enquiry.number}：已答复")
    assert enquiry.get_absolute_url() in sent.body
    send_notices()
    assert len(mail.outbox) == 1


def test_an_answer_reaches_somebody_without_a_login(cast, django_capture_on_commit_callbacks, woken):
    enquiry = asked(about="O1")
    with django_capture_on_commit_callbacks(execute=True):
        answered(enquiry, agent(), "Line one.\n<b>Line two.</b>")
    assert woken == [actions.SEND_ANSWERS]
    mailing.send_answers()
    mailing.send_answers()
    [sent] = mail.outbox
    assert (sent.to, sent.subject) == (["guest@example.org"], f"Your question {enquiry.number}: Answered")
    assert "Line one.\n<b>Line two.</b>" in sent.body
    assert "&lt;b&gt;Line two." in str(sent.message())
    letter = Letter.objects.get(kind="answer")
    assert (letter.tries, letter.next_at) == (1, None)
    assert letter.sent_at
    assert not Notice.objects.exists()


def test_an_answer_that_cannot_be_sent_is_tried_again(cast, monkeypatch):
    answered(asked(), agent())

    def away(*args, **more):
        raise ConnectionRefusedError("nobody there")

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", away)
    mailing.send_answers()
    letter = Letter.objects.get(kind="answer")
    assert (letter.tries, letter.sent_at) == (1, None)
    assert letter.next_at
    assert letter.next_at > timezone.now()
    assert "nobody there" in letter.trouble


def test_asking_back_opens_it_again(alice, cast):
    sam = agent()
    enquiry = asked(cast.alice)
    address = enquiry.get_absolute_url()
    refusal = alice.post(address, {"text": "And now?"})
    assert refusal.status_code == 422
    assert str(HelpError.WAITS.label) in refusal.text
    answered(enquiry, sam)
    assert alice.post(address, {"text": "And now?"}).status_code == 303
    enquiry.refresh_from_db()
    assert enquiry.is_open
    assert enquiry.agent == sam
    answered(enquiry, sam, "Tomorrow.")
    assert [letter.text for letter in enquiry.letters.public()] == [
        "Where is it?", "It is on its way.", "And now?", "Tomorrow.",
    ]  # fmt: skip
    assert Notice.objects.filter(life="enquiry", channel="inbox").count() == 2


def test_asking_back_is_limited(alice, cast, settings):
    settings.ENQUIRIES_PER_DAY = 1
    enquiry = answered(asked(cast.alice), agent())
    assert alice.post(enquiry.get_absolute_url(), {"text": "More"}).status_code == 422
    assert Letter.objects.count() == 2


def test_an_answer_is_to_what_was_read(cast):
    sam = agent()
    enquiry = answered(asked(cast.alice), sam)
    read = last(enquiry)
    actions.follow_up(one(enquiry), cast.alice, "More.")
    with pytest.raises(Refused) as refused:
        actions.answer(one(enquiry), sam, "To the first.", read=read)
    assert refused.value.code == HelpError.NEWER
    assert Letter.objects.filter(kind="answer").count() == 1


def test_asking_back_twice_asks_once(client, cast):
    enquiry = answered(asked(cast.alice), agent())
    client.force_login(cast.alice)
    answers = [
        client.post(enquiry.get_absolute_url(), {"text": text}).status_code for text in ("Why?", "Why?", "When?")
    ]
    assert answers == [303, 303, 422]
    assert list(enquiry.letters.order_by("pk").values_list("text", flat=True))[2:] == ["Why?"]
