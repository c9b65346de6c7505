"""Who works on which request: claim, give back, skip, hand out."""

import datetime

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.utils import timezone

from ...calendar.opening_hours import BusinessHours
from ...models import AppointmentRequest
from ..guards import CLAIMED_BY_ME
from ..transition import NOBODY, Change, claimed_by


class SkipReason(models.TextChoices):
    LANGUAGE = "language", "I do not speak the language"
    KNOWN = "known", "I know this person"
    BUSY = "busy", "I cannot call just now"
    OTHER = "other", "Another reason"


def claim(request: AppointmentRequest, *, by: User) -> Change:
    """Hold it for CLAIM_MINUTES from each action."""
    return Change(claimed_by(by))


def prolong(request: AppointmentRequest, *, by: User) -> bool:
    """Let the time that it is held begin anew; give whether `by` holds it. Nothing else changes, nor its version.

    Whose time has run out has it back too, as long as nobody took the request.
    """
    now = timezone.now()
    held = AppointmentRequest.objects.filter(CLAIMED_BY_ME.q(by, now), pk=request.pk)
    is_held = bool(held.update(claimed_at=now))
    if is_held:
        request.claimed_at = now
    return is_held


def held_until(request: AppointmentRequest) -> datetime.datetime | None:
    """When a colleague may take it, or None if nobody holds it."""
    if request.claimed_at is None:
        return None
    lapses = request.claimed_at + datetime.timedelta(minutes=settings.CLAIM_MINUTES)
    return max(lapses, request.assigned_until or lapses)


def release(request: AppointmentRequest, *, by: User, note: str = "") -> Change:
    """Give it back to the queue. Anybody may, for a colleague who has left; the history says who did."""
    return Change(NOBODY, note=note)


def skip(request: AppointmentRequest, *, by: User, reason: SkipReason, note: str = "") -> Change:
    """Give it back, and not be offered it again for SKIP_MINUTES."""
    return Change(NOBODY, details=SkipReason(reason).label, note=note)


def assign(request: AppointmentRequest, *, by: User, to: User, note: str = "") -> Change:
    """Put it into somebody's hands, whoever held it before.

    It waits for them until the end of the business day, or until a promised call is due.
    """
    until = BusinessHours.of_the_clinic().end_of_day(timezone.now(), business_days=0)
    if request.is_promised and request.next_call_at:
        until = max(until, request.next_call_at + datetime.timedelta(minutes=settings.CLAIM_MINUTES))
    return Change({**claimed_by(to), "assigned_until": until}, details=f"to {to}", note=note)
