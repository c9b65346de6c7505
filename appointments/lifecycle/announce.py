"""Which change tells whom what, stored with the change: both or neither. Nothing is sent here."""

import uuid
from collections.abc import Iterable

from django.conf import settings

from screening.pathways import PATHWAYS

from ..models import Appointment, AppointmentRequest, Awaited, Message, Status, TextOptOut
from . import call_policy, message_kinds
from .grammar import MessageKind, Tells, always

Channel = Message.Channel

MOST_URGENT = {(one.key, one.priorities[0].key) for one in PATHWAYS.values()}


def _of_the_visit(request: AppointmentRequest, before: dict) -> list[tuple[MessageKind, uuid.UUID | None]]:
    former, visit = before.get("appointment_id", request.appointment_id), request.appointment_id
    if visit == former:
        return []
    news = _to_the_clinic(request, former)
    if visit is None:
        return [(message_kinds.CANCELLED, former), *news]
    return [(message_kinds.MOVED if former else message_kinds.BOOKED, visit), (message_kinds.REMINDER, visit), *news]


def _to_the_clinic(
    request: AppointmentRequest, former: uuid.UUID | None
) -> list[tuple[MessageKind, uuid.UUID | None]]:
    """Nothing, if neither clinician nor place wants to be told, nor was ever told of this request."""
    visits = Appointment.objects.filter(pk__in=filter(None, (former, request.appointment_id)))
    is_wanted = visits.exclude(clinician__email="", place__email="").exists()
    if is_wanted or request.messages.filter(kind=message_kinds.VISIT_NEWS.key).exists():
        return [(message_kinds.VISIT_NEWS, request.appointment_id)]
    return []


def _of_a_withdrawal(request: AppointmentRequest, before: dict) -> list[tuple[MessageKind, uuid.UUID | None]]:
    # Of the visit, too, if there was one.
    visit = before.get("appointment_id")
    return [(message_kinds.WITHDRAWN, visit), *(_to_the_clinic(request, visit) if visit else [])]


def _of_a_missed_call(request: AppointmentRequest, before: dict) -> list[tuple[MessageKind, None]]:
    if request.phone_is_wrong and not before.get("phone_is_wrong", request.phone_is_wrong):
        return [(message_kinds.WRONG_NUMBER, None)]
    attempts_before = before.get("attempts_made", request.attempts_made)
    if request.attempts_made <= attempts_before or call_policy.is_exhausted(attempts_before):
        # Nobody was missed, or it was said after the last call of the plan.
        return []
    is_last = call_policy.is_exhausted(request.attempts_made)
    return [(message_kinds.UNREACHABLE if is_last else message_kinds.CALL_MISSED, None)]


def _as_it_stands(request: AppointmentRequest) -> list[tuple[MessageKind, uuid.UUID | None]]:
    if request.status == Status.BOOKED:
        return [(message_kinds.BOOKED, request.appointment_id)]
    is_choosing = request.awaited == Awaited.CHOICE
    return [(message_kinds.OFFERED if is_choosing else message_kinds.RECEIVED, None)]


