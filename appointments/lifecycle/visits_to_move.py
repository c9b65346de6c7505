"""What a change of the calendar does to visits that are booked and to times that are offered."""

import hashlib
from dataclasses import dataclass

from django.utils import timezone

from ..calendar.slots import Calendar
from ..models import Appointment, AppointmentRequest, Clinician, OfferedTime
from . import call_policy
from .effects.booking import hold_still
from .guards import PATIENT_CHOOSES
from .offered_times import open_times


@dataclass(frozen=True)
class Survey:
    """What stands against each visit to come, in words or nothing, and which times patients may choose."""

    visits: dict[Appointment, str]
    offered: frozenset[OfferedTime]


@dataclass(frozen=True)
class Touched:
    """`to_move` are visits that have to be moved since a change, `fitting` those that no longer have to."""

    to_move: list[tuple[Appointment, str]]
    fitting: list[Appointment]
    no_longer_offered: list[OfferedTime]

    @classmethod
    def between(cls, before: Survey, after: Survey) -> "Touched":
        """What was in conflict before stays as it is: somebody booked it so, or before there was a rule."""
        return cls(
            [(visit, why) for visit, why in after.visits.items() if why and not before.visits.get(visit)],
            [visit for visit, why in after.visits.items() if visit.must_move_by and not why],
            sorted(before.offered - after.offered, key=lambda time: time.starts_at),
        )

    def __bool__(self) -> bool:
        return bool(self.to_move or self.fitting or self.no_longer_offered)

    @property
    def digest(self) -> str:
        """Of what is touched: whoever has seen one list has not seen another."""
        rows = [*(visit.pk for visit, _why in self.to_move), *(one.pk for one in self.fitting)]
        return hashlib.sha256(repr((rows, [time.pk for time in self.no_longer_offered])).encode()).hexdigest()

    @property
    def requests(self) -> list[AppointmentRequest]:
        visits = [*(visit for visit, _why in self.to_move), *self.fitting]
        return [*(visit.request for visit in visits), *(time.request for time in self.no_longer_offered)]

    def put_on_the_list(self) -> None:
        """And take those off that fit again. Offers of which no time is left end by themselves."""
        for visit, _why in self.to_move:
            visit.must_move_by = call_policy.move_by(visit)
        for visit in self.fitting:
            visit.must_move_by = None
        touched = [*(visit for visit, _why in self.to_move), *self.fitting]
        Appointment.objects.bulk_update(touched, ["must_move_by"])


def survey() -> Survey:
    """As the calendar is now. Nobody books anything from then on until the transaction ends."""
    hold_still(Clinician.objects.all())
    calendar = Calendar(days=None)
    visits = Appointment.objects.filter(cancelled_at=None, starts_at__gt=timezone.now(), request__isnull=False)
    visits = visits.select_related("clinician", "place", "request").order_by("starts_at", "clinician__name")
    choosing = AppointmentRequest.objects.open().filter(PATIENT_CHOOSES.q(None, timezone.now()))
    return Survey(
        {visit: calendar.why_to_move(visit) for visit in visits},
        frozenset(time for request in choosing for time in open_times(request, calendar)),
    )
