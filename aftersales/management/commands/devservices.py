"""`manage.py devservices start|stop|status`: the embedded PostgreSQL and Valkey of this project."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand

from aftersales import devservices


class Command(BaseCommand):
    help = "Start, stop or show the embedded PostgreSQL and Valkey (development only)."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=devservices.ACTIONS)

    def handle(self, *, action: str, **options: object) -> None:
        self.stdout.write("\n".join(devservices.ACTIONS[action]()))
