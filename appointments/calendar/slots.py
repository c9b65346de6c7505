"""The clinic's calendar: who sees patients where and when, and so which times are free, and why others are not."""

import datetime
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from django.apps import AppConfig
from django.conf import settings
from django.db import connections
from django.db.models import Q
from django.db.models.signals import post_migrate
from django.utils import timezone

from ..models import (
    Absence,
    Appointment,
    AppointmentRequest,
    Clinician,
    ConsultingHours,
    ExtraHours,
    Holiday,
    OpeningHours,
    Place,
    PlaceHours,
    VisitKind,
)

DAYS_AHEAD = 60
# How far ahead a visit can be booked; nobody looks through so many free times.
DAYS_BOOKED_AHEAD = 180
DAY = datetime.timedelta(days=1)

Stretch = tuple[datetime.datetime, datetime.datetime]


class Slot(NamedTuple):
    starts_at: datetime.datetime
    clinician: Clinician
    place: Place

    def __str__(self) -> str:
        return f"{timezone.localtime(self.starts_at):%a %b %-d, %-I:%M %p}, {self.place}, {self.clinician}"


class Calendar:
    """What is stored of so many days from `since`, which is now if nothing is said; of all that come if None.

    Given the key of a pathway, it is that of visits `about` it: kinds and clinicians that are for others have none.

    Each table is read when it is first needed, and once: ten statements at most, whatever is asked afterwards.
    """

    def __init__(
        self, since: datetime.datetime | None = None, *, days: int | None = DAYS_AHEAD, about: str = ""
    ) -> None:
        self.about = about
        self._since = since or timezone.now()
        self._days = days
        # By the clinic's clock, also where a patient sees times by their own.
        self._zone = timezone.get_default_timezone()
        self._known_hours: dict[datetime.date, dict[tuple[Clinician, Place], list[Stretch]]] = {}

    @classmethod
    def around(cls, moment: datetime.datetime) -> "Calendar":
        """Enough to ask about a visit that begins then."""
        return cls(moment - DAY, days=3)

    @classmethod
    def until(cls, moment: datetime.datetime) -> "Calendar":
        """Enough to ask about visits that begin from now until then."""
        return cls(days=(moment - timezone.now()).days + 1)

    @cached_property
    def kinds(self) -> list[VisitKind]:
        """Those in use; the first is meant where nobody says else."""
        in_use = VisitKind.objects.filter(is_active=True).prefetch_related("clinicians", "places")
        return [kind for kind in in_use if not self.about or kind.is_for(self.about)]

    @property
    def usual_kind(self) -> VisitKind | None:
        return next(iter(self.kinds), None)

    def free(self, kind: VisitKind | None) -> Iterator[tuple[datetime.date, list[Slot]]]:
        """The times of each day at which a visit of this kind can be booked, in their order."""
        for day in self.days:
            yield day, self.free_on(day, kind)

    @property
    def days(self) -> list[datetime.date]:
        first = self._since.astimezone(self._zone).date()
        return [first + days * DAY for days in range(self._days or 0)]

    def free_on(self, day: datetime.date, kind: VisitKind | None) -> list[Slot]:
        length = length_of(kind)
        times = [
            Slot(starts_at, clinician, place)
            for (clinician, place), stretches in self._hours_on(day).items()
            if not (kind and kind.why_not(clinician, place))
            if not self.about or clinician.is_for(self.about)
            for stretch in stretches
            for starts_at in _grid(stretch, length)
            if starts_at > self._since and not _overlap(self._busy[clinician.pk], starts_at, starts_at + length)
        ]
        return sorted(times, key=lambda free: (free.starts_at, free.clinician.name))

    def first_free(self, kind: VisitKind | None, *, most: int, most_a_day: int | None = None) -> list[Slot]:
        """The next free times, the earliest first; of each day, if need be, some from its morning to its end."""
        found: list[Slot] = []
        for _day, times in self.free(kind):
            found += _spread(times, most_a_day) if most_a_day else times
            if len(found) >= most:
                break
        return found[:most]

    def conflict(
        self,
        slot: Slot,
        kind: VisitKind | None,
        *,
        request: AppointmentRequest | None = None,
        is_exception: bool = False,
    ) -> str:
        """Why a visit of this kind and this request cannot be booked then, for staff, or nothing.

        Its visit that is moved there is not in the way. An exception may be against hours, the kind of visit and the
        limit of days; an absence that is none is taken back instead, or the visit would stand among those to move.
        Costs a statement of its own for other visits of the same patient.
        """
        visit = Appointment(
            pk=request.appointment_id if request else None,
            starts_at=slot.starts_at,
            ends_at=slot.starts_at + length_of(kind),
            clinician=slot.clinician,
            place=slot.place,
        )
        if impossible := self._impossible(visit, request) or self._away(visit):
            return impossible
        if is_exception:
            return ""
        if slot.starts_at > timezone.now() + DAYS_BOOKED_AHEAD * DAY:
            return f"That is more than {DAYS_BOOKED_AHEAD} days ahead."
        if kind and (not_here := kind.why_not(visit.clinician, visit.place)):
            return not_here
        for one in (visit.clinician, kind):
            if request and one and not one.is_for(request.pathway):
                return f"{one} is not for visits about {request.asked.name}."
        outside = self._outside_hours(visit)
        return outside and f"{outside}{self._meant_instead(visit, request)}"

    def why_to_move(self, visit: Appointment) -> str:
        """Why a visit that is booked cannot stay where it is, for staff, or nothing."""
        outside = "" if visit.is_exception else self._outside_hours(visit)
        return self._holiday(visit) or self._away(visit) or outside

    def _impossible(self, visit: Appointment, request: AppointmentRequest | None) -> str:
        if visit.starts_at <= timezone.now():
            return "That time is in the past."
        taken = self._visits[visit.clinician_id]
        if any(pk != visit.pk for _starts, _ends, pk in _overlapping(taken, visit.starts_at, visit.ends_at)):
            return f"{visit.clinician} already has a visit at that time."
        if request and (other := _visit_of_the_same_patient(visit, request)):
            return f"The patient has another visit at that time: {other}."
        return self._holiday(visit)

    def _holiday(self, visit: Appointment) -> str:
        holiday = self._holidays.get(visit.starts_at.astimezone(self._zone).date())
        return f"The clinic sees nobody then: {holiday}." if holiday else ""

    def _away(self, visit: Appointment) -> str:
        if not visit.clinician.is_active:
            return f"{visit.clinician} sees nobody any more."
        if not visit.place.is_active:
            return f"{visit.place} is not used any more."
        absences = self._absences.get(visit.clinician_id, [])
        away = (one for one in absences if one.starts_at < visit.ends_at and visit.starts_at < one.ends_at)
        return next((f"{absence}." for absence in away), "")

    def _outside_hours(self, visit: Appointment) -> str:
        day = visit.starts_at.astimezone(self._zone)
        hours = self._hours_on(day.date()).get((visit.clinician, visit.place), [])
        if any(starts <= visit.starts_at and visit.ends_at <= ends for starts, ends in hours):
            return ""
        times = " and ".join(f"from {self._clock(starts)} to {self._clock(ends)}" for starts, ends in hours)
        who = f"{visit.clinician} sees patients at {visit.place}" if times else f"{visit.clinician} sees nobody"
        return f"Outside hours: {who} {times or f'at {visit.place}'} on {day:%A, %B %-d}."

    def _meant_instead(self, visit: Appointment, request: AppointmentRequest | None) -> str:
        """AM is easily typed for PM."""
        typed = visit.starts_at.astimezone(self._zone)
        moved = typed.replace(hour=(typed.hour + 12) % 24).astimezone(datetime.UTC)
        other = Appointment(
            pk=visit.pk,
            starts_at=moved,
            ends_at=moved + (visit.ends_at - visit.starts_at),
            clinician=visit.clinician,
            place=visit.place,
        )
        fits = not (self._impossible(other, request) or self._away(other) or self._outside_hours(other))
        return f" Did you mean {self._clock(moved)}?" if fits else ""

    def _clock(self, moment: datetime.datetime) -> str:
        return f"{moment.astimezone(self._zone):%-I:%M %p}"

    def _hours_on(self, day: datetime.date) -> dict[tuple[Clinician, Place], list[Stretch]]:
        """When somebody sees patients somewhere, absences aside; hours that touch are one stretch."""
        if day not in self._known_hours:
            found = defaultdict(list)
            if day not in self._holidays:
                for row in self._weekly:
                    if row.holds_on(day) and (opening := self._opening(row.place_id, day)):
                        hours = self._stretch(day, row.starts, row.ends)
                        found[row.clinician, row.place].append((max(hours[0], opening[0]), min(hours[1], opening[1])))
                for extra in self._extra.get(day, ()):
                    found[extra.clinician, extra.place].append(self._stretch(day, extra.starts, extra.ends))
            self._known_hours[day] = {where: _merged(stretches) for where, stretches in found.items()}
        return self._known_hours[day]

    def _opening(self, place: int, day: datetime.date) -> Stretch | None:
        weekly = self._places.get(place, self._clinic)
        return self._stretch(day, *weekly[day.weekday()]) if day.weekday() in weekly else None

    def _stretch(self, day: datetime.date, starts: datetime.time, ends: datetime.time) -> Stretch:
        first, last = (
            datetime.datetime.combine(day, at, self._zone).astimezone(datetime.UTC) for at in (starts, ends)
        )
        return first, last

    # What is stored.

    @property
    def _end(self) -> datetime.datetime | None:
        return None if self._days is None else self._since + self._days * DAY

    @cached_property
    def _holidays(self) -> dict[datetime.date, Holiday]:
        found = Holiday.objects.filter(date__gte=(self._since - DAY).date())
        if self._end:
            found = found.filter(date__lte=(self._end + DAY).date())
        return {holiday.date: holiday for holiday in found}

    @cached_property
    def _weekly(self) -> list[ConsultingHours]:
        rows = ConsultingHours.objects.filter(clinician__is_active=True, place__is_active=True)
        return list(rows.select_related("clinician", "place"))

    @cached_property
    def _extra(self) -> dict[datetime.date, list[ExtraHours]]:
        rows = ExtraHours.objects.filter(
            clinician__is_active=True, place__is_active=True, date__gte=(self._since - DAY).date()
        )
        return _by(rows.select_related("clinician", "place"), "date")

    @cached_property
    def _absences(self) -> dict[int, list[Absence]]:
        return _by(Absence.objects.filter(ends_at__gt=self._since).select_related("clinician"), "clinician_id")

    @cached_property
    def _clinic(self) -> dict[int, tuple[datetime.time, datetime.time]]:
        return {row.weekday: (row.opens, row.closes) for row in OpeningHours.objects.all()}

    @cached_property
    def _places(self) -> dict[int, dict[int, tuple[datetime.time, datetime.time]]]:
        found: dict[int, dict[int, tuple[datetime.time, datetime.time]]] = defaultdict(dict)
        for row in PlaceHours.objects.all():
            found[row.place_id][row.weekday] = (row.opens, row.closes)
        return dict(found)

    @cached_property
    def _visits(self) -> dict[int, list[tuple]]:
        """By clinician and in their order; no two of one clinician overlap, so that their ends are in order too."""
        # No visit is longer than a day, so that the index by its begin is enough.
        rows = Appointment.objects.filter(cancelled_at=None, starts_at__gt=self._since - DAY, ends_at__gt=self._since)
        if self._end:
            rows = rows.filter(starts_at__lt=self._end + DAY)
        found = defaultdict(list)
        for clinician, *visit in rows.order_by("starts_at").values_list("clinician_id", "starts_at", "ends_at", "pk"):
            found[clinician].append(tuple(visit))
        return found

    @cached_property
    def _busy(self) -> dict[int, list[Stretch]]:
        """When each clinician has no time, by visits and absences."""
        found = defaultdict(list)
        for clinician in {*self._visits, *self._absences}:
            visits = [(starts, ends) for starts, ends, _pk in self._visits.get(clinician, ())]
            away = [(absence.starts_at, absence.ends_at) for absence in self._absences.get(clinician, ())]
            found[clinician] = _merged([*visits, *away])
        return found


