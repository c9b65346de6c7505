"""The scheduler's question to the nurse, and the nurse's answer."""

import datetime

from django.contrib.auth.models import User
from django.utils import timezone

from ...models import AppointmentRequest, NurseCheck, Status
from .. import call_policy
from ..transition import Change, Refused, claimed_by
from .calls import call_anew

ANSWERS = (NurseCheck.FINE, NurseCheck.CALL_FIRST, NurseCheck.AGAINST)


def ask(request: AppointmentRequest, *, by: User, note: str = "") -> Change:
    """Put it on the nurse's list, also after an answer that left something open."""
    holder = {} if request.status == Status.BOOKED else claimed_by(by)
    return Change({"nurse_check": NurseCheck.ASKED, "nurse_due_at": _due(request), **holder}, note=note)


def answer(
    request: AppointmentRequest,
    *,
    by: User,
    answer: NurseCheck,
    calls_by: datetime.datetime | None = None,
    note: str = "",
) -> Change:
    """Say whether a visit may be booked, whoever holds the request. A later answer replaces an earlier one.

    `calls_by` is by when the nurse calls, if she calls first. If she is against a visit that is booked,
    a scheduler has to call.
    """
    if answer not in ANSWERS:
        raise ValueError(f"{answer!r} is no answer")
    latest = call_policy.may_wait_until(request)
    if calls_by and calls_by > latest:
        raise Refused(
            f"This request cannot wait so long. Call by {timezone.localtime(latest):%a, %b %-d, %-I:%M %p}."
        )
    due_at = (calls_by or _due(request)) if answer == NurseCheck.CALL_FIRST else None
    is_off = answer == NurseCheck.AGAINST and request.status == Status.BOOKED
    call = call_anew(request) if is_off else {}
    return Change(
        {"nurse_check": answer, "nurse_due_at": due_at, **call}, details=NurseCheck(answer).label, note=note
    )


def _due(request: AppointmentRequest) -> datetime.datetime:
    """Soon, and before what was promised to the patient."""
    due = min(call_policy.soon(), call_policy.may_wait_until(request))
    return min(due, request.next_call_at) if request.is_promised and request.next_call_at else due
