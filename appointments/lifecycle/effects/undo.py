"""Takes back the last thing that was done with a request, as long as nothing came after it."""

import datetime

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

import audit
from appointments.models import Appointment, AppointmentRequest, Event

from ..transition import Refused, change
from . import booking

# Whether two requests are of one person is decided, and decided anew, where both are shown.
FINAL = (Event.Verb.UNDONE, Event.Verb.LINKED)


def what_can_be_undone(request: AppointmentRequest, *, by) -> Event | None:
    """The last change of this request, if `by` made it not longer ago than UNDO_MINUTES."""
    last = request.events.order_by("-version").first()
    since = timezone.now() - datetime.timedelta(minutes=settings.UNDO_MINUTES)
    mine = last and last.by == by and last.version == request.version and last.at > since
    return last if mine and last.verb not in FINAL else None


@audit.atomic()
def undo(request: AppointmentRequest, *, by) -> None:
    """Give every column back what it held before. Raises Refused, also if a time given up has been taken since."""
    event = what_can_be_undone(request, by=by)
    if event is None:
        raise Refused("There is nothing of yours here that can be taken back.")
    before = {name: AppointmentRequest._meta.get_field(name).to_python(value) for name, value in event.before.items()}
    current, former = request.appointment_id, before.get("appointment_id", request.appointment_id)
    change(
        request,
        by=by,
        verb=Event.Verb.UNDONE,
        allowed=Q(),
        details=f"{event.get_verb_display()} {event.details}".strip(),
        **before,
    )
    if current != former:
        booking.cancel_appointment(Appointment.objects.filter(pk=current).first())
        if former:
            booking.reinstate(Appointment.objects.get(pk=former))
    if event.verb == Event.Verb.OFFERED:
        request.offered_times.filter(version=event.version).delete()
    if event.verb == Event.Verb.CALLED:
        request.contact_attempts.filter(pk=request.contact_attempts.last().pk).update(is_undone=True)
