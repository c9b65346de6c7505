"""How long records are kept, and what goes with a request that is deleted: everything about the person."""

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

import audit
from audit.models import AuditEntry

from ..lifecycle.close_reasons import NOT_REAL
from ..lifecycle.effects import erasure
from ..models import AppointmentRequest, ExportLog, Message

DELETED_AT_ONCE = 1_000


@dataclass(frozen=True)
class Rule:
    """`found(moment)` are the records that were done with at that moment; they go `setting` days after it."""

    label: str
    setting: str
    found: Callable[[datetime.datetime], QuerySet]

    @property
    def days(self) -> int:
        return getattr(settings, self.setting)

    def due(self, at: datetime.datetime | None = None) -> QuerySet:
        """What goes at that moment, or now."""
        return self.found((at or timezone.now()) - datetime.timedelta(days=self.days))


def _closed(until: datetime.datetime, *, after_a_visit: bool) -> QuerySet:
    return AppointmentRequest.objects.filter(
        closed_at__lte=until, appointment__isnull=not after_a_visit, is_on_legal_hold=False
    )


def _not_real(until: datetime.datetime) -> QuerySet:
    """Those that a person looked at and found not to be real. However doubtful, none goes before."""
    return AppointmentRequest.objects.filter(closed_at__lte=until, close_reason=NOT_REAL.key, is_on_legal_hold=False)


def _done_messages(until: datetime.datetime) -> QuerySet:
    return Message.objects.filter(done_at__lte=until).exclude(request__is_on_legal_hold=True)


RULES = (
    Rule("Requests closed without a visit", "KEEP_CLOSED_DAYS", lambda until: _closed(until, after_a_visit=False)),
    Rule("Requests closed after a visit", "KEEP_VISITED_DAYS", lambda until: _closed(until, after_a_visit=True)),
    Rule("Requests that no person sent", "KEEP_DOUBTFUL_DAYS", _not_real),
    Rule("Messages sent or given up", "KEEP_MESSAGES_DAYS", _done_messages),
    Rule("Log of exports", "KEEP_EXPORT_LOG_DAYS", lambda until: ExportLog.objects.filter(at__lte=until)),
)


def report(within: datetime.timedelta) -> Iterator[tuple[Rule, int, int]]:
    """For each rule, how many records go now, and how many within that time."""
    now = timezone.now()
    for rule in RULES:
        yield rule, rule.due(now).count(), rule.due(now + within).count()


@audit.atomic()
def delete_some() -> int:
    """Delete what is kept no longer, DELETED_AT_ONCE records of each kind at most; give how many there were."""
    return sum(_delete(rule.due().order_by("pk")[:DELETED_AT_ONCE]) for rule in RULES)


def _delete(records: QuerySet) -> int:
    if records.model is AppointmentRequest:
        found = list(records.select_for_update())
        erasure.delete(found)
        if found:
            audit.record(AuditEntry.Action.ERASE, requests=found, details="kept long enough")
        return len(found)
    keys = list(records.values_list("pk", flat=True))
    records.model.objects.filter(pk__in=keys).delete()
    return len(keys)
