"""What became of a request, in the patient's words."""

import datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from ..calendar.moments import call_in_words, visit_in_words
from ..models import Appointment, AppointmentRequest, Awaited, Event, Status
from . import call_policy
from .definition import LIFECYCLE
from .guards import FIRST_CALL_IS_LATE, PROMISED_CALL_IS_LATE
from .offered_times import open_times

# As templates/common/next_step.html has it.
NEXT_STEP = gettext_noop("Someone will call you as soon as possible.")


def find(reference: str) -> AppointmentRequest | None:
    return AppointmentRequest.objects.filter(reference=reference).first()


def is_past(visit: Appointment | None) -> bool:
    """Whether the visit has begun: from then on only staff can say what came of it."""
    return visit is not None and visit.starts_at <= timezone.now()


def status_in_words(request: AppointmentRequest) -> str:
    """Where the request stands now, and what comes next."""
    visit = request.appointment
    match request.status:
        case Status.BOOKED if visit and is_past(visit):
            return _("Your visit was on {when}.").format(when=visit_in_words(visit.starts_at, request.zone))
        case Status.BOOKED if visit:
            booked = _("Your visit is booked for {when}. Place: {place}. You see {clinician}.").format(
                when=visit_in_words(visit.starts_at, request.zone),
                place=", ".join(filter(None, (visit.place.name, visit.place.address))),
                clinician=visit.clinician.name,
            )
            return f"{booked} {_('We will call you about it.')}" if request.call_by else booked
        case Status.CLOSED:
            return _closed_in_words(request.close_reason)
    now = timezone.now()
    if FIRST_CALL_IS_LATE.holds(request, None, now) or PROMISED_CALL_IS_LATE.holds(request, None, now):
        return _("We are late with our call. We are sorry.")
    if (
        request.is_promised
        and request.call_by
        and request.next_call_at
        and request.next_call_at <= now <= request.call_by
    ):
        return _("We call you by {when}.").format(when=call_in_words(request.call_by, request.zone))
    if request.is_promised and request.next_call_at and request.next_call_at > now:
        return _("We plan to call you on {when}.").format(when=call_in_words(request.next_call_at, request.zone))
    if request.awaited == Awaited.CHOICE and open_times(request):
        return _("We offered you times for a visit. Please choose one.")
    if request.phone_is_wrong:
        return _("The phone number that we have is wrong. Please correct it, or call us.")
    if call_policy.is_exhausted(request.attempts_made):
        return _("We called and could not reach you. Please call us if you still want a visit.")
    if request.attempts_made:
        return _("We called and did not reach you. We will try again at another time.")
    have = _("We have your request.")
    return f"{have} {next_step(request)}"


def next_step(request: AppointmentRequest) -> str:
    """What comes after it was sent: the call, by the time at which staff see it as due."""
    call_by = call_policy.told_call_by(request)
    return _("We call you by {when}.").format(when=call_in_words(call_by, request.zone)) if call_by else _(NEXT_STEP)


def _closed_in_words(key: str) -> str:
    reason = LIFECYCLE.reason(key)
    if reason and reason.patient_reads:
        return str(reason.patient_reads)
    return _("This request is closed. Please call us if you have questions or still want a visit.")


def story(request: AppointmentRequest) -> list[tuple[datetime.datetime, str]]:
    """What happened so far, oldest first, in words that say nothing about health. Costs one statement.

    What staff did by mistake and took back did not happen.
    """
    told = [(request.created_at, _("You asked for a visit."))]
    for event in request.events.standing().select_related("attempt"):
        if words := _in_words(event):
            told.append((event.at, words))
    return sorted(told)


def _in_words(event: Event) -> str:
    verb = LIFECYCLE.of_event(event.verb)
    reads = verb.patient_reads if verb else None
    return str(reads(event) if callable(reads) else reads or "")
