"""Who works on which request: claim, release, close, reopen."""

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from .booking import appointment_of
from .changes import change, held_by
from .models import AppointmentRequest, CloseReason, Event, Status

NOTHING = Q(pk__in=())


def claim(request: AppointmentRequest, *, by) -> None:
    change(
        request,
        by=by,
        verb=Event.Verb.CLAIMED,
        allowed=Q(status=Status.WAITING),
        claimed_by=by,
        claimed_at=timezone.now(),
    )


def release(request: AppointmentRequest, *, by, note="") -> None:
    """Give a request back to the queue. Anybody may, for a colleague who has left; the history says who did."""
    change(
        request,
        by=by,
        verb=Event.Verb.RELEASED,
        allowed=Q(status=Status.CLAIMED),
        note=note,
        claimed_by=None,
        claimed_at=None,
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
        claimed_by=None,
        claimed_at=None,
        next_call_at=None,
        closed_by=by,
        closed_at=timezone.now(),
        close_reason=reason,
    )


@transaction.atomic
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
    if past_visit:
        past_visit.delete()


def _visit_is_over(request: AppointmentRequest) -> Q:
    visit = appointment_of(request)
    if visit is None or visit.starts_at > timezone.now():
        return NOTHING
    return Q(status=Status.BOOKED, appointment=visit)
