"""Which lines were not imported, and why, as a CSV file beside the imported one."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from orders.importing.checks import Refusal

COLUMNS = ("line", "order_no", "reason")


class Report:
    """Written under another name and put in its place at the end, so that nobody reads half of one.

    It appears when a line was refused, when it was asked for, or when an older one would say what is not true any more.
    """

    def __init__(self, path: Path, *, always: bool) -> None:
        self.path, self._always = path, always
        self._part = path.with_name(f"{path.name}.{os.getpid()}.part")
        self._file: IO[str] | None = None

    def add(self, refusals: Iterable[Refusal]) -> None:
        for refusal in refusals:
            csv.writer(self._opened()).writerow((refusal.line, refusal.order_no, refusal.reason))

    def _opened(self) -> IO[str]:
        if self._file is None:
            # With a byte order mark, without which spreadsheets garble Chinese.
            self._file = self._part.open("w", encoding="utf-8-sig", newline="")
            csv.writer(self._file).writerow(COLUMNS)
        return self._file

    def close(self) -> bool:
        """Put the report in its place; whether there is one."""
        if self._file is None and not (self._always or self.path.exists()):
            return False
        self._opened().close()
        self._part.replace(self.path)
        return True

    def discard(self) -> None:
        """The import broke off: leave no half report."""
        if self._file is not None:
            self._file.close()
            self._part.unlink(missing_ok=True)
