"""Search: what is found in either language, in which order, what stands in when nothing is, and what does no harm."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from aftersales.help import search
from aftersales.help.models import Article
from aftersales.help.tests.shelf import write
from aftersales.help.text import excerpt

pytestmark = pytest.mark.django_db

SUGGEST = "/help/suggest/?from=text"


@pytest.fixture
def empty(db):
    Article.objects.all().delete()


def slugs(question):
    found, _is_alike = search.find(Article.objects.light(), question)
    return [article.slug for article in found]


def suggested(text, reason=""):
    return [article.slug for article in search.suggest(Article.objects.light(), text, reason, 3)]


# --- what is found ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("运费", "return-freight"),
        ("退货运费", "return-freight"),
        ("申诉", "disputes-and-appeals"),
        ("发票", "invoice"),
        ("退款到哪", "where-is-my-money"),
        ("重复付款", "paying-again"),
        ("invoices", "invoice"),
        ("request after-sales", "what-can-i-ask-for"),
        ("appeal", "disputes-and-appeals"),
        ("deadline", "deadlines"),
        ("photo", "photos"),
        ("paid twice", "paying-again"),
    ],
)
def test_a_fresh_shop_answers(question, first):
    assert slugs(question)[0] == first


def test_two_characters_find_a_word_inside(empty):
    write("inside", title_zh="关于商品的退货运费说明")
    write("other", title_zh="货到付款")
    assert slugs("退货") == ["inside"]
    assert slugs("货运") == ["inside"]
    assert slugs("货到") == ["other"]


def test_one_character_is_found(empty):
    write("one", title_zh="怎么退")
    write("other", title_zh="发票")
    assert slugs("退") == ["one"]


def test_a_run_is_a_phrase(empty):
    write("phrase", title_zh="退货运费")
    write("scattered", title_zh="退货", body_zh="货运很快，运费另算。")
    assert slugs("退货运费") == ["phrase"]


def test_english_is_stemmed(empty):
    write("refund", "How refunds are paid", "We return the goods.")
    for question in ("refunding", "Refund", "returned", "good"):
        assert slugs(question) == ["refund"]


def test_web_signs_are_understood(empty):
    write("red", "Red shoes", "Size and colour.", title_zh="红色换货")
    write("blue", "Blue shoes", "Colour and size.", title_zh="蓝色退货")
    assert slugs("shoes -red") == ["blue"]
    assert slugs('"size and colour"') == ["red"]
    assert set(slugs("red or blue")) == {"red", "blue"}
    assert slugs("shoes -换货") == ["blue"]
    assert slugs('"退货" shoes') == ["blue"]


def test_full_width_letters_are_letters(empty):
    write("jpeg", title_zh="照片", body_zh="支持JPEG格式")
    assert slugs("ＪＰＥＧ") == ["jpeg"]
    assert slugs("JPEG格式") == ["jpeg"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_title_weighs_more_than_a_text(empty, language):
    word = {"en": "lamp", "zh": "台灯"}[language]
    write("text", **{f"title_{language}": "x", f"body_{language}": f"{word}，" * 50})
    write("title", **{f"title_{language}": word})
    assert slugs(word) == ["title", "text"]


# --- when nothing is found --------------------------------------------------------------------------------------------


def test_any_word_stands_in_for_all(empty):
    write("freight", "Freight", title_zh="退货运费")
    assert search.find(Article.objects.light(), "freight elephants")[1] is True
    assert slugs("freight elephants") == ["freight"]
    assert slugs("大象的退货") == ["freight"]


@pytest.mark.parametrize("question", ["frei", "fright", "Freigth"])
def test_beginnings_and_slips_are_found(empty, question):
    write("freight", "Freight")
    write("other", "Photos")
    assert search.find(Article.objects.light(), question)[1] is True
    assert slugs(question) == ["freight"]


@pytest.mark.parametrize("question", ["zzzzqqqq", "、。", "!!!", "'", "\\", ":*", "& | !", "the"])
def test_nothing_is_found_in_peace(empty, question):
    write("freight", "Freight")
    assert slugs(question) == []


# --- how the index is kept --------------------------------------------------------------------------------------------


def test_saving_makes_it_searchable(empty):
    article = write("a", "Lamps")
    article.title_en = "Mugs"
    article.save(update_fields=["title_en"])
    assert (slugs("lamps"), slugs("mugs")) == ([], ["a"])
    assert "mug" in Article.objects.get().search


def test_no_other_road_leads_in(empty):
    """A text that search has not read is refused by the database."""
    write("a", "Lamps")
    with pytest.raises(IntegrityError, match="article_is_indexed"), transaction.atomic():
        Article.objects.update(body_en="Written past save().")
    assert Article.objects.get().body_en == "Nothing."


def test_the_index_is_used(empty, django_assert_num_queries):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = Article.objects.filter(search=search.strict("lamp")).explain()
    assert "article_search" in plan


# --- suggestions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "fitting"),
    [
        ("I sent the parcel back last week and still wait for my money, where is it?", "where-is-my-money"),
        ("The seller says no, I want to call customer service", "disputes-and-appeals"),
        ("杯子收到的时候就碎了，我想退货，运费谁出？", "return-freight"),
        ("商家不同意退款，我要找客服介入", "disputes-and-appeals"),
        ("我想开发票", "invoice"),
    ],
)
def test_descriptions_get_suggestions(text, fitting):
    found = suggested(text)
    assert fitting in found
    assert len(found) <= 3


@pytest.mark.parametrize("text", ["", "x", "hello", "Nice weather", "你好", "的了吗", "asdf qwer", "\x00", "12345"])
def test_small_talk_gets_none(text):
    assert suggested(text) == []


def test_a_reason_alone_suggests():
    assert suggested("", "not_received") == ["where-is-my-money", "not-arrived"]
    assert suggested("", "unheard_of") == []


# --- what is shown of it ----------------------------------------------------------------------------------------------


def test_what_was_asked_for_is_marked():
    text = f"{'Words before it. ' * 10}Refunds go back the way they came. {'Words behind it. ' * 20}"
    shown = excerpt(text, "refunding")
    assert "<mark>Refunds</mark> go back" in shown
    assert shown.startswith("… ")
    assert shown.endswith(" …")
    assert "<mark>运费</mark>" in excerpt("退货运费谁出", "运费")


def test_scripts_are_text():
    assert excerpt("<script>alert(1)</script> lamp", "<script> lamp") == (
        "&lt;<mark>script</mark>&gt;alert(1)&lt;/<mark>script</mark>&gt; <mark>lamp</mark>"
    )


def test_results_page(client):
    write("evil", "<script>alert(1)</script> zebra", "<img src=x onerror=alert(1)> zebra")
    page = client.get(reverse("help:search"), {"q": "<script>zebra"})
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "<img src=x" not in page.text
    assert "<mark>zebra</mark>" in page.text
    assert "/help/articles/evil/" in page.text


@pytest.mark.parametrize("question", ["x" * 1_000_000, "a\x00b"])
def test_impossible_questions_are_refused(client, question):
    address = reverse("help:search")
    assert client.get(address, {"q": question}).status_code == 422
    assert client.post(SUGGEST, {"text": question}).status_code == 200


@pytest.mark.parametrize("raw", ["%ED%A0%80", "%FF%FE", "%F0%9F%92%A9", "a%00"])
def test_any_bytes_are_taken(client, raw):
    assert client.get(f"{reverse('help:search')}?q={raw}").status_code in (200, 422)
    answer = client.post(SUGGEST, f"text={raw}&reason={raw}", content_type="application/x-www-form-urlencoded")
    assert (answer.status_code, answer.content) == (200, b"")


def test_queries_do_not_grow(client, django_assert_max_num_queries):
    for number in range(30):
        write(f"zebra-{number}", f"Zebra {number}")
    with django_assert_max_num_queries(1):
        client.get(reverse("help:search"), {"q": "zebra"})
    with django_assert_max_num_queries(4):
        client.get(reverse("help:search"), {"q": "qqqqzzzz"})
    with django_assert_max_num_queries(1):
        assert client.post(SUGGEST, {"text": "a zebra"}).text.count("<li") == 3
