"""Deletes requests with everything that hangs on them."""

import uuid
from collections.abc import Iterable, Iterator

from django.contrib.auth.models import User
from django.db.models import F, Value
from django.db.models.functions import Replace
from django.utils import timezone

import audit
from audit.models import AuditEntry

from ... import journal
from ...models import Appointment, AppointmentRequest, Event, Message, PossibleDuplicate, TextOptOut
from ...reference import grouped
from ..message_kinds import VISIT_NEWS
from ..transition import Refused

LINKED = "linked"


@audit.atomic()
def erase(request: AppointmentRequest, *, by: User | None = None) -> None:
    """Delete everything about this request.

    Raises Refused if it is on legal hold, or if the clinic would go on expecting the patient: a visit is to come, or
    nobody was told yet that one is off. What is deleted can be told no more.
    """
    locked = AppointmentRequest.objects.select_for_update().filter(pk=request.pk, is_on_legal_hold=False).first()
    if locked is None:
        raise Refused("This request is on legal hold, or erased already.")
    if locked.appointment and locked.appointment.starts_at > timezone.now():
        raise Refused(f"A visit is booked: {locked.appointment}. Cancel it first, so that the clinic hears of it.")
    if locked.messages.filter(kind=VISIT_NEWS.key, state=Message.State.WAITING).exists():
        raise Refused("The clinic has not been told yet what became of the visit. Try again when that was sent.")
    delete([locked])
    journal.write(journal.ERASED, journal.digests(locked.reference, salt=journal.REFERENCES)[0], locked.pk)
    audit.record(AuditEntry.Action.ERASE, by=by, requests=[locked], details="asked for")


def delete(requests: Iterable[AppointmentRequest]) -> None:
    """With all that hangs on them: events, calls, messages, offers, likenesses and visits, also cancelled ones."""
    keys = [request.pk for request in requests]
    visits = set(_visits_of(keys))
    _forget_names(requests)
    AppointmentRequest.objects.filter(pk__in=keys).delete()
    Appointment.objects.filter(pk__in=visits).delete()
    for request in requests:
        if not AppointmentRequest.objects.filter(phone=request.phone).exists():
            TextOptOut.objects.forget(request.phone)


def _forget_names(requests: Iterable[AppointmentRequest]) -> None:
    """The history of a request says with which earlier one it was compared."""
    by_key = {request.pk: grouped(request.reference) for request in requests}
    compared = PossibleDuplicate.objects.filter(earlier__in=by_key).exclude(decision="")
    for earlier, later in compared.values_list("earlier_id", "later_id"):
        mentions = Event.objects.filter(request=later, verb=LINKED)
        mentions.update(details=Replace(F("details"), Value(by_key[earlier]), Value("a request that was deleted")))


def _visits_of(keys: list[int]) -> Iterator[uuid.UUID | str]:
    yield from AppointmentRequest.objects.filter(pk__in=keys, appointment__isnull=False).values_list(
        "appointment", flat=True
    )
    for before in Event.objects.filter(request__in=keys).values_list("before", flat=True):
        if former := before.get("appointment_id"):
            yield former
