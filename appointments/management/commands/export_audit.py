import argparse
import datetime
import json

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from audit import chain, record
from audit.fhir import audit_event
from audit.models import AuditEntry
from common.progress import watched


class Command(BaseCommand):
    help = "Prints the audit as AuditEvent resources of FHIR R4, one in a line."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--since", type=day, help="the first day, like 2026-05-04")
        parser.add_argument("--until", type=day, help="the last day")

    def handle(
        self, *args: object, since: datetime.date | None, until: datetime.date | None, **options: object
    ) -> None:
        if since and until and since > until:
            raise CommandError("The last day is before the first.")
        entries = AuditEntry.objects.all()
        if since:
            entries = entries.filter(at__gte=midnight(since))
        if until:
            entries = entries.filter(at__lt=midnight(until + datetime.timedelta(days=1)))
        record(AuditEntry.Action.EXPORT, details=f"audit, {since or 'all'} to {until or 'now'}")
        for entry in watched(chain.in_pieces(entries), of=entries.count(), what="entries"):
            self.stdout.write(json.dumps(audit_event(entry), ensure_ascii=False))


def day(text: str) -> datetime.date:
    try:
        found = datetime.date.fromisoformat(text)
        # The day after it, and the zone, have to be days too.
        midnight(found - datetime.timedelta(days=2)), midnight(found + datetime.timedelta(days=2))
        return found
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f"{text!r} is no day like 2026-05-04.") from None


def midnight(date: datetime.date) -> datetime.datetime:
    """By the clinic's clock."""
    return timezone.make_aware(datetime.datetime.combine(date, datetime.time.min), timezone.get_default_timezone())
