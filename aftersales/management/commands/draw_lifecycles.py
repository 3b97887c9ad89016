"""`manage.py draw_lifecycles [--check] [FILE]`: the diagrams of a document, drawn from the tables."""

from argparse import ArgumentParser
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from aftersales.lifecycle.draw import placed
from aftersales.lifecycles import ALL


class Command(BaseCommand):
    help = "Draw every lifecycle between its markers in a document (README.md)."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, default=Path(settings.BASE_DIR) / "README.md")
        parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a diagram is stale")

    def handle(self, *, file: Path, check: bool, **options: object) -> None:
        """Write the document only when a diagram changed. Raises CommandError for a missing file or marker."""
        try:
            before = file.read_text(encoding="utf-8")
            drawn, stale = _draw(before)
        except (OSError, LookupError) as error:
            raise CommandError(f"{file}: {error}") from error
        if not stale:
            self.stdout.write(f"{file.name}: every diagram is current")
            return
        names = ", ".join(stale)
        if check:
            raise CommandError(f"{file}: stale diagram of {names}. Run: manage.py draw_lifecycles")
        file.write_text(drawn, encoding="utf-8")
        self.stdout.write(f"{file.name}: drew {names}")


def _draw(document: str) -> tuple[str, list[str]]:
    """The document with every life drawn, and the names of those that were stale."""
    stale = []
    for life in ALL:
        drawn = placed(document, life)
        if drawn != document:
            stale.append(life.name)
        document = drawn
    return document, stale
