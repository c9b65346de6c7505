"""Trying to reach somebody, and writing down what came of it."""

import datetime

from django.contrib.auth.models import User
from django.utils import timezone

from ...calendar.calling_hours import decent_hours, is_decent_hour
from ...models import AppointmentRequest, ContactAttempt
from .. import call_policy
from ..transition import NOBODY, Change, Refused, claimed_by

CallResult = ContactAttempt.CallResult
MISSED = (CallResult.NO_ANSWER, CallResult.VOICEMAIL)
TALKED = (CallResult.REACHED, CallResult.CALL_BACK)


def log_call(
    request: AppointmentRequest,
    *,
    by: User,
    channel: ContactAttempt.Channel,
    outcome: CallResult,
    next_call_at: datetime.datetime | None = None,
    note: str = "",
) -> Change:
    """Add an attempt, and set when to call next.

    After a call that was missed, or a call-back that was agreed, the request goes back into the queue until
    `next_call_at`, which for a missed call the policy sets if it is not given. After a talk it stays with `by`. What
    is neither, like a letter, leaves the call that was promised or planned as it was.
    """
    is_promise = outcome == CallResult.CALL_BACK
    if is_promise and next_call_at is None:
        raise Refused("Enter when the patient asked to be called again.")
    if next_call_at is None and outcome in MISSED:
        next_call_at = call_policy.next_attempt(request)
    if next_call_at and not is_decent_hour(next_call_at, request.zone):
        local = next_call_at.astimezone(request.zone)
        raise Refused(f"That is {local:%-I:%M %p} where the patient is. Choose a time {decent_hours()} there.")
    details = f"{ContactAttempt.Channel(channel).label}: {CallResult(outcome).label}"
    if next_call_at:
        details += f", call again {timezone.localtime(next_call_at):%a, %b %-d, %-I:%M %p}"
    keeps_plan = next_call_at is None and outcome in (CallResult.SENT, CallResult.WRONG_NUMBER)
    plan = {} if keeps_plan else {"next_call_at": next_call_at, "is_promised": is_promise}
    # Whoever talks is a person, and is written to and promised calls like everybody.
    trust = {"doubts": ""} if outcome in TALKED else {}
    goes_back = outcome in MISSED or is_promise
    tried = {
        "attempts_made": 0 if outcome in TALKED else request.attempts_made + (outcome in MISSED),
        "reached_at": request.reached_at or (timezone.now() if outcome in TALKED else None),
    }
    return Change(
        {**tried, **trust, **plan, **(NOBODY if goes_back else claimed_by(by))},
        details=details,
        note=note,
        then=lambda event: ContactAttempt.objects.create(
            event=event,
            request=request,
            by=by,
            channel=channel,
            outcome=outcome,
            next_call_at=next_call_at,
            note=note,
        ),
    )
