"""Corrects what a request says about the patient and how to reach them."""

from django.db.models import Q

from appointments.models import AppointmentRequest, Event, Status

from ..transition import Refused, change
from . import duplicates


def correct(request: AppointmentRequest, *, by, note="", **contact) -> None:
    """Store what differs. The history says which fields changed, and not to what."""
    different = {name: value for name, value in contact.items() if getattr(request, name) != value}
    if not different:
        raise Refused("Nothing here differs from what is stored.")
    change(
        request,
        by=by,
        verb=Event.Verb.CORRECTED,
        allowed=~Q(status=Status.CLOSED),
        details=", ".join(name.replace("_", " ") for name in different),
        note=note,
        **different,
    )
    # Corrected, it may be like another one.
    duplicates.look_for(request)
