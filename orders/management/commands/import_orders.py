"""`manage.py import_orders FILE.csv`: paid and shipped orders of another system. docs/import.md explains it."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales.lifecycle.errors import Refused
from orders.importing.progress import Progress
from orders.importing.report import Report
from orders.importing.run import run
from orders.importing.writing import Counts


class Command(BaseCommand):
    help = str(gettext_lazy("Import paid and shipped orders from a CSV file. Safe to run again."))

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE.csv")
        parser.add_argument("--dry-run", action="store_true", help=_("check everything, change nothing"))
        parser.add_argument("--report", type=Path, metavar="FILE", help=_("where refused lines go (FILE.refused.csv)"))
        parser.add_argument("--return-address", default="", metavar="TEXT", help=_("of shops that are created"))

    def handle(self, *, file: Path, dry_run: bool, report: Path | None, return_address: str, **options: Any) -> None:
        """Raises CommandError when the file cannot be read, or after the summary when a line was refused."""
        if len(return_address) > 500 or "\0" in return_address:
            raise CommandError(_("The return address is longer than 500 characters, or has one that cannot be shown."))
        with _opened(file) as opened:
            path = _report_path(file, report)
            written = Report(path, always=report is not None)
            shown = options["verbosity"] >= 1
            reading = Progress(self.stderr, _("Reading  "), shown=shown)
            writing = Progress(self.stderr, _("Importing"), shown=shown)
            size = file.stat().st_size
            try:
                counts = run(
                    opened,
                    written,
                    return_address=return_address.strip(),
                    dry_run=dry_run,
                    reading=lambda done: reading.at(done, size),
                    writing=writing.at,
                )
            except Refused as refused:
                raise CommandError(f"{file}: {refused}") from refused
            except OperationalError as error:
                words = _("The database broke off (%(why)s). What was imported stays; run the command again.")
                raise CommandError(words % {"why": str(error).strip()}) from error
        written.close()
        self._say(counts, dry_run=dry_run)
        if counts.refused_lines:
            words = _("%(lines)s lines were refused; %(report)s says why.")
            raise CommandError(words % {"lines": counts.refused_lines, "report": path})

    def _say(self, counts: Counts, *, dry_run: bool) -> None:
        if dry_run:
            self.stdout.write(_("Dry run: nothing was changed."))
        rows = (
            (_("Orders imported"), counts.imported),
            (_("Orders unchanged"), counts.unchanged),
            (_("Orders refused"), counts.refused),
            (_("Lines read"), counts.lines),
            (_("Lines refused"), counts.refused_lines),
            (_("Shops created"), counts.shops),
            (_("Buyers created"), counts.buyers),
            (_("Products created"), counts.products),
        )
        width = max(len(label) for label, _number in rows)
        self.stdout.write("\n".join(f"{label:<{width}} {number:>9}" for label, number in rows))


def _opened(file: Path) -> IO[bytes]:
    """Raises CommandError in plain words for what cannot be read."""
    if file.is_dir():
        raise CommandError(_("%(file)s is a folder. Name a CSV file.") % {"file": file})
    try:
        return file.open("rb")
    except FileNotFoundError as error:
        raise CommandError(_("There is no file %(file)s.") % {"file": file}) from error
    except (OSError, ValueError) as error:
        raise CommandError(_("%(file)s cannot be read: %(why)s") % {"file": file, "why": error}) from error


def _report_path(file: Path, report: Path | None) -> Path:
    """Raises CommandError, before the work begins, for a place that cannot be written or is the file itself."""
    path = report or file.with_name(f"{file.stem}.refused.csv")
    if path.exists() and path.samefile(file):
        raise CommandError(_("The report would overwrite the file that is imported."))
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise CommandError(_("%(path)s cannot be written. Choose a place with --report.") % {"path": path})
    return path
