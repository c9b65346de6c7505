"""Whether a message that was put down earlier still holds when it is to be sent, and when it may be."""

import datetime

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from ..call_windows import is_decent_hour
from ..models import AppointmentRequest, CloseReason, Event, Message, Status

Kind = Message.Kind
TO_STAFF = (Kind.NEW_URGENT, Kind.CALLS_OVERDUE)
# Somebody who booked less than that before the time for the reminder needs none.
FRESH = datetime.timedelta(hours=24)


def still_holds(message: Message) -> bool:
    """Needs `message.request` and `message.appointment`. Costs one statement for what may have been taken back."""
    request, visit, now = message.request, message.appointment, timezone.now()
    match message.kind:
        case Kind.BOOKED | Kind.MOVED:
            return request.status == Status.BOOKED and request.appointment_id == visit.pk and visit.starts_at > now
        case Kind.REMINDER:
            is_on = request.status == Status.BOOKED and request.appointment_id == visit.pk and visit.starts_at > now
            return is_on and visit.booked_at < _time_of_reminder(visit) - FRESH
        case Kind.CANCELLED:
            is_off = request.appointment_id is None and visit.cancelled_at is not None and visit.starts_at > now
            return is_off and _was_told_of_a_visit(request)
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
    if is_decent_hour(moment, message.request.zone):
        return earliest
    while not is_decent_hour(moment, message.request.zone):
        moment = moment.replace(minute=0, second=0, microsecond=0) + datetime.timedelta(hours=1)
    return moment


def _time_of_reminder(visit) -> datetime.datetime:
    return visit.starts_at - datetime.timedelta(hours=settings.REMINDER_HOURS)


def _was_taken_back(message: Message) -> bool:
    return message.request.events.filter(version=message.version + 1, verb=Event.Verb.UNDONE).exists()


def _was_told_of_a_visit(request: AppointmentRequest) -> bool:
    """Also if somebody is just telling them."""
    told = request.messages.filter(kind__in=(Kind.BOOKED, Kind.MOVED))
    return told.filter(Q(state=Message.State.SENT) | Q(lease__isnull=False)).exists()
