"""What a cell of a table that leaves or enters the shop may hold."""

from __future__ import annotations

from typing import Any

# A cell that begins like this is a formula to a spreadsheet (OWASP, CSV injection); full-width forms are read alike.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
# PostgreSQL takes no NUL, and a workbook no control characters.
_CONTROL = {code: None for code in range(32) if chr(code) not in "\n\t"}


def defused(value: Any) -> Any:
    """The value as no spreadsheet takes it for a formula: a text that would be one begins with an apostrophe. Numbers
    stay numbers."""
    if not isinstance(value, str):
        return value
    text = value.translate(_CONTROL)
    return f"'{text}" if text.startswith(_FORMULA) else text


def plain(value: Any) -> str:
    """The text of a cell that comes back, with the apostrophe of `defused` taken off; "" for an empty one."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        # Workbooks keep every number as a float.
        value = int(value)
    text = str(value).translate(_CONTROL).strip()
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text
