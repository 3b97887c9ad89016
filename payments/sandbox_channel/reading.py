"""What merchants send, checked field by field: nothing unchecked reaches the books."""

import json
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from payments.sandbox_channel.store import text

NUMBER = re.compile(r"[A-Za-z0-9_.|*@-]{1,64}")
CURRENCY = re.compile(r"[A-Z]{3}")
LARGEST_AMOUNT = 10**15
LONGEST_TEXT = 2000


class Refusal(Exception):
    """The channel's no: an HTTP status, a code for programs and a sentence for people."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def payment_wish(data: dict[str, Any]) -> dict[str, Any]:
    return _attempt(data) | {
        "expires_at": _moment(data, "expires_at"),
        "subject": _text(data, "subject"),
        "return_url": _address(data, "return_url"),
    }


def registered_wish(data: dict[str, Any]) -> dict[str, Any]:
    return _attempt(data) | {"paid_at": _moment(data, "paid_at")}


def refund_wish(data: dict[str, Any]) -> dict[str, Any]:
    return _attempt(data) | {"payment": _matching(data, "payment", NUMBER)}


def json_object(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, "bad_json", "The body is not JSON.") from error
    if not isinstance(data, dict):
        raise Refusal(400, "bad_json", "The body is not a JSON object.")
    return data


def _attempt(data: dict[str, Any]) -> dict[str, Any]:
    return {
        "number": _matching(data, "number", NUMBER),
        "amount": _amount(data),
        "currency": _matching(data, "currency", CURRENCY),
        "notify_url": _address(data, "notify_url"),
    }


def _amount(data: dict[str, Any]) -> int:
    amount = data.get("amount")
    if not isinstance(amount, int) or isinstance(amount, bool) or not 1 <= amount <= LARGEST_AMOUNT:
        raise Refusal(400, "bad_amount", "amount should be a whole number of minor units, 1 or more.")
    return amount


def _text(data: dict[str, Any], name: str) -> str:
    value = data.get(name, "")
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise Refusal(400, f"bad_{name}", f"{name} should be a text of at most {LONGEST_TEXT} characters.")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise Refusal(400, f"bad_{name}", f"{name} has half a character.") from error
    return value


def _matching(data: dict[str, Any], name: str, pattern: re.Pattern[str]) -> str:
    value = _text(data, name)
    if not pattern.fullmatch(value):
        raise Refusal(400, f"bad_{name}", f"{name} should match {pattern.pattern}")
    return value


def _address(data: dict[str, Any], name: str) -> str:
    """An http(s) address or "": anything else would end up as a link on the pay page, or in a Location header."""
    value = _text(data, name)
    if not value:
        return value
    try:
        parts = urlsplit(value)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    # Beyond ASCII and below the blank there are characters that break headers.
    if not usable or not all(" " < letter <= "~" for letter in value):
        raise Refusal(400, f"bad_{name}", f"{name} should be an http or https address.")
    return value


def _moment(data: dict[str, Any], name: str) -> str:
    try:
        moment = datetime.fromisoformat(_text(data, name))
        if moment.tzinfo is not None:
            return text(moment.astimezone(UTC))
    except (ValueError, OverflowError):
        pass
    raise Refusal(400, f"bad_{name}", f"{name} should be a time with its zone, as 2026-11-23T10:00:00+00:00.")
