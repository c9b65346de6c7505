import re
from functools import partial

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit import chain, record
from audit.models import AuditEntry
from common.progress import watched

MOST_SHOWN = 20


class Command(BaseCommand):
    help = "Finds entries of the audit that were altered, removed, inserted, swapped or cut off; prints its head."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--head", help="a head that this printed before, as NUMBER:HASH, that must be in the chain"
        )
        parser.add_argument("--behind", action="store_true", help="verify only what came after that head")

    def handle(self, *args: object, head: str | None, behind: bool, **options: object) -> None:
        kept = None
        if behind and not head:
            raise CommandError("--behind needs the --head behind which it is to begin.")
        if head:
            match = re.fullmatch(r"([0-9]{1,18}):([0-9a-f]{64})", head)
            if match is None:
                raise CommandError("A head looks like NUMBER:HASH, as this command prints it.")
            kept = int(match[1]), match[2]
        verified = chain.head()
        found = 0
        to_read = verified.seq - verified.first_kept + 1 if verified else 0
        if behind and kept:
            to_read -= kept[0]
        shown = partial(watched, of=to_read, what="entries")
        for fault in chain.faults(kept, only_behind=behind, watched=shown):
            found += 1
            if found <= MOST_SHOWN:
                self.stdout.write(fault)
        if found > MOST_SHOWN:
            self.stdout.write(f"and {found - MOST_SHOWN} more.")
        if verified:
            outcome = AuditEntry.Result.FAILED if found else AuditEntry.Result.OK
            record(AuditEntry.Action.VERIFY, outcome=outcome, details=f"up to {verified.seq}")
            self.stdout.write(f"Head: {verified}")
        if found:
            raise CommandError(f"The audit is not whole: {found} found.")
        self.stdout.write("The audit is whole.")
