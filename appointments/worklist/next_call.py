"""The next call: the most urgent request that somebody may call now, claimed for them."""

import time
from itertools import islice

from django.contrib.auth.models import User
from django.db.models import CharField, Exists, OuterRef, Value
from django.db.models.functions import Cast, Concat, StrIndex
from django.utils import timezone

import audit

from ..lifecycle.definition import TAKE_ON
from ..lifecycle.guards import CLAIMED_BY_ME
from ..lifecycle.transition import Refused, perform
from ..lifecycle.waits import CALL, waits_for
from ..models import AppointmentRequest, ContactAttempt
from .ranking import Candidate, callable_now

# Number of candidates that one statement tries to lock while others are claiming too.
TRIED_AT_ONCE = 20
# Seconds.
WAIT_FOR_OTHERS = 0.05


def not_called_yet(user: User) -> AppointmentRequest | None:
    """Whom this member of staff took first of those that they hold and have not tried to reach since.

    What was handed out to them is not among these: it was not their choice to hold it.
    """
    now = timezone.now()
    tried = ContactAttempt.objects.standing().filter(request=OuterRef("pk"), at__gte=OuterRef("claimed_at"))
    held = AppointmentRequest.objects.filter(CLAIMED_BY_ME.q(user, now), waits_for(CALL, now), assigned_until=None)
    return held.filter(~Exists(tried)).order_by("claimed_at", "pk").first()


def take(user: User) -> tuple[AppointmentRequest, list[str]] | None:
    """Claim the most urgent request for this member of staff; give it and the reasons, or None if there is none.

    Of any number of people who ask at once each gets another one.
    """
    while True:
        moment, in_order = callable_now(user)
        tried = False
        while candidates := list(islice(in_order, TRIED_AT_ONCE)):
            tried = True
            if request := _claim_first(candidates, user):
                candidate = next(candidate for candidate in candidates if candidate.pk == request.pk)
                return request, moment.reasons(candidate)
        if not tried:
            return None
        # All candidates are locked by others. Wait until they commit.
        time.sleep(WAIT_FOR_OTHERS)


@audit.atomic()
def _claim_first(candidates: list[Candidate], user: User) -> AppointmentRequest | None:
    """Claim the first candidate whose version is unchanged and whose row nobody has locked."""
    # The place in a list in words: a condition for each would take Django most of the time of a call.
    wanted = " ".join(f",{candidate.pk}:{candidate.version}," for candidate in candidates)
    own_name = Concat(Value(","), Cast("pk", CharField()), Value(":"), Cast("version", CharField()), Value(","))
    unchanged = (
        AppointmentRequest.objects.filter(pk__in=[candidate.pk for candidate in candidates])
        .annotate(place=StrIndex(Value(wanted), own_name))
        .filter(place__gt=0)
    )
    request = unchanged.order_by("place").select_for_update(skip_locked=True).first()
    if request:
        try:
            perform(TAKE_ON, request, by=user)
        except Refused:
            return None
    return request
