"""When to try again to reach somebody, and when to stop trying."""

import datetime
from itertools import takewhile

from django.utils import timezone

from common.clinic import CLINIC
from screening.pathways import PATHWAYS

from ..calendar.calling_hours import next_callable, part_of_day, windows
from ..calendar.opening_hours import BusinessHours
from ..models import Appointment, AppointmentRequest

DAYS_TO_WAIT = 7
# How long we wait for an answer: to an e-mail in business days, to a letter in days, which the mail needs too.
EMAIL_BUSINESS_DAYS = 2
LETTER_DAYS = 14
# So many business days before a visit its pictures and reports are here.
RECORDS_BUSINESS_DAYS = 2
# So long before a visit at the latest, what has to be said about it is said: then the patient sets out.
BEFORE_A_VISIT = datetime.timedelta(hours=1)
# How far ahead a call may be promised.
PROMISED_WITHIN_DAYS = 60
BUSINESS_DAYS = {(one.key, each.key): each.business_days for one in PATHWAYS.values() for each in one.priorities}


def soon(*, business_days: int = 1) -> datetime.datetime:
    """By when staff do what can wait for no more than that: the close of the so many-th next business day."""
    return BusinessHours.of_the_clinic().end_of_day(timezone.now(), business_days=business_days)


def move_by(visit: Appointment) -> datetime.datetime:
    """By when a visit is moved that cannot stay where it is: soon, and before the patient sets out for it."""
    return min(soon(), _before(visit))


def in_time(request: AppointmentRequest, at: datetime.datetime) -> datetime.datetime:
    """Then, but before the patient sets out for the visit that is booked, if one is to come."""
    visit = request.appointment
    return min(at, _before(visit)) if visit and visit.starts_at > timezone.now() else at


def _before(visit: Appointment) -> datetime.datetime:
    """Before the patient sets out for it, or if that is over, before it begins."""
    sets_out = visit.starts_at - BEFORE_A_VISIT
    return sets_out if sets_out > timezone.now() else visit.starts_at


def records_by(starts_at: datetime.datetime) -> datetime.datetime:
    """By when the records of a visit that is booked now are here, so that it can still be moved without them.

    Of a visit that is too soon for that, by the close of this business day, if that is before it.
    """
    in_time = BusinessHours.of_the_clinic().end_of_day_before(starts_at, business_days=RECORDS_BUSINESS_DAYS)
    return max(in_time, min(soon(business_days=0), starts_at))


def may_wait_until(request: AppointmentRequest) -> datetime.datetime:
    """How long at most something may stand between a request and its next call: by its priority, and its visit."""
    return in_time(request, soon(business_days=BUSINESS_DAYS.get((request.pathway, request.priority), 1)))


def told_call_by(request: AppointmentRequest) -> datetime.datetime | None:
    """By when the patient reads that the next call comes: as staff see it due, unless the clinic does not tell.

    After the first call that is known only where somebody is to call by then.
    """
    was_called = request.attempts_made or request.reached_at or request.next_call_at
    due = request.call_by or (None if was_called else request.due_at)
    return due if due and CLINIC.tells_call_by and due > timezone.now() else None


def is_exhausted(attempts_made: int) -> bool:
    """Whether a letter is due instead of another call."""
    return attempts_made >= CLINIC.call_attempts


def next_attempt(request: AppointmentRequest, *, after: datetime.datetime | None = None) -> datetime.datetime | None:
    """When to call somebody again who did not answer at `after` (now), at least the time between calls later.

    At another part of the day than last time, if the patient's times leave one within DAYS_TO_WAIT. None when all
    attempts are made, or if the clinic is never open at a decent hour where the patient is.
    """
    if is_exhausted(request.attempts_made + 1):
        return None
    tried_at = after or timezone.now()
    earliest = tried_at + CLINIC.time_between_calls
    latest = earliest + datetime.timedelta(days=DAYS_TO_WAIT)
    place = {"zone": request.zone, "call_times": request.call_times, "hours": BusinessHours.of_the_clinic()}
    tried = part_of_day(tried_at, request.zone)
    for starts, _ends in takewhile(lambda window: window[0] < latest, windows(earliest, **place)):
        if part_of_day(max(starts, earliest), request.zone) != tried:
            return max(starts, earliest)
    return next_callable(earliest, **place)
