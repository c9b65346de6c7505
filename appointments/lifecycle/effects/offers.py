"""Offers a patient up to three times, of which they choose one themselves by a private link."""

import datetime

from django.conf import settings
from django.core import signing
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

import audit
from appointments.calendar.slots import FreeTime
from appointments.models import AppointmentRequest, Event, NurseCheck, OfferedTime, Status

from ..transition import NOBODY, Refused, change, held_by
from . import booking

MOST = 3
PURPOSE = "times to choose from"


@audit.atomic()
def offer(request: AppointmentRequest, *, by, times: list[FreeTime], note="") -> None:
    """Let the patient choose. The times stay free for others; the request waits until the link has expired."""
    if not 1 <= len(times) <= MOST:
        raise Refused(f"Choose one to {MOST} times.")
    change(
        request,
        by=by,
        verb=Event.Verb.OFFERED,
        allowed=held_by(by),
        details="; ".join(map(str, times)),
        note=note,
        next_call_at=timezone.now() + datetime.timedelta(days=settings.OFFER_DAYS),
        is_promised=False,
        **NOBODY,
    )
    # Those offered before stay, in case that this is taken back.
    OfferedTime.objects.bulk_create(
        OfferedTime(
            request=request,
            version=request.version,
            starts_at=time.starts_at,
            clinician=time.clinician,
            place=time.place,
        )
        for time in times
    )


def link_of(request: AppointmentRequest) -> str:
    """The path of the private link. It names the request by its number only, and nobody can make one up."""
    return reverse("appointments:choose", args=[signing.dumps(request.pk, salt=PURPOSE)])


def opened_by(token: str) -> AppointmentRequest | None:
    """The request of a link that is genuine and not older than OFFER_DAYS."""
    try:
        pk = signing.loads(token, salt=PURPOSE, max_age=settings.OFFER_DAYS * 24 * 60 * 60)
    except signing.BadSignature:
        return None
    return AppointmentRequest.objects.filter(pk=pk).first()


def open_times(request: AppointmentRequest) -> list[OfferedTime]:
    """The times offered last that are still to come and can still be had; none against the nurse's advice."""
    if request.status not in (Status.WAITING, Status.CLAIMED) or request.nurse_check in NurseCheck.no_visit_yet():
        return []
    last = request.offered_times.order_by("-version").values("version")[:1]
    offered = request.offered_times.filter(
        version=last, starts_at__gt=timezone.now(), clinician__is_active=True, place__is_active=True
    ).select_related("clinician", "place")
    return [time for time in offered if booking.is_free(time.clinician, time.starts_at)]


@audit.atomic()
def choose(request: AppointmentRequest, time: OfferedTime) -> None:
    """Book it in the patient's name. Raises Refused if it was taken, or the request is booked or closed by now."""
    booking.book(
        request,
        by=None,
        starts_at=time.starts_at,
        place=time.place,
        clinician=time.clinician,
        allowed=Q(status__in=(Status.WAITING, Status.CLAIMED)) & ~Q(nurse_check__in=NurseCheck.no_visit_yet()),
    )
    request.offered_times.all().delete()
