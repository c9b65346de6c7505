"""Trying to reach somebody, and writing down what came of it."""

import datetime

from django.utils import timezone

import audit
from appointments.calendar.calling_hours import decent_hours, is_decent_hour
from appointments.models import AppointmentRequest, ContactAttempt, Event

from .. import call_policy
from ..transition import NOBODY, Refused, change, held_by, hold

Outcome = ContactAttempt.Outcome
MISSED = (Outcome.NO_ANSWER, Outcome.VOICEMAIL)
TALKED = (Outcome.REACHED, Outcome.CALL_BACK)


@audit.atomic()
def log_call(
    request: AppointmentRequest,
    *,
    by,
    channel: ContactAttempt.Channel,
    outcome: Outcome,
    next_call_at: datetime.datetime | None = None,
    note="",
) -> None:
    """Add an attempt to a request that `by` holds, and set when to call next.

    After a call that was missed, or a call-back that was agreed, the request goes back into the queue until
    `next_call_at`, which for a missed call the policy sets if it is not given. After a talk it stays with `by`. What
    is neither, like a letter, leaves the call that was promised or planned as it was.
    """
    is_promise = outcome == Outcome.CALL_BACK
    if is_promise and next_call_at is None:
        raise Refused("Enter when the patient asked to be called again.")
    if next_call_at is None and outcome in MISSED:
        next_call_at = call_policy.next_attempt(request)
    if next_call_at and not is_decent_hour(next_call_at, request.zone):
        local = next_call_at.astimezone(request.zone)
        raise Refused(f"That is {local:%-I:%M %p} where the patient is. Choose a time {decent_hours()} there.")
    tells = f"{ContactAttempt.Channel(channel).label}: {Outcome(outcome).label}"
    if next_call_at:
        tells += f", call again {timezone.localtime(next_call_at):%a, %b %-d, %-I:%M %p}"
    keeps_plan = next_call_at is None and outcome in (Outcome.SENT, Outcome.WRONG_NUMBER)
    plan = {} if keeps_plan else {"next_call_at": next_call_at, "is_promised": is_promise}
    # Whoever talks is a person, and is written to and promised calls like everybody.
    trust = {"doubts": ""} if outcome in TALKED else {}
    goes_back = outcome in MISSED or is_promise
    change(
        request,
        by=by,
        verb=Event.Verb.CALLED,
        allowed=held_by(by),
        details=tells,
        note=note,
        attempts_made=0 if outcome in TALKED else request.attempts_made + (outcome in MISSED),
        reached_at=request.reached_at or (timezone.now() if outcome in TALKED else None),
        **trust,
        **plan,
        **(NOBODY if goes_back else hold(by)),
    )
    ContactAttempt.objects.create(
        request=request, by=by, channel=channel, outcome=outcome, next_call_at=next_call_at, note=note
    )
