"""What patients and staff are told, and until when each of it is true.

Each kind has a template in templates/messages/ and, if it goes by text, one in templates/texts/.
"""

import datetime

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from ..models import Appointment, AppointmentRequest, ContactAttempt, Message, PatientMatch, Status
from . import call_policy, close_reasons
from .grammar import MessageKind
from .guards import OPEN_STATUSES
from .letters import no_call_will_help
from .offered_times import open_times
from .waits import late

# The events after which it is told how it stands, without that anything has changed.
REPEATING = ("corrected", "written_again")
# Somebody who booked less than that before the time for the reminder needs none.
FRESH = datetime.timedelta(hours=24)
# The messages by which nobody has learnt anything, and which nobody is sending.
UNTOLD = Q(state=Message.State.DROPPED) | Q(state=Message.State.WAITING, lease=None, handed_over_at=None)


def time_of_reminder(visit: Appointment) -> datetime.datetime:
    return visit.starts_at - datetime.timedelta(hours=settings.REMINDER_HOURS)


def _visit_is_on(message: Message) -> bool:
    request, visit = message.its_request, message.its_visit
    is_its_visit = request.status == Status.BOOKED and request.appointment_id == visit.pk
    return is_its_visit and visit.starts_at > timezone.now()


def _needs_a_reminder(message: Message) -> bool:
    is_fresh = message.its_visit.booked_at >= time_of_reminder(message.its_visit) - FRESH
    return _visit_is_on(message) and not is_fresh and not _has_another(message)


def _visit_is_off(message: Message) -> bool:
    visit = message.its_visit
    is_off = message.its_request.appointment_id is None and visit.cancelled_at is not None
    return is_off and visit.starts_at > timezone.now() and not _is_news(message)


def is_open(message: Message) -> bool:
    return message.its_request.status in OPEN_STATUSES


def _is_believed(message: Message) -> bool:
    """Who said that it is a person may take that back within seconds."""
    return is_open(message) and not message.its_request.doubts


def _is_called_again(message: Message) -> bool:
    """Whether of all calls that were missed it tells the last, and another is to follow."""
    request = message.its_request
    # Who was reached since has no missed calls any more.
    was_missed = request.attempts_made > 0 and not no_call_will_help(request)
    return is_open(message) and was_missed and _is_last_missed_call(message)


def _is_unreachable(message: Message) -> bool:
    request = message.its_request
    is_given_up = is_open(message) and call_policy.is_exhausted(request.attempts_made)
    is_closed_for_it = request.close_reason == close_reasons.UNREACHABLE.key
    return is_closed_for_it or (is_given_up and _is_last_missed_call(message))


def _is_last_missed_call(message: Message) -> bool:
    """After an outage several wait to be told. What was taken back is none of them."""
    request = message.its_request
    of_missed_calls = request.messages.filter(kind__in=(CALL_MISSED.key, UNREACHABLE.key), channel=message.channel)
    taken_back = request.events.filter(is_undone=True).values("version")
    return of_missed_calls.exclude(version__in=taken_back).order_by("version").last() == message


def _has_times_to_choose(message: Message) -> bool:
    return bool(open_times(message.its_request))


def _has_no_times_to_choose(message: Message) -> bool:
    return is_open(message) and not open_times(message.its_request)


def _number_is_wrong(message: Message) -> bool:
    return is_open(message) and message.its_request.phone_is_wrong and not _was_taken_back(message)


def is_closed(message: Message) -> bool:
    return message.its_request.status == Status.CLOSED


def _is_waiting(message: Message) -> bool:
    return _is_believed(message) and message.its_request.status == Status.WAITING


def _is_still_late(message: Message) -> bool:
    """Whether anything of which staff are told is still to be done, also by somebody who has claimed it since.

    They are told of each only once, and whoever claims it may let it lie.
    """
    # Whoever talks with the patient holds the request, and the call that was due goes on being its time.
    called = ContactAttempt.objects.standing().filter(request=OuterRef("pk"), at__gte=OuterRef("overdue_told"))
    told = late(AppointmentRequest.objects.all()).filter(overdue_told=F("wait_due"))
    return told.exclude(Exists(called)).exists()


def at_any_time(message: Message) -> bool:
    return True


def _is_for_the_record(message: Message) -> bool:
    """What perhaps no person sent is nothing for a record. A later one says how it stands as well as this one.

    Until staff have said who the patient is there, nothing goes, and then a new one.
    """
    request = message.its_request
    later = request.messages.filter(channel=Message.Channel.EHR, version__gt=message.version)
    is_open = PatientMatch.objects.open().filter(request=request)
    return not request.is_doubtful and not later.exists() and not is_open.exists()


def _was_taken_back(message: Message) -> bool:
    return message.its_request.events.filter(version=message.version, is_undone=True).exists()


