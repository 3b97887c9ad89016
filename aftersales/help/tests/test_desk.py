"""The desk and the editors: who may open what, who takes and answers, and what the other agent sees."""

import re

import pytest
from django.urls import reverse

from aftersales.help import actions
from aftersales.help.errors import HelpError
from aftersales.help.models import Article, Category, Enquiry, Letter
from aftersales.help.tests.asking import agent, answered, asked, last
from aftersales.help.tests.shelf import write
from aftersales.lifecycle.errors import Refused
from aftersales.testing import make_cast, one
from refunds.models import Notice
from refunds.tests.racing import at_once

pytestmark = pytest.mark.django_db
LIST = reverse("admin:help_enquiry_changelist")
ARTICLES = reverse("admin:help_article_changelist")


def page(enquiry):
    return reverse("admin:help_enquiry_change", args=(enquiry.pk,))


def do(client, enquiry, action, **sent):
    return client.post(reverse("admin:help_enquiry_do", args=(enquiry.pk, action)), sent)


@pytest.fixture
def sam(client, cast):
    sam = agent()
    client.force_login(sam)
    return sam


# --- rights -----------------------------------------------------------------------------------------------------------


def test_only_the_desk_reads_questions(client, cast):
    enquiry = asked(cast.alice)
    before = list(Letter.objects.values())
    for user in (cast.alice, cast.bob):
        client.force_login(user)
        statuses = {client.get(LIST).status_code, client.get(page(enquiry)).status_code}
        assert statuses <= {302, 403, 404}
        assert do(client, enquiry, "answer", text="x", read=last(enquiry)).status_code in (302, 403, 404)
    for user in (agent(), cast.operator):
        client.force_login(user)
        assert enquiry.number in client.get(LIST).text
        assert re.search(r">\s*English\s*<", client.get(page(enquiry)).text)
    assert list(Letter.objects.values()) == before


def test_nobody_answers_themselves(client, sam):
    enquiry = asked(sam)
    assert enquiry.number not in client.get(LIST).text
    assert client.get(page(enquiry)).status_code == 404
    for action in ("take", "answer", "annotate"):
        assert do(client, enquiry, action, text="x", read=last(enquiry)).status_code == 404
    assert Letter.objects.count() == 1


def test_nothing_happens_on_a_get(client, sam, cast):
    enquiry = asked(cast.alice)
    assert client.get(reverse("admin:help_enquiry_do", args=(enquiry.pk, "take"))).status_code == 405
    assert do(client, enquiry, "burn").status_code == 404
    enquiry.refresh_from_db()
    assert enquiry.agent is None


def test_only_operators_write_articles(client, cast):
    article = write("a", "A")
    change = reverse("admin:help_article_change", args=(article.pk,))
    for user in (cast.bob, agent()):
        client.force_login(user)
        assert {client.get(ARTICLES).status_code, client.get(change).status_code} == {403}
    client.force_login(cast.operator)
    assert client.get(ARTICLES).status_code == 200
    assert client.get(reverse("admin:help_article_delete", args=(article.pk,))).status_code == 403


def test_an_operator_writes_an_article(client, cast):
    client.force_login(cast.operator)
    category = Category.objects.get(slug="asking")
    sent = {"category": category.pk, "slug": "new", "title_en": "Gift cards", "body_en": "Soon.", "position": "1"}
    sent |= {"title_zh": "", "body_zh": "", "published": "on", "reasons": ["late"]}
    add = reverse("admin:help_article_add")
    assert client.post(add, sent | {"body_en": ""}).status_code == 422
    assert client.post(add, sent | {"title_en": "", "body_en": ""}).status_code == 422
    assert client.post(add, sent | {"reasons": ["unheard_of"]}).status_code == 422
    assert not Article.objects.filter(slug="new").exists()
    assert client.post(add, sent).status_code == 302
    assert client.get(reverse("help:search"), {"q": "gift card"}).text.count("/help/articles/new/") == 1
    assert Article.objects.get(slug="new").reasons == ["late"]


# --- answering --------------------------------------------------------------------------------------------------------


