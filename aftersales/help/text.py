"""Plain text as HTML, and the part of it that a search found. Every character of a text is escaped here.

Paragraphs are parted by empty lines; lines that begin with "- " or "1. " are lists; [words](address) is a link to a
page of ours or to an https address.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from typing import Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from aftersales.help.search import RUN, words_of

# In Latin letters; Chinese says as much in half of it.
EXCERPT: Final = 160
_BEFORE: Final = 50
# A path of ours begins with one slash: browsers read a second one, or a backslash, as another host.
_LINK: Final = re.compile(r"\[([^\[\]\n]{1,200})\]\((/(?!/)[^\s()\\]*|https://[^\s()\\]+)\)")
_ITEM: Final = {"ul": re.compile(r"- +"), "ol": re.compile(r"\d{1,3}[.、] *")}
_ENDINGS: Final = re.compile(r"(ies|ing|ed|es|s)$")


def rendered(text: str) -> SafeString:
    """The whole text."""
    blocks = re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip())
    return _joined(_block(block) for block in blocks if block.strip())


def _joined(parts: Iterable[SafeString]) -> SafeString:
    return format_html_join("\n", "{}", ((part,) for part in parts))


def _block(block: str) -> SafeString:
    lines = [line.strip() for line in block.split("\n") if line.strip()]
    return _joined(_same(kind, list(group)) for kind, group in groupby(lines, _kind))


def _kind(line: str) -> str:
    return next((kind for kind, mark in _ITEM.items() if mark.match(line)), "p")


def _same(kind: str, lines: list[str]) -> SafeString:
    if kind == "p":
        return format_html("<p>{}</p>", format_html_join(mark_safe("<br>"), "{}", ((_line(line),) for line in lines)))
    items = format_html_join("", "<li>{}</li>", ((_line(_ITEM[kind].sub("", line, count=1)),) for line in lines))
    return format_html("<ul>{}</ul>", items) if kind == "ul" else format_html("<ol>{}</ol>", items)


def _line(line: str) -> SafeString:
    parts, at = [], 0
    for link in _LINK.finditer(line):
        parts.append(format_html("{}", line[at : link.start()]))
        parts.append(format_html('<a href="{}">{}</a>', link[2], link[1]))
        at = link.end()
    return format_html_join("", "{}", ((part,) for part in (*parts, line[at:])))


def plain(text: str) -> str:
    """In one line, without the marks of lists and links."""
    text = _LINK.sub(lambda link: link[1], text)
    lines = (line.strip() for line in text.split("\n"))
    return " ".join(_ITEM[kind].sub("", line, count=1) if (kind := _kind(line)) != "p" else line for line in lines)


def excerpt(text: str, question: str) -> SafeString:
    """The part around the first word that was asked for, those words marked; else the beginning."""
    text = " ".join(plain(text).split())
    wanted = _pattern(question)
    first = wanted.search(text) if wanted else None
    halved = 2 if RUN.search(text) else 1
    start = max(0, first.start() - _BEFORE // halved) if first else 0
    end = start + EXCERPT // halved
    if start and (space := text.find(" ", start, start + 20)) >= 0:
        start = space + 1
    if end < len(text) and (space := text.rfind(" ", end - 20, end)) >= 0:
        end = space
    before, behind = "… " if start else "", " …" if end < len(text) else ""
    return format_html("{}{}{}", before, marked(text[start:end], question), behind)


def marked(text: str, question: str) -> SafeString:
    """A text with the words that were asked for marked."""
    wanted = _pattern(question)
    parts, at = [], 0
    for hit in wanted.finditer(text) if wanted else ():
        parts.append(format_html("{}<mark>{}</mark>", text[at : hit.start()], hit[0]))
        at = hit.end()
    return format_html_join("", "{}", ((part,) for part in (*parts, text[at:])))


def _pattern(question: str) -> re.Pattern[str] | None:
    """Whatever begins with the stem of a word that was asked for: nearer to English than the database needs it."""
    words = sorted({_wanted(word) for word in words_of(question)[:40]}, key=len, reverse=True)
    return re.compile("|".join(words), re.IGNORECASE) if words else None


def _wanted(word: str) -> str:
    if not word.isascii():
        return re.escape(word)
    stem = _ENDINGS.sub("", word) if len(word) > 4 else word
    return rf"\b{re.escape(stem)}\w*" if len(stem) > 2 else rf"\b{re.escape(stem)}\b"
