"""The next call: the most urgent request that somebody may call now, claimed for them."""

import time

from django.contrib.auth.models import User
from django.db.models import Case, When

import audit

from ..lifecycle.definition import TAKE_ON
from ..lifecycle.transition import Refused, perform
from ..models import AppointmentRequest
from .ranking import Candidate, callable_now

# Number of candidates that one statement tries to lock while others are claiming too.
TRIED_AT_ONCE = 50
# Seconds.
WAIT_FOR_OTHERS = 0.05


def take(user: User) -> tuple[AppointmentRequest, list[str]] | None:
    """Claim the most urgent request for this member of staff; give it and the reasons, or None if there is none.

    Of any number of people who ask at once each gets another one.
    """
    while True:
        moment, candidates = callable_now(user)
        if not candidates:
            return None
        for start in range(0, len(candidates), TRIED_AT_ONCE):
            if request := _claim_first(candidates[start : start + TRIED_AT_ONCE], user):
                candidate = next(candidate for candidate in candidates if candidate.pk == request.pk)
                return request, moment.reasons(candidate)
        # All candidates are locked by others. Wait until they commit: ranking again reads the whole queue.
        time.sleep(WAIT_FOR_OTHERS)


@audit.atomic()
def _claim_first(candidates: list[Candidate], user: User) -> AppointmentRequest | None:
    """Claim the first candidate whose version is unchanged and whose row nobody has locked."""
    place = Case(*(When(pk=one.pk, version=one.version, then=n) for n, one in enumerate(candidates)), default=None)
    unchanged = (
        AppointmentRequest.objects.filter(pk__in=[candidate.pk for candidate in candidates])
        .annotate(place=place)
        .filter(place__isnull=False)
    )
    request = unchanged.order_by("place").select_for_update(skip_locked=True).first()
    if request:
        try:
            perform(TAKE_ON, request, by=user)
        except Refused:
            return None
    return request
