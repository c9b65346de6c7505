"""What a person says who has looked at a request that perhaps no person sent."""

from django.contrib.auth.models import User
from django.utils import timezone

from ...models import AppointmentRequest
from .. import close_reasons
from ..transition import NOBODY, Change, plan


def vouch(request: AppointmentRequest, *, by: User) -> Change:
    """Make it a request like any other. Whoever sent it has waited since they did, so that its times stay."""
    return Change({"doubts": ""}, details=request.doubts)


def dismiss(request: AppointmentRequest, *, by: User) -> Change:
    reason = close_reasons.NOT_REAL
    closed = {"closed_by": by, "closed_at": timezone.now(), "close_reason": reason.key}
    return Change({**plan(), **closed, **NOBODY}, details=reason.label)
