"""Visits: book, choose, reschedule, cancel."""

import datetime
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.utils import timezone

from ...calendar.opening_hours import BusinessHours
from ...calendar.slots import holiday_at
from ...models import Appointment, AppointmentRequest, Clinician, Event, OfferedTime, Place
from .. import call_policy
from ..transition import NOBODY, Change, Refused, plan


class CancelReason(models.TextChoices):
    PATIENT = "patient", "The patient asked for it"
    LATE = "late", "The patient called it off less than a day before"
    CLINIC = "clinic", "The clinic had to"


class RescheduleReason(models.TextChoices):
    PATIENT = "patient", "The patient asked for it"
    CLINIC = "clinic", "The clinic had to"
    MISTAKE = "mistake", "It was booked wrong"


def appointment_of(request: AppointmentRequest) -> Appointment | None:
    """The visit that is booked as far as this request knows, or None."""
    if request.appointment_id is None:
        return None
    return Appointment.objects.filter(pk=request.appointment_id).select_related("place", "clinician").first()


def book(
    request: AppointmentRequest,
    *,
    by: User,
    starts_at: datetime.datetime,
    place: Place,
    clinician: Clinician,
    note: str = "",
) -> Change:
    """Agree on a visit. Raises Refused, also when the time is taken, is over, or is on a holiday."""
    return _take(request, by, (starts_at, place, clinician), note=note)


def book_anyway(
    request: AppointmentRequest,
    *,
    by: User,
    starts_at: datetime.datetime,
    place: Place,
    clinician: Clinician,
    note: str,
) -> Change:
    """Agree on a visit against a rule, for the reason in the note."""
    return _take(request, by, (starts_at, place, clinician), note=note, reason="Against a rule", is_exception=True)


def choose(request: AppointmentRequest, *, time: OfferedTime, by: User | None = None) -> Change:
    """Book one of the times that were offered, in the patient's name."""
    slot = (time.starts_at, time.place, time.clinician)
    return _take(request, by, slot, then=lambda: request.offered_times.all().delete())


def reschedule(
    request: AppointmentRequest,
    *,
    by: User,
    starts_at: datetime.datetime,
    place: Place,
    clinician: Clinician,
    reason: RescheduleReason = RescheduleReason.PATIENT,
    note: str = "",
) -> Change:
    return _take(request, by, (starts_at, place, clinician), note=note, reason=RescheduleReason(reason).label)


def cancel(request: AppointmentRequest, *, by: User, reason: CancelReason, note: str = "") -> Change:
    """Give the time free again and put the request back into the queue.

    If it was the clinic's doing, the patient is promised a call, which comes before all others.
    """
    cancelled = appointment_of(request)
    is_promised = CancelReason(reason) == CancelReason.CLINIC
    return Change(
        {"appointment": None, **plan(timezone.now(), call_by=call_policy.soon(), is_promised=is_promised)},
        details=f"{CancelReason(reason).label}: {cancelled}",
        note=note,
        still=Q(appointment=cancelled),
        then=lambda event: cancel_appointment(cancelled),
    )


def miss(request: AppointmentRequest, *, by: User, note: str = "") -> Change:
    """The patient did not come: the request is back in the queue, and is called about anew."""
    missed = appointment_of(request)
    return Change(
        {
            "appointment": None,
            "visits_missed": request.visits_missed + 1,
            "attempts_made": 0,
            **plan(timezone.now(), call_by=call_policy.soon()),
        },
        details=str(missed),
        note=note,
        still=Q(appointment=missed),
        then=lambda event: cancel_appointment(missed),
    )


def cancel_appointment(appointment: Appointment | None) -> None:
    """Give its time free. Only what also takes it off its request may call this, in the same transaction."""
    if appointment:
        Appointment.objects.filter(pk=appointment.pk).update(cancelled_at=timezone.now())


def reinstate(appointment: Appointment) -> None:
    """Take a cancelled visit's time again. Raises Refused if it is taken."""
    with _or_told_that_it_is_taken(appointment):
        Appointment.objects.filter(pk=appointment.pk).update(cancelled_at=None)


def _take(
    request: AppointmentRequest,
    by: User | None,
    slot: tuple,
    *,
    note: str = "",
    reason: str = "",
    is_exception: bool = False,
    then: Callable[[], object] = lambda: None,
) -> Change:
    starts_at, place, clinician = slot
    if starts_at <= timezone.now():
        raise Refused("That time is in the past.")
    if holiday := holiday_at(starts_at):
        raise Refused(f"The clinic sees nobody then: {holiday}.")
    former = appointment_of(request)
    ends_at = starts_at + datetime.timedelta(minutes=settings.VISIT_MINUTES)
    appointment = Appointment(
        starts_at=starts_at,
        ends_at=ends_at,
        outcome_due_at=BusinessHours.of_the_clinic().end_of_day(ends_at, business_days=1),
        is_exception=is_exception,
        place=place,
        clinician=clinician,
        booked_by=by,
    )

    def swap(event: Event) -> None:
        cancel_appointment(former)
        with _or_told_that_it_is_taken(appointment):
            appointment.save(force_insert=True)
        then()

    return Change(
        # The foreign key to the visit, which comes after, is checked when the transaction ends. And whoever has a
        # visit is a person, who is written to like everybody.
        {"appointment": appointment.pk, **plan(), "doubts": "", **NOBODY},
        details=f"{reason}: {appointment}" if reason else str(appointment),
        note=note,
        still=Q(appointment=former),
        then=swap,
    )


@contextmanager
def _or_told_that_it_is_taken(appointment: Appointment) -> Iterator[None]:
    """Turn the violated exclusion constraint into Refused."""
    try:
        with transaction.atomic():
            # Serialize by clinician: two transactions that insert overlapping visits would deadlock.
            Clinician.objects.select_for_update(no_key=True).get(pk=appointment.clinician_id)
            yield
    except IntegrityError as conflict:
        raise Refused(f"{appointment.clinician} already has a visit at that time.") from conflict
