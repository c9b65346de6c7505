"""Trying to reach somebody, and writing down what came of it."""

import datetime
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from ...calendar.calling_hours import decent_hours, is_decent_hour
from ...models import AppointmentRequest, Awaited, ContactAttempt, Event, Message, NurseCheck, Status
from .. import call_policy, letters
from ..announce import ways_to_reach
from ..letters import no_call_will_help
from ..transition import NOBODY, Change, Refused, claimed_by, plan

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
    `next_call_at`, which for a missed call the policy sets if it is not given. After a talk it stays with `by`, and
    after a wrong number, which may be corrected at once. What is neither, like a letter, leaves the call that was
    promised or planned as it was.
    """
    if (channel, outcome) == (ContactAttempt.Channel.LETTER, CallResult.SENT) and no_call_will_help(request):
        return send_letter(request, by=by, note=note)
    is_booked = request.status == Status.BOOKED
    next_call_at = _next_call(request, outcome, next_call_at)
    details = f"{ContactAttempt.Channel(channel).label}: {CallResult(outcome).label}"
    if next_call_at:
        details += f", call again {timezone.localtime(next_call_at):%a, %b %-d, %-I:%M %p}"
    goes_back = outcome in MISSED or outcome == CallResult.CALL_BACK
    holder = {} if is_booked else NOBODY if goes_back else claimed_by(by)
    return Change(
        {**_tried(request, outcome), **_planned(request, outcome, next_call_at), **holder},
        details=details,
        note=note,
        then=lambda event: _remember(request, event, by, channel, outcome, next_call_at, note),
    )


def send_letter(request: AppointmentRequest, *, by: User, note: str = "") -> Change:
    """Write what letters.subject_of says. Where no call helps any more, wait for an answer."""
    until = timezone.now() + datetime.timedelta(days=call_policy.LETTER_DAYS)
    channel, outcome = ContactAttempt.Channel.LETTER, CallResult.SENT
    waits = request.status != Status.BOOKED and no_call_will_help(request)
    details = letters.subject_of(request).label
    if waits:
        details += f", an answer is awaited until {timezone.localtime(until):%a, %b %-d}"
    return Change(
        {**plan(until, awaited=Awaited.LETTER), **NOBODY} if waits else {},
        details=details,
        note=note,
        then=lambda event: _remember(request, event, by, channel, outcome, None, note),
    )


def log_nurses_call(
    request: AppointmentRequest,
    *,
    by: User,
    outcome: CallResult,
    next_call_at: datetime.datetime | None = None,
    note: str = "",
) -> Change:
    """Add an attempt of the nurse's. Whoever holds the request goes on holding it, and her answer is still due."""
    next_call_at = _next_call(request, outcome, next_call_at)
    again: dict[str, Any] = (
        {"nurse_due_at": min(next_call_at, call_policy.may_wait_until(request))} if next_call_at else {}
    )
    if outcome in TALKED and request.awaited in (Awaited.EMAIL, Awaited.LETTER):
        # Who has talked with her need not answer what we wrote.
        again |= call_anew(request)
    channel = ContactAttempt.Channel.PHONE
    return Change(
        {**_tried(request, outcome), **again},
        details=f"The nurse called: {CallResult(outcome).label}",
        note=note,
        then=lambda event: _remember(request, event, by, channel, outcome, next_call_at, note),
    )


def call_anew(request: AppointmentRequest, *, is_promised: bool = False) -> dict[str, Any]:
    """The values of whoever is to be called soon, as if nothing had been tried before."""
    call_by = call_policy.in_time(request, call_policy.soon())
    return {"attempts_made": 0, **plan(timezone.now(), call_by=call_by, is_promised=is_promised)}


