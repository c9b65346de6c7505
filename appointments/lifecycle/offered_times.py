"""The times that were offered to a patient, and the private link by which they choose one."""

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils import timezone

from ..calendar.slots import Calendar, Slot
from ..models import AppointmentRequest, NurseCheck, OfferedTime
from .guards import OPEN_STATUSES

PURPOSE = "times to choose from"


def link_of(request: AppointmentRequest) -> str:
    """The path of the private link. It names the request by its number only, and nobody can make one up."""
    return reverse(settings.PAGES["choose"], args=[signing.dumps(request.pk, salt=PURPOSE)])


def opened_by(token: str) -> AppointmentRequest | None:
    """The request of a link that is genuine and not older than OFFER_DAYS."""
    try:
        pk = signing.loads(token, salt=PURPOSE, max_age=settings.OFFER_DAYS * 24 * 60 * 60)
    except signing.BadSignature:
        return None
    return AppointmentRequest.objects.filter(pk=pk).first()


def open_times(request: AppointmentRequest, calendar: Calendar | None = None) -> list[OfferedTime]:
    """The times offered last that are still to come and can still be had; none against the nurse's advice."""
    if request.status not in OPEN_STATUSES or request.nurse_check not in NurseCheck.lets_book():
        return []
    last = request.offered_times.order_by("-version").values("version")[:1]
    offered = request.offered_times.filter(version=last, starts_at__gt=timezone.now())
    times = list(offered.select_related("clinician", "place", "kind"))
    calendar = calendar or Calendar.until(max((time.starts_at for time in times), default=timezone.now()))
    return [
        time
        for time in times
        if not calendar.conflict(
            Slot(time.starts_at, time.clinician, time.place), time.kind or calendar.usual_kind, request=request
        )
    ]
