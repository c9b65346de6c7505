"""Takes back the last thing that was done with a request, as long as nothing came after it."""

import datetime
import uuid
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from ...models import Appointment, AppointmentRequest, Event, Status
from ..grammar import Verb
from ..transition import Change, Refused, column_of
from . import booking, linking


def restore(request: AppointmentRequest, event: Event) -> None:
    """Nothing is left to do once the columns have what they held before."""


def last_step(request: AppointmentRequest, *, by: User, among: dict[str, Verb]) -> Event | None:
    """The last change of this request, if it can be taken back and `by` made it not longer ago than UNDO_MINUTES."""
    last = request.events.order_by("-version").first()
    since = timezone.now() - datetime.timedelta(minutes=settings.UNDO_MINUTES)
    if last is None or last.by != by or last.version != request.version or last.at <= since:
        return None
    return last if last.verb in among and among[last.verb].undo else None


def undoing(among: Callable[[], dict[str, Verb]]) -> Callable[..., Change]:
    """The effect that gives every column back what it held before one of these verbs, by event."""

    def undo(request: AppointmentRequest, *, by: User) -> Change:
        event = last_step(request, by=by, among=among())
        if event is None:
            raise Refused("There is nothing of yours here that can be taken back.")
        verb = among()[event.verb]
        before = {name: column_of(name).to_python(value) for name, value in event.before.items()}

        current, was_closed = request.appointment_id, request.status == Status.CLOSED

        def then(_: Event) -> None:
            Event.objects.filter(pk=event.pk).update(is_undone=True)
            _swap_visits(current, request.appointment_id)
            if was_closed:
                linking.ask_anew(request)
            if verb.undo:
                verb.undo(request, event)

        return Change(before, details=f"{verb.history} {event.details}".strip(), then=then)

    return undo


def _swap_visits(current: uuid.UUID | None, former: uuid.UUID | None) -> None:
    """Raises Refused if a time that was given up has been taken since."""
    if current != former:
        booking.cancel_appointment(Appointment.objects.filter(pk=current).first() if current else None)
        if former:
            booking.reinstate(Appointment.objects.get(pk=former))
