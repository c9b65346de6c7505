"""Whether the patient can open a request online: not once too many birthdays were tried for its reference."""

from django.contrib.auth.models import User
from django.utils import timezone

from ... import rate_limit
from ...models import AppointmentRequest
from ..transition import Change

# What is counted for a reference, whether there is such a request or not.
WRONG_BIRTHDAY = "wrong birthday"


def close(request: AppointmentRequest, *, by: User | None = None) -> Change:
    return Change({"online_closed_at": timezone.now()})


def open_again(request: AppointmentRequest, *, by: User) -> Change:
    """What was tried until now counts no more."""
    forget = lambda event: rate_limit.forget(WRONG_BIRTHDAY, request.reference)  # noqa: E731
    return Change({"online_closed_at": None}, then=forget)
