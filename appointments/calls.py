"""Trying to reach somebody, and writing down what came of it."""

import datetime

from django.db import transaction

from .changes import Refused, held_by, what_happened_meanwhile
from .models import AppointmentRequest, ContactAttempt


@transaction.atomic
def log_call(
    request: AppointmentRequest,
    *,
    by,
    channel: ContactAttempt.Channel,
    outcome: ContactAttempt.Outcome,
    next_call_at: datetime.datetime | None = None,
    note="",
) -> None:
    """Add an attempt to a request that `by` holds. `next_call_at` becomes the time of its next call."""
    if not AppointmentRequest.objects.filter(held_by(by), pk=request.pk).update(next_call_at=next_call_at):
        raise Refused(what_happened_meanwhile(request))
    ContactAttempt.objects.create(
        request=request, by=by, channel=channel, outcome=outcome, next_call_at=next_call_at, note=note
    )
    request.refresh_from_db()