def _has_another(message: Message) -> bool:
    """Whether the same is said by a message that was sent, or by a later one: a visit was given up and taken back."""
    same = {"kind": message.kind, "channel": message.channel, "appointment": message.appointment}
    later = Q(state=Message.State.WAITING, version__gt=message.version)
    return (
        message.its_request.messages.filter(Q(state=Message.State.SENT) | later, **same)
        .exclude(pk=message.pk)
        .exists()
    )


def _is_news(message: Message) -> bool:
    """Whether the patient knows of no visit that could be cancelled, by what was stored to be told before.

    Where nothing was stored they were told on the phone, or by messages that are deleted by now.
    """
    of_a_visit = [kind.key for kind in (BOOKED, MOVED, CANCELLED)]
    request = message.its_request
    # What only repeats how it stands, for a new address, is no telling: the visit was agreed before.
    repeated = request.events.filter(verb__in=REPEATING).values("version")
    before = request.messages.filter(kind__in=of_a_visit, version__lt=message.version).exclude(version__in=repeated)
    last_told = before.exclude(UNTOLD).order_by("version").last()
    return last_told.kind == CANCELLED.key if last_told else before.exists()


def visit_known_before(message: Message) -> Appointment | None:
    """The visit that clinician and front desk know of, if this is VISIT_NEWS, by what they were told last.

    Whoever was told nothing yet knows what stood before the first change that is kept to be told.
    """
    request = message.its_request
    stored = request.messages.filter(kind=VISIT_NEWS.key).order_by("version")
    told = stored.exclude(pk=message.pk).exclude(UNTOLD).last()
    if told:
        return told.appointment
    first = request.events.filter(version__in=stored.values("version")).order_by("version").first()
    former = first.before.get("appointment_id") if first else None
    visits = Appointment.objects.select_related("clinician", "place", "kind")
    return visits.filter(pk=former).first() if former else None


def _is_news_to_the_clinic(message: Message) -> bool:
    """Whether it says how it stands now, to somebody who knows it otherwise."""
    known, visit = visit_known_before(message), message.appointment
    is_as_it_stands = message.its_request.appointment_id == message.appointment_id
    concerned = visit or known
    is_to_come = concerned is not None and concerned.starts_at > timezone.now()
    return is_as_it_stands and known != visit and is_to_come and bool(_of_the_visits(message))


def _of_the_visits(message: Message) -> list[str]:
    """Both where it was and where it is now, each once."""
    visits = filter(None, (message.appointment, visit_known_before(message)))
    addresses = [who.email for visit in visits for who in (visit.clinician, visit.place)]
    return list(dict.fromkeys(filter(None, addresses)))


RECEIVED = MessageKind("received", "We have your request", _is_believed, by_text=False)
REFERENCE = MessageKind("reference", "The reference, asked for again", at_any_time)
OPENED = MessageKind("opened", "Opened in a new browser", at_any_time)
CALL_MISSED = MessageKind("call_missed", "We called and missed you", _is_called_again)
WRONG_NUMBER = MessageKind("wrong_number", "We have no working phone number", _number_is_wrong, by_text=False)
NO_TIMES_LEFT = MessageKind("no_times_left", "The times offered are gone", _has_no_times_to_choose)
MISSED_VISIT = MessageKind("missed_visit", "We missed you at your visit", is_open)
OFFERED = MessageKind("offered", "Choose a time", _has_times_to_choose)
BOOKED = MessageKind("booked", "Visit booked", _visit_is_on, calendar="REQUEST", decides_the_way=True)
MOVED = MessageKind("moved", "Visit moved", _visit_is_on, calendar="REQUEST", decides_the_way=True)
CANCELLED = MessageKind("cancelled", "Visit cancelled", _visit_is_off, calendar="CANCEL", decides_the_way=True)
REMINDER = MessageKind("reminder", "Reminder of the visit", _needs_a_reminder)
UNREACHABLE = MessageKind("unreachable", "We could not reach you", _is_unreachable)
WITHDRAWN = MessageKind("withdrawn", "You withdrew your request", is_closed, by_text=False, calendar="CANCEL")
NEW_URGENT = MessageKind("new_urgent", "To staff: new urgent request", _is_waiting, to_staff=True)
CALLS_OVERDUE = MessageKind("calls_overdue", "To staff: calls are overdue", _is_still_late, to_staff=True)
# One kind for booked, moved and cancelled: which of them it is follows from what they know when it is sent.
VISIT_NEWS = MessageKind(
    "visit_news",
    "To clinician and front desk: the visit",
    _is_news_to_the_clinic,
    to_staff=True,
    addresses=_of_the_visits,
)
# How it stands when it is sent, and not what happened.
FOR_THE_RECORD = MessageKind(
    "for_the_record", "To the health record: how it stands", _is_for_the_record, to_staff=True, to_ehr=True
)
