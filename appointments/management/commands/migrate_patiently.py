"""Migrates beside a site that is used: what would wait for a lock gives up, lets the others pass, and tries again."""

import time
from argparse import ArgumentParser

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection

from common.outages import code_of

LOCK_NOT_AVAILABLE = "55P03"


class Command(BaseCommand):
    help = (
        "Migrate, but wait for no lock longer than --lock-seconds, as all that uses the table would wait behind: "
        "what was begun is taken back and tried again. To be run as the owner of the tables, straight at PostgreSQL."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("label", nargs="*", help="an application and a migration, as of migrate")
        parser.add_argument("--lock-seconds", type=float, default=2)
        parser.add_argument("--seconds-between", type=float, default=10)
        parser.add_argument("--tries", type=int, default=60)

    def handle(
        self, *, label: list[str], lock_seconds: float, seconds_between: float, tries: int, **options: object
    ) -> None:
        if tries < 1 or lock_seconds <= 0 or seconds_between < 0:
            raise CommandError("It takes one try at least, and some time for each.")
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{lock_seconds * 1000:.0f}ms"])
        for left in reversed(range(tries)):
            try:
                call_command("migrate", *label, interactive=False, verbosity=options["verbosity"])
            except OperationalError as error:
                if code_of(error) != LOCK_NOT_AVAILABLE or not left:
                    raise
            else:
                return
            self.stderr.write(f"A table is in use. Tried again in {seconds_between:g} seconds, {left} times more.")
            time.sleep(seconds_between)
