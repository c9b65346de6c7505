"""The end of the work on a request, and its second beginning."""

from django.contrib.auth.models import User
from django.utils import timezone

from ...models import AppointmentRequest, Event
from .. import call_policy, close_reasons
from ..transition import NOBODY, Change, plan
from .booking import appointment_of, cancel_appointment
from .linking import ask_anew


def close(request: AppointmentRequest, *, by: User, reason: str, note: str = "") -> Change:
    """End the work on a request, for one of the close reasons. Each has a guard of its own."""
    now = timezone.now()
    why = next(one for one in close_reasons.CLOSE_REASONS if one.key == reason)
    closed = {"closed_by": by, "closed_at": now, "close_reason": why.key}
    return Change({**plan(), **closed, **NOBODY}, details=why.label, note=note, still=why.when.q(by, now))


def close_as_twice(request: AppointmentRequest, *, by: User, kept: AppointmentRequest) -> Change:
    """Close it because the same person's other request is worked on."""
    closed = {"closed_by": by, "closed_at": timezone.now(), "close_reason": close_reasons.DUPLICATE.key}
    return Change({**plan(), **closed, **NOBODY}, details=f"{close_reasons.DUPLICATE.label}: {kept} is kept")


def withdraw(request: AppointmentRequest, *, note: str = "", by: User | None = None) -> Change:
    """Close it in the patient's name, and give the time of a booked visit free."""
    visit = appointment_of(request)
    closed = {"closed_at": timezone.now(), "close_reason": close_reasons.WITHDRAWN.key}
    return Change(
        {"appointment": None, **plan(), **closed, **NOBODY},
        details=str(visit or ""),
        note=note,
        then=lambda event: cancel_appointment(visit),
    )


def reopen(request: AppointmentRequest, *, by: User, note: str = "") -> Change:
    """Put it back into the queue, at the place that its age gives it. A visit that has begun has taken place."""
    visit = appointment_of(request)
    is_to_come = visit is not None and visit.starts_at > timezone.now()

    def then(event: Event) -> None:
        cancel_appointment(visit if is_to_come else None)
        ask_anew(request)

    return Change(
        {
            "appointment": None,
            **plan(call_by=call_policy.soon()),
            "attempts_made": 0,
            "closed_by": None,
            "closed_at": None,
            "close_reason": "",
        },
        note=note,
        then=then,
    )
