"""Says what will be deleted because it is kept no longer, and deletes it at once if asked to."""

import datetime

from django.core.management.base import BaseCommand, CommandError, CommandParser

from appointments.models import Incarnation
from appointments.operations import retention
from common.progress import watched

WITHIN = datetime.timedelta(days=30)


class Command(BaseCommand):
    help = "Say what is deleted now and within 30 days; workers delete it every hour. With --delete, delete it now."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--delete", action="store_true")

    def handle(self, *, delete: bool, **options: object) -> None:
        due = 0
        for rule, now, soon in retention.report(WITHIN):
            due += now
            self.stdout.write(f"{rule.label}: {now} now, {soon} within 30 days (after {rule.days} days)")
        if delete and Incarnation.objects.look():
            raise CommandError("This database was restored, and nobody has looked at it yet: see manage.py restored.")
        if delete:
            pieces = iter(retention.delete_some, 0)
            records = (one for piece in pieces for one in range(piece))
            total = sum(1 for _ in watched(records, of=due, what="records deleted"))
            self.stdout.write(f"Deleted: {total}.")
