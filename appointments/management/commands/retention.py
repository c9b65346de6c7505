"""Says what will be deleted because it is kept no longer, and deletes it at once if asked to."""

import datetime

from django.core.management.base import BaseCommand, CommandParser

from appointments.operations import retention

WITHIN = datetime.timedelta(days=30)


class Command(BaseCommand):
    help = "Say what is deleted now and within 30 days; workers delete it every hour. With --delete, delete it now."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--delete", action="store_true")

    def handle(self, *, delete: bool, **options: object) -> None:
        for rule, now, soon in retention.report(WITHIN):
            self.stdout.write(f"{rule.label}: {now} now, {soon} within 30 days (after {rule.days} days)")
        if delete:
            total = 0
            while deleted := retention.delete_some():
                total += deleted
            self.stdout.write(f"Deleted: {total}.")