def free_slots(*, most: int, most_a_day: int | None = None, since: datetime.datetime | None = None) -> list[Slot]:
    calendar = Calendar(since)
    return calendar.first_free(calendar.usual_kind, most=most, most_a_day=most_a_day)


def length_of(kind: VisitKind | None) -> datetime.timedelta:
    """As staff keep it; where no kind is in use, the length that there is in the beginning."""
    return kind.length if kind else datetime.timedelta(minutes=settings.VISIT_MINUTES)


def connect(app_config: AppConfig) -> None:
    """After a migration there is a kind of visit, until staff say otherwise."""
    post_migrate.connect(_make_a_kind, sender=app_config, dispatch_uid="visit kinds")


def _make_a_kind(sender: object, *, using: str, **kwargs: object) -> None:
    # The table is not there yet when only the first migrations are run.
    with connections[using].cursor() as cursor:
        tables = connections[using].introspection.table_names(cursor)
    kinds = VisitKind.objects.using(using)
    if VisitKind._meta.db_table in tables and not kinds.exists():
        kinds.create(name="Consultation", minutes=settings.VISIT_MINUTES)


def _grid(stretch: Stretch, length: datetime.timedelta) -> Iterator[datetime.datetime]:
    starts_at, ends = stretch
    while starts_at + length <= ends:
        yield starts_at
        starts_at += length


