"""Numbers that people and channels see: minted once, never reused, not guessable."""

import secrets
from datetime import UTC, datetime

# Without 0/O and 1/I, so that a number read over the telephone arrives.
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def mint(prefix: str) -> str:
    """A prefix, the day and twelve random characters (60 bits), e.g. R261123K7Q2M9XWPT4B."""
    day = datetime.now(UTC).strftime("%y%m%d")
    return f"{prefix}{day}{''.join(secrets.choice(_ALPHABET) for _ in range(12))}"
