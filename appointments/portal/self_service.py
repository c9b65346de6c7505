"""What patients can do with their own request: see what happened, correct how to reach them, withdraw it."""

import datetime
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

import audit

from ..calendar.calling_hours import is_elsewhere, zone_of
from ..lifecycle import call_policy
from ..lifecycle.effects import duplicates, offers
from ..lifecycle.effects.booking import appointment_of, cancel_appointment
from ..lifecycle.transition import NOBODY, Refused, change
from ..models import Appointment, AppointmentRequest, CloseReason, ContactAttempt, Event, Status

NOT_CLOSED = ~Q(status=Status.CLOSED)


def find(reference: str, date_of_birth: datetime.date) -> AppointmentRequest | None:
    return AppointmentRequest.objects.filter(reference=reference, date_of_birth=date_of_birth).first()


@audit.atomic()
def withdraw(request: AppointmentRequest) -> None:
    """Close the request, and give a booked time free. Raises Refused if it is closed, or the visit has begun."""
    appointment = appointment_of(request)
    if is_past(appointment):
        raise Refused("The visit has begun.")
    change(
        request,
        by=None,
        verb=Event.Verb.WITHDREW,
        allowed=NOT_CLOSED & Q(appointment=appointment),
        details=str(appointment or ""),
        appointment=None,
        next_call_at=None,
        is_promised=False,
        closed_at=timezone.now(),
        close_reason=CloseReason.WITHDRAWN,
        **NOBODY,
    )
    cancel_appointment(appointment)


def is_past(visit: Appointment | None) -> bool:
    """Whether the visit has begun: from then on only staff can say what came of it."""
    return visit is not None and visit.starts_at <= timezone.now()


def correct_phone(request: AppointmentRequest, phone: str) -> None:
    change(
        request, by=None, verb=Event.Verb.PHONE_CORRECTED, allowed=NOT_CLOSED, phone=phone, time_zone=zone_of(phone)
    )
    duplicates.look_for(request)


def change_call_times(request: AppointmentRequest, call_times: list[str]) -> None:
    change(request, by=None, verb=Event.Verb.CALL_TIMES_CHANGED, allowed=NOT_CLOSED, call_times=call_times)


def status_in_words(request: AppointmentRequest) -> str:
    """Where the request stands now, and what comes next."""
    match request.status:
        case Status.BOOKED if is_past(request.appointment):
            return _("Your visit was on {when}.").format(when=_moment(request.appointment.starts_at))
        case Status.BOOKED:
            return _("Your visit is booked for {when}. Place: {place}. You see {clinician}.").format(
                when=_moment(request.appointment.starts_at),
                place=" ".join(filter(None, (request.appointment.place.name, request.appointment.place.address))),
                clinician=request.appointment.clinician.name,
            )
        case Status.CLOSED:
            return _closed_in_words(request.close_reason)
    if request.is_promised and request.next_call_at and request.next_call_at > timezone.now():
        return _("We plan to call you on {when}.").format(when=_moment(request.next_call_at, request.zone))
    if offers.open_times(request):
        return _("We offered you times for a visit. Please choose one by the link we gave you, or call us.")
    if call_policy.is_exhausted(request.attempts_made):
        return _("We called and could not reach you. Please call us if you still want a visit.")
    if request.attempts_made:
        return _("We called and did not reach you. We will try again at another time.")
    return _("We have your request. Someone will call you as soon as possible.")


def _closed_in_words(reason: str) -> str:
    match reason:
        case CloseReason.ATTENDED:
            return _("You came to your visit. This request is closed.")
        case CloseReason.WITHDRAWN:
            return _("You withdrew this request. We will not call you about it.")
        case CloseReason.UNREACHABLE:
            return _("We could not reach you, so this request is closed. Please call us if you still want a visit.")
    return _("This request is closed. Please call us if you have questions or still want a visit.")


def story(request: AppointmentRequest) -> list[tuple[datetime.datetime, str]]:
    """What happened so far, oldest first, in words that say nothing about health. Costs two statements.

    What staff did by mistake and took back did not happen.
    """
    told = [(request.created_at, _("You asked for a visit."))]
    told += [(attempt.at, _attempt_in_words(attempt)) for attempt in request.contact_attempts.filter(is_undone=False)]
    events = list(request.events.all())
    taken_back = {event.version - 1 for event in events if event.verb == Event.Verb.UNDONE}
    told += [
        (event.at, words) for event in events if event.version not in taken_back and (words := _event_in_words(event))
    ]
    return sorted(told)


def _attempt_in_words(attempt: ContactAttempt) -> str:
    match attempt.outcome:
        case ContactAttempt.Outcome.REACHED | ContactAttempt.Outcome.CALL_BACK:
            return _("We talked with you.")
        case ContactAttempt.Outcome.VOICEMAIL:
            return _("We called and left a message.")
        case ContactAttempt.Outcome.SENT:
            return _("We wrote to you.")
    return _("We called and did not reach you.")


def _event_in_words(event: Event) -> str | None:
    return {
        Event.Verb.BOOKED: _("We booked your visit."),
        Event.Verb.RESCHEDULED: _("We moved your visit."),
        Event.Verb.CANCELLED: _("Your visit was cancelled."),
        Event.Verb.CLOSED: _("We closed your request."),
        Event.Verb.REOPENED: _("We opened your request again."),
        Event.Verb.WITHDREW: _("You withdrew your request."),
        Event.Verb.PHONE_CORRECTED: _("You corrected your phone number."),
        Event.Verb.CALL_TIMES_CHANGED: _("You changed when we may call."),
    }.get(event.verb)


def _moment(moment: datetime.datetime, zone: ZoneInfo | None = None) -> str:
    """For the end of a sentence, whose full stop it leaves out where a time ends with one, like "9 a.m."."""
    local = timezone.localtime(moment, zone)
    date, time = date_format(local, "DATE_FORMAT"), date_format(local, "TIME_FORMAT")
    if zone and is_elsewhere(zone, moment):
        city = zone.key.rpartition("/")[2].replace("_", " ")
        return _("{date} at {time} ({city} time)").format(date=date, time=time, city=city)
    return _("{date} at {time}").format(date=date, time=time).removesuffix(".")
