"""The scheduler's question to the nurse, and the nurse's answer."""

from django.db.models import Q

from appointments.models import AppointmentRequest, Event, NurseCheck, Status

from ..transition import Refused, change, held_by, hold

MAY_ANSWER = "appointments.answer_as_nurse"
ANSWERS = (NurseCheck.FINE, NurseCheck.CALL_FIRST, NurseCheck.AGAINST)


def ask(request: AppointmentRequest, *, by, note="") -> None:
    """Put a request that `by` holds on the nurse's list, also after an answer that left something open."""
    change(
        request,
        by=by,
        verb=Event.Verb.NURSE_ASKED,
        allowed=held_by(by),
        note=note,
        nurse_check=NurseCheck.ASKED,
        **hold(by),
    )


def answer(request: AppointmentRequest, *, by, answer: NurseCheck, note="") -> None:
    """Say whether a visit may be booked, whoever holds the request. A later answer replaces an earlier one."""
    if not by.has_perm(MAY_ANSWER):
        raise Refused("Only a nurse can answer this.")
    if answer not in ANSWERS:
        raise ValueError(f"{answer!r} is no answer")
    change(
        request,
        by=by,
        verb=Event.Verb.NURSE_ANSWERED,
        allowed=Q(status__in=(Status.WAITING, Status.CLAIMED)) & ~Q(nurse_check=NurseCheck.NOT_NEEDED),
        details=NurseCheck(answer).label,
        note=note,
        nurse_check=answer,
    )
