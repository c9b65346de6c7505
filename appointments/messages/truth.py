"""Whether a message that was put down earlier still holds when it is to be sent, and when it may be."""

import datetime

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from ..call_windows import next_decent
from ..models import AppointmentRequest, CloseReason, Event, Message, Status

Kind = Message.Kind
TO_STAFF = (Kind.NEW_URGENT, Kind.CALLS_OVERDUE)
# Somebody who booked less than that before the time for the reminder needs none.
FRESH = datetime.timedelta(hours=24)


def still_holds(message: Message) -> bool:
    """Needs `message.request` and `message.appointment`. Costs one statement for what other messages decide."""
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
            return is_off and not _is_news(request)
        case Kind.RECEIVED:
            return request.status in (Status.WAITING, Status.CLAIMED)
        case Kind.UNREACHABLE if request.close_reason == CloseReason.UNREACHABLE:
            return True
        case Kind.CALL_MISSED | Kind.UNREACHABLE:
            # Who was reached since has no missed calls any more.
            is_missed = request.status in (Status.WAITING, Status.CLAIMED) and request.attempts_made > 0
            return is_missed and not _was_taken_back(message)
        case Kind.OFFERED:
            is_open = request.status in (Status.WAITING, Status.CLAIMED)
            return is_open and request.offered_times.filter(starts_at__gt=now).exists()
        case Kind.WITHDRAWN:
            return request.status == Status.CLOSED
        case Kind.NEW_URGENT:
            return request.status == Status.WAITING
    return True


def not_before(message: Message) -> datetime.datetime:
    """The earliest moment at which it may go. Texts ring, so they come at hours at which we would call."""
    earliest = message.send_at
    if message.kind == Kind.REMINDER:
        earliest = max(earliest, _time_of_reminder(message.appointment))
    if message.channel == Message.Channel.EMAIL:
        return earliest
    moment = max(earliest, timezone.now())
    decent = next_decent(moment, message.request.zone)
    return earliest if decent == moment else decent


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


def _is_news(request: AppointmentRequest) -> bool:
    """Whether nobody has told the patient of a visit, though that was put down to be told.

    Who was told by nothing of ours was told on the phone, or by messages that are deleted by now.
    """
    states = request.messages.filter(kind__in=(Kind.BOOKED, Kind.MOVED)).values_list("state", "lease")
    not_told = [
        state == Message.State.DROPPED or (state == Message.State.WAITING and lease is None)
        for state, lease in states
    ]
    return bool(not_told) and all(not_told)