def _next_call(
    request: AppointmentRequest, outcome: CallResult, asked_for: datetime.datetime | None
) -> datetime.datetime | None:
    """When to call again; raises Refused for a time at which nobody should."""
    if outcome == CallResult.CALL_BACK and asked_for is None:
        raise Refused("Enter when the patient asked to be called again.")
    if asked_for is None:
        planned = call_policy.next_attempt(request) if outcome in MISSED else None
        return call_policy.in_time(request, planned) if planned else None
    if outcome not in (*MISSED, *TALKED):
        raise Refused("Nobody is called again after that at a time. Leave the time empty.")
    if not is_decent_hour(asked_for, request.zone):
        local = asked_for.astimezone(request.zone)
        raise Refused(f"That is {local:%-I:%M %p} where the patient is. Choose a time {decent_hours()} there.")
    days = call_policy.PROMISED_WITHIN_DAYS
    if asked_for > timezone.now() + datetime.timedelta(days=days):
        raise Refused(f"That is more than {days} days ahead. Choose an earlier time, or close the request.")
    if call_policy.in_time(request, asked_for) != asked_for:
        raise Refused(f"Call before the visit: {request.appointment}.")
    latest = call_policy.may_wait_until(request)
    if outcome != CallResult.CALL_BACK and asked_for > latest:
        by = f"{timezone.localtime(latest):%a, %b %-d, %-I:%M %p}"
        raise Refused(f"This request cannot wait so long, unless the patient asked for it. Call again by {by}.")
    return asked_for


def _tried(request: AppointmentRequest, outcome: CallResult) -> dict[str, Any]:
    if outcome in TALKED:
        # Whoever talks is a person, and is written to and promised calls like everybody.
        reached_at = request.reached_at or timezone.now()
        return {"attempts_made": 0, "phone_is_wrong": False, "reached_at": reached_at, "doubts": ""}
    if outcome == CallResult.WRONG_NUMBER:
        return {"attempts_made": request.attempts_made + 1, "phone_is_wrong": True}
    return {"attempts_made": request.attempts_made + (outcome in MISSED)}


def _planned(
    request: AppointmentRequest, outcome: CallResult, next_call_at: datetime.datetime | None
) -> dict[str, Any]:
    if outcome == CallResult.WRONG_NUMBER and request.phone_is_wrong:
        # A number that is wrong twice does not put off what is done about it.
        return {}
    soon = call_policy.in_time(request, call_policy.soon())
    if outcome == CallResult.WRONG_NUMBER:
        if Message.Channel.EMAIL in ways_to_reach(request):
            answered_by = call_policy.soon(business_days=call_policy.EMAIL_BUSINESS_DAYS)
            return plan(call_policy.in_time(request, answered_by), awaited=Awaited.EMAIL)
        return plan(call_by=soon)
    is_off = request.status == Status.BOOKED and request.nurse_check == NurseCheck.AGAINST
    if is_off and outcome == CallResult.REACHED and next_call_at is None:
        # Until the visit that she advises against is cancelled.
        return {}
    if next_call_at is None and outcome == CallResult.SENT:
        return {}
    is_last = next_call_at is None and outcome in MISSED and call_policy.is_exhausted(request.attempts_made + 1)
    is_due = request.call_by and request.next_call_at is None and call_policy.is_exhausted(request.attempts_made)
    if is_last and is_due:
        # Nor does one more call put off the letter.
        return {}
    planned = plan(
        next_call_at,
        # After the last call of the plan, a letter.
        call_by=soon if is_last else None,
        is_promised=outcome == CallResult.CALL_BACK,
    )
    if planned["is_promised"] and request.nurse_check in NurseCheck.of_the_nurse():
        # Whoever calls then has to know what she says.
        planned["nurse_due_at"] = min(request.nurse_due_at or request.due_at, planned["next_call_at"])
    return planned


def _remember(
    request: AppointmentRequest,
    event: Event,
    by: User,
    channel: ContactAttempt.Channel,
    outcome: CallResult,
    next_call_at: datetime.datetime | None,
    note: str,
) -> None:
    ContactAttempt.objects.create(
        event=event,
        request=request,
        by=by,
        channel=channel,
        outcome=outcome,
        next_call_at=next_call_at,
        note=note,
    )
