"""Offers a patient up to three times, of which they choose one themselves by a private link."""

import datetime

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from ...calendar.slots import Slot
from ...models import AppointmentRequest, Event, OfferedTime
from ..transition import NOBODY, Change, Refused

MOST = 3


def offer(request: AppointmentRequest, *, by: User, times: list[Slot], note: str = "") -> Change:
    """Let the patient choose. The times stay free for others; the request waits until the link has expired."""
    if not 1 <= len(times) <= MOST:
        raise Refused(f"Choose one to {MOST} times.")
    until = timezone.now() + datetime.timedelta(days=settings.OFFER_DAYS)
    return Change(
        {"next_call_at": until, "is_promised": False, **NOBODY},
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
            )
            for time in times
        ),
    )


def take_back(request: AppointmentRequest, event: Event) -> None:
    request.offered_times.filter(version=event.version).delete()
