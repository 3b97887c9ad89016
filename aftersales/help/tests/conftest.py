"""The articles that a shop starts with, also where a test with real commits has flushed what the migration wrote."""

import pytest

from aftersales.help.defaults import install_articles
from aftersales.help.models import Article, Category


@pytest.fixture(autouse=True)
def _articles(db):
    if not Article.objects.exists():
        install_articles(Category, Article)
