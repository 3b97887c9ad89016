"""Keys and tokens as a page sends them back: anybody may have written anything there."""

from __future__ import annotations

from typing import Final
from uuid import UUID

# The database's keys end there; a larger number would be an error of its own.
LARGEST_KEY: Final = 2**63 - 1


def key_of(text: object) -> int | None:
    """The key that a text is, in ASCII digits; None for anything else, a number too large for a key among it."""
    digits = str(text)
    # What is longer would be too large anyway, and int() refuses very long ones.
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= len(str(LARGEST_KEY))):
        return None
    key = int(digits)
    return key if key <= LARGEST_KEY else None


def uuid_of(text: object) -> UUID | None:
    """The token that a text is; None for anything else."""
    try:
        return UUID(str(text))
    except ValueError:
        return None