def test_an_agent_takes_and_answers(client, sam, cast):
    enquiry = asked(cast.alice)
    do(client, enquiry, "take")
    do(client, enquiry, "annotate", text="Looks into it.")
    answer = do(client, enquiry, "answer", text="Here it is.", read=last(enquiry))
    assert (answer.status_code, answer["Location"]) == (302, page(enquiry))
    enquiry.refresh_from_db()
    assert (enquiry.agent, enquiry.is_open) == (sam, False)
    text = client.get(page(enquiry)).text
    assert "Here it is." in text
    assert "Looks into it." in text
    assert enquiry.number not in client.get(LIST).text
    assert enquiry.number in client.get(LIST + "?queue=answered").text


def test_the_second_agent_sees_why(client, sam, cast):
    sue = agent("sue")
    enquiry = asked(cast.alice)
    read = last(enquiry)
    answered(enquiry, sue, "Sue’s words.")
    answer = do(client, enquiry, "answer", text="Sam’s words.", read=read)
    assert answer.status_code == 409
    assert "sue@example.com has answered this meanwhile." in answer.text
    assert "Sue’s words." in answer.text
    assert "Sam’s words." in answer.text  # not lost
    assert Letter.objects.filter(kind="answer").count() == 1


def test_what_is_anothers_is_left_alone(client, sam, cast):
    sue = agent("sue")
    enquiry = asked(cast.alice)
    actions.take(one(enquiry), sue)
    assert "Another agent has taken this." in client.get(page(enquiry)).text
    assert do(client, enquiry, "answer", text="x", read=last(enquiry)).status_code == 409
    page_after = client.post(reverse("admin:help_enquiry_do", args=(enquiry.pk, "take")), follow=True).text
    assert "example.com has taken this." in page_after
    do(client, enquiry, "release")
    enquiry.refresh_from_db()
    assert (enquiry.agent, enquiry.is_open) == (sue, True)
    client.force_login(cast.operator)
    do(client, enquiry, "release")
    enquiry.refresh_from_db()
    assert enquiry.agent is None


@pytest.mark.parametrize("text", [" ", "x" * 2001, "a\x00b"])
def test_words_that_cannot_be(client, sam, cast, text):
    enquiry = asked(cast.alice)
    assert do(client, enquiry, "answer", text=text, read=last(enquiry)).status_code == 422
    assert do(client, enquiry, "answer", text="x", read="9" * 40).status_code == 422
    assert Letter.objects.count() == 1


def test_scripts_are_text(client, sam, cast):
    enquiry = asked(cast.alice, text="<script>alert(1)</script>")
    assert "<script>alert(1)" not in client.get(page(enquiry)).text + client.get(LIST).text


@pytest.mark.parametrize(
    "query", ["queue=new", "queue=mine", "queue=unsent", "queue=x", "topic__exact=money", "q=Q", "q=%00"]
)
def test_every_queue_opens(client, sam, cast, query):
    asked(cast.alice)
    assert client.get(f"{LIST}?{query}").status_code == 200


def test_lists_cost_the_same_for_many(client, sam, cast, django_assert_max_num_queries):
    for _ in range(3):
        asked(cast.alice)
    with django_assert_max_num_queries(9):
        client.get(LIST)
    for _ in range(6):
        asked(cast.alice)
    with django_assert_max_num_queries(9):
        client.get(LIST)


@pytest.mark.django_db(transaction=True)
def test_two_agents_at_once(transactional_db):
    """Of two answers at the same moment one is written and told, once."""
    cast = make_cast()
    enquiry, agents = asked(cast.alice), (agent("sam"), agent("sue"))
    read = last(enquiry)
    results = at_once(*(lambda by=by: actions.answer(one(enquiry), by, "Mine.", read=read) for by in agents))
    [refused] = [result for result in results if isinstance(result, Refused)]
    [letter] = [result for result in results if isinstance(result, Letter)]
    assert refused.code == HelpError.ANSWERED
    assert Letter.objects.get(kind="answer") == letter
    assert Enquiry.objects.get().agent == letter.author
    assert Notice.objects.filter(life="enquiry").count() == 2
