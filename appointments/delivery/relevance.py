"""Whether a message that was put down earlier still holds when it is to be sent, and when it may be."""

import datetime

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from ..calendar.calling_hours import next_decent
from ..lifecycle.effects import offers
from ..models import CloseReason, Event, Message, Status

Kind = Message.Kind
TO_STAFF = (Kind.NEW_URGENT, Kind.CALLS_OVERDUE)
# Somebody who booked less than that before the time for the reminder needs none.
FRESH = datetime.timedelta(hours=24)
# What decides whether somebody sets out.
OF_A_VISIT = (Kind.BOOKED, Kind.MOVED, Kind.CANCELLED)
ON_THE_WAY = datetime.timedelta(hours=3)


def still_holds(message: Message) -> bool:
    """Needs `message.request` and `message.appointment`. Costs some statements for offered times, one or two else."""
    request, visit, now = message.request, message.appointment, timezone.now()
    match message.kind:
        case Kind.BOOKED | Kind.MOVED:
            return request.status == Status.BOOKED and request.appointment_id == visit.pk and visit.starts_at > now
        case Kind.REMINDER:
            is_on = request.status == Status.BOOKED and request.appointment_id == visit.pk and visit.starts_at > now
            is_fresh = visit.booked_at >= _time_of_reminder(visit) - FRESH
            return is_on and not is_fresh and not _has_another(message)
        case Kind.CANCELLED:
            is_off = request.appointment_id is None and visit.cancelled_at is not None and visit.starts_at > now
            return is_off and not _is_news(message)
        case Kind.RECEIVED:
            return request.status in (Status.WAITING, Status.CLAIMED)
        case Kind.UNREACHABLE if request.close_reason == CloseReason.UNREACHABLE:
            return True
        case Kind.CALL_MISSED | Kind.UNREACHABLE:
            # Who was reached since has no missed calls any more.
            is_missed = request.status in (Status.WAITING, Status.CLAIMED) and request.attempts_made > 0
            return is_missed and not _was_taken_back(message)
        case Kind.OFFERED:
            return bool(offers.open_times(request))
        case Kind.WITHDRAWN:
            return request.status == Status.CLOSED
        case Kind.NEW_URGENT:
            return request.status == Status.WAITING
    return True


def not_before(message: Message) -> datetime.datetime:
    """The earliest moment at which it may go.

    Texts ring, so they come at hours at which we would call; but what decides whether somebody sets out for a visit
    comes ON_THE_WAY before it at the latest.
    """
    earliest = message.send_at
    if message.kind == Kind.REMINDER:
        earliest = max(earliest, _time_of_reminder(message.appointment))
    if message.channel == Message.Channel.EMAIL:
        return earliest
    moment = max(earliest, timezone.now())
    at = next_decent(moment, message.request.zone)
    if message.kind in OF_A_VISIT:
        at = min(at, max(moment, message.appointment.starts_at - ON_THE_WAY))
    return earliest if at == moment else at


def _time_of_reminder(visit) -> datetime.datetime:
    return visit.starts_at - datetime.timedelta(hours=settings.REMINDER_HOURS)


def _was_taken_back(message: Message) -> bool:
    return message.request.events.filter(version=message.version + 1, verb=Event.Verb.UNDONE).exists()


def _has_another(message: Message) -> bool:
    """Whether the same is said by a message that was sent, or by a later one: a visit was given up and taken back."""
    same = {"kind": message.kind, "channel": message.channel, "appointment": message.appointment}
    later = Q(state=Message.State.WAITING, version__gt=message.version)
    return (
        message.request.messages.filter(Q(state=Message.State.SENT) | later, **same).exclude(pk=message.pk).exists()
    )


def _is_news(message: Message) -> bool:
    """Whether the patient knows of no visit that could be cancelled, by what was put down to be told before.

    Where nothing was put down they were told on the phone, or by messages that are deleted by now.
    """
    before = message.request.messages.filter(kind__in=OF_A_VISIT, version__lt=message.version)
    untold = Q(state=Message.State.DROPPED) | Q(state=Message.State.WAITING, lease=None)
    last_told = before.exclude(untold).order_by("version").last()
    return last_told.kind == Kind.CANCELLED if last_told else before.exists()
