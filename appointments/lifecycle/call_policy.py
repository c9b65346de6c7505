"""When to try again to reach somebody, and when to stop trying."""

import datetime
from itertools import takewhile

from django.conf import settings
from django.utils import timezone

from ..calendar.calling_hours import next_callable, part_of_day, windows
from ..calendar.opening_hours import BusinessHours
from ..models import AppointmentRequest

DAYS_TO_WAIT = 7


def is_exhausted(attempts_made: int) -> bool:
    """Whether a letter is due instead of another call."""
    return attempts_made >= settings.CALL_ATTEMPTS


def next_attempt(request: AppointmentRequest, *, after: datetime.datetime | None = None) -> datetime.datetime | None:
    """When to call somebody again who did not answer at `after` (now): HOURS_BETWEEN_CALLS later at least.

    At another part of the day than last time, if the patient's times leave one within DAYS_TO_WAIT. None when all
    attempts are made, or if the clinic is never open at a decent hour where the patient is.
    """
    if is_exhausted(request.attempts_made + 1):
        return None
    tried_at = after or timezone.now()
    earliest = tried_at + datetime.timedelta(hours=settings.HOURS_BETWEEN_CALLS)
    latest = earliest + datetime.timedelta(days=DAYS_TO_WAIT)
    place = {"zone": request.zone, "call_times": request.call_times, "hours": BusinessHours.of_the_clinic()}
    tried = part_of_day(tried_at, request.zone)
    for starts, _ends in takewhile(lambda window: window[0] < latest, windows(earliest, **place)):
        if part_of_day(max(starts, earliest), request.zone) != tried:
            return max(starts, earliest)
    return next_callable(earliest, **place)
