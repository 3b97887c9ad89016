"""The channel's signatures: HMAC-SHA256 with the merchant's secret, in X-Sandbox-Timestamp and X-Sandbox-Signature."""

import hashlib
import hmac
import time

WINDOW = 300


class Signer:
    """What is signed: a request `time\\nmethod\\npath\\nbody`, its answer `time\\nstatus\\nrequest's signature\\nbody`,
    a notice `time.body`. Times are whole Unix seconds.
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def of_request(self, stamp: str, method: str, path: str, body: bytes) -> str:
        return self._sign(f"{stamp}\n{method}\n{path}\n", body)

    def of_answer(self, stamp: str, status: int, asked: str, body: bytes) -> str:
        return self._sign(f"{stamp}\n{status}\n{asked}\n", body)

    def of_notice(self, stamp: str, body: bytes) -> str:
        return self._sign(f"{stamp}.", body)

    def _sign(self, head: str, body: bytes) -> str:
        text = head.encode(errors="backslashreplace") + body
        return hmac.new(self._secret, text, hashlib.sha256).hexdigest()


def now_stamp() -> str:
    return str(int(time.time()))


def is_fresh(stamp: str) -> bool:
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 16):
        return False
    return abs(time.time() - int(stamp)) <= WINDOW


def same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode(errors="backslashreplace"))


def spoilt(signature: str) -> str:
    """A signature of the right shape that is wrong in every digit."""
    return signature.translate(str.maketrans("0123456789abcdef", "123456789abcdef0"))
