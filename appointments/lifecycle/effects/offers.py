"""Offers a patient up to three times, of which they choose one themselves by a private link."""

import datetime

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from ...calendar.slots import Slot
from ...models import AppointmentRequest, Awaited, Event, OfferedTime, VisitKind
from .. import call_policy
from ..announce import ways_to_reach
from ..transition import NOBODY, Change, Refused, plan
from .calls import call_anew

MOST = 3


def offer(
    request: AppointmentRequest, *, by: User, times: list[Slot], kind: VisitKind | None = None, note: str = ""
) -> Change:
    """Let the patient choose. The times stay free for others.

    The request waits no longer than its priority allows, and than the last of the times; if the link cannot be sent,
    and was only read out on the phone, until the end of the next business day.
    """
    if not 1 <= len(times) <= MOST:
        raise Refused(f"Choose one to {MOST} times.")
    until = min(
        timezone.now() + datetime.timedelta(days=settings.OFFER_DAYS),
        call_policy.may_wait_until(request) if ways_to_reach(request) else call_policy.soon(),
        max(time.starts_at for time in times),
    )
    return Change(
        {**plan(until, awaited=Awaited.CHOICE), **NOBODY},
        details="; ".join(map(str, times)),
        note=note,
        # Those offered before stay, in case that this is taken back.
        then=lambda event: OfferedTime.objects.bulk_create(
            OfferedTime(
                request=request,
                version=event.version,
                starts_at=time.starts_at,
                clinician=time.clinician,
                place=time.place,
                kind=kind,
            )
            for time in times
        ),
    )


def take_back(request: AppointmentRequest, event: Event) -> None:
    request.offered_times.filter(version=event.version).delete()


def none_suits(request: AppointmentRequest, *, wish: str = "", by: User | None = None) -> Change:
    """Somebody calls soon to find another time. The times stay free to choose until they are over.

    Who says it again adds to it: the call that is planned stays.
    """
    return Change(call_anew(request) if request.awaited == Awaited.CHOICE else {}, note=wish)


def end(request: AppointmentRequest, *, by: User | None = None) -> Change:
    """No time is left that the patient could choose: somebody calls now."""
    return Change(call_anew(request))
