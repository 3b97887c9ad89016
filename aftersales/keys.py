"""Keys and tokens as a page sends them back: anybody may have written anything there."""

from __future__ import annotations

from typing import Final
from uuid import UUID

# The database's keys end there; a larger number would be an error of its own.
LARGEST_KEY: Final = 2**63 - 1


def uuid_of(text: object) -> UUID | None:
    """The token that a text is; None for anything else."""
    try:
        return UUID(str(text))
    except ValueError:
        return None
