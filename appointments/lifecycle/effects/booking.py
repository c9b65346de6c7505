"""Visits: book, choose, reschedule, cancel."""

import datetime
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from django.contrib.auth.models import User
from django.db import IntegrityError, models, transaction
from django.db.models import F, Q
from django.utils import timezone

from ...calendar.opening_hours import BusinessHours
from ...calendar.slots import Calendar, Slot, length_of
from ...models import Appointment, AppointmentRequest, Clinician, Event, OfferedTime, Place, VisitKind
from .. import call_policy
from ..transition import NOBODY, Change, Refused, plan
from .calls import call_anew


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
    return Appointment.objects.filter(pk=request.appointment_id).select_related("place", "clinician", "kind").first()


def book(
    request: AppointmentRequest,
    *,
    by: User,
    starts_at: datetime.datetime,
    place: Place,
    clinician: Clinician,
    kind: VisitKind | None = None,
    note: str = "",
) -> Change:
    """Agree on a visit. Raises Refused, also when the calendar has something against the time."""
    return _take(request, by, Slot(starts_at, clinician, place), kind, note=note)


def book_anyway(
    request: AppointmentRequest,
    *,
    by: User,
    starts_at: datetime.datetime,
    place: Place,
    clinician: Clinician,
    kind: VisitKind | None = None,
    note: str,
) -> Change:
    """Agree on a visit against a rule, for the reason in the note."""
    slot = Slot(starts_at, clinician, place)
    return _take(request, by, slot, kind, note=note, reason="Against a rule", is_exception=True)


def choose(request: AppointmentRequest, *, time: OfferedTime, by: User | None = None) -> Change:
    """Book one of the times that were offered, in the patient's name."""
    slot = Slot(time.starts_at, time.clinician, time.place)
    return _take(request, by, slot, time.kind, then=lambda: request.offered_times.all().delete())


def reschedule(
    request: AppointmentRequest,
    *,
    by: User,
    starts_at: datetime.datetime,
    place: Place,
    clinician: Clinician,
    kind: VisitKind | None = None,
    reason: RescheduleReason = RescheduleReason.PATIENT,
    note: str = "",
) -> Change:
    slot = Slot(starts_at, clinician, place)
    return _take(request, by, slot, kind, note=note, reason=RescheduleReason(reason).label)


def reschedule_anyway(
    request: AppointmentRequest,
    *,
    by: User,
    starts_at: datetime.datetime,
    place: Place,
    clinician: Clinician,
    kind: VisitKind | None = None,
    reason: RescheduleReason,
    note: str,
) -> Change:
    """Move a visit against a rule, for the reason in the note."""
    slot, reason = Slot(starts_at, clinician, place), RescheduleReason(reason)
    return _take(request, by, slot, kind, note=note, reason=f"Against a rule. {reason.label}", is_exception=True)


def cancel(request: AppointmentRequest, *, by: User, reason: CancelReason, note: str = "") -> Change:
    """Give the time free again and put the request back into the queue.

    If it was the clinic's doing, the patient is promised a call, which comes before all others.
    """
    cancelled = appointment_of(request)
    is_promised = CancelReason(reason) == CancelReason.CLINIC
    return Change(
        {"appointment": None, **call_anew(request, is_promised=is_promised)},
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
            **call_anew(request),
        },
        details=str(missed),
        note=note,
        still=Q(appointment=missed),
        then=lambda event: cancel_appointment(missed),
    )


def cancel_appointment(appointment: Appointment | None) -> None:
    """Give its time free. Only what also takes it off its request may call this, in the same transaction."""
    if appointment:
        cancelled = {"cancelled_at": timezone.now(), "sequence": F("sequence") + 1}
        Appointment.objects.filter(pk=appointment.pk).update(**cancelled)


def reinstate(appointment: Appointment) -> None:
    """Take a cancelled visit's time again. Raises Refused if it is taken; the calendar may have changed since."""
    with _or_told_that_it_is_taken(appointment):
        reason = Calendar.around(appointment.starts_at).why_to_move(appointment)
        must_move_by = call_policy.move_by(appointment) if reason else None
        reinstated = {"cancelled_at": None, "must_move_by": must_move_by, "sequence": F("sequence") + 1}
        Appointment.objects.filter(pk=appointment.pk).update(**reinstated)


def _take(
    request: AppointmentRequest,
    by: User | None,
    slot: Slot,
    kind: VisitKind | None,
    *,
    note: str = "",
    reason: str = "",
    is_exception: bool = False,
    then: Callable[[], object] = lambda: None,
) -> Change:
    # Before the calendar is read: whoever changes it waits for this visit, or this waits for the change. All of them,
    # because a colleague may book the same patient with another clinician at this moment.
    hold_still(Clinician.objects.all())
    calendar = Calendar.around(slot.starts_at)
    former = appointment_of(request)
    kind = kind or (former and former.kind) or calendar.usual_kind
    if conflict := calendar.conflict(slot, kind, request=request, is_exception=is_exception):
        raise Refused(conflict)
    ends_at = slot.starts_at + length_of(kind)
    appointment = Appointment(
        **slot._asdict(),
        kind=kind,
        reference=request.reference,
        ends_at=ends_at,
        outcome_due_at=BusinessHours.of_the_clinic().end_of_day(ends_at, business_days=1),
        records_due_at=call_policy.records_by(slot.starts_at),
        is_exception=is_exception,
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
            # Two transactions that insert overlapping visits would deadlock.
            hold_still([appointment.clinician])
            yield
    except IntegrityError as conflict:
        raise Refused(f"{appointment.clinician} already has a visit at that time.") from conflict


def hold_still(clinicians: Iterable[Clinician]) -> None:
    """Until the transaction ends, nobody else books these or changes their calendar."""
    locked = Clinician.objects.select_for_update(no_key=True).filter(pk__in=[one.pk for one in clinicians])
    list(locked.order_by("pk"))
