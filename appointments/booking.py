"""Visits: book, reschedule, cancel."""

import datetime

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from .changes import Refused, change, held_by
from .models import Appointment, AppointmentRequest, Clinician, Event, Place, Status


class CancelReason(models.TextChoices):
    PATIENT = "patient", "The patient asked for it"
    CLINIC = "clinic", "The clinic had to"


def appointment_of(request: AppointmentRequest) -> Appointment | None:
    """The visit that is booked as far as this request knows, or None, also if a colleague has just cancelled it."""
    return Appointment.objects.filter(pk=request.appointment_id).select_related("place", "clinician").first()


def book(
    request: AppointmentRequest, *, by, starts_at: datetime.datetime, place: Place, clinician: Clinician, note=""
) -> None:
    """Agree on a visit with somebody whose request `by` holds. Raises Refused, also when the time is taken."""
    _take(request, by=by, verb=Event.Verb.BOOKED, allowed=held_by(by), slot=(starts_at, place, clinician), note=note)


def reschedule(
    request: AppointmentRequest, *, by, starts_at: datetime.datetime, place: Place, clinician: Clinician, note=""
) -> None:
    _take(
        request,
        by=by,
        verb=Event.Verb.RESCHEDULED,
        allowed=Q(status=Status.BOOKED),
        slot=(starts_at, place, clinician),
        note=note,
    )


@transaction.atomic
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
    if cancelled:
        cancelled.delete()


@transaction.atomic
def _take(request: AppointmentRequest, *, by, verb: str, allowed: Q, slot: tuple, note: str) -> None:
    starts_at, place, clinician = slot
    if starts_at <= timezone.now():
        raise Refused("That time is in the past.")
    former = appointment_of(request)
    appointment = _insert(Appointment(starts_at=starts_at, place=place, clinician=clinician, booked_by=by))
    change(
        request,
        by=by,
        verb=verb,
        allowed=allowed & Q(appointment=former),
        details=str(appointment),
        note=note,
        appointment=appointment,
        claimed_by=None,
        claimed_at=None,
        next_call_at=None,
    )
    if former:
        former.delete()


def _insert(appointment: Appointment) -> Appointment:
    """Where two people want one time, the unique constraint lets one of them have it and the other is told."""
    Appointment.objects.bulk_create([appointment], ignore_conflicts=True)
    if not Appointment.objects.filter(pk=appointment.pk).exists():
        raise Refused(f"{appointment.clinician} already has a visit at that time.")
    return appointment
