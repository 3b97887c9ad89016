"""Full-text search in English and Chinese: how texts become words, how a question becomes a query, and its results.

PostgreSQL knows no Chinese words. Chinese is cut here into overlapping pairs of characters, the same way in texts and
in questions: a word of two characters is one pair, a longer one a phrase of pairs. Single characters stand behind the
text, so that a question of one character finds it too.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from django.contrib.postgres.search import (
    CombinedSearchVector,
    SearchQuery,
    SearchRank,
    SearchVector,
    TrigramWordSimilarity,
)
from django.db.models import Case, ExpressionWrapper, F, FloatField, Func, IntegerField, QuerySet, Value, When
from django.db.models.functions import Greatest

if TYPE_CHECKING:
    from aftersales.help.models import Article

LONGEST: Final = 100
# Of a description that is being typed, this much is looked at, from its end.
LONGEST_DESCRIPTION: Final = 400
MOST_WORDS: Final = 40
MOST_FOUND: Final = 20
# For suggestions a text weighs less: a description has many words that stand somewhere in every text. One is worth its
# place for a word of its title, or for many of its text; that it is about the reason counts as half of that.
WEIGHTS: Final = (0.1, 0.1, 0.15, 1.0)
WORTH_SHOWING: Final = 0.6
REASON_COUNTS: Final = 0.3
ALIKE: Final = 0.5
# Characters that stand in every sentence: a pair with one of them says nothing by itself.
_FILLERS: Final = frozenset(
    "的了我你他她它们是在有和就不也都吗呢吧啊啦么这那个一要想请与及或被把让给到说没很还会能可以"
)
_HAN: Final = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
RUN: Final = re.compile(f"[{_HAN}]+")
_WORD: Final = re.compile(f"[{_HAN}]+|[^\\W_{_HAN}]+")
_SEPARATOR: Final = "\x1f"


# --- texts ------------------------------------------------------------------------------------------------------------


def normal(text: str) -> str:
    """Full-width letters and digits as the others, and no signs but those of ASCII: a database without a locale takes
    quotes and commas of other kinds for letters."""
    text = unicodedata.normalize("NFKC", text.replace("’", "'"))
    return "".join(sign if sign.isalnum() or " " <= sign < "\x7f" else " " for sign in text)


def pairs(run: str) -> list[str]:
    """Overlapping pairs of a run of Chinese characters; a single one stays alone."""
    return [run[at : at + 2] for at in range(len(run) - 1)] or [run]


def segmented(text: str) -> str:
    """Chinese as words for PostgreSQL: the pairs where they stand, then each character once."""
    text = " ".join(words_of(text))
    characters = sorted({character for run in RUN.findall(text) for character in run})
    return " ".join([RUN.sub(lambda run: f" {' '.join(pairs(run[0]))} ", text), *characters])


def index(article: Any) -> None:
    """Give an article, or a migration's picture of one, what search reads of its texts; to be saved with them."""
    english, chinese = ("english", normal), ("simple", segmented)
    parts = [
        SearchVector(Value(cut(getattr(article, name))), config=config, weight=weight)
        for name, weight, (config, cut) in (
            ("title_en", "A", english),
            ("title_zh", "A", chinese),
            ("body_en", "B", english),
            ("body_zh", "B", chinese),
        )
    ]
    vector: Any = parts[0]
    for part in parts[1:]:
        vector = CombinedSearchVector(vector, "||", part, None)
    article.search = vector
    texts = (article.title_en, article.title_zh, article.body_en, article.body_zh)
    together = "".join(f"{text}{_SEPARATOR}" for text in texts)
    article.indexed = hashlib.md5(together.encode(), usedforsecurity=False).hexdigest()


# --- questions --------------------------------------------------------------------------------------------------------


def strict(question: str) -> SearchQuery:
    """All of it, the way web searches read it: "quoted", or, -without. A run of Chinese is a phrase of its pairs, so
    quotes around it add nothing."""
    text = normal(question)
    if RUN.search(text):
        text = RUN.sub(lambda run: f' "{" ".join(pairs(run[0]))}" ', text.replace('"', " "))
        # What was glued to its phrase, is again.
        text = re.sub(r'(^|\s)-\s+"', r'\1-"', text)
    return _query(text)


def loose(question: str) -> SearchQuery | None:
    """Any word of it, for people who describe instead of asking; None when no word says anything."""
    words = [word for word in _said(question) if not _FILLERS.intersection(word)]
    return _query(" or ".join(f'"{word}"' for word in dict.fromkeys(words[-MOST_WORDS:]))) if words else None


def words_of(question: str) -> list[str]:
    """The words and runs that it is made of, without signs."""
    return _WORD.findall(normal(question))


def _said(question: str) -> Iterator[str]:
    for word in words_of(question):
        yield from pairs(word) if RUN.match(word) else [word]


def _query(text: str) -> SearchQuery:
    # The pairs are no English: they pass unchanged. So one query reads both languages.
    return SearchQuery(text, config="english", search_type="websearch")


# --- results ----------------------------------------------------------------------------------------------------------


def find(articles: QuerySet[Article], question: str) -> tuple[list[Article], bool]:
    """The best articles for a question, the best first, and whether they are only something like it: those with all
    of it, else with any word of it, else with beginnings of words or titles that are spelt alike."""
    if found := _best(articles, strict(question), MOST_FOUND):
        return found, False
    query = loose(question)
    found = _best(articles, query, MOST_FOUND) if query else []
    return found or _alike(articles, question), True


def suggest(articles: QuerySet[Article], description: str, reason: str, most: int) -> list[Article]:
    """What may help somebody who is describing a problem: little, and only what fits. Those of the reason come first
    when the words say nothing else."""
    for_reason = Case(When(reasons__contains=[reason], then=1), default=0, output_field=IntegerField())
    rows = articles.annotate(for_reason=for_reason if reason else Value(0))
    query = loose(description)
    if query is None:
        return list(rows.filter(for_reason=1).order_by("position", "pk")[:most]) if reason else []
    # PostgreSQL's rank is the mean over the query's words: a long description would be worth less than a short one.
    words = (Func(query, function="numnode", output_field=IntegerField()) + 1) / 2
    score = SearchRank(F("search"), query, weights=list(WEIGHTS)) * words + F("for_reason") * Value(REASON_COUNTS)
    scored = rows.annotate(score=ExpressionWrapper(score, FloatField()))
    return list(scored.filter(score__gte=WORTH_SHOWING).order_by("-score", "pk")[:most])


def _best(articles: QuerySet[Article], query: SearchQuery, most: int) -> list[Article]:
    ranked = articles.filter(search=query).annotate(rank=SearchRank(F("search"), query))
    return list(ranked.order_by("-rank", "position", "pk")[:most])


def _alike(articles: QuerySet[Article], question: str) -> list[Article]:
    words = words_of(question)[:MOST_WORDS]
    if not words:
        return []
    beginnings = SearchQuery(" | ".join(f"'{word.lower()}':*" for word in words), config="simple", search_type="raw")
    begins = articles.filter(search=beginnings)
    if found := list(begins.order_by("position", "pk")[:MOST_FOUND]):
        return found
    alike = Greatest(*(TrigramWordSimilarity(word, "title_en") for word in words), Value(0.0))
    near = articles.annotate(alike=alike).filter(alike__gte=ALIKE)
    return list(near.order_by("-alike", "pk")[:MOST_FOUND])
