"""How long records are kept, and what goes with a request that is deleted: everything about the person.

What goes by itself is no more than usual. A clock that jumped, a setting that was mistyped or a hold that was lifted
from many at once would delete what nobody can bring back, so a manager looks at it first.
"""

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

import audit
from audit.models import AuditEntry

from ..lifecycle.close_reasons import ATTENDED, NOT_REAL
from ..lifecycle.definition import REOPEN
from ..lifecycle.effects import erasure
from ..models import AppointmentRequest, ErasureLeave, Event, ExportLog, Message, PeriodicJob

DELETED_AT_ONCE = 1_000
# Workers look every hour. When it is longer than that since they did, by the clock of the database, that clock may
# have jumped, or the clinic stood still: nothing goes before a manager has looked.
STANDSTILL = datetime.timedelta(days=8)
# Under this name is kept when they looked last.
LAST_LOOK = "retention look"


@dataclass(frozen=True)
class Rule:
    """`found(moment)` are the records that were done with at that moment; they go `setting` days after it."""

    label: str
    setting: str
    found: Callable[[datetime.datetime], QuerySet]

    @property
    def days(self) -> int:
        return getattr(settings, self.setting)

    def until(self, now: datetime.datetime) -> datetime.datetime:
        """What was done with by then goes now."""
        return now - datetime.timedelta(days=self.days)

    def due(self, now: datetime.datetime) -> QuerySet:
        return self.found(self.until(now))

    def going(self, now: datetime.datetime, *, is_standstill: bool) -> QuerySet:
        """Of what is due, all that is no more than usual; else only what a manager let go."""
        due = self.due(now)
        is_of_people = due.model is AppointmentRequest
        if not is_standstill and not (is_of_people and self._is_unusual(due)):
            return due
        leave = ErasureLeave.objects.filter(setting=self.setting).order_by("-pk").first()
        return self.found(min(leave.until, self.until(now))) if leave else due.none()

    @staticmethod
    def _is_unusual(due: QuerySet) -> bool:
        return due[: settings.ERASED_AN_HOUR + 1].count() > settings.ERASED_AN_HOUR


@dataclass(frozen=True)
class Held:
    """What is due by a rule and waits for a manager."""

    rule: Rule
    until: datetime.datetime
    count: int


def _closed(until: datetime.datetime, *, after_a_visit: bool) -> QuerySet:
    reopened = Event.objects.standing().filter(request=OuterRef("pk"), verb=REOPEN.event)
    came_before = Exists(reopened.filter(before__close_reason=ATTENDED.key))
    had_a_visit = Q(appointment__isnull=False) | came_before
    closed = AppointmentRequest.objects.filter(closed_at__lte=until, is_on_legal_hold=False)
    return closed.filter(had_a_visit if after_a_visit else ~had_a_visit)


def _not_real(until: datetime.datetime) -> QuerySet:
    """Those that a person looked at and found not to be real. However doubtful, none goes before."""
    return AppointmentRequest.objects.filter(closed_at__lte=until, close_reason=NOT_REAL.key, is_on_legal_hold=False)


def _done_messages(until: datetime.datetime) -> QuerySet:
    """But for those about a visit that was to come: that it was reminded of is known from them."""
    is_to_come = Q(appointment__starts_at__gt=until)
    return Message.objects.filter(done_at__lte=until).exclude(request__is_on_legal_hold=True).exclude(is_to_come)


RULES = (
    Rule("Requests closed without a visit", "KEEP_CLOSED_DAYS", lambda until: _closed(until, after_a_visit=False)),
    Rule("Requests closed after a visit", "KEEP_VISITED_DAYS", lambda until: _closed(until, after_a_visit=True)),
    Rule("Requests that no person sent", "KEEP_DOUBTFUL_DAYS", _not_real),
    Rule("Messages sent or given up", "KEEP_MESSAGES_DAYS", _done_messages),
    Rule("Log of exports", "KEEP_EXPORT_LOG_DAYS", lambda until: ExportLog.objects.filter(at__lte=until)),
)


def report(within: datetime.timedelta) -> Iterator[tuple[Rule, int, int]]:
    """For each rule, how many records go now, and how many within that time."""
    now = _database_clock()
    for rule in RULES:
        yield rule, rule.due(now).count(), rule.due(now + within).count()


@audit.atomic()
def delete_some() -> int:
    """Delete what is kept no longer, DELETED_AT_ONCE records of each kind at most; give how many there were."""
    now = _database_clock()
    is_standstill = _is_standstill(now)
    if not is_standstill or not any(rule.due(now).exists() for rule in RULES):
        _looked_at(now)
    going = [rule.going(now, is_standstill=is_standstill) for rule in RULES]
    return sum(_delete(records.order_by("pk")[:DELETED_AT_ONCE]) for records in going)


def held() -> list[Held]:
    """What a manager has to look at. Costs a few statements, over no more than what is due."""
    now = _database_clock()
    is_standstill = _is_standstill(now)
    waiting = [(rule, rule.due(now).count() - rule.going(now, is_standstill=is_standstill).count()) for rule in RULES]
    return [Held(rule, rule.until(now), count) for rule, count in waiting if count]


@audit.atomic()
def let_go(setting: str, until: datetime.datetime, *, by: User) -> int:
    """What was done with by `until` may go by this rule; give how many records these are. Workers delete them."""
    [rule] = (rule for rule in RULES if rule.setting == setting)
    now = _database_clock()
    until = min(until, rule.until(now))
    count = rule.found(until).count()
    ErasureLeave.objects.create(setting=setting, until=until, count=count, by=by)
    # Who has decided about one rule has not looked at what waits by another.
    if not held():
        _looked_at(now)
    audit.record(AuditEntry.Action.CHANGE, by=by, details=f"let {count} records go: {setting}")
    return count


def _looked_at(now: datetime.datetime) -> None:
    PeriodicJob.objects.update_or_create(name=LAST_LOOK, defaults={"last_run_at": now})


def _is_standstill(now: datetime.datetime) -> bool:
    looked_at = PeriodicJob.objects.filter(name=LAST_LOOK).values_list("last_run_at", flat=True).first()
    return looked_at is not None and now - looked_at > STANDSTILL


def _database_clock() -> datetime.datetime:
    """One for all workers, whatever theirs say. An embedded database has that of its process."""
    if connection.vendor == "sqlite":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT CURRENT_TIMESTAMP")
        return cursor.fetchone()[0]


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
