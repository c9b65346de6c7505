"""Corrects what a request says about the patient and how to reach them."""

import datetime
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from ...calendar.calling_hours import zone_of
from ...models import AppointmentRequest, Records
from .. import call_policy
from ..announce import ways_to_reach
from ..duplicates import look_for
from ..letters import no_call_will_help
from ..transition import Change, Refused, plan
from .calls import call_anew


def correct(
    request: AppointmentRequest,
    *,
    by: User,
    note: str = "",
    email_works: bool = False,
    texts_arrive: bool = False,
    **contact: Any,
) -> Change:
    """Store what differs, and what arrives again. The history says which fields changed, and not to what."""
    different = {name: value for name, value in contact.items() if getattr(request, name) != value}
    names = [name.replace("_", " ") for name in different]
    names += ["e-mails arrive again"] * email_works + ["texts arrive again"] * texts_arrive
    if not names:
        raise Refused("Nothing here differs from what is stored.")
    if "email" in different or email_works:
        different["email_fails"] = False
    if "phone" in different or texts_arrive:
        different["texts_fail"] = False
    if "phone" in different:
        different |= _calls_begin_anew(request, is_new_number=True)
    # Corrected, it may be like another one.
    return Change(different, details=", ".join(names), note=note, then=lambda event: look_for(request))


def write_down(request: AppointmentRequest, *, by: User, note: str) -> Change:
    """Keep a note in the history, whatever the state of the request."""
    return Change({}, note=note)


def keep_records(
    request: AppointmentRequest, *, by: User, records: str, records_dated: datetime.date | None = None, note: str = ""
) -> Change:
    """Note how far the pictures and reports are. Raises Refused if nothing is new."""
    different = (records, records_dated) != (request.records, request.records_dated)
    if not different and not note:
        raise Refused("Nothing here differs from what is stored.")
    return Change({"records": records, "records_dated": records_dated}, details=Records(records).label, note=note)


def write_again(request: AppointmentRequest, *, by: User) -> Change:
    """Send what stands now once more, to whoever has lost it or never got it."""
    if not ways_to_reach(request):
        raise Refused("There is no e-mail and no text to send it by. A letter is left.")
    return Change({})


def correct_phone(
    request: AppointmentRequest, *, phone: str, phone_note: str = "", phone_owner: str = "", by: User | None = None
) -> Change:
    number = {"phone": phone, "phone_note": phone_note, "phone_owner": phone_owner, "time_zone": zone_of(phone)}
    calls = _calls_begin_anew(request, is_new_number=True)
    return Change({**number, "texts_fail": False, **calls}, then=lambda event: look_for(request))


def change_call_times(request: AppointmentRequest, *, call_times: list[str], by: User | None = None) -> Change:
    return Change({"call_times": call_times, **_calls_begin_anew(request, is_new_number=False)})


def call_first(request: AppointmentRequest, *, by: User | None = None) -> Change:
    """As it was promised a call, and was not called: from now on it is before all others."""
    now = timezone.now()
    return Change(plan(now, call_by=call_policy.soon(), is_promised=True))


def ask_for_another_time(request: AppointmentRequest, *, wish: str = "", by: User | None = None) -> Change:
    """The visit stays booked until somebody has called, soon."""
    return Change(call_anew(request), note=wish)


def _calls_begin_anew(request: AppointmentRequest, *, is_new_number: bool) -> dict[str, Any]:
    """Who answers after the last call of the plan, or has a new number for a wrong one, is called again."""
    if not no_call_will_help(request) or (request.phone_is_wrong and not is_new_number):
        return {}
    return {"phone_is_wrong": False, **call_anew(request)}
