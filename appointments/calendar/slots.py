"""Times at which a visit can be booked: consulting hours, less holidays and what is booked."""

import datetime
from typing import NamedTuple

from django.conf import settings
from django.utils import timezone

from ..models import Appointment, Clinician, ConsultingHours, Holiday, Place

DAYS_AHEAD = 60


class Slot(NamedTuple):
    starts_at: datetime.datetime
    clinician: Clinician
    place: Place

    def __str__(self) -> str:
        return f"{timezone.localtime(self.starts_at):%a %b %-d, %-I:%M %p}, {self.place}, {self.clinician}"


def free_slots(*, most: int, most_a_day: int | None = None, since: datetime.datetime | None = None) -> list[Slot]:
    """The next free times, the earliest first; of each day, if need be, some from its morning to its end.

    Costs three statements.
    """
    since = since or timezone.now()
    zone = timezone.get_default_timezone()
    today = since.astimezone(zone).date()
    until = today + datetime.timedelta(days=DAYS_AHEAD)
    holidays = set(Holiday.objects.filter(date__range=(today, until)).values_list("date", flat=True))
    consulting = list(
        ConsultingHours.objects.filter(clinician__is_active=True, place__is_active=True).select_related(
            "clinician", "place"
        )
    )
    taken: dict[int, list[Appointment]] = {}
    for visit in Appointment.objects.filter(cancelled_at=None, ends_at__gt=since):
        taken.setdefault(visit.clinician_id, []).append(visit)

    length = datetime.timedelta(minutes=settings.VISIT_MINUTES)
    found: list[Slot] = []
    for days in range(DAYS_AHEAD):
        day = today + datetime.timedelta(days=days)
        if day in holidays:
            continue
        on_this_day = []
        for hours in consulting:
            if hours.weekday != day.weekday():
                continue
            starts_at, ends = (
                datetime.datetime.combine(day, time, zone).astimezone(datetime.UTC)
                for time in (hours.starts, hours.ends)
            )
            visits = taken.get(hours.clinician_id, [])
            while starts_at + length <= ends:
                if starts_at > since and not any(
                    visit.starts_at < starts_at + length and starts_at < visit.ends_at for visit in visits
                ):
                    on_this_day.append(Slot(starts_at, hours.clinician, hours.place))
                starts_at += length
        on_this_day.sort(key=lambda free: (free.starts_at, free.clinician.name))
        found += _spread(on_this_day, most_a_day) if most_a_day else on_this_day
        if len(found) >= most:
            break
    return found[:most]


def _spread(times: list[Slot], most: int) -> list[Slot]:
    if len(times) <= most:
        return times
    return [times[number * len(times) // most] for number in range(most)]


def holiday_at(starts_at: datetime.datetime) -> Holiday | None:
    # By the clinic's clock, also where a patient sees times by their own.
    return Holiday.objects.filter(date=timezone.localdate(starts_at, timezone.get_default_timezone())).first()


def is_free(clinician: Clinician, starts_at: datetime.datetime) -> bool:
    """Whether the clinic is open that day and nobody has the time now; somebody may have it a moment later."""
    if holiday_at(starts_at):
        return False
    ends_at = starts_at + datetime.timedelta(minutes=settings.VISIT_MINUTES)
    overlapping = Appointment.objects.filter(clinician=clinician, starts_at__lt=ends_at, ends_at__gt=starts_at)
    return not overlapping.filter(cancelled_at=None).exists()
