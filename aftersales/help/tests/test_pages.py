"""Help's pages: in the reader's language, safe, published ones only, votes counted once, at a fixed price."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from aftersales.help.models import Article, Vote
from aftersales.help.tests.shelf import write
from aftersales.help.text import rendered

pytestmark = pytest.mark.django_db
HOME = reverse("help:home")


def vote(client, article, helpful="yes", **headers):
    return client.post(reverse("help:vote", args=(article.slug,)), {"helpful": helpful}, headers=headers or None)


def votes():
    return sorted(Vote.objects.values_list("person__name", "helpful"), key=str)


def test_a_fresh_shop_has_help(client):
    page = client.get(HOME)
    assert page.status_code == 200
    assert page.text.count("<details") - page.text.count('<details class="dropdown') == 6
    for title in ("Where is my money?", "Who pays for sending goods back?"):
        assert title in page.text
    client.cookies["django_language"] = "zh-hans"
    assert "我的退款到哪儿了？" in client.get(HOME).text


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_article_reads_well(client, language):
    client.cookies["django_language"] = language
    for article in Article.objects.all():
        page = client.get(article.get_absolute_url())
        assert page.status_code == 200
        [body] = re.findall(r"<div [^>]*data-article.*?</div>", page.text, re.DOTALL)
        assert f'lang="{"en" if language == "en" else "zh-Hans"}"' in body
        assert not re.search(r"\]\(|\n- |&lt;", body)


def test_links_of_the_articles_lead_somewhere(client):
    links = {link for a in Article.objects.all() for link in re.findall(r"\]\(([^)]+)\)", a.body_en + a.body_zh)}
    assert links
    assert {
        link: client.get(link).status_code for link in links if client.get(link).status_code not in (200, 302)
    } == {}


def test_the_other_language_stands_in(client):
    article = write("english", "Only in English", "Some words.")
    client.cookies["django_language"] = "zh-hans"
    page = client.get(article.get_absolute_url()).text
    assert 'data-article lang="en"><p>Some words.</p></div>' in page
    assert "Only in English" in page


def test_what_is_not_published_is_missing(client, cast):
    article = write("draft", "A draft", published=False)
    addresses = [article.get_absolute_url(), reverse("help:article", args=("none",))]
    for user in (None, cast.alice, cast.bob):
        if user:
            client.force_login(user)
        assert [client.get(address).status_code for address in addresses] == [404, 404]
        assert vote(client, article).status_code == 404
    for page in (HOME, article.category.get_absolute_url(), reverse("help:search") + "?q=draft"):
        assert "A draft" not in client.get(page).text
    client.force_login(cast.operator)
    assert "Preview: this article is not published." in client.get(article.get_absolute_url()).text


def test_texts_are_paragraphs_lists_and_links():
    text = "One\ntwo\n\n- a\n- b [here](/orders/)\n\n1. x\n2. y\n\n[there](https://example.org/a?b=c)"
    assert rendered(text) == (
        '<p>One<br>two</p>\n<ul><li>a</li><li>b <a href="/orders/">here</a></li></ul>\n<ol><li>x</li><li>y</li></ol>\n'
        '<p><a href="https://example.org/a?b=c">there</a></p>'
    )


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "[x](//evil.example)",
        "[x](/\\evil.example)",
        "[x](data:text/html,x)",
        '[x](/a"onclick="alert(1))',
        "[<img src=x onerror=alert(1)>](/a)",
    ],
)
def test_nothing_dangerous_is_rendered(text):
    html = rendered(text)
    assert not re.search(r"<(script|img)|href=\"(?!/[^/\\]|https:)|\"onclick", html)


def test_a_person_counts_once(client, cast):
    article = write("a", "A")
    client.force_login(cast.alice)
    answer = vote(client, article)
    assert (answer.status_code, answer["Location"]) == (303, "/help/articles/a/#helpful")
    vote(client, article, "no")
    assert votes() == [("Alice", False)]
    assert "What was missing? Write to us" in client.get(article.get_absolute_url()).text


def test_a_browser_counts_once(client):
    article = write("a", "A")
    vote(client, article, "no")
    vote(client, article)
    vote(Client(), article)
    assert votes() == [(None, True), (None, True)]
    assert vote(client, article, "maybe").status_code == 400
    assert client.get(reverse("help:vote", args=("a",))).status_code == 405
    assert Vote.objects.count() == 2


def test_a_vote_without_a_new_page(client):
    answer = vote(client, write("a", "A"), **{"HX-Request": "true"})
    assert (answer.status_code, "<html" in answer.text) == (200, False)
    assert "Thank you. Glad that it helped." in answer.text


def test_suggestions_are_a_fragment(client):
    address = reverse("help:suggest") + "?from=description"
    answer = client.post(address, {"description": "Who pays the return freight?"})
    assert (answer.status_code, "<html" in answer.text) == (200, False)
    assert 'href="/help/articles/return-freight/" target="_blank"' in answer.text
    assert client.post(address, {"description": "hello"}).text == ""
    assert client.post(address, {"reason": "not_received"}).text.count("<li") == 2
    assert (client.post(address).text, client.get(address).status_code) == ("", 405)


def test_pages_cost_the_same_for_many(client, cast, django_assert_num_queries):
    client.force_login(cast.alice)
    article = write("a", "A", is_frequent=True)
    # session, reader, unread; then categories and frequent ones; category and articles; article, related and vote
    prices = {HOME: 5, article.category.get_absolute_url(): 5, article.get_absolute_url(): 6}
    for number in range(25):
        write(f"more-{number}", f"More {number}", is_frequent=number % 2)
    for address, price in prices.items():
        with django_assert_num_queries(price):
            client.get(address)


def test_a_missing_page_leads_to_help(client):
    assert f'href="{HOME}"' in client.get("/nowhere/").text
