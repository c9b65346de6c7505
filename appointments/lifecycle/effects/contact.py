"""Corrects what a request says about the patient and how to reach them."""

from typing import Any

from django.contrib.auth.models import User

from ...calendar.calling_hours import zone_of
from ...models import AppointmentRequest
from ..duplicates import look_for
from ..transition import Change, Refused


def correct(request: AppointmentRequest, *, by: User, note: str = "", **contact: Any) -> Change:
    """Store what differs. The history says which fields changed, and not to what."""
    different = {name: value for name, value in contact.items() if getattr(request, name) != value}
    if not different:
        raise Refused("Nothing here differs from what is stored.")
    # Corrected, it may be like another one.
    names = ", ".join(name.replace("_", " ") for name in different)
    return Change(different, details=names, note=note, then=lambda event: look_for(request))


def correct_phone(request: AppointmentRequest, *, phone: str, by: User | None = None) -> Change:
    return Change({"phone": phone, "time_zone": zone_of(phone)}, then=lambda event: look_for(request))


def change_call_times(request: AppointmentRequest, *, call_times: list[str], by: User | None = None) -> Change:
    return Change({"call_times": call_times})
