"""Decides who is told what when a request comes in or changes, and stores that with the change: both or neither."""

from django.conf import settings

from screening.pathways import PATHWAY

from ..models import AppointmentRequest, CloseReason, Event, Message
from . import call_policy

Kind = Message.Kind
Channel = Message.Channel

# What a text adds nothing to: the patient sees it on the screen at that moment.
BY_EMAIL_ONLY = (Kind.RECEIVED, Kind.WITHDRAWN)
MOST_URGENT = PATHWAY.priorities[0].key


def new_request(request: AppointmentRequest) -> None:
    """Costs one statement, and none if there is nobody to tell."""
    messages = _to_patient(request, Kind.RECEIVED)
    if request.priority == MOST_URGENT and not request.doubts:
        messages += _to_staff(Kind.NEW_URGENT, request)
    _put(messages)


def changed(request: AppointmentRequest, *, before: dict, verb: str) -> None:
    """Tell the patient what a change means for them, whichever verb made it.

    `request` is as it is now, `before` what the columns that changed held. Costs one statement, and none if there is
    nothing to tell.
    """
    kinds = [*_of_the_visit(request, before), *_of_the_request(request, before, verb)]
    _put([message for kind, visit in kinds for message in _to_patient(request, kind, visit)])


def calls_overdue() -> None:
    _put(_to_staff(Kind.CALLS_OVERDUE))


def _of_the_visit(request: AppointmentRequest, before: dict):
    former, visit = before.get("appointment_id", request.appointment_id), request.appointment_id
    if visit == former:
        return []
    if visit is None:
        # A patient who withdraws is told of the visit in the same message.
        return [] if request.close_reason == CloseReason.WITHDRAWN else [(Kind.CANCELLED, former)]
    return [(Kind.MOVED if former else Kind.BOOKED, visit), (Kind.REMINDER, visit)]


def _of_the_request(request: AppointmentRequest, before: dict, verb: str):
    match verb:
        case Event.Verb.CALLED if request.attempts_made > before["attempts_made"]:
            if call_policy.is_exhausted(before["attempts_made"]):
                # It was said after the last call of the plan.
                return []
            is_last = call_policy.is_exhausted(request.attempts_made)
            return [(Kind.UNREACHABLE if is_last else Kind.CALL_MISSED, None)]
        case Event.Verb.OFFERED:
            return [(Kind.OFFERED, None)]
        case Event.Verb.WITHDREW:
            return [(Kind.WITHDRAWN, before.get("appointment_id"))]
    return []


def _to_patient(request: AppointmentRequest, kind: Kind, visit=None) -> list[Message]:
    """By each way that was agreed to. Nobody whose request may be a joke at their expense is written to."""
    if request.doubts:
        return []
    channels = []
    if settings.SENDS_EMAILS and request.email:
        channels.append(Channel.EMAIL)
    # No text reaches an extension.
    if settings.TEXTS != "off" and request.texts_ok and ";" not in request.phone and kind not in BY_EMAIL_ONLY:
        channels.append(Channel.TEXT)
    return [
        Message(request=request, kind=kind, channel=channel, appointment_id=visit, version=request.version)
        for channel in channels
    ]


def _to_staff(kind: Kind, request: AppointmentRequest | None = None) -> list[Message]:
    if not (settings.SENDS_EMAILS and settings.STAFF_EMAILS):
        return []
    return [Message(request=request, kind=kind, channel=Channel.EMAIL)]


def _put(messages: list[Message]) -> None:
    if messages:
        Message.objects.bulk_create(messages)