def _overlapping(ordered: list[tuple], starts: datetime.datetime, ends: datetime.datetime) -> Iterator[tuple]:
    """Of stretches in their order that do not overlap each other, those that overlap this one."""
    for one in ordered[bisect_right(ordered, starts, key=lambda one: one[1]) :]:
        if one[0] >= ends:
            return
        yield one


def _overlap(ordered: list[Stretch], starts: datetime.datetime, ends: datetime.datetime) -> bool:
    first = bisect_right(ordered, starts, key=lambda one: one[1])
    return first < len(ordered) and ordered[first][0] < ends


def _merged(stretches: Iterable[Stretch]) -> list[Stretch]:
    """In their order, those that overlap or touch joined, and empty ones left out."""
    found: list[Stretch] = []
    for starts, ends in sorted(stretches):
        if found and starts <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], ends))
        elif starts < ends:
            found.append((starts, ends))
    return found


def _visit_of_the_same_patient(visit: Appointment, request: AppointmentRequest) -> Appointment | None:
    same = (
        Q(date_of_birth=request.date_of_birth, phone=request.phone) | Q(pk=request.earlier_id) | Q(earlier=request.pk)
    )
    others = AppointmentRequest.objects.filter(
        same, appointment__starts_at__lt=visit.ends_at, appointment__ends_at__gt=visit.starts_at
    )
    other = others.exclude(pk=request.pk).select_related("appointment__clinician", "appointment__place").first()
    return other.appointment if other else None


def _spread(times: list[Slot], most: int) -> list[Slot]:
    if len(times) <= most:
        return times
    return [times[number * len(times) // most] for number in range(most)]


def _by(rows: Iterable, column: str) -> dict:
    found: dict = defaultdict(list)
    for row in rows:
        found[getattr(row, column)].append(row)
    return dict(found)
