import datetime
from functools import partial

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from audit import chain, record
from audit.models import AuditEntry
from common.progress import watched


class Command(BaseCommand):
    help = "Removes entries of the audit that are older than AUDIT_YEARS. To be run as the owner of the table."

    def handle(self, *args: object, **options: object) -> None:
        to_read = AuditEntry.objects.count()
        if fault := next(chain.faults(watched=partial(watched, of=to_read, what="entries")), None):
            raise CommandError(f"Nothing is cut, because the audit is not whole. {fault}")
        removed = chain.cut(timezone.now() - datetime.timedelta(days=365.25 * settings.AUDIT_YEARS))
        if removed and (head := chain.head()):
            record(AuditEntry.Action.CUT, details=f"{removed} entries, up to {head.first_kept - 1}")
        self.stdout.write(f"Removed {removed} entries.")
