"""How texts are searched, Chinese among them.

PostgreSQL's trigrams are made of letters and digits as the database's locale knows them, and no Chinese word is as long
as three characters. `orders_words`, a function of the database, therefore writes everything in small letters and spells
every character beyond ASCII as a word of its own in capitals, which nothing else is in (马 is " PAMC "); `spelled` does
the same to what is searched for.
"""

from __future__ import annotations

from django.db.models import F, Func, TextField, Value
from django.db.models.functions import Concat

ASCII = 127
# Letters for the digits of a code point: what is searched for by figures must not find them.
LETTERS = str.maketrans("0123456789abcdef", "GHIJKLMNOPABCDEF")


def words_of(*columns: str) -> Func:
    """The text of these columns as it is indexed. An index serves a query only when both name the same columns."""
    parts = [part for column in columns for part in (Value(" "), F(column))][1:]
    whole = Concat(*parts, output_field=TextField()) if len(parts) > 1 else parts[0]
    return Func(whole, function="orders_words", output_field=TextField())


def spelled(word: str) -> str:
    """A word that is searched for, as `orders_words` would spell it."""
    return "".join(char if ord(char) <= ASCII else f" {ord(char):x} ".translate(LETTERS) for char in word.lower())
