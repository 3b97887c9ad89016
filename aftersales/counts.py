"""How many there are, as pages say it: a flood is counted up to a limit, and nobody waits for its full count."""

from __future__ import annotations


def capped(number: int, most: int) -> str:
    """A count for a reader, such as "999+" beyond `most`; whoever counts stops at one more."""
    return f"{most}+" if number > most else str(number)
