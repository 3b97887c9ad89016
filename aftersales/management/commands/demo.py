"""`manage.py demo`: fill an empty database with the demo shop; `demo --logins` says who can log in."""

from __future__ import annotations

from argparse import ArgumentParser

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from aftersales import demo
from aftersales.dev.code import SECRET


class Command(BaseCommand):
    help = "Fill an empty database with the demo shop (development only)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--logins", action="store_true", help=_("only say who can log in"))
        parser.add_argument("--force", action="store_true", help=_("also where DEBUG is off"))

    def handle(self, *, logins: bool, force: bool, **options: object) -> None:
        """Raises CommandError where DEBUG is off: everybody knows these passwords."""
        if not logins:
            if not (settings.DEBUG or force):
                raise CommandError(_("The demo shop has passwords that everybody knows. It needs DEBUG=1, or --force."))
            made = demo.seed()
            self.stdout.write(_("The demo shop is ready.") if made else _("There are orders already: nothing to do."))
        lines = demo.logins() or [
            _("There are no demo accounts. They are made with the demo shop, in an empty database.")
        ]
        self.stdout.write("\n".join(lines))
        self.stdout.write(
            _("Whoever works here is asked for a code too: `make code` prints it. Its key is %s.") % SECRET
        )