BOOKING = Tells((message_kinds.BOOKED, message_kinds.REMINDER, message_kinds.VISIT_NEWS), _of_the_visit)
MOVE = Tells((message_kinds.MOVED, message_kinds.REMINDER, message_kinds.VISIT_NEWS), _of_the_visit)
CANCELLATION = Tells((message_kinds.CANCELLED, message_kinds.VISIT_NEWS), _of_the_visit)
# What was taken back may have been any of these.
VISIT = Tells((*BOOKING.kinds, message_kinds.MOVED, message_kinds.CANCELLED), _of_the_visit)
MISSED_CALL = Tells(
    (message_kinds.CALL_MISSED, message_kinds.UNREACHABLE, message_kinds.WRONG_NUMBER), _of_a_missed_call
)
OFFER = always(message_kinds.OFFERED)
NO_TIMES_LEFT = always(message_kinds.NO_TIMES_LEFT)
MISSED_VISIT = always(message_kinds.MISSED_VISIT)
# What stands now, for whoever may not have it, or not in this way.
AS_IT_STANDS = Tells(
    (message_kinds.BOOKED, message_kinds.OFFERED, message_kinds.RECEIVED),
    lambda request, before: _as_it_stands(request),
)
NEW_ADDRESS = Tells(
    AS_IT_STANDS.kinds,
    lambda request, before: (
        _as_it_stands(request) if {"email", "email_fails"} & before.keys() and request.email else []
    ),
)
WITHDRAWAL = Tells((message_kinds.WITHDRAWN, message_kinds.VISIT_NEWS), _of_a_withdrawal)
# What no change calls for, but that a request comes in or is opened, that its reference is lost, or nothing happens.
ARRIVAL = Tells(
    (message_kinds.RECEIVED, message_kinds.NEW_URGENT, message_kinds.FOR_THE_RECORD),
    lambda request, before: [
        (message_kinds.RECEIVED, None),
        *([(message_kinds.NEW_URGENT, None)] if (request.pathway, request.priority) in MOST_URGENT else []),
        (message_kinds.FOR_THE_RECORD, None),
    ],
)
# Of whatever changes.
FOR_THE_RECORD = always(message_kinds.FOR_THE_RECORD)
LOST_REFERENCE = always(message_kinds.REFERENCE)
OPENED = always(message_kinds.OPENED)
DELAY = always(message_kinds.CALLS_OVERDUE)


def store(tells: Iterable[Tells], request: AppointmentRequest | None, before: dict | None = None) -> None:
    """Store what is to be told, by each way that was agreed to, for a worker to send.

    `request` is as it is now, `before` what the columns that changed held. Costs one statement, and none if there is
    nothing to tell or nobody to tell it; about a visit, one or two more that look for whom of the clinic to tell; and
    one for each kind that may go by text, that looks for a STOP.
    """
    messages = [
        _message(request, kind, channel, visit)
        for each in tells
        for kind, visit in each.which(request, before or {})
        for channel in _channels(kind, request)
    ]
    if messages:
        Message.objects.bulk_create(messages)


def remind(request: AppointmentRequest) -> None:
    """Store the reminder of its visit for each way by which none was ever stored.

    Booking stores it already, but not for an address given since, nor did a release that knew of no reminders.
    """
    kind, visit = message_kinds.REMINDER, request.appointment_id
    stored = set(request.messages.filter(kind=kind.key, appointment=visit).values_list("channel", flat=True))
    ways = [way for way in _channels(kind, request) if way not in stored]
    Message.objects.bulk_create(_message(request, kind, way, visit) for way in ways)


def _message(
    request: AppointmentRequest | None, kind: MessageKind, channel: Channel, visit: uuid.UUID | None
) -> Message:
    version = request.version if request else 0
    return Message(request=request, kind=kind.key, channel=channel, appointment_id=visit, version=version)


def ways_to_reach(request: AppointmentRequest) -> list[Channel]:
    """How the patient can be written to; by none of them, only the phone and a letter are left.

    Costs a statement where only a STOP could keep texts from them.
    """
    channels = []
    if settings.SENDS_EMAILS and request.email and not request.email_fails:
        channels.append(Channel.EMAIL)
    # No text reaches an extension, and on a wrong number a stranger reads it.
    may_text = request.texts_ok and ";" not in request.phone and not request.phone_is_wrong and not request.texts_fail
    if settings.TEXTS != "off" and may_text and not TextOptOut.objects.has(request.phone):
        channels.append(Channel.TEXT)
    return channels


def _channels(kind: MessageKind, request: AppointmentRequest | None) -> list[Channel]:
    if kind.to_ehr:
        return [Channel.EHR] if settings.EHR_URL and request else []
    # Who was told of a visit has to hear that it is off, whoever asked for it.
    if kind.addresses:
        return [Channel.EMAIL] if settings.SENDS_EMAILS else []
    # Nobody whose request may be a joke at their expense is written to, nor is staff called to it.
    if request and request.doubts:
        return []
    if kind.to_staff:
        return [Channel.EMAIL] if settings.SENDS_EMAILS and settings.STAFF_EMAILS else []
    # About no request there is nobody to tell but staff.
    if request is None:
        return []
    return [way for way in ways_to_reach(request) if way is Channel.EMAIL or kind.goes_by_text]
