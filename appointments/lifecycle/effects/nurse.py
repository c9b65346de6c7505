"""The scheduler's question to the nurse, and the nurse's answer."""

from django.contrib.auth.models import User

from ...models import AppointmentRequest, NurseCheck
from ..transition import Change, claimed_by

ANSWERS = (NurseCheck.FINE, NurseCheck.CALL_FIRST, NurseCheck.AGAINST)


def ask(request: AppointmentRequest, *, by: User, note: str = "") -> Change:
    """Put it on the nurse's list, also after an answer that left something open."""
    return Change({"nurse_check": NurseCheck.ASKED, **claimed_by(by)}, note=note)


def answer(request: AppointmentRequest, *, by: User, answer: NurseCheck, note: str = "") -> Change:
    """Say whether a visit may be booked, whoever holds the request. A later answer replaces an earlier one."""
    if answer not in ANSWERS:
        raise ValueError(f"{answer!r} is no answer")
    return Change({"nurse_check": answer}, details=NurseCheck(answer).label, note=note)
