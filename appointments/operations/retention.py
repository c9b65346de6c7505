"""How long records are kept, and what goes with a request that is deleted: everything about the person."""

import datetime
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from django.conf import settings
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Replace
from django.utils import timezone

import audit
from audit.models import AuditEntry

from ..delivery import sms
from ..lifecycle.transition import Refused, change
from ..models import Appointment, AppointmentRequest, CloseReason, Event, ExportLog, Message, PossibleDuplicate
from ..reference import grouped

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


def _doubtful(until: datetime.datetime) -> QuerySet:
    """Those that nobody did anything with, and those that a person looked at and found not to be real."""
    not_real = Q(closed_at__lte=until, close_reason=CloseReason.NOT_REAL)
    nobody_touched = Q(created_at__lte=until, is_doubtful=True, version=0)
    return AppointmentRequest.objects.filter(not_real | nobody_touched, is_on_legal_hold=False)


def _done_messages(until: datetime.datetime) -> QuerySet:
    return Message.objects.filter(done_at__lte=until).exclude(request__is_on_legal_hold=True)


RULES = (
    Rule("Requests closed without a visit", "KEEP_CLOSED_DAYS", lambda until: _closed(until, after_a_visit=False)),
    Rule("Requests closed after a visit", "KEEP_VISITED_DAYS", lambda until: _closed(until, after_a_visit=True)),
    Rule("Requests that perhaps no person sent", "KEEP_DOUBTFUL_DAYS", _doubtful),
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


def place_hold(request: AppointmentRequest, *, by, note: str) -> None:
    """Keep it until the hold is lifted. It can go on being worked on."""
    not_held = Q(is_on_legal_hold=False)
    change(request, by=by, verb=Event.Verb.HOLD_PLACED, allowed=not_held, note=note, is_on_legal_hold=True)


def lift_hold(request: AppointmentRequest, *, by, note: str) -> None:
    held = Q(is_on_legal_hold=True)
    change(request, by=by, verb=Event.Verb.HOLD_LIFTED, allowed=held, note=note, is_on_legal_hold=False)


@audit.atomic()
def erase(request: AppointmentRequest, *, by=None) -> None:
    """Delete everything about this request, whatever its state. Raises Refused if it is on legal hold."""
    locked = AppointmentRequest.objects.select_for_update().filter(pk=request.pk, is_on_legal_hold=False).first()
    if locked is None:
        raise Refused("This request is on legal hold, or erased already.")
    _delete_requests([locked])
    audit.record(AuditEntry.Action.ERASE, by=by, requests=[locked], details="asked for")


def _delete(records: QuerySet) -> int:
    if records.model is AppointmentRequest:
        found = list(records.select_for_update())
        _delete_requests(found)
        if found:
            audit.record(AuditEntry.Action.ERASE, requests=found, details="kept long enough")
        return len(found)
    keys = list(records.values_list("pk", flat=True))
    records.model.objects.filter(pk__in=keys).delete()
    return len(keys)


def _delete_requests(requests: Iterable[AppointmentRequest]) -> None:
    """With all that hangs on them: events, calls, messages, offers, likenesses and visits, also cancelled ones."""
    keys = [request.pk for request in requests]
    visits = set(_visits_of(keys))
    _forget_names(requests)
    AppointmentRequest.objects.filter(pk__in=keys).delete()
    Appointment.objects.filter(pk__in=visits).delete()
    for request in requests:
        if not AppointmentRequest.objects.filter(phone=request.phone).exists():
            sms.forget(request.phone)


def _forget_names(requests: Iterable[AppointmentRequest]) -> None:
    """The history of a request says with which earlier one it was compared."""
    by_key = {request.pk: grouped(request.reference) for request in requests}
    compared = PossibleDuplicate.objects.filter(earlier__in=by_key).exclude(decision="")
    for earlier, later in compared.values_list("earlier", "later"):
        mentions = Event.objects.filter(request=later, verb=Event.Verb.LINKED)
        mentions.update(details=Replace(F("details"), Value(by_key[earlier]), Value("a request that was deleted")))


def _visits_of(keys: list[int]) -> Iterator[str]:
    yield from AppointmentRequest.objects.filter(pk__in=keys, appointment__isnull=False).values_list(
        "appointment", flat=True
    )
    for before in Event.objects.filter(request__in=keys).values_list("before", flat=True):
        if former := before.get("appointment_id"):
            yield former
