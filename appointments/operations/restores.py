"""A database that was restored from a backup: what would be sent from it again, and what it has forgotten."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Count, Min
from django.utils import timezone

import audit
from audit.models import AuditEntry

from .. import journal
from ..lifecycle.effects import erasure
from ..lifecycle.message_kinds import REMINDER
from ..models import AppointmentRequest, Incarnation, Message, MessageQuerySet, TextOptOut

State = Message.State


@dataclass(frozen=True)
class Group:
    """The messages of one kind by one channel."""

    kind: str
    channel: Message.Channel
    count: int
    oldest: datetime.datetime


def undecided(restored: Incarnation) -> MessageQuerySet:
    """What was due before the restore was noticed, and may have been sent after the backup was made.

    What was to be sent later, as a reminder is, nobody can have sent: it goes when it is due, if it is true then.
    """
    due = Message.objects.filter(state=State.WAITING, send_at__lte=restored.noticed_at)
    # A reminder is stored with the visit, and put off to its time when a worker looks at it first.
    visits_later = restored.noticed_at + datetime.timedelta(hours=settings.REMINDER_HOURS)
    return due.exclude(kind=REMINDER.key, appointment__starts_at__gt=visits_later).order_by("send_at", "pk")


def groups(restored: Incarnation) -> list[Group]:
    found = undecided(restored).order_by("kind", "channel").values_list("kind", "channel")
    counted = found.annotate(Count("pk"), oldest=Min("created_at"))
    return [Group(kind, Message.Channel(channel), count, oldest) for kind, channel, count, oldest in counted]


@audit.atomic()
def drop(messages: MessageQuerySet, *, by: User | None = None) -> int:
    """These are never sent; give how many there were."""
    about = dict(messages.values_list("pk", "request"))
    dropped = Message.objects.filter(pk__in=about, state=State.WAITING)
    count = dropped.update(state=State.DROPPED, done_at=timezone.now(), lease=None)
    if count:
        requests = {request for request in about.values() if request}
        details = f"{count} messages dropped after a restore"
        audit.record(AuditEntry.Action.CHANGE, by=by, requests=requests, details=details)
    return count


@audit.atomic()
def acknowledge(restored: Incarnation, *, by: User | None = None) -> int:
    """Workers go on, with what was not dropped; give how many messages these are."""
    count = undecided(restored).count()
    if Incarnation.objects.filter(pk=restored.pk, acknowledged_at=None).update(acknowledged_at=timezone.now()):
        details = f"a restore was acknowledged: {count} messages are sent"
        audit.record(AuditEntry.Action.RESTORE, by=by, details=details)
    return count


@audit.atomic()
def apply(log: Iterable[str]) -> tuple[int, int]:
    """Do again what these lines say was done; give how many requests were erased, and how many phones said STOP.

    May be done twice, and with lines of before the backup. A request is erased whatever holds it by now: it was
    erased before. A number alone says nothing, because it may be another's since.
    """
    erased, stopped = [], set()
    for line in journal.read(log):
        if line.what == journal.ERASED:
            request = AppointmentRequest.objects.select_for_update().filter(pk=line.number).first()
            if request and line.digest in journal.digests(request.reference, salt=journal.REFERENCES):
                erasure.delete([request])
                erased.append(line.number)
        elif line.what == journal.STOPPED:
            TextOptOut.objects.bulk_create([TextOptOut(phone=line.digest, at=line.at)], ignore_conflicts=True)
            stopped.add(line.digest)
        else:
            TextOptOut.objects.filter(phone=line.digest).delete()
            stopped.discard(line.digest)
    if erased:
        audit.record(AuditEntry.Action.ERASE, requests=erased, details="erased before a restore, and so again")
    return len(erased), len(stopped)
