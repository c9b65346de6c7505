"""Visits: book, reschedule, cancel."""

import datetime
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.utils import timezone

import audit
from appointments.models import Appointment, AppointmentRequest, Clinician, Event, Holiday, Place, Status

from ..transition import NOBODY, Refused, change, held_by


class CancelReason(models.TextChoices):
    PATIENT = "patient", "The patient asked for it"
    CLINIC = "clinic", "The clinic had to"


class RescheduleReason(models.TextChoices):
    PATIENT = "patient", "The patient asked for it"
    CLINIC = "clinic", "The clinic had to"
    MISTAKE = "mistake", "It was booked wrong"


def appointment_of(request: AppointmentRequest) -> Appointment | None:
    """The visit that is booked as far as this request knows, or None."""
    return Appointment.objects.filter(pk=request.appointment_id).select_related("place", "clinician").first()


def is_free(clinician: Clinician, starts_at: datetime.datetime) -> bool:
    """Whether the clinic is open that day and nobody has the time now; somebody may have it a moment later."""
    if _holiday_at(starts_at):
        return False
    ends_at = starts_at + datetime.timedelta(minutes=settings.VISIT_MINUTES)
    overlapping = Appointment.objects.filter(clinician=clinician, starts_at__lt=ends_at, ends_at__gt=starts_at)
    return not overlapping.filter(cancelled_at=None).exists()


def book(
    request: AppointmentRequest,
    *,
    by,
    starts_at: datetime.datetime,
    place: Place,
    clinician: Clinician,
    note="",
    allowed: Q | None = None,
) -> None:
    """Agree on a visit with somebody whose request `by` holds.

    Raises Refused, also when the time is taken, is over, or is on a holiday.

    Without anybody, the patient books; `allowed` says then when that may be.
    """
    allowed = held_by(by) if allowed is None else allowed
    _take(request, by=by, verb=Event.Verb.BOOKED, allowed=allowed, slot=(starts_at, place, clinician), note=note)


def reschedule(
    request: AppointmentRequest,
    *,
    by,
    starts_at: datetime.datetime,
    place: Place,
    clinician: Clinician,
    reason: RescheduleReason = RescheduleReason.PATIENT,
    note="",
) -> None:
    _take(
        request,
        by=by,
        verb=Event.Verb.RESCHEDULED,
        allowed=Q(status=Status.BOOKED),
        slot=(starts_at, place, clinician),
        note=note,
        reason=RescheduleReason(reason).label,
    )


@audit.atomic()
def cancel(request: AppointmentRequest, *, by, reason: CancelReason, note="") -> None:
    """Give the time free again and put the request back into the queue."""
    cancelled = appointment_of(request)
    change(
        request,
        by=by,
        verb=Event.Verb.CANCELLED,
        allowed=Q(status=Status.BOOKED, appointment=cancelled),
        details=f"{CancelReason(reason).label}: {cancelled}",
        note=note,
        appointment=None,
    )
    cancel_appointment(cancelled)


def cancel_appointment(appointment: Appointment | None) -> None:
    """Give its time free. Only what also takes it off its request may call this, in the same transaction."""
    if appointment:
        Appointment.objects.filter(pk=appointment.pk).update(cancelled_at=timezone.now())


def reinstate(appointment: Appointment) -> None:
    """Take a cancelled visit's time again. Raises Refused if it is taken."""
    with _or_told_that_it_is_taken(appointment):
        Appointment.objects.filter(pk=appointment.pk).update(cancelled_at=None)


@audit.atomic()
def _take(request: AppointmentRequest, *, by, verb: str, allowed: Q, slot: tuple, note: str, reason="") -> None:
    starts_at, place, clinician = slot
    if starts_at <= timezone.now():
        raise Refused("That time is in the past.")
    if holiday := _holiday_at(starts_at):
        raise Refused(f"The clinic sees nobody then: {holiday}.")
    former = appointment_of(request)
    appointment = Appointment(
        starts_at=starts_at,
        ends_at=starts_at + datetime.timedelta(minutes=settings.VISIT_MINUTES),
        place=place,
        clinician=clinician,
        booked_by=by,
    )
    # The foreign key to the visit, which comes after, is checked when the transaction ends.
    change(
        request,
        by=by,
        verb=verb,
        allowed=allowed & Q(appointment=former),
        details=f"{reason}: {appointment}" if reason else str(appointment),
        note=note,
        appointment=appointment.pk,
        next_call_at=None,
        is_promised=False,
        **NOBODY,
    )
    cancel_appointment(former)
    with _or_told_that_it_is_taken(appointment):
        appointment.save(force_insert=True)
    request.refresh_from_db()


def _holiday_at(starts_at: datetime.datetime) -> Holiday | None:
    # By the clinic's clock, also where a patient sees times by their own.
    return Holiday.objects.filter(date=timezone.localdate(starts_at, timezone.get_default_timezone())).first()


@contextmanager
def _or_told_that_it_is_taken(appointment: Appointment) -> Iterator[None]:
    """Where two people want one time, the database lets one of them have it, and the other is told."""
    try:
        with transaction.atomic():
            # One after the other: two who write overlapping visits at once would each wait for the other to end.
            Clinician.objects.select_for_update(no_key=True).get(pk=appointment.clinician_id)
            yield
    except IntegrityError as conflict:
        raise Refused(f"{appointment.clinician} already has a visit at that time.") from conflict
