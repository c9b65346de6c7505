"""Changes a request and writes down who did it: both or neither, and only if nobody else was faster."""

from django.db import transaction
from django.db.models import Q

from .models import AppointmentRequest, Event, Status


class Refused(Exception):
    """The request is not in a state that allows this. The message tells staff what happened meanwhile."""


@transaction.atomic
def change(request: AppointmentRequest, *, by, verb: str, allowed: Q, details="", note="", **values) -> None:
    """Set `values` if the stored request still matches `allowed`. Raises Refused otherwise.

    One conditional UPDATE decides, so that of any number of people who try at once exactly one succeeds. `allowed`
    may name columns of the request only: another table PostgreSQL does not read again after waiting for a lock.
    """
    if not AppointmentRequest.objects.filter(allowed, pk=request.pk).update(**values):
        raise Refused(what_happened_meanwhile(request))
    Event.objects.create(request=request, by=by, verb=verb, details=details, note=note)
    request.refresh_from_db()


def held_by(user) -> Q:
    return Q(status=Status.CLAIMED, claimed_by=user)


def what_happened_meanwhile(request: AppointmentRequest) -> str:
    now = AppointmentRequest.objects.select_related("claimed_by", "closed_by", "appointment").get(pk=request.pk)
    match now.status:
        case Status.CLAIMED:
            return f"{now.claimed_by} holds this request."
        case Status.BOOKED:
            return f"A visit is booked: {now.appointment}."
        case Status.CLOSED:
            return f"{now.closed_by or 'The patient'} closed this request: {now.get_close_reason_display()}."
    return "Nobody holds this request: it waits in the queue."
