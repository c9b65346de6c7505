"""What a letter to a patient is about: what stands now, as an e-mail would say it."""

from django.db import models

from ..models import AppointmentRequest, Status
from . import call_policy


class Subject(models.TextChoices):
    BOOKED = "booked", "Letter about the visit"
    MOVED = "moved", "Letter about the visit that was moved"
    CANCELLED = "cancelled", "Letter about the visit that was cancelled"
    UNREACHABLE = "unreachable", "Letter that we could not reach them"
    RECEIVED = "received", "Letter to ask for a call"


# By the event that a visit came or went by, the last of which counts.
OF_VISITS = {"booked": Subject.BOOKED, "rescheduled": Subject.MOVED, "cancelled": Subject.CANCELLED}


def subject_of(request: AppointmentRequest) -> Subject:
    """Costs one statement."""
    last = request.events.standing().filter(verb__in=OF_VISITS).order_by("version").last()
    subject = OF_VISITS[last.verb] if last else Subject.RECEIVED
    if request.status == Status.BOOKED:
        return subject
    if no_call_will_help(request):
        return Subject.UNREACHABLE
    return Subject.CANCELLED if subject is Subject.CANCELLED else Subject.RECEIVED


def no_call_will_help(request: AppointmentRequest) -> bool:
    return request.phone_is_wrong or call_policy.is_exhausted(request.attempts_made)
