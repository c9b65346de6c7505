"""Who works on which request: claim, release, skip, hand out, close, reopen."""

import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

import audit
from appointments.calendar.opening_hours import BusinessHours
from appointments.models import AppointmentRequest, CloseReason, Event, Status

from ..transition import NOBODY, change, free, held_by, hold
from .booking import appointment_of, cancel_appointment

NOTHING = Q(pk__in=())


class SkipReason(models.TextChoices):
    LANGUAGE = "language", "I do not speak the language"
    KNOWN = "known", "I know this person"
    BUSY = "busy", "I cannot call just now"
    OTHER = "other", "Another reason"


def claim(request: AppointmentRequest, *, by) -> None:
    """Take a request that nobody holds, that somebody has let lie, or that was handed out to `by`.

    It is held for CLAIM_MINUTES from each action.
    """
    handed_to_me = held_by(by) & Q(assigned_until__isnull=False)
    change(request, by=by, verb=Event.Verb.CLAIMED, allowed=free() | handed_to_me, **hold(by))


def release(request: AppointmentRequest, *, by, note="") -> None:
    """Give a request back to the queue. Anybody may, for a colleague who has left; the history says who did."""
    change(request, by=by, verb=Event.Verb.RELEASED, allowed=Q(status=Status.CLAIMED), note=note, **NOBODY)


def skip(request: AppointmentRequest, *, by, reason: SkipReason, note="") -> None:
    """Give it back, and not be offered it again for SKIP_MINUTES."""
    change(
        request,
        by=by,
        verb=Event.Verb.SKIPPED,
        allowed=held_by(by),
        details=SkipReason(reason).label,
        note=note,
        **NOBODY,
    )


def assign(request: AppointmentRequest, *, by, to, note="") -> None:
    """Put an open request into somebody's hands, whoever held it before.

    It waits for them until the end of the business day, or until a promised call is due.
    """
    until = BusinessHours.of_the_clinic().end_of_day(timezone.now(), business_days=0)
    if request.next_call_at:
        until = max(until, request.next_call_at + datetime.timedelta(minutes=settings.CLAIM_MINUTES))
    change(
        request,
        by=by,
        verb=Event.Verb.ASSIGNED,
        allowed=Q(status__in=(Status.WAITING, Status.CLAIMED)),
        details=f"to {to}",
        note=note,
        **{**hold(to), "assigned_until": until},
    )


def close(request: AppointmentRequest, *, by, reason: CloseReason, note="") -> None:
    """End the work on a request that `by` holds, or, after the visit, on one that is booked."""
    change(
        request,
        by=by,
        verb=Event.Verb.CLOSED,
        allowed=_visit_is_over(request) if reason in CloseReason.after_a_visit() else held_by(by),
        details=CloseReason(reason).label,
        note=note,
        next_call_at=None,
        is_promised=False,
        closed_by=by,
        closed_at=timezone.now(),
        close_reason=reason,
        **NOBODY,
    )


@audit.atomic()
def reopen(request: AppointmentRequest, *, by, note="") -> None:
    """Put a closed request back into the queue, at the place that its age gives it."""
    past_visit = appointment_of(request)
    change(
        request,
        by=by,
        verb=Event.Verb.REOPENED,
        allowed=Q(status=Status.CLOSED),
        note=note,
        appointment=None,
        closed_by=None,
        closed_at=None,
        close_reason="",
    )
    cancel_appointment(past_visit)


def _visit_is_over(request: AppointmentRequest) -> Q:
    visit = appointment_of(request)
    if visit is None or visit.starts_at > timezone.now():
        return NOTHING
    return Q(status=Status.BOOKED, appointment=visit)
