"""`make code`: what an authenticator app of the demo's staff shows now (RFC 6238)."""

from __future__ import annotations

import hashlib
import hmac
import struct
import sys
import time
from base64 import b32decode
from typing import Final

# Everybody knows it, as the demo's passwords: it goes into an app as it stands.
SECRET: Final = "AFTERSALESDEMOAFTERSALESDEMO2345"  # noqa: S105
_SECONDS: Final = 30


def code(secret: str, at: float) -> str:
    """The six digits of a moment, in seconds since 1970."""
    counter = struct.pack(">Q", int(at) // _SECONDS)
    digest = hmac.new(b32decode(secret), counter, hashlib.sha1).digest()
    start = digest[-1] & 15
    (number,) = struct.unpack(">I", digest[start : start + 4])
    return f"{(number & 0x7FFFFFFF) % 1_000_000:06}"


def main() -> None:
    """Each code opens an account once: who logs in twice within half a minute takes the next one."""
    now = time.time()
    left = _SECONDS - int(now) % _SECONDS
    sys.stdout.write(f"{code(SECRET, now)}   for another {left} s; then {code(SECRET, now + _SECONDS)}\n")


if __name__ == "__main__":
    main()
