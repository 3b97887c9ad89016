"""Everything that a reader may see is there in Chinese, and the catalogue that Django reads is current."""

import re
from functools import cache
from importlib import import_module
from io import BytesIO
from pathlib import Path

import pytest
import unfold
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.pofile import read_po
from django.db.models import TextChoices
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, ngettext_lazy
from django.utils.translation.template import templatize

from aftersales.dev import translations
from aftersales.lifecycles import ALL
from aftersales.tests.source import APPS, ROOT, files, is_test

CHINESE = re.compile(r"[\u4e00-\u9fff]")
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[a-z%]")
KEYWORDS = DEFAULT_KEYWORDS | {
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
CATALOG = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
WORDS = ("aftersales.actors", "orders.errors", "orders.states", "refunds.errors", "refunds.states", "refunds.words",
         "orders.templatetags.orders_tags", "orders.admin.order")  # fmt: skip
# The skin of the admin comes without Chinese. Its parts that are not used here: a text editor, other packages' pages,
# and what our own templates stand for.
SKIN = Path(unfold.__file__).parent
NOT_OURS = {"constance", "guardian", "simple_history", "location_field", "unfold_crispy", "forms", "inlines"}
SAYS = re.compile(r"""{%-?\s*trans(?:late)?\s+(["'])(.+?)\1""")
TEMPLATES = ROOT / "templates" / "unfold" / "helpers"
# The same in every language.
NAMES = {"English", "SKU", "SKUs"}


@cache
def catalog():
    with CATALOG.open("rb") as file:
        return read_po(file, abort_invalid=True)


def pythons():
    """Every module and, as Django turns them into Python for xgettext, every template: (path, source)."""
    for path in files(".py"):
        if not is_test(path):
            yield path, (ROOT / path).read_text()
    for path in files(".html", ".txt", tops=(*APPS, "templates")):
        if not is_test(path):
            yield path, templatize((ROOT / path).read_text(), origin=str(path))


@cache
def messages():
    """Every text of the source: {(context or None, text)}, a plural by its singular."""
    found = set()
    for _path, source in pythons():
        for _line, texts, _comments, context in extract("python", BytesIO(source.encode()), KEYWORDS):
            found.add((context, texts if isinstance(texts, str) else texts[0]))
    return found


@cache
def skin_words():
    """What the skin's pages say."""
    found = {"entry", "Select action", "Select action to run", "Select record", "Select value", "Select format",
             "From", "Value", "Date from", "Date to", "Date"}  # fmt: skip
    for path in SKIN.rglob("*.html"):
        if not NOT_OURS & set(path.relative_to(SKIN).parts[:-1]) and not (TEMPLATES / path.name).exists():
            found |= {text for _quote, text in SAYS.findall(path.read_text())}
    return found


def words_of(module):
    """The texts that wait in a module for a reader's language: choices, and texts alone or in dictionaries."""
    for thing in vars(import_module(module)).values():
        if isinstance(thing, type) and issubclass(thing, TextChoices):
            yield from (member.label for member in thing)
        elif isinstance(thing, dict):
            yield from (text for text in thing.values() if isinstance(text, Promise))
        elif isinstance(thing, Promise):
            yield thing


def english_left(texts):
    with translation.override("zh-hans"):
        return [str(text) for text in texts if str(text) not in NAMES and not CHINESE.search(str(text))]


def test_the_source_is_read():
    assert {(None, "Cart"), (None, "Agree"), ("ticket", "Closed"), (None, "%(number)s day")} <= messages()


def test_every_text_is_in_the_catalogue():
    known = {(m.context, m.id if isinstance(m.id, str) else m.id[0]) for m in catalog() if m.id and m.string}
    assert sorted(messages() - known, key=str) == []


def test_nothing_is_kept_that_nobody_says():
    kept = {(m.context, m.id if isinstance(m.id, str) else m.id[0]) for m in catalog() if m.id}
    assert sorted(kept - messages() - {(None, text) for text in skin_words()}, key=str) == []
    assert not catalog().obsolete


def test_the_skin_speaks_chinese():
    """Django's own catalogue has some of its words, ours the others."""
    # Some versions of Python find a text that counts only where it is counted.
    alone = [gettext_lazy(text) for text in skin_words() - {"entry"}]
    assert english_left([*alone, ngettext_lazy("entry", "entries", 1)]) == []


def test_no_translation_is_a_guess():
    assert [m.id for m in catalog() if m.fuzzy and m.id] == []


def test_placeholders_are_the_same():
    def figures(text):
        return sorted(PLACEHOLDER.findall(text))

    wrong = []
    for message in catalog():
        if message.id:
            ids = (message.id,) if isinstance(message.id, str) else message.id
            texts = (message.string,) if isinstance(message.string, str) else message.string
            wrong += [text for text in texts if figures(text) != figures(ids[-1])]
    assert wrong == []


def test_chinese_needs_one_plural_only():
    assert catalog().num_plurals == 1


@pytest.mark.parametrize("life", ALL, ids=lambda life: life.name)
def test_a_life_is_told_in_chinese(life):
    assert english_left(part.label for part in (life, *life.states.all(), *life.transitions)) == []


@pytest.mark.parametrize("module", WORDS)
def test_words_are_chinese(module):
    texts = list(words_of(module))
    assert texts
    assert english_left(texts) == []


def test_what_is_closed_depends_on_what_it_is():
    labels = {life.name: life.state("closed").label for life in ALL if "closed" in life.states.all()}
    with translation.override("zh-hans"):
        assert {name: str(label) for name, label in labels.items()} == {"order": "交易关闭", "ticket": "售后关闭"}


@pytest.mark.parametrize("path", files(".html", tops=(*APPS, "templates")), ids=str)
def test_templates_have_no_bare_words(path):
    """What a template says itself, between its tags and in what is read aloud, goes through the catalogue."""
    text = (ROOT / path).read_text()
    text = re.sub(r"\{#.*?#\}|\{% blocktranslate.*?endblocktranslate %\}|\{[%{].*?[%}]\}", "", text, flags=re.DOTALL)
    spoken = re.findall(r'(?:alt|aria-label|placeholder|title)="([^"]*)"', text)
    between = re.sub(r"<[^>]*>|&\w+;", " ", text)
    assert set(re.findall(r"[A-Za-z]{2,}", " ".join([between, *spoken]))) <= NAMES


def test_what_django_reads_is_current():
    assert translations.main(check=True) == []
