"""What nobody in particular did is counted, and sealed as one entry of each kind an hour.

A flood of refusals costs whoever sends it nothing, and a sealed entry is kept for years. So what names neither an
account nor a request becomes a number: by kind, and until it is sealed by page and network.
"""

from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter

from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone

from common.client_address import counted_by

from .models import AuditEntry, NamelessCount

KIND = ("who", "action", "outcome", "username")
PLACE = ("page", "status", "address")


def is_counted(entry: AuditEntry) -> bool:
    """Count it, if it is of nobody in particular; of tries at a locked account, all but the first of the hour.

    One statement, but for the first of its kind from there. It waits only for others from the same network.
    """
    if not _is_nameless(entry):
        return False
    which = {name: getattr(entry, name) for name in (*KIND, *PLACE)}
    which |= {"status": entry.status or 0, "address": counted_by(entry.address) or ""}
    row = NamelessCount.objects.filter(**which)
    # Where it was sealed meanwhile, it begins anew.
    while not row.update(count=F("count") + 1, last_at=entry.at):
        NamelessCount.objects.bulk_create(
            [NamelessCount(**which, first_at=entry.at, last_at=entry.at)], ignore_conflicts=True
        )
        if entry.username:
            return False
    return True


def _is_nameless(entry: AuditEntry) -> bool:
    """Whether whoever it was had not signed in, and it tells of no request, no fault of ours and no account.

    But that an account is locked is told again with each try.
    """
    names_an_account = entry.username and entry.action != AuditEntry.Action.LOCKED_OUT
    names_something = entry.user_id or names_an_account or entry.count or entry.details
    is_by_somebody_else = entry.who not in (AuditEntry.Who.NOBODY, AuditEntry.Who.PATIENT)
    return not (names_something or is_by_somebody_else or entry.outcome == AuditEntry.Result.FAILED)


def waiting() -> int:
    """How much is counted and not sealed yet."""
    return NamelessCount.objects.aggregate(sum=Sum("count"))["sum"] or 0


@transaction.atomic
def take() -> Iterator[AuditEntry]:
    """The entries to seal, one a kind, and begin to count anew. Each says the most of it, and where that was."""
    rows = list(NamelessCount.objects.select_for_update().order_by(*KIND, "-count", "pk"))
    NamelessCount.objects.filter(pk__in=[row.pk for row in rows]).delete()
    counted = [row for row in rows if row.count]
    return (_entry(list(alike)) for _kind, alike in groupby(counted, attrgetter(*KIND)))


def _entry(rows: list[NamelessCount]) -> AuditEntry:
    most = rows[0]
    first, last = (timezone.localtime(at) for at in (min(r.first_at for r in rows), max(r.last_at for r in rows)))
    details = f"{sum(row.count for row in rows):,} in all, {first:%H:%M} to {last:%H:%M}"
    if len(rows) > 1:
        networks = len({row.address for row in rows})
        details += f"; {most.count:,} of them here, the others from {networks:,} addresses"
    return AuditEntry(
        at=timezone.now(),
        details=details,
        status=most.status or None,
        page=most.page,
        address=most.address,
        **{name: getattr(most, name) for name in KIND},
    )
