"""Articles that operators write in two languages, and whether they helped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import MD5, Concat, Now
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from aftersales.help.search import index
from aftersales.models import User
from aftersales.readers import reads_chinese

# What search reads of an article, in the order of its fingerprint.
TEXTS: Final = ("title_en", "title_zh", "body_en", "body_zh")
# As search.index() puts them together.
_TOGETHER: Final = Concat(
    *(part for name in TEXTS for part in (F(name), Value("\x1f"))), output_field=models.TextField()
)
# The code of a page's language, and what its columns end in.
LANGUAGES: Final[Mapping[str, str]] = {"en": "en", "zh": "zh-Hans"}


class Shown(NamedTuple):
    """An article's or a category's words for one reader. `is_other`: there are none in the reader's language."""

    title: str
    body: str
    language: str
    is_other: bool


def _shown(row: Any) -> Shown:
    mine, other = ("zh", "en") if reads_chinese() else ("en", "zh")
    used = mine if getattr(row, f"title_{mine}") else other
    title, body = getattr(row, f"title_{used}"), getattr(row, f"body_{used}", "")
    return Shown(title, body, LANGUAGES[used], used != mine)


class Category(models.Model):
    slug = models.SlugField(_("short name in the address"), max_length=60, unique=True)
    title_en = models.CharField(_("English"), max_length=100, blank=True)
    title_zh = models.CharField(_("Chinese"), max_length=100, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("help category")
        verbose_name_plural = _("help categories")
        ordering = ("position", "pk")
        constraints = (
            models.CheckConstraint(
                condition=~Q(title_en="", title_zh=""),
                name="helpcategory_has_a_title",
                violation_error_message=_("Give it a title in at least one language."),
            ),
        )

    def __str__(self) -> str:
        return _shown(self).title

    def get_absolute_url(self) -> str:
        return reverse("help:category", args=(self.slug,))

    @property
    def shown(self) -> Shown:
        return _shown(self)


class ArticleQuerySet(models.QuerySet["Article"]):
    def readable(self, user: object) -> ArticleQuerySet:
        """The one place that narrows to a reader: what is published; who sees everything also sees what is not yet."""
        if isinstance(user, User) and user.sees_everything and user.is_staff and user.is_active:
            return self
        return self.filter(published=True)

    def light(self) -> ArticleQuerySet:
        """Without what only the database reads."""
        return self.defer("search", "indexed")


class Article(models.Model):
    """An article, or a frequent question with its answer.

    is_frequent  shown on the first page of help
    reasons      codes of the buyers' reasons that it is suggested for
    search       what is searched: both titles (A) and bodies (B)
    indexed      the fingerprint of the texts that `search` was made of: a row of other texts is refused
    """

    category = models.ForeignKey(Category, models.PROTECT, verbose_name=_("help category"), related_name="articles")
    slug = models.SlugField(_("short name in the address"), max_length=80, unique=True)
    title_en = models.CharField(_("title in English"), max_length=150, blank=True)
    title_zh = models.CharField(_("title in Chinese"), max_length=150, blank=True)
    body_en = models.TextField(_("text in English"), max_length=20_000, blank=True)
    body_zh = models.TextField(_("text in Chinese"), max_length=20_000, blank=True)
    reasons: Any = ArrayField(models.SlugField(max_length=40), verbose_name=_("reasons"), default=list, blank=True)
    is_frequent = models.BooleanField(_("frequent question"), default=False)
    published = models.BooleanField(_("published"), default=False)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)
    search = SearchVectorField(editable=False)
    indexed = models.CharField(max_length=32, editable=False)

    objects = ArticleQuerySet.as_manager()

    class Meta:
        verbose_name = _("help article")
        verbose_name_plural = _("help articles")
        ordering = ("position", "pk")
        indexes = (GinIndex(fields=("search",), name="article_search"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(title_en="", body_en="") | ~(Q(title_en="") | Q(body_en="")),
                name="article_en_whole",
                violation_error_message=_("Give title and text in English, or neither."),
            ),
            models.CheckConstraint(
                condition=Q(title_zh="", body_zh="") | ~(Q(title_zh="") | Q(body_zh="")),
                name="article_zh_whole",
                violation_error_message=_("Give title and text in Chinese, or neither."),
            ),
            models.CheckConstraint(
                condition=~Q(title_en="", title_zh=""),
                name="article_has_a_language",
                violation_error_message=_("Write it in at least one language."),
            ),
            models.CheckConstraint(
                condition=Q(indexed=MD5(_TOGETHER)),
                name="article_is_indexed",
            ),
        )

    def __str__(self) -> str:
        return self.shown.title

    def save(self, *args: Any, **kwargs: Any) -> None:
        """The only road of its texts into the database: search is made of them here."""
        index(self)
        if (names := kwargs.get("update_fields")) is not None:
            kwargs["update_fields"] = {*names, "search", "indexed"}
        super().save(*args, **kwargs)
        # An expression was written; whoever asks for the vector reads it anew.
        del self.__dict__["search"]

    def get_absolute_url(self) -> str:
        return reverse("help:article", args=(self.slug,))

    @property
    def shown(self) -> Shown:
        return _shown(self)


class Vote(models.Model):
    """Whether an article helped one person, or one browser where nobody is logged in."""

    article = models.ForeignKey(Article, models.CASCADE, verbose_name=_("help article"), related_name="votes")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("person"), null=True, related_name="+"
    )
    session = models.CharField(max_length=40, blank=True)
    helpful = models.BooleanField(pgettext_lazy("article", "helpful"))
    at = models.DateTimeField(_("when"), db_default=Now())

    class Meta:
        verbose_name = _("opinion on an article")
        verbose_name_plural = _("opinions on articles")
        constraints = (
            models.UniqueConstraint(fields=("article", "person"), condition=Q(session=""), name="vote_of_a_person"),
            models.UniqueConstraint(fields=("article", "session"), condition=Q(person=None), name="vote_of_a_session"),
            models.CheckConstraint(
                condition=Q(person=None) & ~Q(session="") | Q(person__isnull=False, session=""),
                name="vote_is_somebodys",
            ),
        )

    def __str__(self) -> str:
        return f"{self.article} {self.helpful}"
