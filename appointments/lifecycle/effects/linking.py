"""Says of a request that it is of the same person as an earlier one, or that it is not."""

from django.contrib.auth.models import User

from ...models import AppointmentRequest
from ..transition import Change


def link(request: AppointmentRequest, *, by: User, earlier: AppointmentRequest, same: bool) -> Change:
    words = f"{'The same person as' if same else 'Not the same person as'} {earlier}"
    return Change({"earlier": earlier if same else None}, details=words)
