"""Articles for tests, beside those that every shop starts with."""

from aftersales.help.models import Article, Category


def category():
    return Category.objects.get_or_create(slug="tests", defaults={"title_en": "Tests", "title_zh": "测试"})[0]


def write(slug, title_en="", body_en="", title_zh="", body_zh="", **more):
    """A published article; a title alone gets a body that says nothing."""
    texts = {"title_en": title_en, "body_en": body_en or (title_en and "Nothing.")}
    texts |= {"title_zh": title_zh, "body_zh": body_zh or (title_zh and "无。")}
    return Article.objects.create(**{"category": category(), "slug": slug, "published": True} | texts | more)
